//! Answers that need no skill: intents that are words only, and the three steps of repair (A7, A8).

use crate::reply::value::Values;
use crate::store::SendClass;

use super::super::request::Request;
use super::super::skill::{Outcome, Say};

/// Answers an intent that is words only.
pub(super) fn without_skill(request: &Request) -> Outcome {
    Outcome::say(Say::new(&request.intent, "answer", Values::new()))
}

/// Tells whether follow-ups may start from this intent: not from courtesies and answers within a flow.
pub(super) fn is_topic(intent: &str) -> bool {
    !matches!(
        intent,
        "affirm"
            | "deny"
            | "cancel"
            | "back"
            | "repeat"
            | "select"
            | "edit"
            | "greeting"
            | "goodbye"
            | "thanks"
            | "smalltalk"
            | "help"
            | "bot_identity"
            | "human"
            | "out_of_scope"
            | "unknown"
            | "sensitive_data"
            | "refuse"
            | "change_language"
            | "stop_messages"
            | "frustration"
    )
}

/// Chooses the repair after this many misses in a row (A8): readings, then a person, then both in turns of words.
pub(super) fn repair(misses: u8, last: Option<&str>) -> Say {
    let variant = match misses {
        0 | 1 => "repair_first",
        2 => "repair_second",
        _ if last == Some("repair_third") => "repair_again",
        _ => "repair_third",
    };
    Say::shared(variant).class(SendClass::Prompt)
}
