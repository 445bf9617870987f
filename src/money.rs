//! Money: minor units and a currency, never a float.
//!
//! Amounts come from text (a bank's JSON numbers are read as text too) and are kept as whole minor
//! units. Arithmetic is checked and never mixes currencies. Words for people are made in `reply`.

#![deny(
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An ISO 4217 code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollar.
    pub const USD: Self = Self(*b"USD");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// Pound sterling.
    pub const GBP: Self = Self(*b"GBP");

    /// Returns the code, for example `USD`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Returns the number of digits after the point (ISO 4217): JPY 0, BHD 3, most 2.
    pub fn digits(&self) -> u32 {
        match self.code() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let upper = text.trim().to_ascii_uppercase();
        match <[u8; 3]>::try_from(upper.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(MoneyError::Currency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

/// Why a text is no amount, or two amounts have no sum. Carries no amount: errors reach logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three letters.
    #[error("not a currency code")]
    Currency,
    /// Not a plain decimal number.
    #[error("not a decimal amount")]
    Amount,
    /// Beyond what 64 bits of minor units hold.
    #[error("amount out of range")]
    Range,
    /// Two currencies in one sum.
    #[error("amounts of different currencies cannot be added")]
    Mixed,
}

/// An amount: signed minor units of one currency.
///
/// The sign follows the one rule of the neutral bank model: negative means that the customer is
/// worse off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// Makes an amount from minor units (cents for USD).
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Returns nothing of that currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Parses decimal text such as `-12.5`, `1234`, `0.8`, `1e2` (JSON allows exponents).
    ///
    /// More digits than the currency has are rounded half to even (`bank-apis.md` section 3.1).
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (
                mantissa,
                exponent.parse::<i32>().map_err(|_| MoneyError::Amount)?,
            ),
            None => (digits, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty())
            || !all_digits(whole)
            || !all_digits(fraction)
            || whole.len().saturating_add(fraction.len()) > 64
            || !(-64..=64).contains(&exponent)
        {
            return Err(MoneyError::Amount);
        }
        let minor = scaled(whole, fraction, exponent, currency.digits())?;
        let minor = if negative {
            minor.checked_neg().ok_or(MoneyError::Range)?
        } else {
            minor
        };
        Ok(Self { minor, currency })
    }

    /// Returns signed minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Returns the currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Tells whether the customer is worse off by it.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Tells whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Returns the amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self {
            minor: self.minor.saturating_abs(),
            currency: self.currency,
        }
    }

    /// Returns the amount with the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self {
            minor: self.minor.saturating_neg(),
            currency: self.currency,
        }
    }

    /// Adds two amounts of one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed);
        }
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::Range)?;
        Ok(Self { minor, ..self })
    }

    /// Takes `other` away.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(other.negated())
    }

    /// Sums amounts of one currency, starting from nothing.
    pub fn sum(
        amounts: impl IntoIterator<Item = Self>,
        currency: Currency,
    ) -> Result<Self, MoneyError> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::plus)
    }

    /// Divides by a count, rounding half to even; `None` for a count of zero.
    pub fn divided_by(self, count: u32) -> Option<Self> {
        let count = i128::from(count);
        let minor = i128::from(self.minor);
        let quotient = minor.checked_div_euclid(count)?;
        let rest = minor.checked_rem_euclid(count)?;
        let twice = rest.checked_mul(2)?;
        let up = twice > count || (twice == count && quotient.checked_rem_euclid(2) == Some(1));
        let rounded = quotient.checked_add(i128::from(up))?;
        Some(Self {
            minor: i64::try_from(rounded).ok()?,
            ..self
        })
    }

    /// Returns plain decimal text without grouping, for wire formats and slots: `-12.50`.
    pub fn to_decimal(self) -> String {
        let digits = usize::try_from(self.currency.digits()).unwrap_or(2);
        let sign = if self.minor < 0 { "-" } else { "" };
        let text = format!(
            "{:0>width$}",
            self.minor.unsigned_abs(),
            width = digits.saturating_add(1)
        );
        let (whole, fraction) = text.split_at(text.len().saturating_sub(digits));
        if digits == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }
}

