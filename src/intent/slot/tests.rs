//! Messages as people write them, and the slots they hold. The cases are in text files beside
//! this one; adding a line adds a case.

mod catalogue;
mod forms;
mod known;
mod nlupp;

use super::{SlotContext, fill};
use crate::intent::{Language, SlotValue};

/// Intent, message, and its slots as `name=value` parted by `|`, in the order of the intent.
type Case<'c> = (&'c str, &'c str, &'c str);

const BRITISH: SlotContext<'static> = SlotContext {
    accounts: &[],
    payees: &[],
    merchants: &[],
    day_first: Some(true),
    home_currency: Some("GBP"),
};

fn filled(intent: &str, message: &str, language: Language, context: &SlotContext<'_>) -> String {
    let slots = fill(intent, message, language, context);
    let shown = slots.iter().map(|(name, value)| match value {
        SlotValue::Text(text) => format!("{name}={text}"),
        SlotValue::List(list) => format!("{name}={}", list.join(",")),
    });
    shown.collect::<Vec<_>>().join(" | ")
}

fn assert_filled(language: Language, context: &SlotContext<'_>, cases: &[Case<'_>]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(intent, message, expected)| {
            let got = filled(intent, message, language, context);
            (got != *expected)
                .then(|| format!("{intent}: {message}\n  expected {expected}\n  got      {got}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} wrong\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// The cases of a file: `[intent]`, then `message => slots`.
fn cases(file: &str) -> Vec<Case<'_>> {
    let mut intent = "";
    let mut cases = Vec::new();
    for line in file
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line.strip_prefix('[') {
            intent = name.strip_suffix(']').unwrap();
        } else {
            let (message, slots) = line
                .split_once("=>")
                .unwrap_or_else(|| panic!("no case: {line}"));
            cases.push((intent, message.trim(), slots.trim()));
        }
    }
    cases
}

#[test]
fn english_messages_are_filled() {
    let context = SlotContext {
        day_first: Some(false),
        ..SlotContext::default()
    };
    assert_filled(
        Language::En,
        &context,
        &cases(include_str!("tests/english.txt")),
    );
}

#[test]
fn spanish_messages_are_filled() {
    assert_filled(
        Language::Es,
        &SlotContext::default(),
        &cases(include_str!("tests/spanish.txt")),
    );
}

#[test]
fn british_messages_are_filled() {
    assert_filled(
        Language::En,
        &BRITISH,
        &cases(include_str!("tests/british.txt")),
    );
}

#[test]
fn indian_messages_are_filled() {
    assert_filled(
        Language::En,
        &SlotContext::default(),
        &cases(include_str!("tests/indian.txt")),
    );
}

#[test]
fn mixed_languages_are_filled() {
    assert_filled(
        Language::Es,
        &SlotContext::default(),
        &[
            (
                "transfer_own",
                "mueve 20 dólares de savings a checking",
                "amount=20.00 | from=savings | to=checking | currency=USD",
            ),
            (
                "spending",
                "cuanto spent en groceries este mes",
                "category=groceries | period=this_month",
            ),
            (
                "pay_person",
                "mandale 20 bucks a mike",
                "payee=mike | amount=20.00 | currency=USD",
            ),
        ],
    );
    assert_filled(
        Language::En,
        &SlotContext::default(),
        &[
            (
                "pay_person",
                "send 40 a mi mami",
                "payee=mami | amount=40.00",
            ),
            (
                "transfer_own",
                "mueve 50 to savings please",
                "amount=50.00 | to=savings",
            ),
        ],
    );
}
