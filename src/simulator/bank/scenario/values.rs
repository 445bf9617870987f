//! The values a scenario file holds, checked while they are read, so that the reader knows the line.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};

/// A day: `2026-11-22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

/// An instant, or a wall clock in the scenario's zone: `2026-11-22T10:41:00`, with or without offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// With an offset.
    Instant(Timestamp),
    /// In the scenario's zone.
    Wall(DateTime),
}

/// A time of day: `09:00`, `18:42:10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(pub Time);

/// A decimal amount whose currency is the account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount(String);

/// An IANA zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(pub TimeZone);

/// A currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub Currency);

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Every so many days.
    Days(i64),
    /// Every so many months, on the day of the first one (the last of a shorter month).
    Months(i64),
}

impl At {
    /// Returns the instant in the scenario's zone; a wall clock in a gap goes to the next valid one.
    pub fn instant(self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Instant(at) => at,
            Self::Wall(wall) => wall
                .to_zoned(zone.clone())
                .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp()),
        }
    }
}

impl Amount {
    /// Returns minor units of the account's currency.
    pub fn minor(&self, currency: Currency) -> i64 {
        Money::parse(&self.0, currency).map_or(0, Money::minor)
    }

    /// Returns the text as written.
    pub fn text(&self) -> &str {
        &self.0
    }
}

fn datetime_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(toml::value::Datetime::deserialize(deserializer)?.to_string())
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = datetime_text(deserializer)?;
        if text.len() != 10 {
            return Err(de::Error::custom("a day is written 2026-11-22"));
        }
        text.parse()
            .map(Self)
            .map_err(|_| de::Error::custom("a day is written 2026-11-22"))
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = datetime_text(deserializer)?;
        if let Ok(at) = text.parse() {
            return Ok(Self::Instant(at));
        }
        text.parse().map(Self::Wall).map_err(|_| {
            de::Error::custom("a time is written 2026-11-22T10:41:00, with or without -05:00")
        })
    }
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        datetime_text(deserializer)?
            .parse()
            .map(Self)
            .map_err(|_| de::Error::custom("a time of day is written 09:00:00"))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Money::parse(&text, Currency::USD)
            .map(|_| Self(text))
            .map_err(|_| de::Error::custom("an amount is written \"12.50\" or \"-12.50\""))
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        TimeZone::get(&name)
            .map(Self)
            .map_err(|_| de::Error::custom(format!("`{name}` is no IANA zone")))
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        code.parse()
            .map(Self)
            .map_err(|_| de::Error::custom(format!("`{code}` is no currency code")))
    }
}

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (count, unit) = match text.split_once(' ') {
            Some((count, unit)) => (count.parse().unwrap_or(0), unit),
            None => (1, text.as_str()),
        };
        if !(1..=1000).contains(&count) {
            return Err(de::Error::custom(
                "a rhythm is \"day\", \"week\", \"2 weeks\", \"month\", \"3 months\" or \"year\"",
            ));
        }
        match unit {
            "day" | "days" => Ok(Self::Days(count)),
            "week" | "weeks" => Ok(Self::Days(count * 7)),
            "month" | "months" => Ok(Self::Months(count)),
            "year" | "years" => Ok(Self::Months(count * 12)),
            _ => Err(de::Error::custom(
                "a rhythm is \"day\", \"week\", \"2 weeks\", \"month\", \"3 months\" or \"year\"",
            )),
        }
    }
}

/// What an entry is, in the file's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Bought something.
    #[default]
    Purchase,
    /// Money back from a shop.
    Refund,
    /// To or from another account.
    Transfer,
    /// A card's bill paid.
    CardPayment,
    /// The bank's fee.
    Fee,
    /// Interest paid or earned.
    Interest,
    /// Pay.
    Salary,
    /// Cash machine.
    Cash,
    /// Collected by a biller.
    DirectDebit,
    /// Sent on a schedule.
    StandingOrder,
    /// A deposit or a cheque.
    Other,
    /// Sent without any type, as several banks do.
    Untyped,
}

/// What kind of account, in the file's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Day-to-day account.
    Checking,
    /// Savings.
    Savings,
    /// Credit card.
    CreditCard,
    /// Charge card.
    ChargeCard,
    /// Line of credit.
    LineOfCredit,
    /// Loan.
    Loan,
    /// Mortgage.
    Mortgage,
    /// Wallet.
    Wallet,
    /// Prepaid card.
    Prepaid,
    /// Investments.
    Investment,
    /// Anything else.
    Other,
}

impl Kind {
    /// Tells whether its balance is money owed.
    pub const fn is_debt(self) -> bool {
        matches!(
            self,
            Self::CreditCard | Self::ChargeCard | Self::LineOfCredit | Self::Loan | Self::Mortgage
        )
    }
}

/// Whether an account can be used, in the file's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// In use.
    #[default]
    Open,
    /// Restricted.
    Blocked,
    /// Closed.
    Closed,
}
