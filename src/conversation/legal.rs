//! What the law gives a customer who reports a charge, as data (requirements A3, A5, N11).
//!
//! Each profile is a table of `legal/rights.toml`: its source, its times, whose business days count. Which one holds
//! follows from the bank's region and from what the charge is on.

pub mod calendar;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::Span;
use jiff::civil::Date;
use serde::Deserialize;

use self::calendar::Calendar;

/// Whose law holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Region {
    /// The United States: one law for accounts, another for credit cards.
    #[default]
    Us,
    /// The European Union.
    Eu,
}

impl FromStr for Region {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "us" => Ok(Self::Us),
            "eu" => Ok(Self::Eu),
            _ => Err(()),
        }
    }
}

/// The rights that hold at a bank.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Whose law.
    pub region: Region,
    /// Days on which this bank does not work, beside its calendar's.
    pub closed: BTreeSet<Date>,
}

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Days on which banks work.
    BusinessDays(u32),
    /// Calendar days.
    Days(u16),
    /// Calendar months.
    Months(u16),
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BusinessDays(days) => write!(f, "{days} business days"),
            Self::Days(days) => write!(f, "{days} days"),
            Self::Months(months) => write!(f, "{months} months"),
        }
    }
}

/// One law.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Where it is written.
    pub source: String,
    /// When that was last looked up.
    pub checked: toml::value::Datetime,
    /// Whose business days count.
    pub calendar: Calendar,
    /// Say that the notice came.
    pub acknowledge: Option<Term>,
    /// Give back what was not authorised.
    pub refund_unauthorised: Option<Term>,
    /// Decide, or say that more time is needed.
    pub decide: Option<Term>,
    /// The same for a new account.
    pub decide_new_account: Option<Term>,
    /// The end of a longer investigation.
    pub finish: Term,
    /// The same for a new account, a purchase in a shop or abroad.
    pub finish_extended: Option<Term>,
    /// Tell the result after deciding.
    pub report: Option<Term>,
    /// Correct the error after deciding.
    pub correct: Option<Term>,
    /// A notice is in time within this of the statement.
    pub notice_window: Term,
    /// A payment that was allowed beforehand is stopped for sure when told so long before it.
    pub stop_payment: Option<Term>,
    /// Money is put back while the bank looks.
    pub provisional_credit: bool,
    /// The notice must be written and sent to an address (A5).
    pub written_notice: bool,
}

/// What changes the time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The account was opened within 30 days before the transfer.
    pub new_account: bool,
    /// Bought at a shop with the card, or abroad.
    pub point_of_sale_or_foreign: bool,
}

/// The dates that follow from a notice; `None` where this law sets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Say that the notice came.
    pub acknowledge_by: Option<Date>,
    /// Give back what was not authorised.
    pub refund_by: Option<Date>,
    /// Decide, or credit provisionally and say that more time is needed.
    pub decide_by: Option<Date>,
    /// The end of a longer investigation.
    pub finish_by: Date,
}

/// The three laws.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    us_debit: Profile,
    us_credit: Profile,
    eu: Profile,
}

static PROFILES: LazyLock<Table> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the table is part of the program and read by a test"
    )]
    toml::from_str(include_str!("legal/rights.toml")).expect("the table of rights can be read")
});

impl Rights {
    /// Returns the law for a charge on an account, or on a credit card.
    pub fn profile(&self, credit: bool) -> &'static Profile {
        match (self.region, credit) {
            (Region::Us, false) => &PROFILES.us_debit,
            (Region::Us, true) => &PROFILES.us_credit,
            (Region::Eu, _) => &PROFILES.eu,
        }
    }

    /// Computes the deadlines from the day of the notice in the bank's zone.
    pub fn deadlines(&self, notice: Date, credit: bool, circumstances: Circumstances) -> Deadlines {
        let profile = self.profile(credit);
        let after = |term: Term| profile.after(notice, term, &self.closed);
        let decide = profile
            .decide_new_account
            .filter(|_| circumstances.new_account)
            .or(profile.decide);
        let extended = circumstances.new_account || circumstances.point_of_sale_or_foreign;
        let finish = profile.finish_extended.filter(|_| extended);
        Deadlines {
            acknowledge_by: profile.acknowledge.map(after),
            refund_by: profile.refund_unauthorised.map(after),
            decide_by: decide.map(after),
            finish_by: after(finish.unwrap_or(profile.finish)),
        }
    }
}

