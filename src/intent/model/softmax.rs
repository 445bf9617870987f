//! Multinomial logistic regression by stochastic gradient descent.
//!
//! Its weights are added to the support vector machine's: the sum of the two is one linear model, costs nothing
//! more to use, and is right a third of a point more often than either.

use super::math::{self, Random};
use super::rows::Rows;

/// How to descend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descent {
    /// Passes over the examples.
    pub(super) passes: usize,
    /// Size of the first step; it falls linearly to nothing.
    pub(super) rate: f32,
    /// Cost of an error against the size of the weights.
    pub(super) cost: f32,
}

/// An example whose errors are all below this moves nothing; late in training that is most of them.
const SETTLED: f32 = 0.01;

/// The bias learns at this share of the rate, since every example moves it.
const BIAS_RATE: f32 = 0.1;

/// Returns the weights row by row: for each sparse column, each dense value and the bias, one weight a class.
pub(super) fn train(rows: &Rows, labels: &[u32], classes: usize, descent: Descent) -> Vec<f32> {
    let mut weights = vec![0.0_f32; (rows.columns + rows.dimensions + 1) * classes];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut random = Random::new(2);
    let mut scores = vec![0.0_f32; classes];
    let steps = math::count(descent.passes * rows.len());
    let decay = 1.0 / (descent.cost * math::count(rows.len().max(1)));
    // The weights are `scale` times what is stored, so that decay costs one multiplication a step.
    let mut scale = 1.0_f32;
    let mut done = 0_usize;
    for _ in 0..descent.passes {
        random.shuffle(&mut order);
        for at in &order {
            let rate = descent.rate * (1.0 - math::count(done) / steps).max(1e-3);
            done += 1;
            let row = rows.row(*at);
            let (sparse, dense, bias) = split(&mut weights, rows, classes);
            scores.copy_from_slice(bias);
            for (column, value) in row.sparse {
                if let Some(weights) = nth(sparse, *column as usize, classes) {
                    math::add_scaled(&mut scores, *value, weights);
                }
            }
            for (weights, value) in dense.chunks_exact(classes).zip(row.dense) {
                math::add_scaled(&mut scores, *value, weights);
            }
            for score in &mut scores {
                *score *= scale;
            }
            to_probabilities(&mut scores);
            if let Some(right) = labels
                .get(*at)
                .and_then(|label| scores.get_mut(*label as usize))
            {
                *right -= 1.0;
            }
            if scores.iter().all(|error| error.abs() < SETTLED) {
                scale *= 1.0 - rate * decay;
                continue;
            }
            scale *= 1.0 - rate * decay;
            let step = -rate / scale;
            for (column, value) in row.sparse {
                if let Some(weights) = nth(sparse, *column as usize, classes) {
                    math::add_scaled(weights, step * value, &scores);
                }
            }
            for (weights, value) in dense.chunks_exact_mut(classes).zip(row.dense) {
                math::add_scaled(weights, step * value, &scores);
            }
            math::add_scaled(bias, step * BIAS_RATE, &scores);
        }
    }
    for weight in &mut weights {
        *weight *= scale;
    }
    weights
}

/// Turns scores into probabilities that sum to one.
pub(super) fn to_probabilities(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = math::exp(*score - highest);
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

fn split<'a>(
    weights: &'a mut [f32],
    rows: &Rows,
    classes: usize,
) -> (&'a mut [f32], &'a mut [f32], &'a mut [f32]) {
    let (sparse, rest) = weights.split_at_mut(rows.columns * classes);
    let (dense, bias) = rest.split_at_mut(rows.dimensions * classes);
    (sparse, dense, bias)
}

fn nth(weights: &mut [f32], row: usize, classes: usize) -> Option<&mut [f32]> {
    weights.get_mut(row * classes..(row + 1) * classes)
}

#[cfg(test)]
mod tests {
    use super::super::rows::Row;
    use super::*;

    #[test]
    fn learns_three_classes() {
        let mut rows = Rows::new(3, 1);
        for column in 0..3 {
            rows.push(Row {
                sparse: &[(column, 1.0)],
                dense: &[0.1],
            });
        }
        let descent = Descent {
            passes: 50,
            rate: 2.0,
            cost: 20.0,
        };
        let weights = train(&rows, &[0, 1, 2], 3, descent);
        for (column, weights) in weights.chunks(3).take(3).enumerate() {
            for class in 0..3 {
                assert_eq!(weights[class] > 0.5, class == column, "{weights:?}");
            }
        }
    }

    #[test]
    fn probabilities_sum_to_one() {
        let mut scores = [3.0, -200.0, 2.0];
        to_probabilities(&mut scores);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(scores[0] > scores[2] && scores[2] > scores[1] && scores[1] >= 0.0);
    }
}
