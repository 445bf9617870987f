//! From weights to a verdict: act, offer readings, or say that it was not understood.
//!
//! A conformal set: every reading likely enough to be the right one is in it. One reading, act; two or three, offer them; more,
//! offer the best of them; none likely at all, reject. What moves money or changes a card needs more certainty than what
//! only reads; what must never be missed needs less, and is offered rather than dropped.

use super::IntentName;
use super::model;
use super::weigh::Weighed;

/// Readings offered at most: more are a menu (requirement 5.1 rule 9).
pub const OFFERED_MAX: usize = 3;

/// Readings offered at most beside what is acted on.
const BESIDES_MAX: usize = 2;
/// A best reading as likely as this leaves no doubt.
const UNDOUBTED: f32 = 0.9;
/// Probability from which a reading is offered beside one.
const BESIDE: f32 = 0.05;

/// Probability from which a reading is worth a guess where nothing was understood.
const GUESS: f32 = 0.15;
/// How much in scope it must look: nonsense is none.
const GUESS_SCOPE: f32 = 0.1;

/// A reading as likely as this is acted on though the gate hesitates, if it only reads.
const PLAIN: f32 = 0.85;
/// The same where nothing else is likely.
const PLAIN_ALONE: f32 = 0.65;
const PLAIN_SCOPE: f32 = 0.3;

/// The same for what must not be missed.
const URGENT: f32 = 0.6;

/// How likely the best reading must be for any to be offered.
const WORTH_OFFERING: f32 = 0.26;

/// How sure the matcher must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Certainty from which a reading is acted on.
    pub act: f32,
    /// The same for what moves money, changes a card or arranges something.
    pub act_on_change: f32,
    /// Probability from which what must never be missed is acted on.
    pub act_on_safety: f32,
    /// Probability from which a reading belongs to the set that is offered.
    pub offer: f32,
    /// Probability of being in scope below which nothing is acted on.
    pub act_scope: f32,
    /// The same for offering.
    pub offer_scope: f32,
}

impl Thresholds {
    /// Takes the scope thresholds that cross-validation chose for a model; the others hold for every model, since
    /// certainty and probability are calibrated.
    pub fn new(model: &model::Thresholds) -> Self {
        Self {
            act: 0.45,
            act_on_change: 0.5,
            act_on_safety: 0.45,
            offer: 0.07,
            act_scope: model.answer_scope,
            offer_scope: model.offer_scope,
        }
    }
}

/// What an error about an intent costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stake {
    /// It only reads or tells.
    Reads,
    /// It moves money or changes a card: doing it wrongly costs.
    Changes,
    /// It must never be missed: not doing it costs.
    Saves,
}

/// Intents whose skills move money or change a card.
const CHANGES: [&str; 22] = [
    "account_close",
    "card_activate",
    "card_freeze",
    "card_pin",
    "card_replace",
    "card_unfreeze",
    "credit_limit_change",
    "dispute_withdraw",
    "international_transfer",
    "logout",
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
    "virtual_card",
];

/// Intents that arrange something, if nothing of consequence: not in a supposition.
const SETTLES: [&str; 7] = [
    "alert_remove",
    "alert_set",
    "data_export",
    "fee_waiver",
    "product_apply",
    "profile_change",
    "travel_notice",
];

/// Whether an intent arranges something, if nothing of consequence.
pub fn settles(intent: &IntentName) -> bool {
    SETTLES.contains(&intent.as_str())
}

