//! Tells by what stands around a number without a currency that it is no money.

use crate::intent::slot::cue::Cue;
use crate::intent::slot::number::cardinal;
use crate::intent::slot::token::{Kind, Text, Token};

/// Whether an unmarked number counts, names or dates something.
pub(super) fn counts_something_else(text: &Text<'_>, first: usize, end: usize) -> bool {
    let Some(token) = text.tokens.get(first) else {
        return true;
    };
    let after = text.tokens.get(end);
    let in_code = match token.kind {
        Kind::Number => is_code(text, token, first, end),
        _ => matches!(
            text.word(token),
            "one" | "uno" | "una" | "second" | "couple"
        ),
    };
    in_code
        || is_named(text, token, first)
        || is_counting(text, token, first, after)
        || text.word_at(end + 1) == "old"
}

/// An account, an order, a number with a sign or letters on it.
fn is_code(text: &Text<'_>, token: &Token, first: usize, end: usize) -> bool {
    let digits = text.word(token);
    let one_group = end == first + 1;
    if one_group && (digits.len() > 7 || (digits.len() > 1 && digits.starts_with('0'))) {
        return true;
    }
    let part_of_code = |kind: Kind, signs: &[char]| match kind {
        Kind::Word | Kind::Number => true,
        Kind::Sign(sign) => signs.contains(&sign),
        Kind::Break => false,
    };
    let before = first.checked_sub(1).and_then(|at| text.tokens.get(at));
    let glued_before = token.glued
        && before.is_some_and(|before| {
            part_of_code(
                before.kind,
                &['*', '#', '-', '/', '_', '.', '•', ':', '&', '@'],
            )
        });
    let after = text.tokens.get(end);
    let glued_after = after.is_some_and(|after| {
        after.glued && part_of_code(after.kind, &['*', '#', '/', '_', '%', 'º', '@', '&'])
    });
    // "15-20" is a range or a code.
    let dashed = text.sign_at(end) == Some('-')
        && [end, end + 1]
            .into_iter()
            .all(|at| text.tokens.get(at).is_some_and(|token| token.glued));
    glued_before || glued_after || dashed
}

/// "card 4417", "option 2", "case 20931".
fn is_named(text: &Text<'_>, token: &Token, first: usize) -> bool {
    let before = first.checked_sub(1).and_then(|at| text.tokens.get(at));
    let Some(before) = before.filter(|before| before.entry.is(Cue::Numbered)) else {
        return false;
    };
    // "a check 50 more than ...", "my account 20 short": the number of those is longer.
    let long_only = matches!(text.word(before), "account" | "cuenta" | "card" | "tarjeta");
    !(long_only && token.kind == Kind::Number && text.word(token).len() < 4)
}

/// "5 transactions", "10 days", "two uber rides".
fn is_counting(text: &Text<'_>, token: &Token, first: usize, after: Option<&Token>) -> bool {
    let Some(after) = after else { return false };
    let entry = after.entry;
    let value = token
        .number
        .or_else(|| cardinal(text, first).map(|cardinal| cardinal.value));
    // A small number before any noun counts it: "3 tickets".
    let noun = after.kind == Kind::Word && !entry.function && entry.month == 0;
    let small = value.is_none_or(|value| value < 10);
    entry.counted
        || entry.unit.is_some()
        || matches!(after.kind, Kind::Sign('%' | 'º'))
        || (small && noun)
}
