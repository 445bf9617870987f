//! Reads numbers that are no money: counts, ordinals, days of the month, years, dates in figures.

use super::lexicon::{Numeral, Unit};
use super::token::{Kind, Text};

/// Reads a whole number in figures or words, below ten thousand.
pub(super) fn count(text: &Text<'_>, at: usize) -> Option<(u32, usize)> {
    let token = text.tokens.get(at)?;
    match token.kind {
        Kind::Number => {
            let value = token.number.filter(|value| *value < 10_000)?;
            (!goes_on_in_figures(text, at)).then_some((u32::try_from(value).ok()?, at + 1))
        }
        Kind::Word => {
            let cardinal = cardinal(text, at)?;
            let value = u32::try_from(cardinal.value)
                .ok()
                .filter(|value| *value < 10_000)?;
            Some((value, cardinal.end))
        }
        _ => None,
    }
}

/// Whether a separator and more digits follow: a date, a time, an amount with decimals.
fn goes_on_in_figures(text: &Text<'_>, at: usize) -> bool {
    let glued = |at: usize| text.tokens.get(at).filter(|token| token.glued);
    glued(at + 1).is_some_and(|token| match token.kind {
        Kind::Sign('.' | ',' | '/' | ':' | '-' | '\'') => {
            glued(at + 2).is_some_and(|token| token.kind == Kind::Number)
        }
        Kind::Sign('%') => true,
        _ => false,
    })
}

/// A number in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cardinal {
    pub(super) value: u64,
    pub(super) end: usize,
    /// "two fifty" may be 250 or 2.50; "a couple" may be three.
    pub(super) doubtful: bool,
}

/// Reads a number in words: "two hundred and fifty", "mil doscientos".
pub(super) fn cardinal(text: &Text<'_>, at: usize) -> Option<Cardinal> {
    let mut sum = Sum::default();
    let mut end = at;
    let mut next = at;
    while let Some(numeral) = text.tokens.get(next).and_then(|token| token.entry.number) {
        let pair = |at: usize| matches!(text.word_at(at), "couple" | "dozen" | "docena");
        // "a couple" is the couple.
        if numeral == Numeral::Article && next == at && pair(next + 1) {
            next += 1;
            continue;
        }
        let late = next > at + 1 && pair(next);
        if late || !sum.add(numeral) {
            break;
        }
        next += 1;
        if numeral != Numeral::Article {
            end = next;
        }
        if text.word_at(next - 1) == "couple" {
            sum.doubtful = true;
            // "a couple of hundred"
            let of = text.word_at(next) == "of"
                && matches!(
                    text.tokens
                        .get(next + 1)
                        .and_then(|token| token.entry.number),
                    Some(Numeral::Hundred | Numeral::Scale(_))
                );
            next += usize::from(of);
        }
        // "two hundred and fifty", "treinta y cinco", "twenty-five"
        let joined = match text.word_at(next) {
            "and" => sum.group >= 100 || sum.total > 0,
            "y" => (30..100).contains(&(sum.group % 100)),
            "-" => text.tokens.get(next).is_some_and(|token| token.glued),
            _ => false,
        };
        let follows = text
            .tokens
            .get(next + 1)
            .and_then(|token| token.entry.number);
        if joined
            && follows
                .is_some_and(|numeral| matches!(numeral, Numeral::Small(1..) | Numeral::Tens(_)))
        {
            next += 1;
        }
    }
    let value = sum.value()?;
    (end > at && !sum.only_article).then_some(Cardinal {
        value,
        end,
        doubtful: sum.doubtful,
    })
}

/// What was added up so far: whole thousands, and the group below a thousand.
#[derive(Default)]
struct Sum {
    total: u64,
    group: u64,
    scale: Option<u64>,
    started: bool,
    only_article: bool,
    doubtful: bool,
}

impl Sum {
    /// Adds a word where it can follow the ones before.
    fn add(&mut self, numeral: Numeral) -> bool {
        let open = self.group;
        let fits = match numeral {
            Numeral::Article => !self.started,
            Numeral::Small(value) => {
                let value = u64::from(value);
                let fits = !self.started
                    || (open.is_multiple_of(100) && (open > 0 || self.scale.is_some()))
                    || (value < 10 && open % 100 >= 20 && open.is_multiple_of(10) && value > 0);
                if fits {
                    self.group = open + value;
                }
                fits
            }
            Numeral::Tens(value) => {
                let value = u64::from(value);
                if !self.started || (open.is_multiple_of(100) && (open > 0 || self.scale.is_some()))
                {
                    self.group = open + value;
                    true
                } else if (1..10).contains(&open) && self.scale.is_none() {
                    // "two fifty"
                    self.group = open * 100 + value;
                    self.doubtful = true;
                    true
                } else {
                    false
                }
            }
            Numeral::Hundreds(value) => {
                let fits = !self.started || (open == 0 && self.scale.is_some());
                if fits {
                    self.group = open + u64::from(value);
                }
                fits
            }
            Numeral::Hundred => {
                let fits = open < 100 && (self.started || self.scale.is_none());
                if fits {
                    self.group = open.max(1) * 100;
                }
                fits
            }
            Numeral::Scale(scale) | Numeral::Slang(scale) => {
                let fits = self.scale.is_none_or(|before| scale < before);
                if fits {
                    let Some(part) = self
                        .group
                        .max(u64::from(self.scale.is_none()))
                        .checked_mul(scale)
                    else {
                        return false;
                    };
                    self.total += part;
                    self.group = 0;
                    self.scale = Some(scale);
                }
                fits
            }
        };
        if fits {
            self.only_article = numeral == Numeral::Article;
            self.started = true;
        }
        fits
    }

