//! Which of the two languages a message is in, by the words of the catalogue's own examples.

use std::collections::HashMap;

use super::Language;
use super::by_text::{ByText, hash_text};
use super::catalogue::Catalogue;
use super::normalize::normalize;

/// Evidence, in natural logarithms, a message needs against the conversation's language.
const PRIOR: f32 = 1.0;

/// For each word, how much it speaks for English (above zero) or Spanish.
#[derive(Debug, Default)]
pub struct Languages(ByText<f32>);

impl Languages {
    /// Counts the words of a catalogue's examples.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut counts: HashMap<u64, (f32, f32)> = HashMap::new();
        for intent in catalogue.intents() {
            for language in Language::ALL {
                for example in intent.examples.get(language) {
                    for word in normalize(&example.value).words() {
                        let (en, es) = counts.entry(hash_text(word)).or_default();
                        match language {
                            Language::En => *en += 1.0,
                            Language::Es => *es += 1.0,
                        }
                    }
                }
            }
        }
        let weight = |(en, es): (f32, f32)| ((en + 0.5) / (es + 0.5)).ln();
        let counts = counts.into_iter();
        Self(ByText::of_hashes(
            counts.map(|(word, count)| (word, weight(count))).collect(),
        ))
    }

    /// Returns the language of a normal form; the conversation's, or else English, where it does not tell.
    pub fn guess(&self, form: &str, conversation: Option<Language>) -> Language {
        let evidence: f32 = form.split(' ').filter_map(|word| self.0.first(word)).sum();
        let prior = match conversation {
            Some(Language::En) => PRIOR,
            Some(Language::Es) => -PRIOR,
            None => 0.0,
        };
        if evidence + prior < 0.0 {
            Language::Es
        } else {
            Language::En
        }
    }
}