/// Amounts are personal data, so `Debug` shows only the currency.
impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money(… {})", self.currency)
    }
}

/// Places the point of `whole.fraction × 10^exponent` after `digits` minor digits.
fn scaled(whole: &str, fraction: &str, exponent: i32, digits: u32) -> Result<i64, MoneyError> {
    let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let point = i64::try_from(whole.len())
        .ok()
        .and_then(|at| at.checked_add(i64::from(exponent)))
        .and_then(|at| at.checked_add(i64::from(digits)))
        .ok_or(MoneyError::Range)?;
    let mut value: i64 = 0;
    let kept = usize::try_from(point.max(0)).map_err(|_| MoneyError::Range)?;
    for at in 0..kept {
        let digit = all.get(at).map_or(0, |b| i64::from(b.saturating_sub(b'0')));
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(digit))
            .ok_or(MoneyError::Range)?;
    }
    let rest: &[u8] = if point < 0 {
        &[]
    } else {
        all.get(kept..).unwrap_or(&[])
    };
    let up = match rest.split_first() {
        Some((first, tail)) => match first.cmp(&b'5') {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => {
                tail.iter().any(|b| *b != b'0') || value.checked_rem(2) == Some(1)
            }
            std::cmp::Ordering::Less => false,
        },
        None => false,
    };
    value.checked_add(i64::from(up)).ok_or(MoneyError::Range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(text: &str) -> i64 {
        Money::parse(text, Currency::USD).unwrap().minor()
    }

    #[test]
    fn reads_decimal_text_exactly() {
        assert_eq!(usd("12.34"), 1234);
        assert_eq!(usd("0.8"), 80);
        assert_eq!(usd("-54.99"), -5499);
        assert_eq!(usd("3200"), 320_000);
        assert_eq!(usd("1e2"), 10_000);
        assert_eq!(usd("1.5E-1"), 15);
        assert_eq!(usd(".5"), 50);
    }

    #[test]
    fn rounds_extra_digits_half_to_even() {
        assert_eq!(usd("0.125"), 12);
        assert_eq!(usd("0.135"), 14);
        assert_eq!(usd("0.1250001"), 13);
        assert_eq!(usd("0.005"), 0);
        assert_eq!(usd("0.00000001"), 0);
        let jpy: Currency = "JPY".parse().unwrap();
        assert_eq!(Money::parse("1200.5", jpy).unwrap().minor(), 1200);
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in [
            "",
            "-",
            ".",
            "1,250.00",
            "NaN",
            "0x1",
            "1e999",
            "12 34",
            "99999999999999999999",
        ] {
            assert!(Money::parse(text, Currency::USD).is_err(), "{text}");
        }
    }

    #[test]
    fn never_adds_different_currencies() {
        let dollars = Money::from_minor(1, Currency::USD);
        let euros = Money::from_minor(1, Currency::EUR);
        assert_eq!(dollars.plus(euros), Err(MoneyError::Mixed));
    }

    #[test]
    fn debug_shows_no_amount() {
        assert_eq!(
            format!("{:?}", Money::from_minor(4_121_000, Currency::USD)),
            "Money(… USD)"
        );
    }

    proptest! {
        #[test]
        fn decimal_text_round_trips(minor in any::<i32>(), code in "(USD|JPY|KWD)") {
            let currency: Currency = code.parse().unwrap();
            let money = Money::from_minor(i64::from(minor), currency);
            prop_assert_eq!(Money::parse(&money.to_decimal(), currency), Ok(money));
        }

        #[test]
        fn parse_never_panics(text in ".*") {
            let _ = Money::parse(&text, Currency::USD);
        }

        #[test]
        fn division_is_within_half_a_minor_unit(minor in -1_000_000i64..1_000_000, count in 1u32..1000) {
            let part = Money::from_minor(minor, Currency::USD).divided_by(count).unwrap();
            let off = i128::from(part.minor()).saturating_mul(count.into()).saturating_sub(minor.into());
            prop_assert!(off.saturating_abs().saturating_mul(2) <= i128::from(count));
        }
    }
}
