//! Safety rules: what must never be missed, found before anything is weighed.
//!
//! Disputes, lost or stolen cards, fraud, a person, STOP, deletion and danger are recognised by phrases
//! (`safety/rules.toml`) whose exceptions are the look-alikes: negations, questions about how things work, lost dogs. The
//! classifier then catches what no phrase foresaw; the rules make sure that it is never the only one who could.

use std::ops::Range;

use serde::Deserialize;
use thiserror::Error;

use super::phrases::{Book, Phrase, PhraseError, Sighted, Words};
use super::{IntentName, Slots};

/// The rules built into the binary. A bank's own catalogue does not replace them.
const RULES: &str = include_str!("safety/rules.toml");

/// Why the rules cannot be read.
#[derive(Debug, Error)]
pub enum SafetyError {
    /// They are no TOML of the right shape.
    #[error("the safety rules do not parse")]
    Toml(#[from] toml::de::Error),
    /// A phrase is wrong.
    #[error("a phrase of the safety rules is wrong")]
    Phrase(#[from] PhraseError),
    /// A rule names an exception that is not there.
    #[error("there is no exception `{0}` in the safety rules")]
    Exception(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    classes: toml::Table,
    unless: toml::Table,
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    intent: String,
    #[serde(default)]
    slots: Slots,
    phrases: String,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    except: String,
}

/// The compiled rules.
#[derive(Debug)]
pub struct Safety {
    book: Book,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    intent: IntentName,
    slots: Slots,
    phrases: Vec<Phrase>,
    exceptions: Vec<Phrase>,
}

/// A rule that holds for a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm<'s> {
    /// The intent that must be served.
    pub intent: &'s IntentName,
    /// What the rule itself tells about it.
    pub slots: &'s Slots,
    /// The words that matched.
    pub words: Range<usize>,
    /// The phrase that matched, to explain with.
    pub phrase: &'s str,
}

impl Safety {
    /// Compiles the rules that ship with the binary.
    pub fn built_in() -> Result<Self, SafetyError> {
        Self::parse(RULES)
    }

    /// Compiles rules.
    pub fn parse(text: &str) -> Result<Self, SafetyError> {
        let file: File = toml::from_str(text)?;
        let mut book = Book::default();
        for (name, entries) in &file.classes {
            book.define(name, entries.as_str().unwrap_or_default())?;
        }
        let mut rules = Vec::with_capacity(file.rule.len());
        for rule in file.rule {
            let mut exceptions = phrases(&mut book, &rule.except)?;
            for name in &rule.unless {
                let named = file.unless.get(name).and_then(toml::Value::as_str);
                let named = named.ok_or_else(|| SafetyError::Exception(name.clone()))?;
                exceptions.extend(phrases(&mut book, named)?);
            }
            rules.push(Rule {
                intent: IntentName::from(rule.intent.as_str()),
                slots: rule.slots,
                phrases: phrases(&mut book, &rule.phrases)?,
                exceptions,
            });
        }
        Ok(Self { book, rules })
    }

    /// Returns the intents the rules can raise, each once.
    pub fn intents(&self) -> Vec<&IntentName> {
        let mut names: Vec<&IntentName> = self.rules.iter().map(|rule| &rule.intent).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns an alarm for each intent that some rule finds, the first rule of the file winning.
    pub fn alarms(&self, words: Words<'_>) -> Vec<Alarm<'_>> {
        let sighted = self.book.read(words);
        let mut alarms: Vec<Alarm<'_>> = Vec::new();
        for rule in &self.rules {
            if alarms.iter().any(|alarm| *alarm.intent == rule.intent) {
                continue;
            }
            let found = rule.phrases.iter().find_map(|phrase| {
                let words = unexcepted(&sighted, phrase, &rule.exceptions)?;
                Some(Alarm {
                    intent: &rule.intent,
                    slots: &rule.slots,
                    words,
                    phrase: &phrase.source,
                })
            });
            alarms.extend(found);
        }
        alarms
    }
}

fn phrases(book: &mut Book, lines: &str) -> Result<Vec<Phrase>, PhraseError> {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| book.phrase(line)).collect()
}

/// Returns the first match of a phrase around which no exception holds.
fn unexcepted(
    sighted: &Sighted<'_>,
    phrase: &Phrase,
    exceptions: &[Phrase],
) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(found) = sighted.find_from(phrase, from) {
        if !exceptions
            .iter()
            .any(|exception| sighted.excepts(exception, &found))
        {
            return Some(found);
        }
        from = found.start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Language;
    use crate::intent::catalogue::Catalogue;
    use crate::intent::utterance::Utterance;

    #[test]
    fn the_built_in_rules_compile() {
        let safety = Safety::built_in().unwrap();
        let names: Vec<&str> = safety
            .intents()
            .into_iter()
            .map(IntentName::as_str)
            .collect();
        assert_eq!(
            names,
            [
                "card_lost_stolen",
                "crisis",
                "data_delete",
                "dispute",
                "human",
                "report_fraud",
                "stop_messages"
            ]
        );
    }

    /// The catalogue's own texts are the largest set there is to hold the rules against. What they are for, they find mostly
    /// by themselves (the classifier finds the rest); what is somebody else's they leave alone, but for a handful that
    /// the matcher settles because the text is an example word for word.
    #[test]
    fn the_catalogues_texts_raise_the_right_alarms() {
        let safety = Safety::built_in().unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        let names: Vec<String> = safety
            .intents()
            .into_iter()
            .map(ToString::to_string)
            .collect();
        let (mut found, mut missed, mut calm, mut false_alarms) = (0, Vec::new(), 0, Vec::new());
        for intent in catalogue.intents() {
            for language in Language::ALL {
                let own = intent.examples.get(language).iter();
                let own = own.map(|example| (example.value.clone(), intent.name.to_string()));
                let others = intent.negatives.get(language).iter();
                let others = others.filter_map(|negative| {
                    Some((negative.text.clone(), negative.owner.as_ref()?.to_string()))
                });
                for (text, owner) in own.chain(others) {
                    let utterance = Utterance::new(&text);
                    let words = utterance.words();
                    let alarms = safety.alarms(utterance.phrase_words(&words));
                    let right = alarms.iter().any(|alarm| *alarm.intent == *owner.as_str());
                    // "No, that wasn't me" means the same where nothing asked for it.
                    if right || owner == "fraud_alert_reply" {
                        found += 1;
                    } else if names.contains(&owner) {
                        missed.push(format!("{owner}: {text}"));
                    } else if let Some(alarm) = alarms.first() {
                        false_alarms.push(format!("{} for {owner}: {text}", alarm.intent));
                    } else {
                        calm += 1;
                    }
                }
            }
        }
        let (lost, wrong) = (missed.len(), false_alarms.len());
        let missed = missed.join("\n");
        let false_alarms = false_alarms.join("\n");
        assert!(
            lost * 2 < found,
            "{lost} of {} missed:\n{missed}",
            found + lost
        );
        assert!(
            wrong * 150 < calm,
            "{wrong} false alarms in {calm}:\n{false_alarms}"
        );
    }
}
