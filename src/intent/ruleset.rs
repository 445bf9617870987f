//! Tables of phrases that stand for intents: read from TOML, held against a message.
//!
//! ```toml
//! [classes]            # word classes, entries parted by commas (see `phrases`)
//! card = "card, debit card, tarjeta"
//! [unless]             # exceptions several rules share
//! negated = "not @"
//! [[rule]]
//! intent = "card_lost_stolen"
//! when = "always"      # or what the bot's last message asked for
//! slots = { state = "lost" }
//! phrases = "lost .. <card>"
//! unless = ["negated"]
//! except = "lost my library @"
//! ```

use std::ops::Range;

use serde::Deserialize;
use thiserror::Error;

use super::phrases::{Book, Phrase, PhraseError, Sighted, Words};
use super::{Expecting, IntentName, Slots};

/// Why a table cannot be read.
#[derive(Debug, Error)]
pub enum RuleSetError {
    /// It is no TOML of the right shape.
    #[error("the rules do not parse")]
    Toml(#[from] toml::de::Error),
    /// A phrase is wrong.
    #[error("a phrase is wrong: {0}")]
    Phrase(#[from] PhraseError),
    /// A rule names an exception that is not there.
    #[error("there is no exception `{0}`")]
    Exception(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    classes: toml::Table,
    #[serde(default)]
    unless: toml::Table,
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    intent: String,
    #[serde(default)]
    when: When,
    #[serde(default)]
    slots: Slots,
    phrases: String,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    except: String,
}

/// When a rule is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// On every message.
    #[default]
    Always,
    /// Where a confirmation is open.
    Confirmation,
    /// Where a choice is open.
    Choice,
    /// Where a fraud alert is open.
    FraudAlert,
    /// Where the customer wrote before.
    Following,
    /// Where a list was asked for before.
    Listed,
}

impl From<Expecting> for When {
    fn from(expecting: Expecting) -> Self {
        match expecting {
            Expecting::Confirmation => Self::Confirmation,
            Expecting::Choice => Self::Choice,
            Expecting::FraudAlert => Self::FraudAlert,
        }
    }
}

/// A compiled table.
#[derive(Debug)]
pub struct RuleSet {
    book: Book,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    intent: IntentName,
    when: When,
    slots: Slots,
    phrases: Vec<Phrase>,
    exceptions: Vec<Phrase>,
}

/// A rule that holds for a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Match<'r> {
    /// The intent the rule stands for.
    pub intent: &'r IntentName,
    /// What the rule itself tells about it.
    pub slots: &'r Slots,
    /// The words that matched.
    pub words: Range<usize>,
    /// The phrase that matched, to explain with.
    pub phrase: &'r str,
}

impl RuleSet {
    /// Compiles a table.
    pub fn parse(text: &str) -> Result<Self, RuleSetError> {
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
                let named = named.ok_or_else(|| RuleSetError::Exception(name.clone()))?;
                exceptions.extend(phrases(&mut book, named)?);
            }
            rules.push(Rule {
                intent: IntentName::from(rule.intent.as_str()),
                when: rule.when,
                slots: rule.slots,
                phrases: phrases(&mut book, &rule.phrases)?,
                exceptions,
            });
        }
        Ok(Self { book, rules })
    }

    /// Returns the intents the rules stand for, each once.
    pub fn intents(&self) -> Vec<&IntentName> {
        let mut names: Vec<&IntentName> = self.rules.iter().map(|rule| &rule.intent).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Finds the classes of every word of a message; the result serves any number of matches.
    pub fn read<'w>(&self, words: Words<'w>) -> Sighted<'w> {
        self.book.read(words)
    }

    /// Returns a match for each intent that some rule stands for, the first rule of the table winning.
    pub fn all(&self, sighted: &Sighted<'_>, when: When) -> Vec<Match<'_>> {
        let mut found: Vec<Match<'_>> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.when == when) {
            if !found.iter().any(|earlier| *earlier.intent == rule.intent) {
                found.extend(rule.find(sighted));
            }
        }
        found
    }

    /// Whether an entry of a class begins within some words.
    pub fn holds_class(&self, sighted: &Sighted<'_>, class: &str, words: Range<usize>) -> bool {
        self.book
            .class_of(class)
            .is_some_and(|class| sighted.holds(class, words))
    }

    /// Returns the match of the first rule of the table that holds.
    pub fn first(&self, sighted: &Sighted<'_>, when: When) -> Option<Match<'_>> {
        let mut rules = self.rules.iter().filter(|rule| rule.when == when);
        rules.find_map(|rule| rule.find(sighted))
    }
}

impl Rule {
    fn find(&self, sighted: &Sighted<'_>) -> Option<Match<'_>> {
        self.phrases.iter().find_map(|phrase| {
            let words = self.unexcepted(sighted, phrase)?;
            let phrase = &phrase.source;
            Some(Match {
                intent: &self.intent,
                slots: &self.slots,
                words,
                phrase,
            })
        })
    }

    /// Returns the first match of a phrase around which no exception holds.
    fn unexcepted(&self, sighted: &Sighted<'_>, phrase: &Phrase) -> Option<Range<usize>> {
        let mut from = 0;
        while let Some(found) = sighted.find_from(phrase, from) {
            if !self
                .exceptions
                .iter()
                .any(|exception| sighted.excepts(exception, &found))
            {
                return Some(found);
            }
            from = found.start + 1;
        }
        None
    }
}

fn phrases(book: &mut Book, lines: &str) -> Result<Vec<Phrase>, PhraseError> {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| book.phrase(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"
[classes]
card = "card, tarjeta"
[unless]
negated = "not @"
[[rule]]
intent = "lost"
slots = { state = "lost" }
phrases = "lost .. <card>"
unless = ["negated"]
except = "lost my library @"
[[rule]]
intent = "yes"
when = "confirmation"
phrases = "^^ yes $$"
"#;

    fn found(text: &str, when: When) -> Vec<String> {
        let rules = RuleSet::parse(TABLE).unwrap();
        let words: Vec<&str> = text.split(' ').collect();
        let sighted = rules.read(Words {
            words: &words,
            sentences: &[0],
        });
        rules
            .all(&sighted, when)
            .into_iter()
            .map(|found| found.intent.to_string())
            .collect()
    }

    #[test]
    fn a_rule_holds_unless_an_exception_does() {
        assert_eq!(found("i lost my card", When::Always), ["lost"]);
        assert_eq!(
            found("i have not lost my card", When::Always),
            [] as [&str; 0]
        );
        assert_eq!(
            found("not lost my card but then lost my card", When::Always),
            ["lost"]
        );
    }

    #[test]
    fn a_rule_is_tried_only_when_it_applies() {
        assert_eq!(found("yes", When::Always), [] as [&str; 0]);
        assert_eq!(found("yes", When::Confirmation), ["yes"]);
    }

    #[test]
    fn broken_tables_are_refused() {
        let unknown = TABLE.replace("\"negated\"]", "\"nagated\"]");
        assert!(
            matches!(RuleSet::parse(&unknown), Err(RuleSetError::Exception(name)) if name == "nagated")
        );
        let unknown = TABLE.replace("<card>", "<crad>");
        assert!(matches!(
            RuleSet::parse(&unknown),
            Err(RuleSetError::Phrase(_))
        ));
        assert!(matches!(
            RuleSet::parse("rule = 1"),
            Err(RuleSetError::Toml(_))
        ));
    }
}
