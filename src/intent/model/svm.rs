//! A linear support vector machine with squared hinge loss, by dual coordinate descent with shrinking.
//!
//! The method of Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM" (ICML 2008), which
//! scikit-learn's `LinearSVC` uses too: one example's multiplier at a time, in a shuffled order, leaving out
//! those that have settled at zero.

use super::math::{self, Random};
use super::rows::{Row, Rows};

/// How closely and how long to optimise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Cost of an error against the size of the weights.
    pub(super) cost: f32,
    /// Largest violation left.
    pub(super) tolerance: f32,
    /// Passes at most.
    pub(super) passes: usize,
}

/// Returns the weights that tell `class` from all others: sparse columns, dense values, bias.
pub(super) fn train(rows: &Rows, labels: &[u32], class: u32, effort: Effort) -> Vec<f32> {
    let slack = 0.5 / effort.cost;
    let mut problem = Problem {
        weights: vec![0.0; rows.columns + rows.dimensions + 1],
        columns: rows.columns,
        slack,
    };
    let mut examples: Vec<Example<'_>> = rows
        .iter()
        .zip(labels)
        .map(|(row, label)| Example {
            row,
            side: if *label == class { 1.0 } else { -1.0 },
            multiplier: 0.0,
            curvature: row.square() + 1.0 + slack,
        })
        .collect();
    let mut random = Random::new(1);
    let mut active = examples.len();
    let mut bound = f32::INFINITY;
    for _ in 0..effort.passes {
        let (mut highest, mut lowest) = (f32::NEG_INFINITY, f32::INFINITY);
        random.shuffle(examples.get_mut(..active).unwrap_or_default());
        let mut at = 0;
        while at < active {
            let Some(example) = examples.get_mut(at) else {
                break;
            };
            let gradient = problem.gradient(example);
            if example.multiplier <= 0.0 && gradient > bound {
                active -= 1;
                examples.swap(at, active);
                continue;
            }
            let projected = if example.multiplier <= 0.0 {
                gradient.min(0.0)
            } else {
                gradient
            };
            highest = highest.max(projected);
            lowest = lowest.min(projected);
            if projected.abs() > 1e-12 {
                problem.step(example, gradient);
            }
            at += 1;
        }
        if highest - lowest <= effort.tolerance {
            if active == examples.len() {
                break;
            }
            // Settled among the active ones: look once more at all of them.
            active = examples.len();
            bound = f32::INFINITY;
        } else {
            bound = if highest <= 0.0 {
                f32::INFINITY
            } else {
                highest
            };
        }
    }
    problem.weights
}

struct Example<'a> {
    row: Row<'a>,
    side: f32,
    multiplier: f32,
    curvature: f32,
}

struct Problem {
    weights: Vec<f32>,
    columns: usize,
    slack: f32,
}

impl Problem {
    fn gradient(&self, example: &Example<'_>) -> f32 {
        let (sparse, rest) = self
            .weights
            .split_at_checked(self.columns)
            .unwrap_or_default();
        let Some((bias, dense)) = rest.split_last() else {
            return 0.0;
        };
        let mut score = *bias + math::dot(dense, example.row.dense);
        for (column, value) in example.row.sparse {
            score += sparse.get(*column as usize).copied().unwrap_or_default() * value;
        }
        example.side * score - 1.0 + example.multiplier * self.slack
    }

    fn step(&mut self, example: &mut Example<'_>, gradient: f32) {
        let before = example.multiplier;
        example.multiplier = (before - gradient / example.curvature).max(0.0);
        let step = (example.multiplier - before) * example.side;
        let (sparse, rest) = self
            .weights
            .split_at_mut_checked(self.columns)
            .unwrap_or_default();
        for (column, value) in example.row.sparse {
            if let Some(weight) = sparse.get_mut(*column as usize) {
                *weight += step * value;
            }
        }
        if let Some((bias, dense)) = rest.split_last_mut() {
            *bias += step;
            math::add_scaled(dense, step, example.row.dense);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort {
        cost: 1.0,
        tolerance: 1e-4,
        passes: 1000,
    };

    /// Four points on two axes, as (x, y) sparse columns, with one dense value.
    fn rows() -> Rows {
        let mut rows = Rows::new(2, 1);
        rows.push(Row {
            sparse: &[(0, 1.0)],
            dense: &[0.5],
        });
        rows.push(Row {
            sparse: &[(0, 2.0)],
            dense: &[0.0],
        });
        rows.push(Row {
            sparse: &[(1, 1.0)],
            dense: &[0.0],
        });
        rows.push(Row {
            sparse: &[(0, 0.5), (1, 2.0)],
            dense: &[-0.5],
        });
        rows
    }

    #[test]
    fn tells_the_classes_apart() {
        let weights = train(&rows(), &[7, 7, 3, 3], 7, EFFORT);
        let score = |row: Row<'_>| {
            row.sparse
                .iter()
                .map(|(c, v)| weights[*c as usize] * v)
                .sum::<f32>()
                + weights[2] * row.dense[0]
                + weights[3]
        };
        let scores: Vec<f32> = rows().iter().map(score).collect();
        assert!(
            scores[0] > 0.0 && scores[1] > 0.0 && scores[2] < 0.0 && scores[3] < 0.0,
            "{scores:?}"
        );
    }

    #[test]
    fn reaches_the_minimum_of_the_primal_problem() {
        let rows = rows();
        let labels = [7, 7, 3, 3];
        let weights = train(&rows, &labels, 7, EFFORT);
        let objective = |weights: &[f32]| {
            let loss: f32 = rows
                .iter()
                .zip(labels)
                .map(|(row, label)| {
                    let score = row
                        .sparse
                        .iter()
                        .map(|(c, v)| weights[*c as usize] * v)
                        .sum::<f32>()
                        + weights[2] * row.dense[0]
                        + weights[3];
                    let side = if label == 7 { 1.0 } else { -1.0 };
                    (1.0 - side * score).max(0.0).powi(2)
                })
                .sum();
            0.5 * weights.iter().map(|w| w * w).sum::<f32>() + loss
        };
        let best = objective(&weights);
        for at in 0..weights.len() {
            for nudge in [-0.01, 0.01] {
                let mut other = weights.clone();
                other[at] += nudge;
                assert!(objective(&other) >= best - 1e-5, "{at} {nudge}");
            }
        }
    }
}
