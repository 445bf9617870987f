//! Going on from the last question: "and savings?", "what about last month", "I didn't make it".
//!
//! A follow-up keeps the intent and the slots of what was asked before and changes only what is said (requirement 5.1
//! rule 10). What was asked before is read from the customer's own earlier messages, and only when a message looks like
//! it needs them.

use std::cell::OnceCell;

use crate::intent::catalogue::Intent;
use crate::intent::{IntentName, Reading, Slots};

/// Slots of which one takes the other's place: a shop named anew drops the category asked for before.
const RIVALS: [&[&str]; 6] = [
    &["merchant", "category", "payee", "biller"],
    &["account", "card"],
    &["period", "date"],
    &["amount", "amount_kind"],
    &["min_amount", "max_amount", "amount"],
    // "And the 150 one?" is another entry than the shop's.
    &["merchant", "amount"],
];

/// What "it", "that one" and "there" can stand for.
const POINTED_AT: [&str; 10] = [
    "merchant", "category", "payee", "biller", "amount", "account", "card", "period", "product",
    "place",
];

/// What "him" and "there" can stand for within a message: who or where, and never how much.
const NAMES: [&str; 4] = ["merchant", "payee", "payer", "biller"];

/// What was asked before, found out when it is needed.
pub struct Past<'p> {
    found: OnceCell<Option<Reading>>,
    find: Box<dyn Fn() -> Option<Reading> + 'p>,
}

impl<'p> Past<'p> {
    /// Returns a past that is worked out on demand.
    pub fn lazy(find: impl Fn() -> Option<Reading> + 'p) -> Self {
        Self {
            found: OnceCell::new(),
            find: Box::new(find),
        }
    }

    /// Returns a past that is known.
    pub fn known(reading: Option<Reading>) -> Self {
        Self {
            found: OnceCell::from(reading),
            find: Box::new(|| None),
        }
    }

    /// Whether the customer may have asked for something before, without working out what.
    pub fn is_possible(&self) -> bool {
        self.found.get().is_none_or(Option::is_some)
    }

    /// Returns the last thing asked for.
    pub fn last(&self) -> Option<&Reading> {
        self.found.get_or_init(|| (self.find)()).as_ref()
    }
}

/// Returns the slots of the last request with those said now in their places.
pub fn changed(before: &Slots, said: &Slots) -> Slots {
    let mut slots = Slots::new();
    for (name, value) in before.iter() {
        let replaced = RIVALS.iter().any(|rivals| {
            rivals.contains(&name)
                && rivals
                    .iter()
                    .any(|rival| *rival != name && said.contains(rival))
        });
        if !replaced {
            slots.insert(name, value.clone());
        }
    }
    for (name, value) in said.iter() {
        slots.insert(name, value.clone());
    }
    slots
}

/// Returns the slots with which a request is asked again for how much it is about; `None` where that says something else.
pub fn how_much(before: &Reading, said: &Slots) -> Option<Slots> {
    match before.name.as_str() {
        "bill_due" => Some(changed(&before.slots, said)),
        "income_check" | "deposit_hold" | "refund_status" => {
            let mut slots = before.slots.clone();
            slots.remove("field");
            Some(slots)
        }
        _ => None,
    }
}

/// Fills what a new request leaves open with what it points at in the last one.
pub fn point(reading: &mut Reading, intent: &Intent, before: &Reading) {
    fill_open(&POINTED_AT, reading, intent, before);
}

/// Fills whom a request of a message leaves open with whom the one before it named.
pub fn point_to_name(reading: &mut Reading, intent: &Intent, before: &Reading) {
    fill_open(&NAMES, reading, intent, before);
}

fn fill_open(names: &[&str], reading: &mut Reading, intent: &Intent, before: &Reading) {
    for name in names {
        let Some(value) = before.slots.get(name) else {
            continue;
        };
        let rival = RIVALS.iter().any(|rivals| {
            rivals.contains(name) && rivals.iter().any(|rival| reading.slots.contains(rival))
        });
        if intent.slot(name).is_some() && !reading.slots.contains(name) && !rival {
            reading.slots.insert(*name, value.clone());
        }
    }
}

/// Intents a single value may be said for: "savings" alone is more likely the answer to what came before.
const VALUE_LIKE: [&str; 9] = [
    "balance",
    "transactions",
    "spending",
    "spending_summary",
    "available_credit",
    "card_status",
    "select",
    "edit",
    "unknown",
];

/// Whether an intent may be what a bare value was taken for.
pub fn is_value_like(intent: &IntentName) -> bool {
    VALUE_LIKE.contains(&intent.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(pairs: &[(&str, &str)]) -> Slots {
        pairs.iter().copied().collect()
    }

    #[test]
    fn only_what_is_said_changes() {
        let before = slots(&[("merchant", "starbucks"), ("period", "this_month")]);
        assert_eq!(
            changed(&before, &slots(&[("period", "last_month")])),
            slots(&[("merchant", "starbucks"), ("period", "last_month")])
        );
        assert_eq!(
            changed(&before, &slots(&[("category", "dining")])),
            slots(&[("period", "this_month"), ("category", "dining")])
        );
    }

    #[test]
    fn the_past_is_worked_out_once_and_on_demand() {
        let asked = std::cell::Cell::new(0);
        let past = Past::lazy(|| {
            asked.set(asked.get() + 1);
            Some(Reading::new("balance", 1.0))
        });
        assert_eq!(asked.get(), 0);
        assert!(past.last().is_some() && past.last().is_some());
        assert_eq!(asked.get(), 1);
    }
}
