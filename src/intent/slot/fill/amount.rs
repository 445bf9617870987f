//! Slots made of amounts: bounds, what was charged and what should have been, currencies.

use crate::intent::Slots;
use crate::intent::slot::cue::Cue;
use crate::intent::slot::lexicon::{DOLLARS, PESOS};
use crate::intent::slot::money::Amount;
use crate::intent::slot::scan::Scan;

/// Gives the amounts of a message to the slots that depend on each other.
pub(super) fn settle(scan: &Scan<'_>, intent: &str, names: &[&str], slots: &mut Slots) {
    if names.contains(&"amounts") && !scan.amounts.is_empty() {
        let list: Vec<String> = scan.amounts.iter().map(Amount::to_text).collect();
        slots.insert("amounts", list);
    }
    if names.contains(&"min_amount") {
        bounds(scan, slots);
    }
    if intent == "dispute" {
        dispute(scan, slots);
    }
    if intent == "edit" {
        correction(scan, slots);
    }
    // "Pay 150 off my card" does not pay all of it.
    if slots.contains("amount") && slots.text("amount_kind") == Some("full") {
        slots.remove("amount_kind");
    }
}

/// ISO 4217, unless it is one that the customer's own country calls so.
pub(super) fn currency(scan: &Scan<'_>) -> Option<String> {
    let currency = scan.amounts.iter().find_map(|amount| amount.currency)?;
    let own = scan.known.home_currency.is_some_and(|home| {
        let family = |family: &[&str]| family.contains(&home) && family.contains(&currency.code);
        currency.shared && (family(&DOLLARS) || family(&PESOS))
    });
    (!own).then(|| currency.code.to_owned())
}

/// The currencies of an exchange: what is given and what is wanted.
pub(super) fn exchange(scan: &Scan<'_>) -> (Option<String>, Option<String>) {
    let mut codes: Vec<(usize, &str)> = Vec::new();
    let mut add = |at: usize, code: &'static str| {
        if !codes.iter().any(|(_, known)| *known == code) {
            codes.push((at, code));
        }
    };
    for (at, token) in scan.text.tokens.iter().enumerate() {
        let named = scan
            .amounts
            .iter()
            .find(|amount| amount.tokens.contains(&at));
        if let Some(currency) = token.entry.currency {
            let code = named
                .and_then(|amount| amount.currency)
                .map_or(currency.code, |currency| currency.code);
            add(
                at,
                super::super::money::with_nationality(&scan.text, at).unwrap_or(code),
            );
        }
    }
    let is_wanted = |at: usize| {
        let step = 1 + usize::from(scan.was(at, 1, Cue::Nationality));
        matches!(
            scan.before(at, step),
            "to" | "into" | "in" | "a" | "en" | "for"
        )
    };
    let (from, to) = match codes.as_slice() {
        [] => (None, None),
        [(at, code)] => {
            let given = scan.amounts.iter().any(|amount| amount.currency.is_some())
                || scan.before(*at, 1) == "from";
            if given {
                (Some(*code), None)
            } else {
                (None, Some(*code))
            }
        }
        [(first_at, first), (second_at, second), ..] => {
            // "How many pesos for a dollar": the first is what comes out.
            let asked = scan.was(*first_at, 1, Cue::HowMany);
            let turned = is_wanted(*first_at) && !is_wanted(*second_at) && scan.amounts.is_empty();
            if asked || turned {
                (Some(*second), Some(*first))
            } else {
                (Some(*first), Some(*second))
            }
        }
    };
    (from.map(str::to_owned), to.map(str::to_owned))
}

