//! Turns the values of date and period slots into civil dates, in the customer's zone.
//!
//! "March 3" without a year leans on what is asked: a list of charges looks back, a payment looks
//! ahead. Nothing here reads a clock; "now" is an argument.

use jiff::Zoned;
use jiff::civil::{Date, Weekday};

use super::when::{Edge, Point, Span, When};
pub use crate::bank::DateRange;

/// Which way an incomplete date leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lean {
    /// To the most recent such day.
    Back,
    /// To the next such day. A day of the current month stays in it even when it is over, so that
    /// a payment "on March 6" on March 15 is refused and not made a year late.
    Ahead,
}

/// Period slots.
pub mod period {
    use super::{DateRange, Lean, When, Zoned, resolve};

    /// Returns the days of a `period` or `compare_to` value, looking back; a calendar month or
    /// week is whole, also where part of it lies ahead. `None` for what is no period.
    pub fn resolve_back(value: &str, now: &Zoned) -> Option<DateRange> {
        resolve(value.parse::<When>().ok()?, now.date(), Lean::Back)
    }

    /// The same, looking ahead: the period of a journey, or of bills to come.
    pub fn resolve_ahead(value: &str, now: &Zoned) -> Option<DateRange> {
        resolve(value.parse::<When>().ok()?, now.date(), Lean::Ahead)
    }
}

/// Date slots.
pub mod date {
    use super::{Date, Lean, Span, When, Zoned, resolve};

    /// Returns the day of a `date` or `until` value, looking ahead. A period that is running
    /// (`this_month`) stands for its last day, one to come for its first.
    pub fn resolve_ahead(value: &str, now: &Zoned) -> Option<Date> {
        let when = value.parse::<When>().ok()?;
        let range = resolve(when, now.date(), Lean::Ahead)?;
        let running = matches!(
            when,
            When::Span(
                Span::Week(0)
                    | Span::Weekend(0)
                    | Span::Month(0)
                    | Span::Quarter(0)
                    | Span::Year(0)
            )
        );
        Some(if running { range.last } else { range.first })
    }

    /// Returns the day of a `date` value that lies back: when an entry was made.
    pub fn resolve_back(value: &str, now: &Zoned) -> Option<Date> {
        let range = resolve(value.parse::<When>().ok()?, now.date(), Lean::Back)?;
        Some(range.first)
    }
}

/// Returns the days of a day or a period; `None` where the calendar has none, or for a payday,
/// which only the bank's data can tell.
pub fn resolve(when: When, today: Date, lean: Lean) -> Option<DateRange> {
    let range = match when {
        When::Point(point) => one(day(point, today, lean)?),
        When::Span(span) => days(span, today, lean)?,
        When::Since(edge) => {
            let first = edge_days(edge, today, lean)?.first;
            DateRange {
                first,
                last: today.max(first),
            }
        }
        When::Until(edge) => {
            let last = edge_days(edge, today, lean)?.last;
            DateRange {
                first: today.min(last),
                last,
            }
        }
        When::Range(first, last) => between(first, last, today, lean)?,
    };
    (range.first <= range.last).then_some(range)
}

fn one(day: Date) -> DateRange {
    DateRange {
        first: day,
        last: day,
    }
}

/// Both edges lean the same way, and then the one that would turn the range round gives way.
fn between(first: Edge, last: Edge, today: Date, lean: Lean) -> Option<DateRange> {
    match lean {
        Lean::Back => {
            let last = edge_days(last, today, lean)?.last;
            let start = edge_days(first, today, lean)?.first;
            let first = if start > last {
                edge_days(first, last, lean)?.first
            } else {
                start
            };
            Some(DateRange { first, last })
        }
        Lean::Ahead => {
            let first = edge_days(first, today, lean)?.first;
            let end = edge_days(last, today, lean)?.last;
            let last = if end < first {
                edge_days(last, first, lean)?.last
            } else {
                end
            };
            Some(DateRange { first, last })
        }
    }
}

fn edge_days(edge: Edge, today: Date, lean: Lean) -> Option<DateRange> {
    match edge {
        Edge::Point(point) => day(point, today, lean).map(one),
        Edge::Span(span) => days(span, today, lean),
    }
}

