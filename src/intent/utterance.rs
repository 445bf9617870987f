//! One message, prepared once for every stage.

use std::ops::Range;

use super::clauses::Clauses;
use super::normalize::{Normalized, normalize, unmask_look_alikes};
use super::phrases::Words;
use crate::redact::Kind;

/// What is read of a message at most, in bytes. Messenger's limit is 2,000 characters; whoever sends more gets the beginning
/// of it understood.
const LENGTH_MAX: usize = 8_000;

/// A message in normal form, its words and its sentences.
#[derive(Debug)]
pub struct Utterance {
    text: String,
    form: Normalized,
    clauses: Clauses,
}

impl Utterance {
    /// Prepares a redacted message.
    pub fn new(redacted: &str) -> Self {
        let mut end = redacted.len().min(LENGTH_MAX);
        while !redacted.is_char_boundary(end) {
            end -= 1;
        }
        let mut text = unmask_look_alikes(redacted.get(..end).unwrap_or_default()).into_owned();
        // What was taken out is no word of the customer's: "[card]" must not read as "card". Same length, so that
        // positions stay true.
        if text.contains('[') {
            for kind in Kind::ALL {
                let marker = kind.marker();
                text = text.replace(marker, &" ".repeat(marker.len()));
            }
        }
        let form = normalize(&text);
        let clauses = Clauses::new(&text, &form);
        Self {
            text,
            form,
            clauses,
        }
    }

    /// Whether nothing is left to read.
    pub fn is_empty(&self) -> bool {
        self.clauses.words().is_empty()
    }

    /// Returns the normal form.
    pub fn form(&self) -> &str {
        &self.form.text
    }

    /// Returns the words with the breaks between them.
    pub const fn clauses(&self) -> &Clauses {
        &self.clauses
    }

    /// Returns how many words there are.
    pub fn len(&self) -> usize {
        self.clauses.words().len()
    }

    /// Returns a word of the normal form.
    pub fn word(&self, at: usize) -> &str {
        self.form_of(at..at + 1)
    }

    /// Returns the normal form of some words.
    pub fn form_of(&self, words: Range<usize>) -> &str {
        self.form.text.get(self.span(words)).unwrap_or_default()
    }

    /// Returns the original of some words.
    pub fn original_of(&self, words: Range<usize>) -> &str {
        let range = self.form.original_range(self.span(words));
        self.text.get(range).unwrap_or_default()
    }

    /// Returns the whole text, without what was redacted.
    pub fn original(&self) -> &str {
        &self.text
    }

    /// Returns the words as text.
    pub fn words(&self) -> Vec<&str> {
        self.form.words().collect()
    }

    /// Returns the words for the phrase stages.
    pub fn phrase_words<'w>(&'w self, words: &'w [&'w str]) -> Words<'w> {
        Words {
            words,
            sentences: self.clauses.sentences(),
        }
    }

    fn span(&self, words: Range<usize>) -> Range<usize> {
        let found = self.clauses.words().get(words).unwrap_or_default();
        match (found.first(), found.last()) {
            (Some(first), Some(last)) => first.range.start..last.range.end,
            _ => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_redacted_is_no_word() {
        let utterance = Utterance::new("my number is [card] ok");
        assert_eq!(utterance.form(), "my number is ok");
        assert_eq!(utterance.original_of(2..4), "is        ok");
    }

    #[test]
    fn overlong_messages_are_cut_at_a_character() {
        let text = "é".repeat(LENGTH_MAX);
        assert!(Utterance::new(&text).form().len() <= LENGTH_MAX);
    }
}
