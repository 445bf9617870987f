//! Finds card numbers in a folded text, and the security code written after one.
//!
//! The text is read several ways ([`Reading`]), each more suspicious than the one before, since a
//! letter that looks like a digit is nearly always a letter. A reading yields runs of digits;
//! a run is a card number as a whole, or holds one that begins and ends at the edge of a group.

mod innocent;
mod runs;

use innocent::{holds_phone_number, is_something_else};
pub(super) use runs::{Cell, Reading, runs};
use runs::{is_word_byte, spelled_digit};

use super::fold::Folded;
use super::{Cut, Kind};

pub(super) const SHORTEST: usize = 13;
const LONGEST: usize = 19;

/// Finds card numbers, and what follows them, in one message.
pub(super) fn find(folded: &Folded<'_>, cuts: &mut Vec<Cut>) {
    for reading in [
        Reading::Digits,
        Reading::Letters,
        Reading::Leet,
        Reading::Words,
    ] {
        for run in runs(folded, reading) {
            search(folded, &run, reading, cuts);
        }
    }
}

/// Whether a text without digits could spell a card number in words.
pub(super) fn is_spelled(text: &str) -> bool {
    // Thirteen words of three letters, and what stands between them.
    const SHORTEST_SPELLING: usize = SHORTEST * 4 - 1;
    text.len() >= SHORTEST_SPELLING
        && text
            .split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| spelled_digit(word.as_bytes()).is_some())
            .nth(SHORTEST - 1)
            .is_some()
}

