//! Finds what is split over several messages: a card number sent in pieces, or "my pin is" and
//! then the PIN alone.
//!
//! The caller keeps nothing for this but the redacted messages it has anyway. It passes those of
//! the last few minutes with the new one, and learns the new message's redacted form and which of
//! the earlier ones must be rewritten where they are stored.

use super::card::{self, Cell, Reading};
use super::fold::Folded;
use super::{Cut, Kind, Kinds, Redacted, apply, is_suspicious, redact};

/// A message redacted in the light of the ones before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The new message.
    pub redacted: Redacted,
    /// What must replace earlier messages; usually empty.
    pub rewrites: Vec<Rewrite>,
}

/// The new text of an earlier message that held the first part of a card number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// The position of the message in the `earlier` that was passed.
    pub message: usize,
    /// Its text without the part of the number.
    pub text: String,
}

/// Joins messages; it folds to a boundary and is blanked out of the customers' own text.
const SEPARATOR: char = '\u{3}';
/// Pieces further apart than this many messages are not looked at together.
const MESSAGES: usize = 12;
/// Nobody sends a card number in pieces of this size.
const LONGEST_MESSAGE: usize = 1_000;

/// Redacts a message, and with it earlier ones whose digits it completes to a card number.
///
/// `earlier` holds the customer's redacted messages of the last few minutes, oldest first. A
/// number is only joined across messages when a card network issues numbers that begin like it
/// and are that long, so that an amount and an order number are not mistaken for one.
pub fn redact_after(earlier: &[&str], text: &str) -> Joined {
    let mut joined = Joined {
        redacted: redact(text),
        rewrites: Vec::new(),
    };
    let current = joined.redacted.text.clone();
    if earlier.is_empty() || current.len() > LONGEST_MESSAGE || !may_continue(&current) {
        return joined;
    }
    let first = earlier.len().saturating_sub(MESSAGES);
    let recent: Vec<(usize, &str)> = earlier
        .iter()
        .enumerate()
        .skip(first)
        .map(|(at, text)| {
            (
                at,
                if text.len() > LONGEST_MESSAGE {
                    ""
                } else {
                    *text
                },
            )
        })
        .collect();
    complete_card(&recent, &current, &mut joined);
    if joined.rewrites.is_empty()
        && let Some((_, last)) = recent.last()
    {
        answer_context(last, &current, &mut joined);
    }
    joined
}

fn may_continue(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit() || b >= 0x80)
        || is_suspicious(text)
        || card::is_spelled(text)
        || !text.trim().contains(char::is_whitespace)
}

/// Looks for a card number over all recent messages, then over each of them and the new one, so
/// that something said in between does not hide it.
fn complete_card(recent: &[(usize, &str)], current: &str, joined: &mut Joined) {
    let all: Vec<(usize, &str)> = recent.to_vec();
    let each = recent.iter().rev().map(|one| vec![*one]);
    for earlier in std::iter::once(all).chain(each) {
        for reading in [Reading::Digits, Reading::Letters] {
            if let Some(cuts) = crossing_cuts(&earlier, current, reading) {
                rewrite(&earlier, current, &cuts, joined);
                return;
            }
        }
    }
}

/// A range of digits in one of the joined messages.
struct Piece {
    message: usize,
    start: usize,
    end: usize,
}

fn crossing_cuts(earlier: &[(usize, &str)], current: &str, reading: Reading) -> Option<Vec<Piece>> {
    let mut text = String::new();
    let mut starts = Vec::with_capacity(earlier.len() + 1);
    for part in earlier.iter().map(|(_, text)| *text).chain([current]) {
        if !starts.is_empty() {
            text.push(SEPARATOR);
        }
        starts.push(text.len());
        text.extend(part.chars().map(|c| if c == SEPARATOR { ' ' } else { c }));
    }
    let folded = Folded::joined(&text, SEPARATOR);
    let last = *starts.last()?;
    for run in card::runs(&folded, reading) {
        if let Some(number) = crossing_number(&folded, &run, last) {
            return Some(pieces(&folded, number, &starts));
        }
    }
    None
}

/// The card number in a run that has digits on both sides of the start of the last message.
fn crossing_number<'r>(folded: &Folded<'_>, run: &'r [Cell], last: usize) -> Option<&'r [Cell]> {
    let offset = |cell: &Cell| {
        folded
            .original_range(cell.start, cell.end)
            .map_or(0, |(start, _)| start)
    };
    let middle = run.partition_point(|cell| offset(cell) < last);
    let edges: Vec<usize> = (0..=run.len())
        .filter(|at| card::is_edge(run, *at))
        .collect();
    for start in edges.iter().filter(|start| **start < middle) {
        for end in edges.iter().rev().filter(|end| **end > middle) {
            if let Some(number) = run.get(*start..*end)
                && (13..=19).contains(&number.len())
                && card::passes_luhn(number)
                && card::is_issued(number)
            {
                return Some(number);
            }
        }
    }
    None
}

/// One piece for each message that the number lies in.
fn pieces(folded: &Folded<'_>, number: &[Cell], starts: &[usize]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for cell in number {
        let Some((start, end)) = folded.original_range(cell.start, cell.end) else {
            continue;
        };
        let message = starts
            .partition_point(|first| *first <= start)
            .saturating_sub(1);
        let first = starts.get(message).copied().unwrap_or_default();
        match pieces.last_mut() {
            Some(piece) if piece.message == message => piece.end = end - first,
            _ => pieces.push(Piece {
                message,
                start: start - first,
                end: end - first,
            }),
        }
    }
    pieces
}

fn rewrite(earlier: &[(usize, &str)], current: &str, pieces: &[Piece], joined: &mut Joined) {
    for piece in pieces {
        let mut cuts = vec![Cut {
            start: piece.start,
            end: piece.end,
            kind: Kind::CardNumber,
        }];
        if let Some((message, text)) = earlier.get(piece.message) {
            let text = apply(text, &mut cuts, &mut Kinds::default());
            joined.rewrites.push(Rewrite {
                message: *message,
                text: redact(&text).text,
            });
        } else {
            let text = apply(current, &mut cuts, &mut joined.redacted.found);
            // The cut may lay bare a number that was part of a longer run.
            let bare = redact(&text);
            joined.redacted.found = joined.redacted.found.union(bare.found);
            joined.redacted.text = bare.text;
        }
    }
}

/// Redacts a bare value that the message before asks to be one: "my cvv is", "123".
fn answer_context(last: &str, current: &str, joined: &mut Joined) {
    let value = current.trim();
    if value.is_empty() || value.contains(char::is_whitespace) && !is_digits(value) {
        return;
    }
    let last = last.trim_end();
    let together = redact(&format!("{last} {value}"));
    let Some(marker) = Kind::ALL.into_iter().find(|kind| {
        together.found.contains(*kind) && together.text.strip_suffix(kind.marker()).is_some()
    }) else {
        return;
    };
    // The earlier words alone are clean already, so what was cut is the value.
    if together
        .text
        .strip_suffix(marker.marker())
        .map(str::trim_end)
        == Some(last)
    {
        joined.redacted.text = current.replace(value, marker.marker());
        joined.redacted.found = joined.redacted.found.union(Kinds::from_iter([marker]));
    }
}

fn is_digits(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_numeric() || matches!(c, ' ' | '-' | '.'))
}
