//! What redaction and the slots of a usual message cost: `cargo bench --bench slots`.

use bursar::intent::Language;
use bursar::intent::slot::{SlotContext, fill};
use bursar::redact::redact;

fn main() {
    divan::main();
}

/// A message, its intent and its language.
const MESSAGES: [(&str, &str, Language); 5] = [
    ("whats my balance", "balance", Language::En),
    (
        "how much did i spend at whole foods last month",
        "spending",
        Language::En,
    ),
    (
        "zelle my friend carlos 62.30 for electricity next friday",
        "pay_person",
        Language::En,
    ),
    (
        "i dont recognize a charge for 89.99 from ZELCORP on the 14th",
        "dispute",
        Language::En,
    ),
    (
        "pasa doscientos de ahorros a cheques cada viernes",
        "transfer_own",
        Language::Es,
    ),
];

#[divan::bench(args = MESSAGES.map(|(text, _, _)| text))]
fn redacting(text: &str) -> bursar::redact::Redacted {
    redact(text)
}

#[divan::bench]
fn redacting_a_card() -> bursar::redact::Redacted {
    redact("my card is 4111 1111 1111 1111 exp 12/27 cvv 123, can you check it")
}

#[divan::bench(args = 0..MESSAGES.len())]
fn filling(nth: usize) -> bursar::intent::Slots {
    let (text, intent, language) = MESSAGES.get(nth).copied().unwrap_or(("", "", Language::En));
    fill(intent, text, language, &SlotContext::default())
}
