//! The trained weights in few bits, and the scores they give.
//!
//! The weights of n-grams take four bits each: there are tens of thousands of rows of them, and what most hold is nearly
//! nothing. Their seven steps grow with the square, so that the few large ones keep their size. The dense rows keep eight.

use super::blob::Blob;
use super::rows::Row;

/// The largest step of a weight in four bits, and the square it stands for.
const LARGEST_STEP: f32 = 7.0;
const LARGEST_SQUARE: f32 = LARGEST_STEP * LARGEST_STEP;

/// What is added to a step, so that it is never negative.
const OFFSET: i8 = 8;

/// One weight for each column and class. A row has its own scale.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Linear {
    pub(super) classes: usize,
    /// Sparse columns first, then the dense ones.
    pub(super) scales: Vec<f32>,
    /// Row by row for the sparse columns, two weights a byte: the first half of the classes in the low bits, the second
    /// in the high ones.
    pub(super) packed: Blob,
    /// Row by row for the dense columns, a weight a byte.
    pub(super) dense: Blob,
    pub(super) bias: Vec<f32>,
}

/// How many bytes a packed row has.
pub(super) const fn packed_length(classes: usize) -> usize {
    classes.div_ceil(2)
}

impl Linear {
    /// Rounds weights given row by row: `columns` sparse ones, the dense ones, the bias.
    pub(super) fn quantise(weights: &[f32], columns: usize, classes: usize) -> Self {
        let (rows, bias) = weights
            .split_at_checked(weights.len().saturating_sub(classes))
            .unwrap_or_default();
        let (mut scales, mut packed, mut dense) = (Vec::new(), Vec::new(), Vec::new());
        for (at, row) in rows.chunks_exact(classes.max(1)).enumerate() {
            scales.push(if at < columns {
                pack(row, &mut packed)
            } else {
                quantise(row, &mut dense)
            });
        }
        Self {
            classes,
            scales,
            packed: Blob::from_vec(packed),
            dense: Blob::from_vec(dense),
            bias: bias.to_vec(),
        }
    }

    /// Writes the score of every class; `columns` is how many sparse ones there are.
    pub(super) fn score(&self, row: Row<'_>, columns: usize, scores: &mut Vec<f32>) {
        scores.clear();
        scores.extend_from_slice(&self.bias);
        let length = packed_length(self.classes);
        let (low, high) = scores.split_at_mut(length.min(self.bias.len()));
        let packed = self.packed.as_slice();
        for (column, value) in row.sparse {
            let column = *column as usize;
            let Some(scale) = self.scales.get(column) else {
                continue;
            };
            let start = column * length;
            let row = packed.get(start..start + length).unwrap_or_default();
            let factor = value * scale;
            for (score, byte) in low.iter_mut().zip(row) {
                *score += factor * square((byte & 0x0f).cast_signed() - OFFSET);
            }
            for (score, byte) in high.iter_mut().zip(row) {
                *score += factor * square((byte >> 4).cast_signed() - OFFSET);
            }
        }
        let rows = self.dense.as_slice().chunks_exact(self.classes.max(1));
        let scales = self.scales.get(columns..).unwrap_or_default();
        for ((value, scale), row) in row.dense.iter().zip(scales).zip(rows) {
            let factor = value * scale;
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += factor * f32::from(weight.cast_signed());
            }
        }
    }
}

/// Returns the square of a step, with its sign.
fn square(step: i8) -> f32 {
    f32::from(step * step.abs())
}

/// Appends a row in four bits a weight and returns what one unit is worth.
fn pack(row: &[f32], bytes: &mut Vec<u8>) -> f32 {
    let length = packed_length(row.len());
    let largest = largest(row);
    let unit = largest / LARGEST_SQUARE;
    let (low, high) = row.split_at(length);
    let bits = |value: Option<&f32>| {
        let value = value.copied().unwrap_or_default();
        if unit <= 0.0 {
            return OFFSET.cast_unsigned();
        }
        (nearest_step(value / unit) + OFFSET).cast_unsigned()
    };
    bytes.extend((0..length).map(|at| bits(low.get(at)) | (bits(high.get(at)) << 4)));
    unit
}

/// Returns the step whose square comes nearest.
fn nearest_step(units: f32) -> i8 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most seven by the choice of the unit"
    )]
    let below = units.abs().sqrt().min(LARGEST_STEP).floor() as i8;
    let above = (below + 1).min(OFFSET - 1);
    let far = |step: i8| (square(step) - units.abs()).abs();
    let step = if far(above) < far(below) {
        above
    } else {
        below
    };
    if units < 0.0 { -step } else { step }
}

fn largest(row: &[f32]) -> f32 {
    row.iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()))
}

/// Appends a row in eight bits and returns what one unit is worth.
pub(super) fn quantise(row: &[f32], bytes: &mut Vec<u8>) -> f32 {
    let largest = largest(row);
    if largest <= 0.0 {
        bytes.resize(bytes.len() + row.len(), 0);
        return 0.0;
    }
    let scale = largest / 127.0;
    bytes.extend(row.iter().map(|value| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "between -127 and 127 by the choice of scale"
        )]
        let unit = (value / scale).round_ties_even() as i8;
        unit.cast_unsigned()
    }));
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_unrounded_weights_nearly() {
        // Two sparse columns, one dense, the bias; three classes, so that a half byte stays unused.
        let weights = [
            0.5, -1.0, 0.0, 0.25, 0.125, -0.25, 2.0, 0.01, 1.0, 0.1, -0.1, 0.0,
        ];
        let linear = Linear::quantise(&weights, 2, 3);
        let mut scores = Vec::new();
        linear.score(
            Row {
                sparse: &[(0, 1.0), (1, 2.0)],
                dense: &[0.5],
            },
            2,
            &mut scores,
        );
        let exact = [0.5 + 0.5 + 1.0 + 0.1, -1.0 + 0.25 + 0.005 - 0.1, -0.5 + 0.5];
        for (score, exact) in scores.iter().zip(exact) {
            assert!((score - exact).abs() < 0.05, "{scores:?}");
        }
    }

    #[test]
    fn steps_keep_their_sign_and_the_largest_weight_its_size() {
        assert_eq!(nearest_step(49.0), 7);
        assert_eq!(nearest_step(-49.0), -7);
        assert_eq!(nearest_step(0.2), 0);
        assert_eq!(nearest_step(-2.4), -1);
        assert_eq!(nearest_step(2.6), 2);
        let mut bytes = Vec::new();
        let unit = pack(&[0.7, -0.35, 0.0], &mut bytes);
        assert_eq!(bytes.len(), 2);
        assert!((unit * 49.0 - 0.7).abs() < 1e-6);
        assert!(pack(&[0.0, 0.0], &mut bytes).abs() < f32::EPSILON);
    }

    #[test]
    fn no_classes_have_no_scores() {
        let linear = Linear::quantise(&[], 0, 0);
        let mut scores = vec![1.0];
        linear.score(
            Row {
                sparse: &[(0, 1.0)],
                dense: &[],
            },
            1,
            &mut scores,
        );
        assert!(scores.is_empty());
    }
}
