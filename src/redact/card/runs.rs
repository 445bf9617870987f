//! Reads a folded text as runs of digits, as suspiciously as asked.

use super::{LONGEST, SHORTEST};
use crate::redact::fold::{BOUNDARY, Folded, LETTER};

/// More separators than this between two digits, and they are not of one number.
const WIDEST_GAP: usize = 16;
/// The same across two messages, where words may stand between ("and the rest is ...").
const WIDEST_CROSSING: usize = 80;

/// What counts as a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::redact) enum Reading {
    /// Digits of any script.
    Digits,
    /// Also the letters drawn like 0 and 1.
    Letters,
    /// Also the rest of the look-alikes (S for 5, B for 8 ...), and | and ! for 1.
    Leet,
    /// Digits and their names in English and Spanish.
    Words,
}

/// One digit of a run.
#[derive(Debug, Clone, Copy)]
pub(in crate::redact) struct Cell {
    pub(super) value: u8,
    /// Where it is in the folded text.
    pub(in crate::redact) start: usize,
    pub(in crate::redact) end: usize,
    /// Whether something stands between this digit and the one before.
    pub(super) opens_group: bool,
    /// A true digit, not a letter or a word read as one.
    pub(super) strong: bool,
    /// Whether a word such as "then" stands before it.
    pub(super) worded: bool,
}

/// Splits a folded text into runs of digits long enough to hold a card number.
pub(in crate::redact) fn runs(folded: &Folded<'_>, reading: Reading) -> Vec<Vec<Cell>> {
    let bytes = folded.bytes();
    let mut found = Vec::new();
    let mut run: Vec<Cell> = Vec::new();
    let mut gap = Gap::default();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if let Some((value, end, strong)) = digit_at(folded, at, reading) {
            if !run.is_empty() && gap.is_break() {
                keep(&mut run, &mut found);
            }
            run.push(Cell {
                value,
                start: at,
                end,
                opens_group: gap.length > 0 || run.is_empty(),
                strong,
                worded: gap.words > 0,
            });
            gap = Gap::default();
            at = end;
            continue;
        }
        if is_word_byte(byte) {
            let end = word_end(bytes, at);
            // A letter glued to digits ends the number, and so does any word but a few.
            let glued = at
                .checked_sub(1)
                .and_then(|i| bytes.get(i))
                .is_some_and(|b| is_word_byte(*b))
                || bytes.get(end).is_some_and(|b| is_word_byte(*b));
            gap.word(bytes.get(at..end).unwrap_or_default(), glued);
            at = end;
        } else {
            gap.separator(byte);
            at += 1;
        }
        if gap.length > WIDEST_CROSSING {
            keep(&mut run, &mut found);
        }
    }
    keep(&mut run, &mut found);
    found
}

fn keep(run: &mut Vec<Cell>, found: &mut Vec<Vec<Cell>>) {
    let run = std::mem::take(run);
    if run.len() >= SHORTEST
        && run
            .iter()
            .any(|cell| cell.strong || cell.end - cell.start > 1)
    {
        found.push(run);
    }
}

/// What lies between two digits.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent sighting, none is a state"
)]
#[derive(Default)]
struct Gap {
    length: usize,
    words: usize,
    foreign_word: bool,
    crossing: bool,
    space: bool,
    currency: bool,
    plus: bool,
}

impl Gap {
    fn separator(&mut self, byte: u8) {
        self.length += 1;
        match byte {
            BOUNDARY => self.crossing = true,
            b' ' | b'\n' | b'\t' | b'\r' => self.space = true,
            b'$' => self.currency = true,
            b'+' => self.plus = true,
            _ => {}
        }
    }

    fn word(&mut self, word: &[u8], glued: bool) {
        self.length += word.len();
        self.words += 1;
        self.foreign_word |= glued
            || !matches!(
                word,
                b"then"
                    | b"and"
                    | b"y"
                    | b"luego"
                    | b"dash"
                    | b"hyphen"
                    | b"guion"
                    | b"space"
                    | b"espacio"
                    | b"dot"
                    | b"point"
                    | b"punto"
                    | b"slash"
                    | b"after"
                    | b"next"
            );
    }

    /// Whether the digit before and the one after belong to different numbers.
    fn is_break(&self) -> bool {
        if self.crossing {
            return self.length > WIDEST_CROSSING;
        }
        self.length > WIDEST_GAP
            || self.foreign_word
            || self.words > 2
            // A new amount or a new telephone number begins.
            || (self.space && (self.currency || self.plus))
    }
}

