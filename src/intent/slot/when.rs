//! Days and periods as a customer says them, and the forms in which slots hold them.
//!
//! A value such as `weekday:friday` or `since:month_june` means the same whenever it is read;
//! only [`super::calendar`] turns it into dates, given "now".

use std::fmt;
use std::str::FromStr;

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Today and so many days: -1 is yesterday.
    Days(i16),
    /// The same day so many months on.
    Months(i16),
    /// The same day so many years on.
    Years(i16),
    /// The 15th.
    Day(u8),
    /// Friday, the nearest one.
    Weekday(u8),
    /// A weekday of the calendar week so many weeks on: "next friday" is 1.
    WeekdayIn(u8, i16),
    /// The most recent Friday, today apart.
    LastWeekday(u8),
    /// March 3, with its year where that was said.
    MonthDay(u8, u8, Option<i16>),
    /// The last day of a period.
    End(Span),
    /// The first day of a period.
    Start(Span),
    /// When the pay comes.
    Payday,
}

/// A stretch of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// A calendar week, from Monday: 0 is this one, -1 the last.
    Week(i16),
    /// A weekend.
    Weekend(i16),
    /// A calendar month.
    Month(i16),
    /// A quarter.
    Quarter(i16),
    /// A calendar year.
    Year(i16),
    /// October, with its year where that was said.
    Named(u8, Option<i16>),
    /// 2019.
    Numbered(i16),
    /// So many days up to today.
    LastDays(u16),
    /// So many months up to today.
    LastMonths(u16),
    /// So many days from today.
    NextDays(u16),
    /// So many months from today.
    NextMonths(u16),
}

/// A day, a period, or what lies between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// One day.
    Point(Point),
    /// A period.
    Span(Span),
    /// From a day on.
    Since(Edge),
    /// Up to a day.
    Until(Edge),
    /// From one day to another, both included.
    Range(Edge, Edge),
}

/// Where a period begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// At a day.
    Point(Point),
    /// With the first, or the last, day of a period.
    Span(Span),
}

/// The months' names, as in values; the first three letters are the short form.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Returns the name of a weekday, 1 for Monday.
pub(super) fn weekday_name(weekday: u8) -> &'static str {
    name(&WEEKDAYS, weekday)
}

fn name(names: &[&'static str], from_one: u8) -> &'static str {
    usize::from(from_one)
        .checked_sub(1)
        .and_then(|at| names.get(at))
        .copied()
        .unwrap_or_default()
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Point::Days(0) => f.write_str("today"),
            Point::Days(1) => f.write_str("tomorrow"),
            Point::Days(-1) => f.write_str("yesterday"),
            Point::Days(days) => shift(f, "days", days),
            Point::Months(months) => shift(f, "months", months),
            Point::Years(years) => shift(f, "years", years),
            Point::Day(day) => write!(f, "day:{day}"),
            Point::Weekday(weekday) => write!(f, "weekday:{}", weekday_name(weekday)),
            Point::WeekdayIn(weekday, 1) => write!(f, "next:{}", weekday_name(weekday)),
            Point::WeekdayIn(weekday, weeks) => {
                write!(f, "weekday:{}{weeks:+}w", weekday_name(weekday))
            }
            Point::LastWeekday(weekday) => write!(f, "last:{}", weekday_name(weekday)),
            Point::MonthDay(month, day, year) => {
                write!(f, "{}_{day}", name(&MONTHS, month))?;
                year.map_or(Ok(()), |year| write!(f, "_{year}"))
            }
            Point::End(
                span @ (Span::Week(0) | Span::Month(0) | Span::Quarter(0) | Span::Year(0)),
            ) => {
                write!(f, "{span}")
            }
            Point::End(span) => write!(f, "end:{span}"),
            Point::Start(span) => write!(f, "start:{span}"),
            Point::Payday => f.write_str("payday"),
        }
    }
}