impl Profile {
    /// Tells whether a stop that comes today is in time for a payment of a day; `None` where this law gives no such
    /// right.
    pub fn stops(&self, today: Date, payment: Date, closed: &BTreeSet<Date>) -> Option<bool> {
        let term = self.stop_payment?;
        Some(self.after(today, term, closed) <= payment)
    }

    /// Returns the last day of a term that begins with a day.
    pub fn after(&self, day: Date, term: Term, closed: &BTreeSet<Date>) -> Date {
        match term {
            Term::BusinessDays(count) => self.calendar.add_business_days(day, count, closed),
            Term::Days(days) => day.saturating_add(Span::new().days(days)),
            Term::Months(months) => day.saturating_add(Span::new().months(months)),
        }
    }

    /// Returns the last day on which a notice about an entry of a statement is in time.
    pub fn notice_until(&self, statement: Date) -> Date {
        self.after(statement, self.notice_window, &BTreeSet::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn at(region: Region) -> Rights {
        Rights {
            region,
            ..Rights::default()
        }
    }

    /// Every profile, every circumstance: the table of requirement A3.
    #[test]
    fn each_law_has_its_dates() {
        let usual = Circumstances::default();
        let new = Circumstances {
            new_account: true,
            ..usual
        };
        let shop = Circumstances {
            point_of_sale_or_foreign: true,
            ..usual
        };
        let (us, eu) = (Region::Us, Region::Eu);
        for (region, credit, circumstances, acknowledge, refund, decide, finish) in [
            (
                us,
                false,
                usual,
                None,
                None,
                Some("2026-12-07"),
                "2027-01-06",
            ),
            (us, false, new, None, None, Some("2026-12-21"), "2027-02-20"),
            // A foreign cash machine has the longer end, not the later decision.
            (
                us,
                false,
                shop,
                None,
                None,
                Some("2026-12-07"),
                "2027-02-20",
            ),
            (
                us,
                true,
                usual,
                Some("2026-12-22"),
                None,
                None,
                "2027-02-20",
            ),
            (us, true, shop, Some("2026-12-22"), None, None, "2027-02-20"),
            (
                eu,
                false,
                usual,
                None,
                Some("2026-11-23"),
                Some("2026-12-11"),
                "2027-01-12",
            ),
            (
                eu,
                true,
                new,
                None,
                Some("2026-11-23"),
                Some("2026-12-11"),
                "2027-01-12",
            ),
        ] {
            let dates = at(region).deadlines(day("2026-11-22"), credit, circumstances);
            let expected = Deadlines {
                acknowledge_by: acknowledge.map(day),
                refund_by: refund.map(day),
                decide_by: decide.map(day),
                finish_by: day(finish),
            };
            assert_eq!(dates, expected, "{region:?} {credit} {circumstances:?}");
        }
    }

    #[test]
    fn a_notice_is_in_time_for_sixty_days_or_thirteen_months() {
        let us = at(Region::Us);
        assert_eq!(
            us.profile(false).notice_until(day("2026-10-31")),
            day("2026-12-30")
        );
        assert_eq!(
            us.profile(true).notice_until(day("2026-10-31")),
            day("2026-12-30")
        );
        let eu = at(Region::Eu);
        assert_eq!(
            eu.profile(false).notice_until(day("2026-01-31")),
            day("2027-02-28")
        );
    }

    #[test]
    fn a_stop_is_in_time_three_business_days_before_in_the_us_and_one_in_europe() {
        let closed = BTreeSet::new();
        let stops = |region, credit, payment| {
            at(region)
                .profile(credit)
                .stops(day("2026-11-25"), day(payment), &closed)
        };
        // Thursday is Thanksgiving: Friday, Monday, Tuesday.
        assert_eq!(stops(Region::Us, false, "2026-11-30"), Some(false));
        assert_eq!(stops(Region::Us, false, "2026-12-01"), Some(true));
        assert_eq!(stops(Region::Us, true, "2026-12-24"), None);
        assert_eq!(stops(Region::Eu, false, "2026-11-26"), Some(true));
        assert_eq!(stops(Region::Eu, false, "2026-11-25"), Some(false));
    }

    #[test]
    fn only_a_credit_card_in_the_us_needs_a_letter() {
        assert!(at(Region::Us).profile(true).written_notice);
        assert!(!at(Region::Us).profile(false).written_notice);
        assert!(!at(Region::Eu).profile(true).written_notice);
        assert!(at(Region::Us).profile(false).provisional_credit);
        for profile in [&PROFILES.us_debit, &PROFILES.us_credit, &PROFILES.eu] {
            assert!(!profile.source.is_empty() && profile.checked.date.is_some());
        }
    }
}
