//! Slots: what a message says besides what it wants: amounts, dates, accounts, names, choices.
//!
//! A grammar of its own in tables that a reader can extend (`when_rules.rs`, `words.txt`, `values.txt`),
//! English and Spanish, over tokens that know their place in the customer's text. Values have the
//! forms of the contract (`last_days:30`, `weekday:friday`, `"40.00"`) and depend on no clock;
//! [`calendar`] turns those of days and periods into dates once "now" is known.
//!
//! Matching a name to the customer's own transactions or payees is the skill's part, once the
//! bank has answered.

mod account;
pub mod calendar;
mod cue;
mod fill;
mod grammar;
mod lexicon;
mod money;
mod name;
mod number;
mod scan;
mod schedule;
mod tables;
mod token;
mod vocabulary;
mod when;
mod when_rules;

use std::ops::Range;

pub use lexicon::Currency;
pub use money::Amount;
pub use schedule::{DayPart, Schedule};
pub use when::{Edge, NotADate, Point, Span, When};

use super::{Language, Slots};
use scan::Scan;

/// What is known of the customer before a message is read. All of it may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SlotContext<'a> {
    /// The names of their accounts.
    pub accounts: &'a [&'a str],
    /// The names of their payees.
    pub payees: &'a [&'a str],
    /// The merchants of their recent entries.
    pub merchants: &'a [&'a str],
    /// 03/04 is the third of April. Language is not region; without it Spanish puts the day first.
    pub day_first: Option<bool>,
    /// ISO 4217 of their accounts: in a country of dollars "$" is its own.
    pub home_currency: Option<&'a str>,
}

/// Fills the slots of a built-in intent from a redacted message, or a part of one.
pub fn fill(intent: &str, message: &str, language: Language, context: &SlotContext<'_>) -> Slots {
    fill_beside(intent, &Slots::new(), message, language, context)
}

/// Fills the slots of an intent of which some are known: what a phrase told (`reason`) decides what an amount is.
pub fn fill_beside(
    intent: &str,
    given: &Slots,
    message: &str,
    language: Language,
    context: &SlotContext<'_>,
) -> Slots {
    let Some((_, names)) = fill::INTENTS.iter().find(|(name, _)| *name == intent) else {
        return given.clone();
    };
    let scan = Scan::new(shortened(message), language, context);
    fill::fill(&scan, intent, names, given)
}

/// Fills the named slots: for an intent of an operator's own catalogue.
pub fn fill_named(
    intent: &str,
    names: &[&str],
    message: &str,
    language: Language,
    context: &SlotContext<'_>,
) -> Slots {
    if names.is_empty() {
        return Slots::new();
    }
    // Nobody's request is longer; what follows is a pasted text.
    let message = shortened(message);
    fill::fill(
        &Scan::new(message, language, context),
        intent,
        names,
        &Slots::new(),
    )
}

/// A message of the longest length that is read, cut at a character.
fn shortened(message: &str) -> &str {
    const LONGEST: usize = 2_000;
    if message.len() <= LONGEST {
        message
    } else {
        message
            .get(..message.floor_char_boundary(LONGEST))
            .unwrap_or_default()
    }
}

/// Something found in a message, with its bytes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity<T> {
    /// What it means.
    pub value: T,
    /// Where it stands.
    pub span: Range<usize>,
}

/// Returns the days and periods of a message, in order.
pub fn whens(message: &str, language: Language, context: &SlotContext<'_>) -> Vec<Entity<When>> {
    let scan = Scan::new(shortened(message), language, context);
    scan.whens
        .iter()
        .map(|found| Entity {
            value: found.when,
            span: scan.text.span(&found.tokens),
        })
        .collect()
}

/// Returns the amounts of a message, in order; one that is [`Amount::doubtful`] is to be shown in
/// words before anything is done with it (G5).
pub fn amounts(
    message: &str,
    language: Language,
    context: &SlotContext<'_>,
) -> Vec<Entity<Amount>> {
    let scan = Scan::new(shortened(message), language, context);
    scan.amounts
        .iter()
        .map(|amount| Entity {
            value: amount.clone(),
            span: scan.text.span(&amount.tokens),
        })
        .collect()
}

#[cfg(test)]
mod tests;