/// What was charged, what it should have been, and what came out of the machine.
fn dispute(scan: &Scan<'_>, slots: &mut Slots) {
    let [first, second, ..] = scan.amounts.as_slice() else {
        return;
    };
    let lead = |amount: &Amount, cue| scan.within(amount.tokens.start, 3, cue);
    let instead = |amount: &Amount| {
        (1..=3).any(|steps| {
            matches!(
                scan.before(amount.tokens.start, steps),
                "instead" | "vez" | "lugar"
            )
        })
    };
    let (amount, other, slot) = match slots.text("reason") {
        // "gave me 60 instead of 100", "asked for 200, only got 140"
        Some("atm_short" | "deposit_missing") => {
            let second_came = lead(second, Cue::Received) && !instead(second);
            if second_came {
                (first, second, "received")
            } else {
                (second, first, "received")
            }
        }
        // "the bill was 42 but they took 52", "150 instead of 15"
        Some("wrong_amount") => {
            // "I was charged 80 but it should be 18" leads to both.
            let first_right = match (is_charged(scan, first), is_charged(scan, second)) {
                (false, true) => true,
                (true, false) => false,
                _ => lead(first, Cue::Expected) && !lead(second, Cue::Expected),
            };
            if first_right && !instead(second) && !instead(first) {
                (second, first, "expected_amount")
            } else {
                (first, second, "expected_amount")
            }
        }
        _ => return,
    };
    slots.insert("amount", amount.to_text());
    slots.insert(slot, other.to_text());
}

/// Whether an amount is the one that was taken: "it was 12 they took 120".
fn is_charged(scan: &Scan<'_>, amount: &Amount) -> bool {
    const NEAR: usize = 4;
    let other = |at: usize| {
        scan.amounts
            .iter()
            .any(|other| other.tokens.contains(&at) && other.tokens != amount.tokens)
    };
    (1..=NEAR)
        .map_while(|steps| amount.tokens.start.checked_sub(steps))
        .take_while(|at| !other(*at))
        .any(|at| {
            matches!(
                scan.word(at),
                "took"
                    | "take"
                    | "takes"
                    | "taking"
                    | "taken"
                    | "charged"
                    | "charge"
                    | "charges"
                    | "chrged"
                    | "billed"
                    | "debited"
                    | "deducted"
                    | "withdrew"
                    | "put"
                    | "entered"
                    | "rang"
                    | "ran"
                    | "hit"
                    | "swiped"
                    | "posted"
                    | "cleared"
                    | "cobraron"
                    | "cobro"
                    | "cobran"
                    | "cobrado"
                    | "quitaron"
                    | "quito"
                    | "sacaron"
                    | "descontaron"
                    | "debitaron"
                    | "pusieron"
                    | "puso"
                    | "metieron"
                    | "metio"
                    | "pasaron"
                    | "paso"
                    | "cargaron"
                    | "marcaron"
                    | "aparece"
                    | "shows"
            )
        })
}

/// "over 50", "under 20", "between 10 and 30".
fn bounds(scan: &Scan<'_>, slots: &mut Slots) {
    let lead = |amount: &Amount, cue| scan.within(amount.tokens.start, 3, cue);
    let between = |amount: &Amount| {
        (1..=2).any(|steps| matches!(scan.before(amount.tokens.start, steps), "between" | "entre"))
    };
    if let [low, high, ..] = scan.amounts.as_slice()
        && between(low)
    {
        slots.insert("min_amount", low.to_text());
        slots.insert("max_amount", high.to_text());
        slots.remove("amount");
        return;
    }
    for amount in &scan.amounts {
        let slot = if lead(amount, Cue::Under) {
            "max_amount"
        } else if lead(amount, Cue::Over) {
            "min_amount"
        } else {
            continue;
        };
        slots.insert(slot, amount.to_text());
        if slots.text("amount") == Some(amount.to_text().as_str()) {
            slots.remove("amount");
        }
    }
}

/// "change 40 to 60", "15 not 50": which of two amounts is meant.
fn correction(scan: &Scan<'_>, slots: &mut Slots) {
    let [_, second, ..] = scan.amounts.as_slice() else {
        return;
    };
    let start = second.tokens.start;
    if matches!(scan.before(start, 1), "to" | "a" | "por" | "make" | "be")
        || matches!(scan.before(start, 2), "make" | "mejor")
    {
        slots.insert("amount", second.to_text());
    }
}
