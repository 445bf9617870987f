//! What repeats: "every friday", "cada mes el 1", "daily in the morning".

use std::fmt;

use super::when::weekday_name;

/// How often, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Every day, with the part of the day where that was said.
    Daily(Option<DayPart>),
    /// Every week, on a weekday (1 for Monday) where that was said.
    Weekly(Option<u8>),
    /// Every two weeks.
    Fortnightly(Option<u8>),
    /// Every month, on a day where that was said; 31 stands for the last.
    Monthly(Option<u8>),
    /// Every month, on the n-th weekday.
    MonthlyWeekday(u8, u8),
    /// Every year.
    Yearly,
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayPart {
    /// Before noon.
    Morning,
    /// After noon.
    Afternoon,
    /// From dusk.
    Evening,
    /// Late.
    Night,
}

impl fmt::Display for DayPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DayPart::Morning => "morning",
            DayPart::Afternoon => "afternoon",
            DayPart::Evening => "evening",
            DayPart::Night => "night",
        })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
        match *self {
            Schedule::Daily(None) => f.write_str("daily"),
            Schedule::Daily(Some(part)) => write!(f, "daily:{part}"),
            Schedule::Weekly(None) => f.write_str("weekly"),
            Schedule::Weekly(Some(weekday)) => write!(f, "weekly:{}", weekday_name(weekday)),
            Schedule::Fortnightly(None) => f.write_str("biweekly"),
            Schedule::Fortnightly(Some(weekday)) => write!(f, "biweekly:{}", weekday_name(weekday)),
            Schedule::Monthly(None) => f.write_str("monthly"),
            Schedule::Monthly(Some(31)) => f.write_str("monthly:last"),
            Schedule::Monthly(Some(day)) => write!(f, "monthly:{day}"),
            Schedule::MonthlyWeekday(nth, weekday) => {
                let nth = usize::from(nth)
                    .checked_sub(1)
                    .and_then(|at| NTH.get(at))
                    .unwrap_or(&"last");
                write!(f, "monthly:{nth}_{}", weekday_name(weekday))
            }
            Schedule::Yearly => f.write_str("yearly"),
        }
    }
}
