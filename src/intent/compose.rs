//! Several requests in one message: where it may be cut, and in which order the parts are served.

pub mod answers;
pub mod follow;

use std::ops::Range;

use super::IntentName;
use super::clauses::Break;
use super::utterance::Utterance;

/// Words that join two requests, in both languages.
const JOINERS: [&str; 14] = [
    "and", "also", "plus", "then", "y", "e", "tambien", "ademas", "luego", "despues", "n", "oh",
    "btw", "besides",
];

/// Words that set one half of a story against the other.
const CONTRASTS: [&str; 6] = ["but", "pero", "although", "though", "aunque", "yet"];

/// Cuts tried at most: beyond, a message is a story and not a list of requests.
const CUTS_MAX: usize = 8;

/// A place where a message may be cut in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where the first part ends, as a position of a word.
    pub end: usize,
    /// Where the second begins: after the joining words.
    pub start: usize,
    /// What parts the two.
    pub at: Break,
}

/// Returns where some words may be cut, the strongest breaks first.
pub fn cuts(utterance: &Utterance, words: &Range<usize>) -> Vec<Cut> {
    let mut found: Vec<Cut> = Vec::new();
    let mut at = words.start + 1;
    while at < words.end {
        let before = utterance
            .clauses()
            .words()
            .get(at)
            .map_or(Break::None, |word| word.before);
        let mut start = at;
        while start < words.end && JOINERS.contains(&utterance.word(start)) {
            start += 1;
        }
        // "… but then" contrasts within one story.
        let contrasts =
            CONTRASTS.contains(&utterance.word(at - 1)) || CONTRASTS.contains(&utterance.word(at));
        let joined = start > at;
        if (joined || before > Break::None) && start < words.end && !contrasts {
            let strength = if joined {
                before.max(Break::Soft)
            } else {
                before
            };
            found.push(Cut {
                end: at,
                start,
                at: strength,
            });
        }
        at = start.max(at + 1);
    }
    found.sort_by_key(|cut| std::cmp::Reverse(cut.at));
    found.truncate(CUTS_MAX);
    found
}

/// Intents served before all others: first what stops harm, then what records it (requirement 5.1 rule 14).
const FIRST: [&str; 9] = [
    "crisis",
    "card_lost_stolen",
    "card_freeze",
    "report_fraud",
    "dispute",
    "lost_device",
    "human",
    "stop_messages",
    "data_delete",
];

/// Returns the rank in which an intent is served; the same rank keeps the order of the message.
pub fn rank(intent: &IntentName) -> usize {
    FIRST
        .iter()
        .position(|first| *intent == **first)
        .unwrap_or(FIRST.len())
}

/// Intents that only accompany others: dropped where anything else was asked for.
const COURTESIES: [&str; 13] = [
    "greeting",
    "goodbye",
    "thanks",
    "smalltalk",
    "affirm",
    "deny",
    "frustration",
    "unknown",
    "out_of_scope",
    "bot_identity",
    "help",
    "repeat",
    "sensitive_data",
];

/// What doing one thing takes care of by itself.
const INCLUDED: [(&str, &[&str]); 2] = [
    (
        "card_lost_stolen",
        &["card_freeze", "card_replace", "card_status"],
    ),
    ("report_fraud", &["verify_message", "fraud_alert_reply"]),
];

/// Whether a request is taken care of by another one of the same message. In danger nothing else matters.
pub fn is_included(intent: &IntentName, others: &[IntentName]) -> bool {
    others.iter().any(|other| {
        (*other == *"crisis" && *intent != *"crisis")
            || INCLUDED
                .iter()
                .any(|(whole, parts)| *other == **whole && parts.contains(&intent.as_str()))
    })
}

/// Whether an intent only accompanies others.
pub fn is_courtesy(intent: &IntentName) -> bool {
    COURTESIES.contains(&intent.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(String, String)> {
        let utterance = Utterance::new(text);
        cuts(&utterance, &(0..utterance.len()))
            .into_iter()
            .map(|cut| {
                (
                    utterance.form_of(0..cut.end).to_owned(),
                    utterance.form_of(cut.start..utterance.len()).to_owned(),
                )
            })
            .collect()
    }

    fn pair(first: &str, second: &str) -> (String, String) {
        (first.to_owned(), second.to_owned())
    }

    #[test]
    fn cuts_at_sentences_before_joining_words() {
        assert_eq!(
            parts("freeze it and also tell me. whats my balance"),
            [
                pair("freeze it and also tell me", "whats my balance"),
                pair("freeze it", "tell me whats my balance"),
            ]
        );
        assert_eq!(parts("and"), []);
        assert_eq!(parts("bloquea y dime"), [pair("bloquea", "dime")]);
    }

    #[test]
    fn freezing_comes_before_disputing_before_the_rest() {
        let mut names = ["balance", "dispute", "card_freeze"].map(IntentName::from);
        names.sort_by_key(rank);
        assert_eq!(
            names,
            ["card_freeze", "dispute", "balance"].map(IntentName::from)
        );
    }
}