    fn value(&self) -> Option<u64> {
        self.total.checked_add(self.group)
    }
}

/// Reads an ordinal: "15th", "third", "twenty first", "1º".
pub(super) fn ordinal(text: &Text<'_>, at: usize) -> Option<(u8, usize)> {
    let token = text.tokens.get(at)?;
    match token.kind {
        Kind::Number => {
            let value = u8::try_from(token.number?).ok()?;
            let glued = text.tokens.get(at + 1).is_some_and(|next| next.glued);
            let suffix = matches!(
                text.word_at(at + 1),
                "st" | "nd" | "rd" | "th" | "º" | "er" | "ro" | "do" | "ra" | "era" | "to"
            );
            ((1..=31).contains(&value) && glued && suffix).then_some((value, at + 2))
        }
        Kind::Word if token.entry.ordinal > 0 => Some((token.entry.ordinal, at + 1)),
        Kind::Word => {
            // "twenty first", "twenty-first"
            let Some(Numeral::Tens(tens @ (20 | 30))) = token.entry.number else {
                return None;
            };
            let next = if text.sign_at(at + 1) == Some('-') {
                at + 2
            } else {
                at + 1
            };
            let unit = text.tokens.get(next)?.entry.ordinal;
            let value = tens + unit;
            ((1..10).contains(&unit) && value <= 31).then_some((value, next + 1))
        }
        _ => None,
    }
}

/// Reads a day of the month, as an ordinal or a plain number.
pub(super) fn day_of_month(text: &Text<'_>, at: usize) -> Option<(u8, usize)> {
    let token = text.tokens.get(at)?;
    if let Some((day, end)) = ordinal(text, at) {
        // "The second charge" is no day, "the second of May" is.
        let months = [
            at.checked_sub(1),
            at.checked_sub(2),
            Some(end),
            Some(end + 1),
        ];
        let month = months.into_iter().flatten().any(|at| {
            text.tokens
                .get(at)
                .is_some_and(|token| token.entry.month > 0)
        });
        return (token.kind == Kind::Number && !is_counted(text, end) || month)
            .then_some((day, end));
    }
    let (value, end) = match token.kind {
        Kind::Number => count(text, at)?,
        // Spanish says "el quince", but "uno" and "una" are articles.
        Kind::Word if !matches!(text.word(token), "one" | "una" | "couple") => count(text, at)?,
        _ => return None,
    };
    let next = text.tokens.get(end);
    let counted = next.is_some_and(|next| {
        let entry = next.entry;
        let unit = entry.unit.is_some() && entry.unit != Some(Unit::Month);
        let glued_letters = next.glued && next.kind == Kind::Word;
        unit || entry.currency.is_some()
            || entry.cents
            || glued_letters
            || matches!(next.kind, Kind::Sign('%'))
            || matches!(
                entry.number,
                Some(Numeral::Scale(_) | Numeral::Hundred | Numeral::Slang(_))
            )
    });
    let before = at.checked_sub(1).and_then(|at| text.tokens.get(at));
    let marked =
        before.is_some_and(|token| token.entry.currency.is_some() && token.kind != Kind::Word);
    let day = u8::try_from(value)
        .ok()
        .filter(|day| (1..=31).contains(day))?;
    (!counted && !marked).then_some((day, end))
}

/// Reads a day of the month where nothing but the ordinal says so: "the 15th", "the fifteenth".
pub(super) fn bare_ordinal(text: &Text<'_>, at: usize) -> Option<(u8, usize)> {
    let (day, end) = ordinal(text, at)?;
    let figures = text
        .tokens
        .get(at)
        .is_some_and(|token| token.kind == Kind::Number);
    ((figures || day > 3) && !is_counted(text, end)).then_some((day, end))
}

/// Whether a noun follows that the number counts: "the 2nd charge", "5th avenue".
fn is_counted(text: &Text<'_>, at: usize) -> bool {
    text.tokens.get(at).is_some_and(|token| token.entry.counted)
        || matches!(
            text.word_at(at),
            "one" | "ave" | "avenue" | "street" | "floor" | "party"
        )
}