/// Reads the digit at a position: its value, where it ends, and whether it is a true digit.
fn digit_at(folded: &Folded<'_>, at: usize, reading: Reading) -> Option<(u8, usize, bool)> {
    let bytes = folded.bytes();
    let byte = *bytes.get(at)?;
    if byte.is_ascii_digit() {
        return Some((byte - b'0', at + 1, true));
    }
    match reading {
        Reading::Digits => None,
        Reading::Words => {
            let begins = at == 0 || !bytes.get(at - 1).is_some_and(|b| is_word_byte(*b));
            if !begins || !byte.is_ascii_alphabetic() {
                return None;
            }
            let end = word_end(bytes, at);
            let value = spelled_digit(bytes.get(at..end)?)?;
            Some((value, end, false))
        }
        Reading::Letters => {
            let value = letter_digit(byte)?;
            belongs_to_digits(bytes, at, |b| letter_digit(b).is_some()).then_some((
                value,
                at + 1,
                false,
            ))
        }
        Reading::Leet => {
            let value = leet_digit(folded.original_byte(at)).or_else(|| leet_digit(byte))?;
            belongs_to_digits(bytes, at, |b| leet_digit(b).is_some()).then_some((
                value,
                at + 1,
                false,
            ))
        }
    }
}

/// A look-alike counts in a stretch with at least one true digit, or in a word of nothing else.
fn belongs_to_digits(bytes: &[u8], at: usize, looks_alike: impl Fn(u8) -> bool) -> bool {
    let stretches = |byte: u8| byte.is_ascii_digit() || looks_alike(byte);
    let before = bytes.get(..at).unwrap_or_default();
    let after = bytes.get(at..).unwrap_or_default();
    // No stretch that matters is longer, and the text may be.
    let left = before
        .iter()
        .rev()
        .take(2 * LONGEST)
        .take_while(|b| stretches(**b))
        .count();
    let right = after
        .iter()
        .take(2 * LONGEST)
        .take_while(|b| stretches(**b))
        .count();
    let (start, end) = (at - left, at + right);
    let stretch = bytes.get(start..end).unwrap_or_default();
    let whole = !start
        .checked_sub(1)
        .and_then(|i| bytes.get(i))
        .is_some_and(|b| is_word_byte(*b))
        && !bytes.get(end).is_some_and(|b| is_word_byte(*b));
    whole || stretch.iter().any(u8::is_ascii_digit)
}

fn letter_digit(folded: u8) -> Option<u8> {
    match folded {
        b'o' => Some(0),
        b'l' | b'i' => Some(1),
        _ => None,
    }
}

fn leet_digit(byte: u8) -> Option<u8> {
    match byte {
        b'o' | b'O' | b'D' | b'Q' => Some(0),
        b'l' | b'i' | b'I' | b'L' | b'|' | b'!' => Some(1),
        b'z' | b'Z' => Some(2),
        b'E' | b'e' => Some(3),
        b'A' | b'a' => Some(4),
        b's' | b'S' => Some(5),
        b'G' | b'b' => Some(6),
        b'T' | b't' => Some(7),
        b'B' => Some(8),
        b'g' | b'q' => Some(9),
        _ => None,
    }
}

pub(super) fn spelled_digit(word: &[u8]) -> Option<u8> {
    const NAMES: [(&str, u8); 20] = [
        ("zero", 0),
        ("one", 1),
        ("two", 2),
        ("three", 3),
        ("four", 4),
        ("five", 5),
        ("six", 6),
        ("seven", 7),
        ("eight", 8),
        ("nine", 9),
        ("oh", 0),
        ("cero", 0),
        ("uno", 1),
        ("dos", 2),
        ("tres", 3),
        ("cuatro", 4),
        ("cinco", 5),
        ("seis", 6),
        ("siete", 7),
        ("ocho", 8),
    ];
    if !(2..=6).contains(&word.len()) {
        return None;
    }
    if word.eq_ignore_ascii_case(b"nueve") {
        return Some(9);
    }
    NAMES
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| *value)
}

pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == LETTER
}

/// The end of the letters that begin at `at`; digits end them.
fn word_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|b| b.is_ascii_alphabetic() || **b == LETTER)
        .count()
        .max(1)
}