fn shift(f: &mut fmt::Formatter<'_>, unit: &str, by: i16) -> fmt::Result {
    if by < 0 {
        write!(f, "{unit}_ago:{}", by.unsigned_abs())
    } else {
        write!(f, "in_{unit}:{by}")
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Span::Week(n) => relative(f, "week", n),
            Span::Weekend(n) => relative(f, "weekend", n),
            Span::Month(n) => relative(f, "month", n),
            Span::Quarter(n) => relative(f, "quarter", n),
            Span::Year(n) => relative(f, "year", n),
            Span::Named(month, None) => write!(f, "month:{}", name(&MONTHS, month)),
            Span::Named(month, Some(year)) => write!(f, "month:{}_{year}", name(&MONTHS, month)),
            Span::Numbered(year) => write!(f, "year:{year}"),
            Span::LastDays(days) => write!(f, "last_days:{days}"),
            Span::LastMonths(months) => write!(f, "last_months:{months}"),
            Span::NextDays(days) => write!(f, "next_days:{days}"),
            Span::NextMonths(months) => write!(f, "next_months:{months}"),
        }
    }
}

fn relative(f: &mut fmt::Formatter<'_>, unit: &str, by: i16) -> fmt::Result {
    match by {
        0 => write!(f, "this_{unit}"),
        1 => write!(f, "next_{unit}"),
        -1 => write!(f, "last_{unit}"),
        _ => write!(f, "{unit}:{by:+}"),
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Point(point) => write!(f, "{point}"),
            When::Span(span) => write!(f, "{span}"),
            When::Since(edge) => write!(f, "since:{}", edge.inner()),
            When::Until(edge) => write!(f, "until:{}", edge.inner()),
            When::Range(first, last) => {
                write!(f, "range:{}..{}", first.first_day(), last.last_day())
            }
        }
    }
}

impl Edge {
    /// The value inside another one: `month:june` is written `month_june`.
    fn inner(self) -> String {
        match self {
            Edge::Point(point) => point.to_string().replace(':', "_"),
            Edge::Span(span) => span.to_string().replace(':', "_"),
        }
    }

    fn first_day(self) -> String {
        match self {
            Edge::Point(Point::MonthDay(month, day, year)) => short(month, day, year),
            Edge::Span(Span::Named(month, year)) => short(month, 1, year),
            Edge::Span(Span::Numbered(year)) => short(1, 1, Some(year)),
            _ => self.inner(),
        }
    }

    fn last_day(self) -> String {
        match self {
            Edge::Point(Point::MonthDay(month, day, year)) => short(month, day, year),
            Edge::Span(Span::Named(month, year)) => short(month, days_in(month), year),
            Edge::Span(Span::Numbered(year)) => short(12, 31, Some(year)),
            _ => self.inner(),
        }
    }
}

/// The longest that a month can be; a resolved 29 February is cut to the year's.
fn days_in(month: u8) -> u8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn short(month: u8, day: u8, year: Option<i16>) -> String {
    let month = name(&MONTHS, month).get(..3).unwrap_or_default();
    year.map_or_else(
        || format!("{month}_{day}"),
        |year| format!("{month}_{day}_{year}"),
    )
}

/// The text is no value of a date or period slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date or period")]
pub struct NotADate;

impl FromStr for When {
    type Err = NotADate;

    /// Reads a slot's value back.
    fn from_str(value: &str) -> Result<When, NotADate> {
        let edge = |text: &str| Edge::read(text).ok_or(NotADate);
        match value.split_once(':') {
            Some(("since", inner)) => edge(inner).map(When::Since),
            Some(("until", inner)) => edge(inner).map(When::Until),
            Some(("range", inner)) => {
                let (first, last) = inner.split_once("..").ok_or(NotADate)?;
                Ok(When::Range(edge(first)?, edge(last)?))
            }
            _ => Point::read(value)
                .map(When::Point)
                .or_else(|| Span::read(value).map(When::Span))
                .ok_or(NotADate),
        }
    }
}

impl Edge {
    fn read(text: &str) -> Option<Edge> {
        let direct = |text: &str| {
            Point::read(text)
                .map(Edge::Point)
                .or_else(|| Span::read(text).map(Edge::Span))
        };
        direct(text).or_else(|| with_colon(text, direct))
    }
}

/// Reads a value whose colon was written as an underscore: which one is found by trying.
fn with_colon<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    text.match_indices('_').find_map(|(at, _)| {
        let (key, value) = text.split_at_checked(at)?;
        read(&format!("{key}:{}", value.strip_prefix('_')?))
    })
}