/// Reads a year that a customer of a bank may mean.
pub(super) fn year(text: &Text<'_>, at: usize) -> Option<i16> {
    let token = text.tokens.get(at)?;
    let value = token
        .number
        .filter(|value| matches!(value, 1990..=1999 | 2005..=2039))?;
    let next = text.tokens.get(at + 1);
    let money = next.is_some_and(|next| {
        next.entry.currency.is_some() || (next.glued && next.kind == Kind::Word)
    });
    (text.word(token).len() == 4 && !goes_on_in_figures(text, at) && !money)
        .then_some(i16::try_from(value).ok()?)
}

/// Reads a date in figures: 15/03/2022, 3/15, 2022-03-15, 15.03.2022. The year is 0 where it is missing.
pub(super) fn figures(
    text: &Text<'_>,
    at: usize,
    day_first: bool,
) -> Option<((i16, u8, u8), usize)> {
    let part = |at: usize, first: bool| {
        let token = text.tokens.get(at)?;
        let digits = text.word(token).len();
        (token.kind == Kind::Number && (first || token.glued)).then_some((token.number?, digits))
    };
    let separator = |at: usize| {
        text.sign_at(at)
            .filter(|_| text.tokens.get(at).is_some_and(|token| token.glued))
    };
    let (first, first_digits) = part(at, true)?;
    let sign = separator(at + 1).filter(|sign| matches!(sign, '/' | '-' | '.'))?;
    let (second, second_digits) = part(at + 2, false)?;
    let third = (separator(at + 3) == Some(sign))
        .then(|| part(at + 4, false))
        .flatten();
    let small = |value: u64| u8::try_from(value).ok();
    let end = if third.is_some() { at + 5 } else { at + 3 };
    if text
        .tokens
        .get(end)
        .is_some_and(|next| next.glued && next.kind == Kind::Number)
    {
        return None;
    }
    if let Some((third, _)) = third
        && first_digits == 4
    {
        let year = i16::try_from(first)
            .ok()
            .filter(|year| (1990..2100).contains(year))?;
        let (month, day) = (small(second)?, small(third)?);
        return is_day(month, day).then_some(((year, month, day), end));
    }
    if first_digits > 2 || second_digits > 2 {
        return None;
    }
    let year = match third {
        Some((year, 4)) => i16::try_from(year)
            .ok()
            .filter(|year| (1990..2100).contains(year))?,
        Some((year, 2)) => 2_000 + i16::try_from(year).ok()?,
        Some(_) => return None,
        // Two numbers and a dot or a dash are an amount or a range.
        None if sign != '/' => return None,
        None => 0,
    };
    let (first, second) = (small(first)?, small(second)?);
    let (day, month) = if day_first {
        (first, second)
    } else {
        (second, first)
    };
    if is_day(month, day) {
        Some(((year, month, day), end))
    } else {
        is_day(day, month).then_some(((year, day, month), end))
    }
}

fn is_day(month: u8, day: u8) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Language;

    fn words(text: &str) -> Option<u64> {
        let text = Text::new(text, Language::En);
        let cardinal = cardinal(&text, 0)?;
        (cardinal.end == text.tokens.len()).then_some(cardinal.value)
    }

    #[test]
    fn numbers_in_words_are_read() {
        for (text, value) in [
            ("fifty", 50),
            ("twenty five", 25),
            ("twenty-five", 25),
            ("a hundred", 100),
            ("hundred", 100),
            ("two hundred and fifty", 250),
            ("two hundred fifty five", 255),
            ("one thousand two hundred", 1_200),
            ("twelve hundred", 1_200),
            ("a thousand", 1_000),
            ("three thousand and five", 3_005),
            ("two lakh fifty thousand", 250_000),
            ("one crore", 10_000_000),
            ("a couple hundred", 200),
            ("a couple of hundred", 200),
            ("two fifty", 250),
            ("doscientos", 200),
            ("ciento veinte", 120),
            ("treinta y cinco", 35),
            ("veinticinco", 25),
            ("mil quinientos", 1_500),
            ("dos mil trescientos cuarenta y cinco", 2_345),
            ("cien mil", 100_000),
            ("un millon doscientos mil", 1_200_000),
        ] {
            assert_eq!(words(text), Some(value), "{text}");
        }
    }

    #[test]
    fn words_that_make_no_number_are_not_read_as_one() {
        for text in [
            "a",
            "un",
            "fifty fifty",
            "one two",
            "and fifty",
            "treinta y",
            "hundred thousand million",
        ] {
            assert_eq!(words(text), None, "{text}");
        }
    }

    #[test]
    fn dates_in_figures_follow_the_order_of_the_region() {
        let read = |text: &str, day_first| {
            figures(&Text::new(text, Language::En), 0, day_first).map(|(date, _)| date)
        };
        assert_eq!(read("3/4", false), Some((0, 3, 4)));
        assert_eq!(read("3/4", true), Some((0, 4, 3)));
        assert_eq!(read("15/4/22", false), Some((2022, 4, 15)));
        assert_eq!(read("2022-03-15", true), Some((2022, 3, 15)));
        assert_eq!(read("15.03.2022", true), Some((2022, 3, 15)));
        assert_eq!(read("12.50", true), None);
        assert_eq!(read("40/50", true), None);
    }
}
