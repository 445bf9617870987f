//! Exchange rates: a decimal as the bank gave it, applied to whole minor units.

#![deny(
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use jiff::Timestamp;

use crate::money::{Currency, Money, MoneyError};

/// Digits after the point of a rate at most; more say nothing about money.
const SCALE: usize = 12;

/// What one unit of a currency costs in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeRate {
    from: Currency,
    to: Currency,
    /// The rate without its point.
    digits: i64,
    /// Digits after the point.
    scale: u32,
    as_of: Timestamp,
}

impl ExchangeRate {
    /// Reads a rate: units of `to` for one unit of `from`, as plain decimal text (`1.0834`).
    ///
    /// # Errors
    /// `Amount` for what is no positive decimal, `Range` for one with too many digits.
    pub fn parse(
        from: Currency,
        to: Currency,
        text: &str,
        as_of: Timestamp,
    ) -> Result<Self, MoneyError> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(part) {
            return Err(MoneyError::Amount);
        }
        if part.len() > SCALE {
            return Err(MoneyError::Range);
        }
        let digits: i64 = format!("{whole}{part}")
            .parse()
            .map_err(|_| MoneyError::Range)?;
        if digits == 0 {
            return Err(MoneyError::Amount);
        }
        let scale = u32::try_from(part.len()).map_err(|_| MoneyError::Range)?;
        Ok(Self {
            from,
            to,
            digits,
            scale,
            as_of,
        })
    }

    /// Returns when the bank says the rate was set.
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// Returns what an amount of `from` is in `to`, rounded half to even.
    ///
    /// # Errors
    /// `Mixed` for an amount of another currency, `Range` beyond what an amount can hold.
    pub fn convert(&self, amount: Money) -> Result<Money, MoneyError> {
        if amount.currency() != self.from {
            return Err(MoneyError::Mixed);
        }
        let power = |exponent: u32| 10_i128.checked_pow(exponent).ok_or(MoneyError::Range);
        let above = i128::from(amount.minor())
            .checked_mul(i128::from(self.digits))
            .and_then(|product| product.checked_mul(power(self.to.digits()).ok()?))
            .ok_or(MoneyError::Range)?;
        let below = self
            .scale
            .checked_add(self.from.digits())
            .ok_or(MoneyError::Range)
            .and_then(power)?;
        let rounded = divide_half_even(above, below).ok_or(MoneyError::Range)?;
        let minor = i64::try_from(rounded).map_err(|_| MoneyError::Range)?;
        Ok(Money::from_minor(minor, self.to))
    }
}

fn divide_half_even(above: i128, below: i128) -> Option<i128> {
    let quotient = above.checked_div_euclid(below)?;
    let rest = above.checked_rem_euclid(below)?;
    let twice = rest.checked_mul(2)?;
    let up = twice > below || (twice == below && quotient.checked_rem(2)? != 0);
    quotient.checked_add(i128::from(up))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Currency {
        text.parse().unwrap()
    }

    fn rate(from: &str, to: &str, text: &str) -> ExchangeRate {
        ExchangeRate::parse(code(from), code(to), text, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn amounts_are_converted_in_minor_units_of_each_currency() {
        for (from, to, text, minor, expected) in [
            ("USD", "EUR", "0.9217", 10_000, 9_217),
            ("USD", "JPY", "154.68", 10_000, 15_468),
            ("JPY", "USD", "0.006465", 1_000, 646),
            ("USD", "MXN", "20.415", 1, 20),
            ("KWD", "USD", "3.25", 1_000, 325),
            // Half a cent goes to the even one.
            ("USD", "EUR", "0.5", 1, 0),
            ("USD", "EUR", "0.5", 3, 2),
            ("USD", "EUR", "1", -1_234, -1_234),
        ] {
            let converted = rate(from, to, text)
                .convert(Money::from_minor(minor, code(from)))
                .unwrap();
            assert_eq!(
                converted,
                Money::from_minor(expected, code(to)),
                "{from} {to} {text}"
            );
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "",
            "-1",
            "0",
            "0.000",
            "1e3",
            ".5",
            "1,5",
            "1.2.3",
            "NaN",
            "99999999999999999999",
        ] {
            let read =
                ExchangeRate::parse(Currency::USD, Currency::EUR, text, Timestamp::UNIX_EPOCH);
            assert!(read.is_err(), "{text}");
        }
        let other = rate("USD", "EUR", "1").convert(Money::from_minor(1, Currency::GBP));
        assert_eq!(other, Err(MoneyError::Mixed));
        let huge =
            rate("USD", "EUR", "1000000").convert(Money::from_minor(i64::MAX, Currency::USD));
        assert_eq!(huge, Err(MoneyError::Range));
    }

    proptest! {
        #[test]
        fn converting_never_panics_and_keeps_the_order(
            whole in 1_u32..5_000, part in "[0-9]{0,8}", small in any::<i64>(), more in 0_i64..1_000_000,
        ) {
            let text = format!("{whole}.{part}");
            let rate = rate("USD", "EUR", &text);
            let convert = |minor| rate.convert(Money::from_minor(minor, Currency::USD));
            if let (Ok(less), Ok(greater)) = (convert(small), convert(small.saturating_add(more))) {
                prop_assert!(less.minor() <= greater.minor());
            }
        }
    }
}
