//! Tells numbers that pass the Luhn check by chance and are plainly something else.
//!
//! Only a shape that nobody writes a card number in counts; a plain tracking or order number
//! that passes is taken for a card.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::is_issued;
use super::runs::{Cell, is_word_byte};
use crate::redact::fold::Folded;

/// Dates, amounts, telephone numbers, account numbers and orders that pass the check by chance.
pub(super) fn is_something_else(folded: &Folded<'_>, cells: &[Cell]) -> bool {
    /// Lists of dates with times, lists of amounts with two decimals, and Amazon's order numbers.
    static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
        let day = r"(?:0?[1-9]|[12]\d|3[01])";
        let month = r"(?:0?[1-9]|1[0-2])";
        let date = format!(
            r"(?:(?:19|20)\d\d[-/.]{month}[-/.]{day}|{day}[-/.]{month}[-/.](?:\d\d)?\d\d|{month}[-/.]{day}[-/.](?:\d\d)?\d\d)"
        );
        let time = r"(?:[0-2]?\d:[0-5]\d(?::[0-5]\d)?)";
        let amount = r"(?:\d{1,3}(?:[.,]\d{3})*[.,]\d\d|\d{1,7}[.,]\d\d)";
        let gap = r"(?:[\s,;&\x01]|\s-\s|\by\b|\band\b)+";
        let pattern = format!(
            r"(?-u)^(?:(?:{date}|{time})(?:{gap}(?:{date}|{time}))*|{amount}(?:{gap}{amount})*|\d{{3}}-\d{{7}}-\d{{7}})$"
        );
        #[expect(
            clippy::expect_used,
            reason = "the pattern is a constant, compiled by the tests"
        )]
        Regex::new(&pattern).expect("the pattern is valid")
    });
    let (Some(first), Some(last)) = (cells.first(), cells.last()) else {
        return false;
    };
    if !cells.iter().all(|cell| cell.strong) {
        return false;
    }
    let bytes = folded.bytes();
    let Some(slice) = bytes.get(first.start..last.end) else {
        return false;
    };
    SHAPES.is_match(slice)
        || is_phone_number(bytes, first.start, cells)
        || is_iban(bytes, first.start, last.end)
        || is_clabe(bytes, first.start, cells)
}

/// An international number: a plus and at most fifteen digits (E.164).
fn is_phone_number(bytes: &[u8], start: usize, cells: &[Cell]) -> bool {
    let before = bytes.get(..start).unwrap_or_default();
    let plus = before
        .iter()
        .rev()
        .find(|b| **b != b'(')
        .is_some_and(|b| *b == b'+');
    plus && (cells.len() < 15 || (cells.len() == 15 && !is_issued(cells)))
}

/// The length of an IBAN in each country that has them (SWIFT's IBAN registry).
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 \
    EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 \
    LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 \
    RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

/// Whether the digits lie in an IBAN that passes its own check (ISO 13616, mod 97).
fn is_iban(bytes: &[u8], start: usize, end: usize) -> bool {
    // Country, check digits, at most four letters of the bank, and the spaces between them stand
    // before the long digits.
    const LEAD: usize = 12;
    let tail = bytes.get(end..).unwrap_or_default();
    let tail = end
        + tail
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
    (start.saturating_sub(LEAD)..=start).any(|from| {
        let begins = from == 0 || bytes.get(from - 1).is_some_and(|b| !is_word_byte(*b));
        begins
            && [end, tail]
                .into_iter()
                .any(|to| bytes.get(from..to).is_some_and(passes_mod_97))
    })
}

fn passes_mod_97(iban: &[u8]) -> bool {
    if !iban.first().is_some_and(u8::is_ascii_alphabetic) || iban.get(1) == Some(&b' ') {
        return false;
    }
    let symbols: Vec<u8> = iban
        .iter()
        .copied()
        .filter(|b| !matches!(b, b' ' | b'-'))
        .collect();
    let [a, b, c, d, rest @ ..] = symbols.as_slice() else {
        return false;
    };
    let known = IBAN_LENGTHS.split_ascii_whitespace().any(|entry| {
        let (country, length) = entry.split_at_checked(2).unwrap_or((entry, ""));
        country.as_bytes().eq_ignore_ascii_case(&[*a, *b]) && length.parse() == Ok(symbols.len())
    });
    if !known || !symbols.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let remainder = rest.iter().chain([a, b, c, d]).fold(0_u32, |sum, symbol| {
        if symbol.is_ascii_digit() {
            (sum * 10 + u32::from(symbol - b'0')) % 97
        } else {
            (sum * 100 + u32::from(symbol.to_ascii_lowercase()) - 87) % 97
        }
    });
    remainder == 1
}

/// Whether this is a Mexican account number, named so and passing its own check.
fn is_clabe(bytes: &[u8], start: usize, cells: &[Cell]) -> bool {
    const NEAR: usize = 40;
    const WEIGHTS: [u32; 3] = [3, 7, 1];
    let [number @ .., check] = cells else {
        return false;
    };
    let lead = bytes
        .get(start.saturating_sub(NEAR)..start)
        .unwrap_or_default();
    let named = memchr::memmem::find(lead, b"clabe").is_some()
        || memchr::memmem::find(lead, b"interbancaria").is_some();
    let sum: u32 = number
        .iter()
        .zip(WEIGHTS.iter().cycle())
        .map(|(cell, weight)| u32::from(cell.value) * weight % 10)
        .sum();
    named && cells.len() == 18 && (10 - sum % 10) % 10 == u32::from(check.value)
}

/// Groups of three, three and four: telephone numbers in a list, as North America writes them.
pub(super) fn holds_phone_number(cells: &[Cell]) -> bool {
    let mut lengths = Vec::with_capacity(8);
    for cell in cells {
        match lengths.last_mut() {
            Some(length) if !cell.opens_group => *length += 1,
            _ => lengths.push(1_usize),
        }
    }
    lengths.windows(3).any(|three| three == [3, 3, 4])
}
