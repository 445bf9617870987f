//! Cases: what a person at the bank needs to take over, so that nothing is asked twice (requirement A9).

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::money::Money;

/// As many of the customer's messages are kept with a case.
const TRANSCRIPT: usize = 50;

/// A case as it is stored, sealed under the evidence key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its number.
    pub number: i64,
    /// `dispute`, `human`, `unknown_outcome`, `fraud`, `lost_card`, `crisis`, …
    pub kind: String,
    /// First notice, ms (requirement A2).
    pub opened_ms: i64,
    /// The customer's redacted words that opened it.
    pub words: String,
    /// What it is about, in a sentence for staff.
    pub summary: String,
    /// What was understood and resolved.
    pub details: BTreeMap<String, String>,
    /// The redacted messages of the customer around it, oldest first.
    pub transcript: Vec<String>,
    /// `open`, `closed`.
    pub status: String,
    /// What staff wrote to it, oldest first.
    #[serde(default)]
    pub notes: Vec<Note>,
}

/// What a member of staff wrote to a case.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When, ms.
    pub at_ms: i64,
    /// The words, redacted like a customer's.
    pub text: String,
}

impl Case {
    /// Extends a stored case by what is known now: the first notice and its words stay (A2), details are added or
    /// made more exact, messages and notes are appended.
    #[must_use]
    pub fn extended_by(mut self, later: Self) -> Self {
        if self.words.is_empty() {
            self.words = later.words;
        }
        self.opened_ms = self.opened_ms.min(later.opened_ms);
        self.details.extend(later.details);
        for message in later.transcript {
            if !self.transcript.contains(&message) {
                self.transcript.push(message);
            }
        }
        let extra = self.transcript.len().saturating_sub(TRANSCRIPT);
        self.transcript.drain(..extra);
        self.status = later.status;
        self.notes.extend(later.notes);
        self
    }

    /// Tells whether nobody works on it any more.
    pub fn is_closed(&self) -> bool {
        self.status == CLOSED
    }
}

/// Somebody has to look at it.
pub const OPEN: &str = "open";
/// Nobody works on it any more.
pub const CLOSED: &str = "closed";

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({}, {})", self.number, self.kind)
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({})", self.at_ms)
    }
}

/// What the conversation itself remembers of a case of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCase {
    /// Its number.
    pub number: i64,
    /// `dispute`, `human`, …
    pub kind: String,
    /// When it was opened, ms.
    pub at_ms: i64,
    /// Nobody works on it any more.
    #[serde(default)]
    pub closed: bool,
    /// The charge it is about, once that is known.
    #[serde(default)]
    pub charge: Option<Charge>,
}

impl KnownCase {
    /// Tells whether it is about a charge on a credit card.
    pub fn is_of_credit(&self) -> bool {
        self.charge.as_ref().is_some_and(|charge| charge.credit)
    }
}

/// A charge that a dispute is about, as the bank showed it then.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The bank's id of the entry.
    pub transaction: String,
    /// How much.
    pub amount: Money,
    /// Where, cleaned.
    pub name: String,
    /// When, in the customer's zone.
    pub day: Date,
    /// Whether it is on a credit card: another law (A5).
    pub credit: bool,
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Charge(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(words: &str, opened_ms: i64, transcript: &[&str]) -> Case {
        Case {
            number: 7,
            kind: "dispute".to_owned(),
            opened_ms,
            words: words.to_owned(),
            summary: "dispute: dispute".to_owned(),
            details: BTreeMap::from([("reason".to_owned(), words.to_owned())]),
            transcript: transcript.iter().map(|&text| text.to_owned()).collect(),
            status: OPEN.to_owned(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_first_notice_and_its_words_stay() {
        let first = case("not mine", 1_000, &["hi", "not mine"]);
        let mut later = case("", 9_000, &["not mine", "the second one"]);
        later.status = CLOSED.to_owned();
        later
            .details
            .insert("transaction".to_owned(), "t1".to_owned());
        let both = first.extended_by(later);
        assert_eq!(both.words, "not mine");
        assert_eq!(both.opened_ms, 1_000);
        assert_eq!(both.transcript, ["hi", "not mine", "the second one"]);
        assert_eq!(both.details["transaction"], "t1");
        assert!(both.is_closed());
    }

    #[test]
    fn a_long_case_keeps_its_last_messages() {
        let all: Vec<String> = (0..80).map(|at| format!("message {at}")).collect();
        let many: Vec<&str> = all.iter().map(String::as_str).collect();
        let both = case("a", 1, &["first"]).extended_by(case("b", 2, &many));
        assert_eq!(both.transcript.len(), TRANSCRIPT);
        assert_eq!(both.transcript.last().unwrap(), "message 79");
    }
}
