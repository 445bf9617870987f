//! Payments that the bank itself makes again and again, until it is told to stop.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::model::{AccountId, PayeeId};
use crate::money::Money;

/// How often the bank pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// Each week.
    Week,
    /// Every two weeks.
    TwoWeeks,
    /// Each month.
    Month,
    /// Every six months.
    HalfYear,
    /// Each year.
    Year,
    /// A rhythm that has no word here, or none that the bank named.
    Other,
}

impl Frequency {
    /// Returns the key a template selects by.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::TwoWeeks => "two_weeks",
            Self::Month => "month",
            Self::HalfYear => "half_year",
            Self::Year => "year",
            Self::Other => "other",
        }
    }
}

/// An order to pay somebody at even gaps.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingOrder {
    /// The bank's id.
    pub id: String,
    /// The account it leaves.
    pub from: AccountId,
    /// Whom it pays.
    pub payee: PayeeId,
    /// Their name: untrusted.
    pub to: String,
    /// How much each time (positive).
    pub amount: Money,
    /// How often.
    pub every: Frequency,
    /// When it pays next, if the bank says so.
    pub next: Option<Date>,
}

impl fmt::Debug for StandingOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StandingOrder(…)")
    }
}
