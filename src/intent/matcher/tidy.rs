//! Which of the requests found in a message are served, and in which order.

use crate::intent::compose;
use crate::intent::compose::answers::is_within;
use crate::intent::decide::{self, Stake};
use crate::intent::{Expecting, IntentName, Reading};

use super::settle::{CERTAIN, Found, REQUESTS_MAX};

/// Drops what was said twice, what another request takes care of and what only accompanies one, and orders the rest as
/// it is served.
pub(super) fn tidy(found: &mut Vec<Found>, expecting: Option<Expecting>) {
    found.sort_by_key(|found| (compose::rank(&found.reading.name), found.at));
    let names: Vec<IntentName> = found
        .iter()
        .map(|found| found.reading.name.clone())
        .collect();
    let mut seen: Vec<Reading> = Vec::new();
    found.retain(|found| {
        let Reading { name, slots, .. } = &found.reading;
        let again = seen.iter().any(|other| {
            other.name == *name
                && !compose::told_apart_by(name)
                    .is_some_and(|told_by| compose::differ(told_by, &other.slots, slots))
        });
        seen.push(found.reading.clone());
        !again && !compose::is_included(name, &names)
    });
    // A "yes" to an open question is no courtesy; out of the blue it is little more.
    let accompanies = |found: &Found| {
        let name = &found.reading.name;
        if is_within(name) {
            expecting.is_none()
        } else {
            compose::is_courtesy(name)
        }
    };
    if !found.iter().all(accompanies) {
        found.retain(|found| !accompanies(found));
    }
    // "Send it to luis" is no plain yes to sending it to mom: only what is surely one counts (C2).
    if expecting == Some(Expecting::Confirmation) {
        found
            .retain(|found| found.reading.name != *"affirm" || found.reading.confidence >= CERTAIN);
    }
    hold_back(found);
    found.truncate(REQUESTS_MAX);
    found.retain(|found| !matches!(found.reading.name.as_str(), "unknown" | "out_of_scope"));
}

/// Words that begin a condition: "if my pay comes in, send mom 50" is no order to send.
pub(super) const CONDITIONS: [&str; 8] = [
    "if", "once", "when", "whenever", "si", "cuando", "unless", "apenas",
];

/// Beside a scam, coercion or an attempt to break the rules, nothing is moved or let loose (C9).
fn hold_back(found: &mut Vec<Found>) {
    let warns = |found: &Found| {
        let name = found.reading.name.as_str();
        matches!(name, "report_fraud" | "crisis" | "refuse")
    };
    if found.iter().any(warns) {
        move_nothing(found);
    }
    // Nothing that comes along with such an attempt is served, but for what stops harm.
    if found.iter().any(|found| found.reading.name == *"refuse") {
        found.retain(|found| {
            found.reading.name == *"refuse" || compose::comes_first(&found.reading.name)
        });
    }
}

/// Drops what moves money or changes a card, but for stopping one.
pub(super) fn move_nothing(found: &mut Vec<Found>) {
    found.retain(|found| {
        found.reading.name == *"card_freeze"
            || decide::stake(&found.reading.name, false) != Stake::Changes
    });
}