impl Point {
    /// Reads the form that [`fmt::Display`] writes, the ends of running periods apart, which read
    /// as those periods.
    fn read(text: &str) -> Option<Point> {
        match text {
            "today" => return Some(Point::Days(0)),
            "tomorrow" => return Some(Point::Days(1)),
            "yesterday" => return Some(Point::Days(-1)),
            "payday" => return Some(Point::Payday),
            _ => {}
        }
        let Some((key, value)) = text.split_once(':') else {
            let (month, day, year) = read_month_day(text)?;
            return Some(Point::MonthDay(month, day, year));
        };
        let number = || value.parse::<i16>().ok().filter(|value| *value >= 0);
        match key {
            "days_ago" => Some(Point::Days(-number()?)),
            "in_days" => Some(Point::Days(number()?)),
            "months_ago" => Some(Point::Months(-number()?)),
            "in_months" => Some(Point::Months(number()?)),
            "years_ago" => Some(Point::Years(-number()?)),
            "in_years" => Some(Point::Years(number()?)),
            "day" => u8::try_from(number()?)
                .ok()
                .filter(|day| (1..=31).contains(day))
                .map(Point::Day),
            "weekday" => match value.strip_suffix('w') {
                Some(rest) => {
                    let at = rest.find(['+', '-'])?;
                    let (weekday, weeks) = rest.split_at_checked(at)?;
                    Some(Point::WeekdayIn(
                        index(&WEEKDAYS, weekday)?,
                        weeks.parse().ok()?,
                    ))
                }
                None => index(&WEEKDAYS, value).map(Point::Weekday),
            },
            "next" => Some(Point::WeekdayIn(index(&WEEKDAYS, value)?, 1)),
            "last" => Some(Point::LastWeekday(index(&WEEKDAYS, value)?)),
            "end" => Span::read(value).map(Point::End),
            "start" => Span::read(value).map(Point::Start),
            _ => None,
        }
    }
}

impl Span {
    fn read(text: &str) -> Option<Span> {
        let relative = |unit: &str, by: i16| match unit {
            "week" => Some(Span::Week(by)),
            "weekend" => Some(Span::Weekend(by)),
            "month" => Some(Span::Month(by)),
            "quarter" => Some(Span::Quarter(by)),
            "year" => Some(Span::Year(by)),
            _ => None,
        };
        let Some((key, value)) = text.split_once(':') else {
            let (by, unit) = text.split_once('_')?;
            let by = match by {
                "this" => Some(0),
                "next" => Some(1),
                "last" => Some(-1),
                _ => None,
            };
            // Inside another value the colon is an underscore.
            return by
                .and_then(|by| relative(unit, by))
                .or_else(|| with_colon(text, Span::read));
        };
        match key {
            "last_days" => value.parse().ok().map(Span::LastDays),
            "last_months" => value.parse().ok().map(Span::LastMonths),
            "next_days" => value.parse().ok().map(Span::NextDays),
            "next_months" => value.parse().ok().map(Span::NextMonths),
            "month" if value.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                let (month, year) = match value.split_once('_') {
                    Some((month, year)) => (month, Some(year.parse().ok()?)),
                    None => (value, None),
                };
                Some(Span::Named(index(&MONTHS, month)?, year))
            }
            "year" if value.len() == 4 => value
                .parse()
                .ok()
                .filter(|year| *year > 0)
                .map(Span::Numbered),
            _ => relative(key, value.parse().ok()?),
        }
    }
}

fn index(names: &[&str], name: &str) -> Option<u8> {
    let at = names.iter().position(|known| *known == name)?;
    u8::try_from(at + 1).ok()
}

/// Reads `march_3`, `nov_1` and `march_3_2022`.
fn read_month_day(text: &str) -> Option<(u8, u8, Option<i16>)> {
    let mut parts = text.split('_');
    let month = parts.next()?;
    let month = index(&MONTHS, month).or_else(|| {
        let at = MONTHS
            .iter()
            .position(|name| name.get(..3) == Some(month))?;
        u8::try_from(at + 1).ok()
    })?;
    let day = parts
        .next()?
        .parse()
        .ok()
        .filter(|day| (1..=days_in(month)).contains(day))?;
    let year = match parts.next() {
        Some(year) => Some(year.parse().ok()?),
        None => None,
    };
    parts.next().is_none().then_some((month, day, year))
}
