//! What scores are worth: probabilities, certainty, the gate, and the conformal set.
//!
//! All of it is learnt from messages the scoring model had not seen (cross-validation), never from a test set.

use super::logistic::Logistic;
use super::math;

/// Signals of one message, in the order of [`signals`].
pub(super) const SIGNALS: usize = 8;

/// Promised rates at which the conformal set holds the truth.
pub const SET_LEVELS: [f32; 5] = [0.90, 0.95, 0.97, 0.98, 0.99];

/// Shares of right answers for which a certainty threshold is kept.
pub const RIGHT_LEVELS: [f32; 4] = [0.90, 0.95, 0.98, 0.99];

/// What cross-validation found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calibration {
    /// Factor on the scores before they become probabilities.
    pub(super) temperature: f32,
    /// From signals to the probability of being in scope.
    pub(super) gate: Logistic<SIGNALS>,
    /// From signals to the probability that the best class is right.
    pub(super) certainty: Logistic<SIGNALS>,
    pub(super) thresholds: Thresholds,
}

/// Points on the learnt scales, frozen at training.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// Certainty from which answers are right at the rates of [`RIGHT_LEVELS`].
    pub right: [f32; RIGHT_LEVELS.len()],
    /// Probability from which a class belongs to the set of the levels of [`SET_LEVELS`].
    pub set: [f32; SET_LEVELS.len()],
    /// In-scope probability below which nothing is answered.
    pub answer_scope: f32,
    /// In-scope probability below which nothing is even offered.
    pub offer_scope: f32,
}

/// What is known of a scored message, before calibration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence<'a> {
    pub(super) scores: &'a [f32],
    pub(super) nearness: super::neighbours::Nearness,
    pub(super) coverage: [f32; 2],
}

impl Evidence<'_> {
    /// Returns the signals: log probability of the best class, its lead over the second in logarithms, its score,
    /// the free energy of all scores, the two cosines, and the two shares of known text.
    pub(super) fn signals(&self, temperature: f32) -> [f32; SIGNALS] {
        let (mut best, mut second) = (f32::MIN, f32::MIN);
        for score in self.scores {
            if *score > best {
                second = best;
                best = *score;
            } else if *score > second {
                second = *score;
            }
        }
        if self.scores.is_empty() {
            return [0.0; SIGNALS];
        }
        let lead = if second > f32::MIN {
            (best - second) * temperature
        } else {
            0.0
        };
        let sum: f32 = self
            .scores
            .iter()
            .map(|score| math::exp((score - best) * temperature))
            .sum();
        let log_sum = math::ln(sum);
        let [words, pieces] = self.coverage;
        [
            -log_sum,
            lead,
            best,
            best + log_sum / temperature,
            self.nearness.example,
            self.nearness.centre,
            words,
            pieces,
        ]
    }
}

/// The golden ratio, inverted.
const RATIO: f32 = 0.618_034;

/// Returns the factor on scores under which the truth is likeliest; `cases` are scores with the right class.
pub(super) fn temperature(cases: &[(&[f32], u32)]) -> f32 {
    let surprise = |temperature: f32| -> f32 {
        cases
            .iter()
            .filter_map(|(scores, label)| {
                let truth = scores.get(*label as usize)?;
                let best = scores.iter().copied().fold(f32::MIN, f32::max);
                let sum: f32 = scores
                    .iter()
                    .map(|score| math::exp((score - best) * temperature))
                    .sum();
                Some(math::ln(sum) - (truth - best) * temperature)
            })
            .sum()
    };
    // Golden section on a scale that covers any weights that make sense.
    let (mut low, mut high) = (0.2_f32, 20.0_f32);
    let mut left = high - RATIO * (high - low);
    let mut right = low + RATIO * (high - low);
    let (mut at_left, mut at_right) = (surprise(left), surprise(right));
    for _ in 0..24 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - RATIO * (high - low);
            at_left = surprise(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + RATIO * (high - low);
            at_right = surprise(right);
        }
    }
    f32::midpoint(low, high)
}

/// Returns the value that `share` of the numbers lie below; 0 without numbers.
pub(super) fn quantile(numbers: &mut [f32], share: f32) -> f32 {
    numbers.sort_unstable_by(f32::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a position"
    )]
    let at = (math::count(numbers.len()) * share) as usize;
    numbers
        .get(at.min(numbers.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// Returns the lowest certainty from which at least `share` of the cases (certainty, right) are right.
///
/// Above every certainty where no threshold reaches the share.
pub(super) fn threshold_for(cases: &mut [(f32, bool)], share: f32) -> f32 {
    cases.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut best) = (0_usize, f32::INFINITY);
    for (answered, (certainty, is_right)) in (1..).zip(cases.iter()) {
        right += usize::from(*is_right);
        if math::count(right) >= share * math::count(answered) {
            best = *certainty;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::neighbours::Nearness;
    use super::*;

    #[test]
    fn temperature_sharpens_what_is_always_right_and_softens_what_is_not() {
        let scores = [1.0_f32, 0.0];
        let sure: Vec<(&[f32], u32)> = vec![(&scores, 0); 10];
        assert!(temperature(&sure) > 15.0);
        let mut unsure = sure.clone();
        unsure.extend(vec![(&scores[..], 1); 3]);
        // Ten of thirteen right: p = 10/13, so the factor is ln(10/3).
        assert!((temperature(&unsure) - (10.0_f32 / 3.0).ln()).abs() < 0.01);
    }

    #[test]
    fn the_threshold_answers_as_much_as_the_rate_allows() {
        let mut cases = [
            (0.9, true),
            (0.8, true),
            (0.7, false),
            (0.6, true),
            (0.5, false),
        ];
        assert!((threshold_for(&mut cases, 0.75) - 0.6).abs() < 1e-6);
        assert!((threshold_for(&mut cases, 1.0) - 0.8).abs() < 1e-6);
        assert!(threshold_for(&mut [(0.4, false)], 0.5).is_infinite());
    }

    #[test]
    fn signals_of_nothing_are_zero() {
        let evidence = Evidence {
            scores: &[],
            nearness: Nearness::default(),
            coverage: [1.0, 1.0],
        };
        assert!(
            evidence
                .signals(1.0)
                .iter()
                .all(|signal| signal.abs() < f32::EPSILON)
        );
        let one = Evidence {
            scores: &[2.0],
            ..evidence
        };
        assert!(one.signals(1.0).iter().all(|signal| signal.is_finite()));
    }

    #[test]
    fn a_quantile_is_a_member() {
        assert!((quantile(&mut [3.0, 1.0, 2.0, 4.0], 0.25) - 2.0).abs() < f32::EPSILON);
        assert!(quantile(&mut [], 0.5).abs() < f32::EPSILON);
    }
}
