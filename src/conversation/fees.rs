//! The bank's fee list, from a file the operator keeps: what each fee costs and when it is taken.

use std::str::FromStr;

use jiff::civil::Date;
use serde::Deserialize;

use super::places::InBoth;
use crate::money::{Currency, Money};

/// What a fee is for (`fee_type` of `intents.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// More was spent than was there; a payment that was sent back for that too.
    Overdraft,
    /// Keeping the account.
    Monthly,
    /// A late payment.
    Late,
    /// A machine of another bank.
    Atm,
    /// Abroad or in other money.
    Foreign,
    /// A wire.
    Wire,
    /// Cash with a credit card.
    CashAdvance,
    /// A year.
    Annual,
    /// What is owed.
    Interest,
}

impl FeeKind {
    /// Returns the name used in slots and templates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overdraft => "overdraft",
            Self::Monthly => "monthly",
            Self::Late => "late",
            Self::Atm => "atm",
            Self::Foreign => "foreign",
            Self::Wire => "wire",
            Self::CashAdvance => "cash_advance",
            Self::Annual => "annual",
            Self::Interest => "interest",
        }
    }
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    /// For what.
    pub kind: FeeKind,
    /// How much, where it is a fixed sum.
    pub amount: Option<Money>,
    /// When it is taken: the bank's own words.
    pub when: InBoth,
}

/// The list, as of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeList {
    /// From which day it holds.
    pub version: Date,
    fees: Vec<Fee>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: toml::value::Datetime,
    fee: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    kind: FeeKind,
    amount: Option<String>,
    currency: Option<Currency>,
    when: InBoth,
}

impl FromStr for FeeList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let version = file
            .version
            .date
            .and_then(|day| day.to_string().parse().ok())
            .ok_or("`version` is no day such as 2026-11-22")?;
        let mut fees: Vec<Fee> = Vec::with_capacity(file.fee.len());
        for line in file.fee {
            let kind = line.kind;
            if fees.iter().any(|fee| fee.kind == kind) {
                return Err(format!("`{}` is there twice", kind.name()));
            }
            let amount = match (line.amount, line.currency) {
                (Some(text), Some(currency)) => Some(
                    Money::parse(&text, currency)
                        .ok()
                        .filter(|amount| amount.minor() >= 0)
                        .ok_or_else(|| format!("`{text}` is no amount of {currency}"))?,
                ),
                (None, None) => None,
                _ => {
                    return Err(format!(
                        "`{}`: amount and currency go together",
                        kind.name()
                    ));
                }
            };
            fees.push(Fee {
                kind,
                amount,
                when: line.when,
            });
        }
        Ok(Self { version, fees })
    }
}

impl FeeList {
    /// The list of the simulated bank.
    pub fn sample() -> Self {
        include_str!("../../fixtures/fees/sample.toml")
            .parse()
            .unwrap_or(Self {
                version: Date::ZERO,
                fees: Vec::new(),
            })
    }

    /// Finds a fee by its kind's name; a payment sent back counts as an overdraft.
    pub fn fee(&self, name: &str) -> Option<&Fee> {
        let name = if name == "nsf" { "overdraft" } else { name };
        self.fees.iter().find(|fee| fee.kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_read() {
        let list = FeeList::sample();
        let overdraft = list.fee("nsf").unwrap();
        assert_eq!(overdraft.amount.map(Money::to_decimal).unwrap(), "35.00");
        assert_eq!(list.fee("foreign").unwrap().amount, None);
        assert_eq!(list.fee("annual"), None);
        assert_eq!(list.version, jiff::civil::date(2026, 11, 1));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        let refused = |lines: &str| {
            let text = format!("version = 2026-11-01\n[[fee]]\n{lines}");
            text.parse::<FeeList>().unwrap_err()
        };
        let when = "when = { en = \"a\", es = \"b\" }";
        assert!(
            refused(&format!(
                "kind = \"late\"\namount = \"x\"\ncurrency = \"USD\"\n{when}"
            ))
            .contains("no amount")
        );
        assert!(
            refused(&format!("kind = \"late\"\namount = \"1.00\"\n{when}")).contains("together")
        );
        assert!(
            refused(&format!(
                "kind = \"late\"\n{when}\n[[fee]]\nkind = \"late\"\n{when}"
            ))
            .contains("twice")
        );
        assert!(refused(&format!("kind = \"weather\"\n{when}")).contains("weather"));
    }
}
