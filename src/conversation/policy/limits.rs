//! How much may leave an account through the chat, and when the bank's own page is asked first (C4, C5).

use crate::conversation::state::Moved;
use crate::money::{Currency, Money};

/// The operator's limits for payments to others. Amounts are in one currency; a payment in another is never let
/// through, since nobody could say whether it is below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most one payment may be.
    pub per_payment: Money,
    /// The most all payments of a day in the customer's zone may be.
    pub per_day: Money,
    /// The most that may go to a payee within the cooling time after the first payment to them.
    pub new_payee: Money,
    /// The cooling time, ms.
    pub cooling_ms: i64,
    /// A larger payment needs the bank's page.
    pub step_up_above: Money,
    /// Whether the first payment after linking needs the bank's page.
    pub step_up_first: bool,
    /// What the bank takes for a payment, where the operator said so.
    pub fee: Option<Money>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::in_currency(Currency::USD)
    }
}

/// What the limits say to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may go.
    Fine,
    /// It may go after the bank's page.
    StepUp,
    /// More than one payment may be.
    OverPayment,
    /// More than is left of today's limit.
    OverDay,
    /// More than may go to a new payee.
    OverNew,
    /// The limits are in another currency.
    OtherCurrency,
}

/// A payment before the limits.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How much.
    pub amount: Money,
    /// To whom, the bank's id.
    pub payee: &'a str,
    /// Whether the bank knows of an earlier payment to them.
    pub paid_before: bool,
    /// What went out through the chat.
    pub moved: &'a [Moved],
    /// When the link was made, ms.
    pub linked_ms: i64,
    /// When today began where the customer is, ms.
    pub today_ms: i64,
    /// The present, ms.
    pub now_ms: i64,
}

impl Limits {
    /// Returns the usual limits, in a currency.
    pub fn in_currency(currency: Currency) -> Self {
        let units = |units: i64| {
            Money::parse(&units.to_string(), currency).unwrap_or(Money::zero(currency))
        };
        Self {
            per_payment: units(1_000),
            per_day: units(2_000),
            new_payee: units(250),
            cooling_ms: 24 * 60 * 60 * 1000,
            step_up_above: units(250),
            step_up_first: true,
            fee: None,
        }
    }

    /// Judges a payment; sums that overflow are over the limit.
    pub fn judge(&self, asked: &Asked<'_>) -> Verdict {
        let currency = self.per_payment.currency();
        if asked.amount.currency() != currency {
            return Verdict::OtherCurrency;
        }
        if asked.amount.minor() > self.per_payment.minor() {
            return Verdict::OverPayment;
        }
        let with_earlier = |earlier: &mut dyn Iterator<Item = &Moved>| {
            earlier
                .filter(|moved| moved.amount.currency() == currency)
                .try_fold(asked.amount.minor(), |sum, moved| {
                    sum.checked_add(moved.amount.minor())
                })
        };
        let today = with_earlier(
            &mut asked
                .moved
                .iter()
                .filter(|moved| moved.at_ms >= asked.today_ms),
        );
        if today.is_none_or(|sum| sum > self.per_day.minor()) {
            return Verdict::OverDay;
        }
        let first = asked
            .moved
            .iter()
            .find(|moved| moved.payee == asked.payee && moved.first);
        let cooling =
            first.is_some_and(|first| asked.now_ms < first.at_ms.saturating_add(self.cooling_ms));
        let is_new = !asked.paid_before && first.is_none();
        if is_new || cooling {
            let sum = with_earlier(
                &mut asked
                    .moved
                    .iter()
                    .filter(|moved| moved.payee == asked.payee),
            );
            if sum.is_none_or(|sum| sum > self.new_payee.minor()) {
                return Verdict::OverNew;
            }
        }
        let first_since_linking = self.step_up_first
            && !asked
                .moved
                .iter()
                .any(|moved| moved.at_ms >= asked.linked_ms);
        if is_new || first_since_linking || asked.amount.minor() > self.step_up_above.minor() {
            return Verdict::StepUp;
        }
        Verdict::Fine
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::CommandId;

    const NOW: i64 = 100 * 60 * 60 * 1000;
    const HOUR: i64 = 60 * 60 * 1000;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn moved(minor: i64, payee: &str, at_ms: i64, first: bool) -> Moved {
        Moved {
            id: CommandId([0; 16]),
            at_ms,
            payee: payee.to_owned(),
            amount: usd(minor),
            first,
        }
    }

    fn judged(minor: i64, paid_before: bool, moved: &[Moved]) -> Verdict {
        Limits::default().judge(&Asked {
            amount: usd(minor),
            payee: "p1",
            paid_before,
            moved,
            linked_ms: 0,
            today_ms: NOW - 10 * HOUR,
            now_ms: NOW,
        })
    }

    #[test]
    fn each_limit_holds_at_its_boundary() {
        let earlier = [moved(100, "p2", NOW - 50 * HOUR, false)];
        assert_eq!(judged(25_000, true, &earlier), Verdict::Fine);
        assert_eq!(judged(25_001, true, &earlier), Verdict::StepUp);
        assert_eq!(judged(100_000, true, &earlier), Verdict::StepUp);
        assert_eq!(judged(100_001, true, &earlier), Verdict::OverPayment);
        let today = [moved(180_000, "p2", NOW - HOUR, false)];
        assert_eq!(judged(20_000, true, &today), Verdict::Fine);
        assert_eq!(judged(20_001, true, &today), Verdict::OverDay);
        // Yesterday's payments are yesterday's.
        let yesterday = [moved(180_000, "p2", NOW - 11 * HOUR, false)];
        assert_eq!(judged(20_001, true, &yesterday), Verdict::Fine);
    }

    #[test]
    fn a_new_payee_has_a_limit_of_its_own_while_it_cools() {
        let other = [moved(100, "p2", NOW - 50 * HOUR, false)];
        assert_eq!(judged(25_000, false, &other), Verdict::StepUp);
        assert_eq!(judged(25_001, false, &other), Verdict::OverNew);
        // The bank says "paid before" after the first payment: the cooling time still holds.
        let first = [moved(20_000, "p1", NOW - 24 * HOUR + 1, true)];
        assert_eq!(judged(5_000, true, &first), Verdict::Fine);
        assert_eq!(judged(5_001, true, &first), Verdict::OverNew);
        let cooled = [moved(20_000, "p1", NOW - 24 * HOUR, true)];
        assert_eq!(judged(5_001, true, &cooled), Verdict::Fine);
    }

    #[test]
    fn the_first_payment_after_linking_needs_the_page() {
        assert_eq!(judged(100, true, &[]), Verdict::StepUp);
        let limits = Limits {
            step_up_first: false,
            ..Limits::default()
        };
        let asked = Asked {
            amount: usd(100),
            payee: "p1",
            paid_before: true,
            moved: &[],
            linked_ms: 0,
            today_ms: 0,
            now_ms: NOW,
        };
        assert_eq!(limits.judge(&asked), Verdict::Fine);
    }

    #[test]
    fn another_currency_and_an_overflow_are_never_below_a_limit() {
        let euros = Money::from_minor(1, Currency::EUR);
        let limits = Limits::default();
        let huge = [moved(i64::MAX, "p2", NOW, false)];
        let mut asked = Asked {
            amount: euros,
            payee: "p1",
            paid_before: true,
            moved: &huge,
            linked_ms: 0,
            today_ms: 0,
            now_ms: NOW,
        };
        assert_eq!(limits.judge(&asked), Verdict::OtherCurrency);
        asked.amount = usd(1);
        assert_eq!(limits.judge(&asked), Verdict::OverDay);
    }
}
