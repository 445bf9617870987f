//! The trained weights in eight bits, and the scores they give.

use super::blob::Blob;
use super::rows::Row;

/// One weight for each column and class. A row has its own scale.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Linear {
    pub(super) classes: usize,
    pub(super) scales: Vec<f32>,
    /// Row by row: sparse columns first, then the dense ones.
    pub(super) weights: Blob,
    pub(super) bias: Vec<f32>,
}

impl Linear {
    /// Rounds weights given row by row, the bias last.
    pub(super) fn quantise(weights: &[f32], classes: usize) -> Self {
        let (rows, bias) = weights
            .split_at_checked(weights.len().saturating_sub(classes))
            .unwrap_or_default();
        let mut scales = Vec::new();
        let mut bytes = Vec::with_capacity(rows.len());
        for row in rows.chunks_exact(classes.max(1)) {
            let scale = quantise(row, &mut bytes);
            scales.push(scale);
        }
        Self {
            classes,
            scales,
            weights: Blob::from_vec(bytes),
            bias: bias.to_vec(),
        }
    }

    /// Writes the score of every class; `columns` is how many sparse ones there are.
    pub(super) fn score(&self, row: Row<'_>, columns: usize, scores: &mut Vec<f32>) {
        scores.clear();
        scores.extend_from_slice(&self.bias);
        let dense = (columns..)
            .zip(row.dense)
            .map(|(column, value)| (column, *value));
        let sparse = row
            .sparse
            .iter()
            .map(|(column, value)| (*column as usize, *value));
        let weights = self.weights.as_slice();
        for (column, value) in sparse.chain(dense) {
            let Some(scale) = self.scales.get(column) else {
                continue;
            };
            let start = column * self.classes;
            let row = weights.get(start..start + self.classes).unwrap_or_default();
            let factor = value * scale;
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += factor * f32::from(weight.cast_signed());
            }
        }
    }
}

/// Appends a row in eight bits and returns what one unit is worth.
pub(super) fn quantise(row: &[f32], bytes: &mut Vec<u8>) -> f32 {
    let largest = row
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
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
        let weights = [0.5, -1.0, 0.25, 0.125, 2.0, 0.01, 0.1, -0.1];
        let linear = Linear::quantise(&weights, 2);
        let mut scores = Vec::new();
        linear.score(
            Row {
                sparse: &[(0, 1.0), (1, 2.0)],
                dense: &[0.5],
            },
            2,
            &mut scores,
        );
        assert!(
            (scores[0] - (0.5 + 0.5 + 1.0 + 0.1)).abs() < 0.02,
            "{scores:?}"
        );
        assert!(
            (scores[1] - (-1.0 + 0.25 + 0.005 - 0.1)).abs() < 0.02,
            "{scores:?}"
        );
    }

    #[test]
    fn no_classes_have_no_scores() {
        let linear = Linear::quantise(&[], 0);
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
