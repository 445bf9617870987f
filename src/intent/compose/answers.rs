//! Answers to an open question: a confirmation, a choice, a fraud alert.
//!
//! What is understood here depends on what was asked; the same "no" stops a payment, turns down a button or stops a
//! card. Whatever is no answer falls through and is read like any message.

use crate::intent::phrases::{Sighted, Words};
use crate::intent::ruleset::{Match, RuleSet, RuleSetError, When};
use crate::intent::{Expecting, IntentName};

const TABLE: &str = include_str!("answers.toml");

/// The intents that answer something open, and mean little elsewhere.
const WITHIN: [&str; 8] = [
    "affirm",
    "deny",
    "cancel",
    "back",
    "edit",
    "select",
    "repeat",
    "fraud_alert_reply",
];

/// Whether an intent answers something open.
pub fn is_within(intent: &IntentName) -> bool {
    WITHIN.contains(&intent.as_str())
}

/// The compiled table of answers and follow-ups.
#[derive(Debug)]
pub struct Answers(RuleSet);

impl Answers {
    /// Compiles the table that ships with the binary.
    pub fn built_in() -> Result<Self, RuleSetError> {
        RuleSet::parse(TABLE).map(Self)
    }

    /// Finds the classes of every word of a message.
    pub fn read<'w>(&self, words: Words<'w>) -> Sighted<'w> {
        self.0.read(words)
    }

    /// Returns the answer a message is to what was asked.
    pub fn find(&self, sighted: &Sighted<'_>, expecting: Expecting) -> Option<Match<'_>> {
        self.0.first(sighted, When::from(expecting))
    }

    /// Returns the words with which a message goes on from the last one ("and", "what about").
    pub fn follow_up(&self, sighted: &Sighted<'_>) -> Option<Match<'_>> {
        self.0.first(sighted, When::Following)
    }

    /// Returns the wish to turn the page of a list, or the question how much it was, where a message is nothing else.
    pub fn page(&self, sighted: &Sighted<'_>) -> Option<Match<'_>> {
        self.0.first(sighted, When::Listed)
    }

    /// Whether some words point at something said before.
    pub fn has_pointer(&self, sighted: &Sighted<'_>, words: std::ops::Range<usize>) -> bool {
        self.0.holds_class(sighted, "pointing", words)
    }

    /// Whether some words begin as a request of their own does.
    pub fn opens_request(&self, sighted: &Sighted<'_>, words: std::ops::Range<usize>) -> bool {
        let first = words.start..words.end.min(words.start + 1);
        self.0.holds_class(sighted, "opening", first)
    }

    /// Whether a request may begin at a word without anything that parts it from what is before: "check my balance pay my
    /// visa", and not "to pay my visa".
    pub fn begins_request(&self, sighted: &Sighted<'_>, at: usize) -> bool {
        at > 0
            && self.0.holds_class(sighted, "seam", at..at + 1)
            && !self.0.holds_class(sighted, "lead", at - 1..at)
    }

    /// Whether some words begin as somebody tells what happened before.
    pub fn tells_before(&self, sighted: &Sighted<'_>, words: std::ops::Range<usize>) -> bool {
        let first = words.start..words.end.min(words.start + 3);
        self.0.holds_class(sighted, "telling", first)
    }

    /// Whether some words ask for something, and do not only tell a story.
    pub fn has_request(&self, sighted: &Sighted<'_>, words: std::ops::Range<usize>) -> bool {
        self.0.holds_class(sighted, "asking", words)
    }

    /// Whether some words name something to do, and not only a value.
    pub fn has_action(&self, sighted: &Sighted<'_>, words: std::ops::Range<usize>) -> bool {
        self.0.holds_class(sighted, "action", words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::utterance::Utterance;

    fn answer(expecting: Expecting, text: &str) -> String {
        let answers = Answers::built_in().unwrap();
        let utterance = Utterance::new(text);
        let words = utterance.words();
        let sighted = answers.read(utterance.phrase_words(&words));
        answers
            .find(&sighted, expecting)
            .map_or_else(String::new, |found| {
                let slot = found
                    .slots
                    .iter()
                    .next()
                    .and_then(|(_, value)| value.as_text());
                match slot {
                    Some(slot) => format!("{} {slot}", found.intent),
                    None => found.intent.to_string(),
                }
            })
    }

    #[test]
    fn confirmations_are_answered_in_many_ways() {
        for (text, expected) in [
            ("yes", "affirm"),
            ("yes please", "affirm"),
            ("ok do it", "affirm"),
            ("sí, dale", "affirm"),
            ("👍", "affirm"),
            ("claro que sí", "affirm"),
            ("no", "deny"),
            ("no gracias", "deny"),
            ("not yet", "deny"),
            ("dont send it", "deny"),
            ("no, don't do it please", "deny"),
            ("cancel", "cancel"),
            ("no cancel that", "cancel"),
            ("olvídalo", "cancel"),
            ("yes but 70", "edit"),
            ("make it tomorrow", "edit"),
            ("mejor 70", "edit"),
            ("no, 50 instead", "edit"),
            ("whats my balance", ""),
            ("freeze my card", ""),
        ] {
            assert_eq!(answer(Expecting::Confirmation, text), expected, "{text}");
        }
    }

    #[test]
    fn choices_are_made_by_position() {
        for (text, expected) in [
            ("2", "select 2"),
            ("the second one", "select 2"),
            ("la primera por favor", "select 1"),
            ("the last one", "select last"),
            ("both", "select all"),
            ("las dos", "select all"),
            ("none of those", "deny"),
            ("cancel", "cancel"),
            ("savings", ""),
        ] {
            assert_eq!(answer(Expecting::Choice, text), expected, "{text}");
        }
    }

    #[test]
    fn fraud_alerts_are_answered_in_free_words() {
        for (text, expected) in [
            ("YES", "fraud_alert_reply yes"),
            ("yes that was me", "fraud_alert_reply yes"),
            ("it was me at the store", "fraud_alert_reply yes"),
            ("si fui yo", "fraud_alert_reply yes"),
            ("that was my wife its fine", "fraud_alert_reply yes"),
            ("NO", "fraud_alert_reply no"),
            ("no wtf", "fraud_alert_reply no"),
            ("not me", "fraud_alert_reply no"),
            ("i did not make that purchase", "fraud_alert_reply no"),
            ("no fui yo", "fraud_alert_reply no"),
            ("no reconozco ese cargo", "fraud_alert_reply no"),
            ("never heard of that store", "fraud_alert_reply no"),
            ("block it", "fraud_alert_reply no"),
            ("not sure", "fraud_alert_reply unsure"),
            ("i think so?", "fraud_alert_reply unsure"),
            ("no se", "fraud_alert_reply unsure"),
            ("maybe my husband", "fraud_alert_reply unsure"),
            ("creo que si", "fraud_alert_reply unsure"),
            ("whats my balance", ""),
        ] {
            assert_eq!(answer(Expecting::FraudAlert, text), expected, "{text}");
        }
    }
}
