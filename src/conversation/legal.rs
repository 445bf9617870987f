//! Legal dates of a dispute (requirement A3): business days over the bank's calendar.
//!
//! Regulation E 1005.11: ten business days to decide (twenty for a new account), 45 calendar days with
//! provisional credit (90 for a new account, a point-of-sale or a foreign transaction), counted from the
//! notice. The days on which American banks are closed are computed by the Federal Reserve's rules.

use jiff::Span;
use jiff::civil::{Date, Weekday, date};

/// What changes the time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The account was opened within 30 days before the transfer.
    pub new_account: bool,
    /// Bought at a shop with the card, or abroad.
    pub point_of_sale_or_foreign: bool,
}

/// The dates that follow from a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Decide, or credit provisionally and say that more time is needed.
    pub decide_by: Date,
    /// The end of a longer investigation.
    pub finish_by: Date,
}

/// Computes the deadlines of Regulation E from the day of the notice in the bank's zone.
pub fn deadlines(notice: Date, circumstances: Circumstances) -> Deadlines {
    let business_days = if circumstances.new_account { 20 } else { 10 };
    let days = if circumstances.new_account || circumstances.point_of_sale_or_foreign {
        90
    } else {
        45
    };
    Deadlines {
        decide_by: add_business_days(notice, business_days),
        finish_by: notice.saturating_add(Span::new().days(days)),
    }
}

/// Returns the n-th business day after a day.
pub fn add_business_days(from: Date, count: u32) -> Date {
    let mut day = from;
    let mut left = count;
    while left > 0 {
        let next = day.saturating_add(Span::new().days(1));
        if next == day {
            // The end of the calendar.
            return day;
        }
        day = next;
        if is_business_day(day) {
            left -= 1;
        }
    }
    day
}

/// Tells whether American banks work on a day.
pub fn is_business_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_holiday(day)
}

/// The Federal Reserve's holidays. One on a Sunday is kept on Monday; one on a Saturday is not moved.
fn is_holiday(day: Date) -> bool {
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
    fn thanksgiving_is_skipped_as_in_the_reference() {
        let dates = deadlines(day("2026-11-22"), Circumstances::default());
        assert_eq!(dates.decide_by, day("2026-12-07"));
        assert_eq!(dates.finish_by, day("2027-01-06"));
    }

    #[test]
    fn a_table_of_notices() {
        for (notice, count, due) in [
            // Christmas and New Year.
            ("2026-12-18", 10, "2027-01-05"),
            // Juneteenth and Independence Day: the latter on a Saturday in 2026 is not moved.
            ("2026-06-18", 10, "2026-07-03"),
            // A new account has twenty.
            ("2026-11-22", 20, "2026-12-21"),
            // Independence Day on a Sunday in 2027 is kept on Monday.
            ("2027-07-02", 1, "2027-07-06"),
        ] {
            assert_eq!(add_business_days(day(notice), count), day(due), "{notice}");
        }
    }

    #[test]
    fn new_accounts_and_shops_have_longer_limits() {
        let new = Circumstances {
            new_account: true,
            ..Circumstances::default()
        };
        assert_eq!(
            deadlines(day("2026-11-22"), new).finish_by,
            day("2027-02-20")
        );
        let shop = Circumstances {
            point_of_sale_or_foreign: true,
            ..Circumstances::default()
        };
        assert_eq!(
            deadlines(day("2026-11-22"), shop).decide_by,
            day("2026-12-07")
        );
    }
}