/// Returns whether the digits pass the Luhn check of ISO/IEC 7812-1.
pub(super) fn passes_luhn(digits: &[Cell]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, cell)| {
            let value = u32::from(cell.value);
            match (at % 2, value) {
                (0, _) => value,
                (_, 0..=4) => value * 2,
                _ => value * 2 - 9,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Returns whether a card network issues numbers that begin like this and are this long.
pub(super) fn is_issued(digits: &[Cell]) -> bool {
    let prefix = |length: usize| {
        digits
            .iter()
            .take(length)
            .fold(0_u32, |number, cell| number * 10 + u32::from(cell.value))
    };
    let length = digits.len();
    match (prefix(2), prefix(3), prefix(4)) {
        // Visa, Mastercard, American Express.
        (40..=49, _, _) => matches!(length, 13 | 16 | 19),
        (51..=55, _, _) | (_, _, 2221..=2720) => length == 16,
        (34 | 37, _, _) => length == 15,
        // Diners Club, JCB, Mir, Troy.
        (36 | 38 | 39, _, _) | (_, 300..=305 | 309, _) => (14..=19).contains(&length),
        (_, _, 3528..=3589 | 2200..=2204) | (81, _, _) => (16..=19).contains(&length),
        (_, _, 9792) => length == 16,
        // Maestro, Discover, UnionPay, RuPay and the like.
        (50 | 56..=58 | 60..=69, _, _) => (SHORTEST..=LONGEST).contains(&length),
        _ => false,
    }
}

/// Looks for card numbers in one run.
fn search(folded: &Folded<'_>, run: &[Cell], reading: Reading, cuts: &mut Vec<Cut>) {
    // What stands before and after a number may hold another. A list instead of recursion: a long
    // text of nothing but card numbers must not exhaust the stack.
    let mut open = vec![run];
    while let Some(run) = open.pop() {
        if run.len() < SHORTEST {
            continue;
        }
        let found = whole(folded, run, reading)
            .or_else(|| part(folded, run, reading))
            .or_else(|| glued(run));
        let Some((start, end)) = found else { continue };
        let Some(number) = run.get(start..end) else {
            continue;
        };
        let before = run.get(..start).unwrap_or_default();
        let after = run.get(end..).unwrap_or_default();
        cut(folded, number, Kind::CardNumber, cuts);
        security_code(folded, number, after, cuts);
        open.extend([before, after]);
    }
}

fn cut(folded: &Folded<'_>, cells: &[Cell], kind: Kind, cuts: &mut Vec<Cut>) {
    if let (Some(first), Some(last)) = (cells.first(), cells.last())
        && let Some((start, end)) = folded.original_range(first.start, last.end)
    {
        cuts.push(Cut { start, end, kind });
    }
}

/// The whole run, with or without the letters at its edges.
fn whole(folded: &Folded<'_>, run: &[Cell], reading: Reading) -> Option<(usize, usize)> {
    let strong = |cell: &Cell| cell.strong || reading == Reading::Words;
    let first = run.iter().position(strong)?;
    let last = run.iter().rposition(strong)? + 1;
    [(0, run.len()), (first, run.len()), (0, last), (first, last)]
        .into_iter()
        .find(|(start, end)| {
            run.get(*start..*end).is_some_and(|cells| {
                (SHORTEST..=LONGEST).contains(&cells.len())
                    && passes_luhn(cells)
                    && (is_issued(cells) || !needs_network(cells, reading))
                    && !is_something_else(folded, cells)
            })
        })
}

/// Whether so little speaks for a number that it must also begin like a card's.
fn needs_network(cells: &[Cell], reading: Reading) -> bool {
    let strong = cells.iter().filter(|cell| cell.strong).count();
    match reading {
        Reading::Digits => cells.iter().skip(1).any(|cell| cell.worded),
        Reading::Letters => strong * 2 < cells.len(),
        Reading::Leet | Reading::Words => true,
    }
}

/// A part of the run that begins and ends with a group: other digits stand before or after it.
fn part(folded: &Folded<'_>, run: &[Cell], reading: Reading) -> Option<(usize, usize)> {
    for start in 0..run.len() {
        if !begins_group(run, start) {
            continue;
        }
        let end = (start + SHORTEST..=(start + LONGEST).min(run.len()))
            .rev()
            .find(|end| {
                ends_group(run, *end)
                    && run
                        .get(start..*end)
                        .is_some_and(|cells| is_card_within(folded, cells, reading))
            });
        if let Some(end) = end {
            return Some((start, end));
        }
    }
    None
}

fn is_card_within(folded: &Folded<'_>, cells: &[Cell], reading: Reading) -> bool {
    let enough = match reading {
        Reading::Leet => cells.iter().filter(|cell| cell.strong).count() * 2 >= cells.len(),
        _ => true,
    };
    let one_group = !cells.iter().skip(1).any(|cell| cell.opens_group);
    enough
        && passes_luhn(cells)
        && ((one_group && reading == Reading::Digits)
            || (is_issued(cells) && !holds_phone_number(cells)))
        && !is_something_else(folded, cells)
}

/// Whether a number may begin or end before the cell at a position.
pub(super) fn is_edge(run: &[Cell], at: usize) -> bool {
    at == run.len() || begins_group(run, at) || ends_group(run, at)
}

fn begins_group(run: &[Cell], at: usize) -> bool {
    let strong = |i: usize| run.get(i).is_some_and(|cell| cell.strong);
    let opens = run.get(at).is_some_and(|cell| cell.opens_group);
    at == 0 || opens || (strong(at) && !strong(at - 1))
}

fn ends_group(run: &[Cell], end: usize) -> bool {
    let strong = |i: usize| run.get(i).is_some_and(|cell| cell.strong);
    run.get(end).is_none_or(|cell| cell.opens_group) || (!strong(end) && end > 0 && strong(end - 1))
}

/// A card number with its expiry date or security code written straight after it.
fn glued(run: &[Cell]) -> Option<(usize, usize)> {
    for (start, cell) in run.iter().enumerate() {
        if start > 0 && !cell.opens_group {
            continue;
        }
        let length = match cell.value {
            3 => 15,
            _ => 16,
        };
        let (Some(number), Some(rest)) =
            (run.get(start..start + length), run.get(start + length..))
        else {
            break;
        };
        let rest_length = rest.iter().take_while(|cell| !cell.opens_group).count();
        let one_group = !number.iter().skip(1).any(|cell| cell.opens_group);
        let month = rest
            .iter()
            .take(2)
            .fold(0, |month, cell| month * 10 + cell.value);
        let fits = match rest_length {
            3 => true,
            4 | 6 | 7 | 8 | 9 => (1..=12).contains(&month),
            _ => false,
        };
        if one_group && fits && is_issued(number) && passes_luhn(number) {
            // Three digits are no code of a number that has four: nobody can say where the number ends.
            let end = if (length, rest_length) == (15, 3) {
                start + length + rest_length
            } else {
                start + length
            };
            return Some((start, end));
        }
    }
    None
}

/// The three or four digits after a card number, right away or after the expiry date.
fn security_code(folded: &Folded<'_>, number: &[Cell], after: &[Cell], cuts: &mut Vec<Cut>) {
    let length = if number.len() == 15 { 4 } else { 3 };
    let mut expiry = 0;
    let mut rest = after;
    while let Some(first) = rest.first() {
        let end = 1 + rest
            .iter()
            .skip(1)
            .take_while(|cell| !cell.opens_group)
            .count();
        let (group, others) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        let glued = !first.opens_group;
        // "12/27", "12 2027", "1227", and the code right after it where nothing parts them.
        let code = match group.len().checked_sub(length) {
            Some(0) => Some(group),
            Some(date) if glued && matches!(date, 4 | 6) => group.get(date..),
            _ => None,
        };
        if let Some(code) = code
            && others.is_empty()
            && (expiry > 0 || ends_clause(folded, group))
        {
            cut(folded, code, Kind::SecurityCode, cuts);
            return;
        }
        expiry += group.len();
        if !matches!(expiry, 1..=4 | 6) {
            return;
        }
        rest = others;
    }
}

/// Whether nothing but punctuation or the end follows, so that this is no amount.
fn ends_clause(folded: &Folded<'_>, group: &[Cell]) -> bool {
    let end = group.last().map_or(0, |cell| cell.end);
    let rest = folded.bytes().get(end..).unwrap_or_default();
    !rest
        .iter()
        .find(|b| **b != b' ')
        .is_some_and(|b| is_word_byte(*b) || matches!(b, b'$' | b'%'))
}