fn day(point: Point, today: Date, lean: Lean) -> Option<Date> {
    match point {
        Point::Days(days) => add_days(today, i32::from(days)),
        Point::Months(months) => add_months(today, i32::from(months)),
        Point::Years(years) => add_months(today, 12 * i32::from(years)),
        Point::Day(day) => day_of_month(day, today, lean),
        Point::Weekday(weekday) => {
            let ahead = (i32::from(weekday) - weekday_number(today)).rem_euclid(7);
            match lean {
                Lean::Ahead => add_days(today, if ahead == 0 { 7 } else { ahead }),
                Lean::Back => add_days(today, ahead - 7),
            }
        }
        Point::WeekdayIn(weekday, weeks) => {
            let monday = days(Span::Week(weeks), today, lean)?.first;
            add_days(monday, i32::from(weekday) - 1)
        }
        Point::LastWeekday(weekday) => day(Point::Weekday(weekday), today, Lean::Back),
        Point::MonthDay(month, day, Some(year)) => civil(year, month, day),
        Point::MonthDay(month, day, None) => {
            let this_year = civil(today.year(), month, day)?;
            let year = match lean {
                Lean::Ahead if i8::try_from(month).ok()? < today.month() => today.year() + 1,
                Lean::Back if this_year > today => today.year() - 1,
                _ => today.year(),
            };
            civil(year, month, day)
        }
        Point::End(span) => days(span, today, lean).map(|range| range.last),
        Point::Start(span) => days(span, today, lean).map(|range| range.first),
        Point::Payday => None,
    }
}

fn days(span: Span, today: Date, lean: Lean) -> Option<DateRange> {
    let months = |first: Date, count: i32| {
        let last = add_days(add_months(first, count)?, -1)?;
        Some(DateRange { first, last })
    };
    match span {
        Span::Week(weeks) => {
            let monday = add_days(today, 1 - weekday_number(today) + 7 * i32::from(weeks))?;
            Some(DateRange {
                first: monday,
                last: add_days(monday, 6)?,
            })
        }
        Span::Weekend(weeks) => {
            // On a Sunday "this weekend" has begun, looking ahead and looking back.
            let week = days(Span::Week(weeks), today, lean)?;
            Some(DateRange {
                first: add_days(week.first, 5)?,
                last: week.last,
            })
        }
        Span::Month(by) => months(add_months(today.first_of_month(), i32::from(by))?, 1),
        Span::Quarter(by) => {
            let into = (i32::from(today.month()) - 1) % 3;
            months(
                add_months(today.first_of_month(), 3 * i32::from(by) - into)?,
                3,
            )
        }
        Span::Year(by) => days(Span::Numbered(today.year().checked_add(by)?), today, lean),
        Span::Named(month, Some(year)) => months(civil(year, month, 1)?, 1),
        Span::Named(month, None) => {
            let number = i8::try_from(month).ok()?;
            let year = match lean {
                Lean::Ahead if number < today.month() => today.year() + 1,
                Lean::Back if number > today.month() => today.year() - 1,
                _ => today.year(),
            };
            months(civil(year, month, 1)?, 1)
        }
        Span::Numbered(year) => months(civil(year, 1, 1)?, 12),
        Span::LastDays(count) => {
            // "The last 7 days" are seven days with today.
            let back = i32::from(count.max(1)) - 1;
            Some(DateRange {
                first: add_days(today, -back)?,
                last: today,
            })
        }
        Span::LastMonths(count) => Some(DateRange {
            first: add_months(today, -i32::from(count))?,
            last: today,
        }),
        Span::NextDays(count) => Some(DateRange {
            first: today,
            last: add_days(today, i32::from(count))?,
        }),
        Span::NextMonths(count) => Some(DateRange {
            first: today,
            last: add_months(today, i32::from(count))?,
        }),
    }
}

/// The nearest month in that direction which has the day: "the 31st" skips short months.
fn day_of_month(day: u8, today: Date, lean: Lean) -> Option<Date> {
    let day = i8::try_from(day).ok()?;
    let step = match lean {
        Lean::Ahead => 1,
        Lean::Back => -1,
    };
    (0..=3).find_map(|months| {
        let month = add_months(today.first_of_month(), step * months)?;
        let date = Date::new(month.year(), month.month(), day).ok()?;
        let right_way = match lean {
            Lean::Ahead => date >= today,
            Lean::Back => date <= today,
        };
        right_way.then_some(date)
    })
}

fn weekday_number(date: Date) -> i32 {
    match date.weekday() {
        Weekday::Monday => 1,
        Weekday::Tuesday => 2,
        Weekday::Wednesday => 3,
        Weekday::Thursday => 4,
        Weekday::Friday => 5,
        Weekday::Saturday => 6,
        Weekday::Sunday => 7,
    }
}

/// A day of a year; 29 February becomes the 28th where there is none.
fn civil(year: i16, month: u8, day: u8) -> Option<Date> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(year, month, day)
        .or_else(|error| {
            if month == 2 && day == 29 {
                Date::new(year, 2, 28)
            } else {
                Err(error)
            }
        })
        .ok()
}

fn add_days(date: Date, days: i32) -> Option<Date> {
    date.checked_add(jiff::Span::new().try_days(i64::from(days)).ok()?)
        .ok()
}

/// The same day of another month, or its last day where that is shorter.
fn add_months(date: Date, months: i32) -> Option<Date> {
    date.checked_add(jiff::Span::new().try_months(i64::from(months)).ok()?)
        .ok()
}
