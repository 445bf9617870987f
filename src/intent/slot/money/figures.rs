//! Reads a number in figures and tells separators of thousands from the decimal one.

use crate::intent::Language;
use crate::intent::slot::token::{Kind, Text};

/// A number in figures.
pub(super) struct Figures {
    pub(super) value: u64,
    /// How many of the value's digits are decimals.
    pub(super) decimals: u32,
    pub(super) end: usize,
    /// It can be read in two ways.
    pub(super) doubtful: bool,
}

/// "1,250.50", "1.200,50", "1,00,000", "7.5", "400".
pub(super) fn in_figures(text: &Text<'_>, at: usize) -> Option<Figures> {
    let mut groups: Vec<&str> = Vec::with_capacity(4);
    let mut signs: Vec<char> = Vec::with_capacity(4);
    let mut end = at;
    loop {
        groups.push(text.word(text.tokens.get(end)?));
        end += 1;
        let sign = text
            .sign_at(end)
            .filter(|_| text.tokens.get(end).is_some_and(|token| token.glued));
        let next = text.tokens.get(end + 1);
        match (sign, next) {
            (Some(sign @ ('.' | ',' | '\'')), Some(next))
                if next.glued && next.kind == Kind::Number =>
            {
                signs.push(sign);
                end += 1;
            }
            _ => break,
        }
    }
    let (value, decimals, doubtful) = interpret(&groups, &signs, text.language)?;
    Some(Figures {
        value,
        decimals,
        end,
        doubtful,
    })
}

/// Tells separators of thousands from the decimal one: value, decimals, and whether it is in doubt.
fn interpret(groups: &[&str], signs: &[char], language: Language) -> Option<(u64, u32, bool)> {
    let joined = |groups: &[&str]| groups.concat().parse::<u64>().ok();
    let (last, whole) = groups.split_last()?;
    let thousands = |groups: &[&str]| {
        let (first, rest) = groups.split_first()?;
        let lengths: Vec<usize> = rest.iter().map(|group| group.len()).collect();
        // 1,234,567 or, in India, 12,34,567.
        let western = lengths.iter().all(|length| *length == 3) && (1..=3).contains(&first.len());
        let indian = lengths.split_last().is_some_and(|(last, rest)| {
            *last == 3
                && !rest.is_empty()
                && rest.iter().all(|length| *length == 2)
                && first.len() <= 2
        });
        (western || indian).then_some(())
    };
    match signs {
        [] => Some((joined(groups)?, 0, false)),
        [sign] => match last.len() {
            1 | 2 => Some((joined(groups)?, u32::try_from(last.len()).ok()?, false)),
            3 if whole
                .first()
                .is_some_and(|first| !first.starts_with('0') && first.len() <= 3) =>
            {
                // No money has three decimals, but the writer may come from where this is 1.2.
                let usual = match language {
                    Language::En => ',',
                    Language::Es => '.',
                };
                Some((joined(groups)?, 0, *sign != usual))
            }
            _ => None,
        },
        [first, .., sign] if first != sign => {
            let same = signs.iter().rev().skip(1).all(|sign| sign == first);
            thousands(whole).filter(|()| same && matches!(last.len(), 1 | 2))?;
            let decimals = u32::try_from(last.len()).ok()?;
            let usual = match language {
                Language::En => '.',
                Language::Es => ',',
            };
            // es-US writes 1,234.56: unusual, not wrong.
            Some((
                joined(groups)?,
                decimals,
                language == Language::En && *sign != usual,
            ))
        }
        [sign, ..] => {
            let same = signs.iter().all(|other| other == sign);
            thousands(groups).filter(|()| same)?;
            Some((joined(groups)?, 0, false))
        }
    }
}
