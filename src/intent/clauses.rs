//! The words of a message, with the breaks that punctuation made between them.
//!
//! The normal form has no punctuation; where a sentence ended, and whether it asked, is read from the original here, once,
//! for every later stage.

use std::ops::Range;

use super::normalize::Normalized;

/// What stood before a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Break {
    /// A space.
    None,
    /// A comma, a dash, a slash or a bracket: perhaps another part.
    Soft,
    /// The end of a sentence or a line, or nothing: the message begins.
    Hard,
}

/// One word of the normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it stands in the normal form.
    pub range: Range<usize>,
    /// What stood before it.
    pub before: Break,
    /// Whether a question mark followed.
    pub asked: bool,
}

/// Words that are a sentence where a comma follows.
const ANSWERS: [&str; 10] = [
    "no", "nope", "nah", "yes", "yeah", "ok", "okay", "si", "hi", "hola",
];

/// The words of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clauses {
    words: Vec<Word>,
    sentences: Vec<usize>,
}

impl Clauses {
    /// Reads the breaks between the words of `form`, the normal form of `original`.
    pub fn new(original: &str, form: &Normalized) -> Self {
        let mut words: Vec<Word> = Vec::new();
        let mut sentences = Vec::new();
        let mut end = 0;
        for (range, _) in form.word_ranges() {
            let source = form.original_range(range.clone());
            let gap = original.get(end..source.start).unwrap_or_default();
            let (mut before, asked) = marks(gap);
            if words.is_empty() {
                before = Break::Hard;
            }
            // "No, I lost it" begins anew after the "no"; "no perdí nada" does not.
            if before == Break::Soft
                && let Some(last) = words.last()
                && last.before == Break::Hard
                && ANSWERS.contains(&form.text.get(last.range.clone()).unwrap_or_default())
            {
                before = Break::Hard;
            }
            if let Some(last) = words.last_mut() {
                last.asked = asked;
            }
            if before == Break::Hard {
                sentences.push(words.len());
            }
            words.push(Word {
                range,
                before,
                asked: false,
            });
            end = source.end;
        }
        if let Some(last) = words.last_mut() {
            last.asked = marks(original.get(end..).unwrap_or_default()).1;
        }
        Self { words, sentences }
    }

    /// Returns the words, in order.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// Returns where sentences begin, as positions of words.
    pub fn sentences(&self) -> &[usize] {
        &self.sentences
    }
}

/// What the characters between two words say: the break they make, and whether something was asked.
fn marks(gap: &str) -> (Break, bool) {
    let mut found = Break::None;
    let mut asked = false;
    for c in gap.chars() {
        match c {
            '?' | '？' => {
                asked = true;
                found = Break::Hard;
            }
            '.' | '!' | ';' | '\n' | '\r' | '…' | '。' | '¡' | '¿' | '|' => {
                found = Break::Hard;
            }
            ',' | '-' | '–' | '—' | '/' | '(' | ')' | ':' | '+' | '&' => {
                found = found.max(Break::Soft);
            }
            _ => {}
        }
    }
    (found, asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::normalize::normalize;

    fn clauses(text: &str) -> Clauses {
        Clauses::new(text, &normalize(text))
    }

    #[test]
    fn sentences_end_at_marks_and_lines_but_not_inside_numbers() {
        assert_eq!(
            clauses("Freeze my card. What's my balance?").sentences(),
            [0, 3]
        );
        assert_eq!(clauses("paid $1,200.50 to AT&T\nwhy").sentences(), [0, 4]);
        assert_eq!(clauses("").sentences(), [] as [usize; 0]);
    }

    #[test]
    fn an_answer_before_a_comma_is_a_sentence() {
        assert_eq!(clauses("no, perdí mi tarjeta").sentences(), [0, 1]);
        assert_eq!(clauses("no perdí mi tarjeta").sentences(), [0]);
        assert_eq!(clauses("my card, no, i lost it").sentences(), [0]);
    }

    #[test]
    fn commas_are_soft_and_questions_are_known() {
        let clauses = clauses("wait, is it locked? stop it");
        let words = clauses.words();
        assert_eq!(words[1].before, Break::Soft);
        assert!(words[3].asked);
        assert!(!words[5].asked);
        assert_eq!(words[4].before, Break::Hard);
    }
}
