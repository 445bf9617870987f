//! From weights to a verdict: act, offer readings, or say that it was not understood.
//!
//! A conformal set: every reading likely enough to be the right one is in it. One reading, act; two or three, offer them; more, or
//! none likely at all, reject. What moves money or changes a card needs more certainty than what only reads.

use super::IntentName;

/// Readings offered at most: more are a menu (requirement 5.1 rule 9).
const OFFERED_MAX: usize = 3;

/// How sure the matcher must be. Set by cross-validation over the catalogue (`bursar intents eval`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Probability from which one reading is acted on.
    pub act: f32,
    /// The same for what moves money or changes a card.
    pub act_on_money: f32,
    /// Probability from which a reading belongs to the set.
    pub offer: f32,
    /// Certainty of being in scope below which nothing is offered.
    pub scope: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            act: 0.5,
            act_on_money: 0.65,
            offer: 0.12,
            scope: 0.2,
        }
    }
}

/// Intents whose skills move money or change a card.
const MONEY: [&str; 18] = [
    "card_activate",
    "card_freeze",
    "card_replace",
    "card_unfreeze",
    "credit_limit_change",
    "data_delete",
    "international_transfer",
    "pay_bill",
    "pay_card",
    "pay_person",
    "payee_add",
    "payee_remove",
    "payment_cancel",
    "recurring_stop",
    "request_money",
    "rewards_redeem",
    "transfer_own",
    "unlink_account",
];

/// Whether an intent needs the higher certainty.
pub fn is_money(intent: &IntentName) -> bool {
    MONEY.contains(&intent.as_str())
}

/// A verdict on weighed readings.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Do this.
    Act(usize, f32),
    /// Offer these, best first.
    Clarify(Vec<(usize, f32)>),
    /// Nothing likely.
    Reject,
}

/// Decides on readings ranked best first, as positions with probabilities.
pub fn decide(
    ranked: &[(usize, f32)],
    in_scope: f32,
    thresholds: &Thresholds,
    is_money: impl Fn(usize) -> bool,
) -> Verdict {
    let Some((best, probability)) = ranked.first().copied() else {
        return Verdict::Reject;
    };
    if in_scope < thresholds.scope {
        return Verdict::Reject;
    }
    let needed = if is_money(best) {
        thresholds.act_on_money
    } else {
        thresholds.act
    };
    if probability >= needed {
        return Verdict::Act(best, probability);
    }
    let set: Vec<(usize, f32)> = ranked
        .iter()
        .copied()
        .filter(|(_, p)| *p >= thresholds.offer)
        .collect();
    if set.is_empty() || set.len() > OFFERED_MAX {
        return Verdict::Reject;
    }
    Verdict::Clarify(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ranked: &[(usize, f32)], in_scope: f32) -> Verdict {
        decide(ranked, in_scope, &Thresholds::default(), |intent| {
            intent == 7
        })
    }

    #[test]
    fn one_likely_reading_is_acted_on() {
        assert_eq!(verdict(&[(1, 0.9), (2, 0.05)], 0.9), Verdict::Act(1, 0.9));
    }

    #[test]
    fn money_needs_more() {
        assert_eq!(verdict(&[(1, 0.6), (2, 0.3)], 0.9), Verdict::Act(1, 0.6));
        assert_eq!(
            verdict(&[(7, 0.6), (2, 0.3)], 0.9),
            Verdict::Clarify(vec![(7, 0.6), (2, 0.3)])
        );
    }

    #[test]
    fn too_many_or_none_likely_is_rejected() {
        let even = [(1, 0.2), (2, 0.2), (3, 0.2), (4, 0.2)];
        assert_eq!(verdict(&even, 0.9), Verdict::Reject);
        assert_eq!(verdict(&[(1, 0.9)], 0.05), Verdict::Reject);
        assert_eq!(verdict(&[], 0.9), Verdict::Reject);
    }
}
