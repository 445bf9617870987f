//! How near a message comes to what the likeliest classes were trained on.

use super::blob::Blob;
use super::linear::quantise;
use super::math;

/// Classes whose examples are looked through. All of them would take longer than the rest of the model.
const CLASSES_COMPARED: usize = 3;

/// Dimensions compared, of those strongest first. More make it slower and no better.
const COMPARED: usize = 64;

/// The meanings of all training examples in eight bits, class by class, and each class's mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Neighbours {
    pub(super) dimensions: usize,
    /// How many of them the examples keep.
    pub(super) compared: usize,
    /// Where each class's examples end.
    pub(super) ends: Vec<u32>,
    pub(super) scales: Vec<f32>,
    pub(super) rows: Blob,
    pub(super) centres: Vec<f32>,
}

/// Cosines between a message and what was trained on, from -1 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Nearness {
    /// To the nearest example of the likeliest classes.
    pub(super) example: f32,
    /// To the mean of the likeliest class.
    pub(super) centre: f32,
}

impl Neighbours {
    /// Takes the examples' meanings (each of length one) with their classes.
    pub(super) fn new<'a>(
        examples: &(impl Iterator<Item = (u32, &'a [f32])> + Clone),
        classes: usize,
        dimensions: usize,
    ) -> Self {
        let (mut scales, mut bytes, mut ends, mut centres) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for class in 0..u32::try_from(classes).unwrap_or(u32::MAX) {
            let mut centre = vec![0.0; dimensions];
            for (_, meaning) in examples.clone().filter(|(label, _)| *label == class) {
                let short = shortened(meaning);
                let short = short.get(..dimensions).unwrap_or(&short);
                scales.push(quantise(short, &mut bytes));
                math::add_scaled(&mut centre, 1.0, meaning);
            }
            math::normalise(&mut centre);
            centres.extend(centre);
            ends.push(u32::try_from(scales.len()).unwrap_or(u32::MAX));
        }
        Self {
            dimensions,
            compared: dimensions.min(COMPARED),
            ends,
            scales,
            rows: Blob::from_vec(bytes),
            centres,
        }
    }

    /// Compares a meaning with the likeliest classes, given best first. `query` is working space.
    pub(super) fn nearness(
        &self,
        meaning: &[f32],
        likeliest: impl Iterator<Item = u32>,
        query: &mut Vec<u8>,
    ) -> Nearness {
        query.clear();
        let short = shortened(meaning);
        let query_scale = quantise(short.get(..self.compared).unwrap_or(&short), query);
        let mut wide = [0_i16; COMPARED];
        for (wide, byte) in wide.iter_mut().zip(query.iter()) {
            *wide = i16::from(byte.cast_signed());
        }
        let wide = wide.get(..self.compared).unwrap_or(&wide);
        let mut near = Nearness {
            example: -1.0,
            centre: 0.0,
        };
        for (place, class) in likeliest.take(CLASSES_COMPARED).enumerate() {
            let class = class as usize;
            if place == 0 {
                let start = class * self.dimensions;
                let centre = self.centres.get(start..start + self.dimensions);
                near.centre = centre.map_or(0.0, |centre| math::dot(meaning, centre));
            }
            let end = self.ends.get(class).map_or(0, |end| *end as usize);
            let start = class
                .checked_sub(1)
                .and_then(|class| self.ends.get(class))
                .map_or(0, |end| *end as usize);
            let scales = self.scales.get(start..end).unwrap_or_default();
            let rows = self
                .rows
                .as_slice()
                .get(start * self.compared..)
                .unwrap_or_default();
            for (row, scale) in rows.chunks_exact(self.compared.max(1)).zip(scales) {
                near.example = near.example.max(dot(wide, row) * scale * query_scale);
            }
        }
        near
    }
}

/// Keeps the strongest dimensions, at length one.
fn shortened(meaning: &[f32]) -> [f32; COMPARED] {
    let mut short = [0.0; COMPARED];
    for (short, value) in short.iter_mut().zip(meaning) {
        *short = *value;
    }
    math::normalise(&mut short);
    short
}

/// The inner product of two rows of signed bytes, the first widened once for all. Eight sums side by side, of products of sixteen
/// bits, are what every processor has instructions for: three times as fast as one sum.
fn dot(a: &[i16], b: &[u8]) -> f32 {
    let product = |a: &i16, b: &u8| i32::from(*a) * i32::from(i16::from(b.cast_signed()));
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0_i32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += product(a, b);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| product(a, b));
    let sum: i32 = sums.into_iter().chain(rest).sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a few hundred products of bytes stay below 2^24"
    )]
    let sum = sum as f32;
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_nearest_example_of_the_classes_asked_for() {
        let examples: [(u32, &[f32]); 3] = [(0, &[1.0, 0.0]), (1, &[0.0, 1.0]), (0, &[0.6, 0.8])];
        let neighbours = Neighbours::new(&examples.into_iter(), 2, 2);
        let mut query = Vec::new();
        let near = neighbours.nearness(&[0.0, 1.0], [0].into_iter(), &mut query);
        assert!((near.example - 0.8).abs() < 0.02, "{near:?}");
        assert!(near.centre > 0.4 && near.centre < 0.5, "{near:?}");
        let near = neighbours.nearness(&[0.0, 1.0], [0, 1].into_iter(), &mut query);
        assert!((near.example - 1.0).abs() < 0.02, "{near:?}");
    }
}
