//! Business days: when American banks and the European payment system are closed.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::{Date, Weekday, date};
use serde::Deserialize;

/// Whose closing days count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calendar {
    /// The Federal Reserve's holidays.
    FederalReserve,
    /// The closing days of the euro payment system.
    Target,
}

impl Calendar {
    /// Returns the n-th business day after a day. `closed` are further days on which the bank does not work.
    pub fn add_business_days(self, from: Date, count: u32, closed: &BTreeSet<Date>) -> Date {
        let mut day = from;
        let mut left = count;
        while left > 0 {
            let next = day.saturating_add(Span::new().days(1));
            if next == day {
                // The end of the calendar.
                return day;
            }
            day = next;
            if self.is_business_day(day) && !closed.contains(&day) {
                left -= 1;
            }
        }
        day
    }

    /// Tells whether banks work on a day.
    pub fn is_business_day(self, day: Date) -> bool {
        let holiday = match self {
            Self::FederalReserve => is_federal_holiday(day),
            Self::Target => is_target_holiday(day),
        };
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !holiday
    }
}

/// New Year, Good Friday, Easter Monday, Labour Day, Christmas and the day after; none is moved.
fn is_target_holiday(day: Date) -> bool {
    let fixed = [(1, 1), (5, 1), (12, 25), (12, 26)];
    if fixed.contains(&(day.month(), day.day())) {
        return true;
    }
    easter(day.year()).is_some_and(|sunday| {
        [-2, 1]
            .iter()
            .any(|days| sunday.saturating_add(Span::new().days(*days)) == day)
    })
}

/// Returns Easter Sunday in the Gregorian calendar (the algorithm of Meeus, Jones and Butcher).
fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let moon = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * late + 114;
    Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(sum / 31).ok()?,
        i8::try_from(sum % 31 + 1).ok()?,
    )
    .ok()
}

/// The Federal Reserve's holidays. One on a Sunday is kept on Monday; one on a Saturday is not moved.
fn is_federal_holiday(day: Date) -> bool {
    let fixed = |month: i8, number: i8| {
        let Ok(on) = Date::new(day.year(), month, number) else {
            return false;
        };
        let kept = if on.weekday() == Weekday::Sunday {
            on.saturating_add(Span::new().days(1))
        } else {
            on
        };
        kept == day
    };
    let nth = |month: i8, nth: i8, weekday: Weekday| {
        date(day.year(), month, 1)
            .nth_weekday_of_month(nth, weekday)
            .is_ok_and(|on| on == day)
    };
    fixed(1, 1)
        || nth(1, 3, Weekday::Monday)
        || nth(2, 3, Weekday::Monday)
        || nth(5, -1, Weekday::Monday)
        || fixed(6, 19)
        || fixed(7, 4)
        || nth(9, 1, Weekday::Monday)
        || nth(10, 2, Weekday::Monday)
        || fixed(11, 11)
        || nth(11, 4, Weekday::Thursday)
        || fixed(12, 25)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_table_of_notices() {
        for (calendar, notice, count, due) in [
            // Thanksgiving is skipped, as in the reference.
            (Calendar::FederalReserve, "2026-11-22", 10, "2026-12-07"),
            // Christmas and New Year.
            (Calendar::FederalReserve, "2026-12-18", 10, "2027-01-05"),
            // Juneteenth and Independence Day: the latter on a Saturday in 2026 is not moved.
            (Calendar::FederalReserve, "2026-06-18", 10, "2026-07-03"),
            // A new account has twenty.
            (Calendar::FederalReserve, "2026-11-22", 20, "2026-12-21"),
            // Independence Day on a Sunday in 2027 is kept on Monday.
            (Calendar::FederalReserve, "2027-07-02", 1, "2027-07-06"),
            // Good Friday and Easter Monday.
            (Calendar::Target, "2026-04-02", 1, "2026-04-07"),
            // Thanksgiving is a working day there; Labour Day and the day after Christmas are not.
            (Calendar::Target, "2026-11-25", 1, "2026-11-26"),
            (Calendar::Target, "2026-04-30", 1, "2026-05-04"),
            (Calendar::Target, "2024-12-24", 1, "2024-12-27"),
        ] {
            let got = calendar.add_business_days(day(notice), count, &BTreeSet::new());
            assert_eq!(got, day(due), "{calendar:?} {notice}");
        }
    }

    #[test]
    fn days_of_the_bank_itself_are_skipped_too() {
        let closed = BTreeSet::from([day("2026-11-23"), day("2026-11-27")]);
        let due = Calendar::FederalReserve.add_business_days(day("2026-11-22"), 4, &closed);
        assert_eq!(due, day("2026-12-01"));
    }

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        for (year, sunday) in [
            (1961, "1961-04-02"),
            (2000, "2000-04-23"),
            (2008, "2008-03-23"),
            (2024, "2024-03-31"),
            (2026, "2026-04-05"),
            (2038, "2038-04-25"),
        ] {
            assert_eq!(easter(year), Some(day(sunday)));
        }
    }

    #[test]
    fn the_end_of_the_calendar_is_an_end() {
        let last = Calendar::Target.add_business_days(Date::MAX, 5, &BTreeSet::new());
        assert_eq!(last, Date::MAX);
    }
}