/// Returns what an error about an intent costs; `safety` is what its file says.
pub fn stake(intent: &IntentName, safety: bool) -> Stake {
    if safety {
        Stake::Saves
    } else if CHANGES.contains(&intent.as_str()) {
        Stake::Changes
    } else {
        Stake::Reads
    }
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

/// Decides on weighed readings.
pub fn decide(
    weighed: &Weighed,
    thresholds: &Thresholds,
    stake: impl Fn(usize) -> Stake,
    settles: impl Fn(usize) -> bool,
) -> Verdict {
    let Some((best, probability)) = weighed.best() else {
        return Verdict::Reject;
    };
    let sure = match stake(best) {
        Stake::Reads if !settles(best) => weighed.certainty >= thresholds.act,
        Stake::Reads | Stake::Changes => weighed.certainty >= thresholds.act_on_change,
        Stake::Saves => probability >= thresholds.act_on_safety,
    };
    // A shop's name that nobody wrote down makes a message look foreign; reading it wrongly costs little.
    let alone = weighed
        .ranked
        .get(1)
        .is_none_or(|(_, p)| *p < thresholds.offer);
    let named = probability >= PLAIN && weighed.in_scope >= thresholds.offer_scope;
    let lonely = alone && probability >= PLAIN_ALONE && weighed.in_scope >= PLAIN_SCOPE;
    let plain = stake(best) == Stake::Reads && (named || lonely);
    // What must not be missed is told in a fright, in words that nobody wrote down.
    let urgent = stake(best) == Stake::Saves
        && probability >= URGENT
        && weighed.in_scope >= thresholds.offer_scope;
    if sure && (plain || urgent || weighed.in_scope >= thresholds.act_scope) {
        return Verdict::Act(best, probability);
    }
    let mut set: Vec<(usize, f32)> = weighed
        .ranked
        .iter()
        .copied()
        .filter(|(_, p)| *p >= thresholds.offer)
        .collect();
    // Better one question too many than a lost card unheard.
    let saves = set.iter().any(|(intent, _)| stake(*intent) == Stake::Saves);
    if saves {
        set.truncate(OFFERED_MAX);
        return Verdict::Clarify(set);
    }
    // A guess that is hardly better than the others is none.
    let hardly = set.first().is_none_or(|(_, p)| *p < WORTH_OFFERING);
    if weighed.in_scope < thresholds.offer_scope || hardly {
        return Verdict::Reject;
    }
    set.truncate(OFFERED_MAX);
    Verdict::Clarify(set)
}

/// Returns what else is meant perhaps by what is acted on as its best reading, best first.
pub fn besides(weighed: &Weighed) -> Vec<(usize, f32)> {
    let doubtful = weighed.known.is_none()
        && weighed
            .best()
            .is_some_and(|(_, probability)| probability < UNDOUBTED);
    let others = weighed.ranked.iter().copied().skip(1);
    others
        .filter(|(_, p)| doubtful && *p >= BESIDE)
        .take(BESIDES_MAX)
        .collect()
}

/// Returns what a rejected message wants perhaps, best first: no more than a guess to ask about.
pub fn guesses(weighed: &Weighed) -> Vec<(usize, f32)> {
    let ranked = weighed.ranked.iter().copied();
    ranked
        .filter(|(_, p)| weighed.in_scope >= GUESS_SCOPE && *p >= GUESS)
        .take(BESIDES_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ranked: &[(usize, f32)], in_scope: f32) -> Verdict {
        let weighed = Weighed {
            ranked: ranked.to_vec(),
            in_scope,
            certainty: ranked.first().map_or(0.0, |(_, p)| *p),
            ..Weighed::default()
        };
        let thresholds = Thresholds {
            act: 0.5,
            act_on_change: 0.7,
            act_on_safety: 0.4,
            offer: 0.1,
            act_scope: 0.5,
            offer_scope: 0.3,
        };
        let stake = |intent| match intent {
            7 => Stake::Changes,
            8 => Stake::Saves,
            _ => Stake::Reads,
        };
        decide(&weighed, &thresholds, stake, |intent| intent == 6)
    }

    #[test]
    fn one_likely_reading_is_acted_on() {
        assert_eq!(verdict(&[(1, 0.9), (2, 0.05)], 0.9), Verdict::Act(1, 0.9));
    }

    #[test]
    fn what_changes_something_needs_more() {
        assert_eq!(verdict(&[(1, 0.55), (2, 0.3)], 0.9), Verdict::Act(1, 0.55));
        assert_eq!(
            verdict(&[(7, 0.55), (2, 0.3)], 0.9),
            Verdict::Clarify(vec![(7, 0.55), (2, 0.3)])
        );
    }

    #[test]
    fn what_arranges_something_needs_as_much() {
        assert_eq!(
            verdict(&[(6, 0.55), (2, 0.3)], 0.9),
            Verdict::Clarify(vec![(6, 0.55), (2, 0.3)])
        );
    }

    #[test]
    fn what_saves_is_offered_even_out_of_scope() {
        assert_eq!(
            verdict(&[(1, 0.4), (8, 0.2)], 0.1),
            Verdict::Clarify(vec![(1, 0.4), (8, 0.2)])
        );
    }

    #[test]
    fn too_many_or_none_likely_is_rejected() {
        let even = [(1, 0.2), (2, 0.2), (3, 0.2), (4, 0.2)];
        assert_eq!(verdict(&even, 0.9), Verdict::Reject);
        assert_eq!(verdict(&[(1, 0.9)], 0.05), Verdict::Reject);
        assert_eq!(verdict(&[], 0.9), Verdict::Reject);
    }

    #[test]
    fn what_is_doubtful_has_others_beside_it() {
        let weighed = |ranked: &[(usize, f32)]| Weighed {
            ranked: ranked.to_vec(),
            ..Weighed::default()
        };
        let doubtful = weighed(&[(1, 0.6), (2, 0.2), (3, 0.1), (4, 0.06)]);
        assert_eq!(besides(&doubtful), [(2, 0.2), (3, 0.1)]);
        assert_eq!(besides(&weighed(&[(1, 0.7), (2, 0.04)])), []);
        assert_eq!(besides(&weighed(&[(1, 0.91), (2, 0.09)])), []);
        let known = Weighed {
            known: Some(1),
            ..doubtful
        };
        assert_eq!(besides(&known), []);
    }

    #[test]
    fn nonsense_has_no_guesses() {
        let weighed = |in_scope| Weighed {
            ranked: vec![(1, 0.25), (2, 0.16), (3, 0.14)],
            in_scope,
            ..Weighed::default()
        };
        assert_eq!(guesses(&weighed(0.2)), [(1, 0.25), (2, 0.16)]);
        assert_eq!(guesses(&weighed(0.05)), []);
    }

    #[test]
    fn between_the_scopes_it_is_offered() {
        assert_eq!(verdict(&[(1, 0.6)], 0.4), Verdict::Clarify(vec![(1, 0.6)]));
        // Where nothing else is likely a name nobody wrote down is no reason to ask.
        assert_eq!(verdict(&[(1, 0.7)], 0.4), Verdict::Act(1, 0.7));
    }
}
