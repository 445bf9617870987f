//! What was bought: from merchant category codes (ISO 18245) to the categories of `intents.md`.

use crate::bank::model::{Transaction, TransactionKind};
use crate::intent::normalize::normalize;

/// Code ranges, both ends included, and what they are called.
const CODES: &[(u16, u16, &str)] = &[
    (3000, 3999, "travel"),
    (4011, 4112, "transport"),
    (4121, 4131, "transport"),
    (4411, 4411, "travel"),
    (4511, 4511, "travel"),
    (4582, 4582, "travel"),
    (4722, 4723, "travel"),
    (4784, 4784, "transport"),
    (4812, 4816, "utilities"),
    (4821, 4821, "utilities"),
    (4899, 4899, "entertainment"),
    (4900, 4900, "utilities"),
    (5200, 5399, "shopping"),
    (5411, 5411, "groceries"),
    (5422, 5499, "groceries"),
    (5541, 5542, "gas"),
    (5600, 5736, "shopping"),
    (5811, 5814, "dining"),
    (5815, 5818, "entertainment"),
    (5912, 5912, "health"),
    (5921, 5921, "groceries"),
    (5931, 5999, "shopping"),
    (6010, 6011, "cash"),
    (6300, 6300, "insurance"),
    (6513, 6513, "rent"),
    (7011, 7033, "travel"),
    (7230, 7298, "personal"),
    (7512, 7519, "travel"),
    (7523, 7523, "transport"),
    (7800, 7999, "entertainment"),
    (8011, 8099, "health"),
    (8211, 8299, "education"),
    (8398, 8398, "charity"),
];

/// The bank's own words for a category.
const WORDS: &[(&str, &str)] = &[
    ("grocer", "groceries"),
    ("supermarket", "groceries"),
    ("dining", "dining"),
    ("restaurant", "dining"),
    ("coffee", "dining"),
    ("food", "dining"),
    ("fuel", "gas"),
    ("gas", "gas"),
    ("rent", "rent"),
    ("utilit", "utilities"),
    ("phone", "utilities"),
    ("shopping", "shopping"),
    ("travel", "travel"),
    ("health", "health"),
    ("pharmac", "health"),
    ("entertain", "entertainment"),
    ("transport", "transport"),
];

/// Returns an entry's category, `None` where nothing tells.
pub fn of(entry: &Transaction) -> Option<&'static str> {
    if let Some(code) = entry.mcc
        && let Some((_, _, name)) = CODES
            .iter()
            .find(|(first, last, _)| (*first..=*last).contains(&code))
    {
        return Some(name);
    }
    if entry.kind == TransactionKind::Cash {
        return Some("cash");
    }
    let said = normalize(entry.category.as_deref()?).text;
    WORDS
        .iter()
        .find(|(word, _)| said.contains(word))
        .map(|(_, name)| *name)
}

/// Tells whether an entry is in one of the categories of a slot (`dining+groceries`).
pub fn is_in(entry: &Transaction, slot: &str) -> bool {
    of(entry).is_some_and(|name| slot.split('+').any(|wanted| wanted == name))
}
