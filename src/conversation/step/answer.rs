//! Answers that need no skill: intents that are words only, and the three steps of repair (A7, A8).

use crate::intent::catalogue::Catalogue;
use crate::reply::value::Values;
use crate::store::SendClass;

use super::super::request::Request;
use super::super::skill::{Outcome, Say};

/// Answers an intent that is words only: its topic's variant where it has one, else `answer`.
pub(super) fn without_skill(request: &Request, catalogue: &Catalogue) -> Outcome {
    let variant = request
        .said("topic")
        .and_then(|topic| topic_variant(request, topic, catalogue))
        .unwrap_or("answer");
    Outcome::say(Say::new(&request.intent, variant, Values::new()))
}

/// Variants are named by the program, so a topic picks among those the catalogue has; the names are
/// leaked once each, bounded by the catalogue.
fn topic_variant(request: &Request, topic: &str, catalogue: &Catalogue) -> Option<&'static str> {
    let wanted = format!("topic_{topic}");
    let intent = catalogue.intent(&request.intent)?;
    intent
        .replies
        .en
        .keys()
        .find(|name| **name == wanted)
        .map(|name| interned(name))
}

fn interned(name: &str) -> &'static str {
    use std::collections::BTreeSet;
    use std::sync::{LazyLock, Mutex, PoisonError};

    static NAMES: LazyLock<Mutex<BTreeSet<&'static str>>> =
        LazyLock::new(|| Mutex::new(BTreeSet::new()));
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
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
