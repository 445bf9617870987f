//! A plain classifier: the examples most like a message, by the words and word pairs they share.
//!
//! It needs no training and stands in wherever no trained model is at hand; what it says is rough but never random.

use std::collections::HashMap;

use super::Language;
use super::catalogue::Catalogue;
use super::classify::{Classified, Classify};
use super::normalize::normalize;

/// A message less like every example than this is like none.
const FLOOR: f32 = 0.25;

/// Examples by the features they hold.
#[derive(Debug, Default)]
pub struct Nearest {
    /// For each feature its weight and the examples that hold it.
    features: HashMap<u64, (f32, Vec<u32>)>,
    /// For each example its intent and the length of its vector.
    examples: Vec<(usize, f32)>,
    intents: usize,
}

impl Nearest {
    /// Indexes the examples of a catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut index = Self {
            intents: catalogue.intents().len(),
            ..Self::default()
        };
        let mut held: Vec<Vec<u64>> = Vec::new();
        for (at, intent) in catalogue.intents().iter().enumerate() {
            for language in Language::ALL {
                for example in intent.examples.get(language) {
                    let features = features(&normalize(&example.value).text);
                    let number = u32::try_from(index.examples.len()).unwrap_or(u32::MAX);
                    for feature in &features {
                        index.features.entry(*feature).or_default().1.push(number);
                    }
                    index.examples.push((at, 0.0));
                    held.push(features);
                }
            }
        }
        let count = as_float(index.examples.len());
        for (weight, examples) in index.features.values_mut() {
            *weight = (1.0 + count / as_float(examples.len())).ln();
        }
        for (features, (_, length)) in held.iter().zip(&mut index.examples) {
            let square: f32 = features
                .iter()
                .filter_map(|f| index.features.get(f))
                .map(|(w, _)| w * w)
                .sum();
            *length = square.sqrt();
        }
        index
    }
}

impl Classify for Nearest {
    fn classify(&self, form: &str) -> Classified {
        let mut overlap: HashMap<u32, f32> = HashMap::new();
        let mut square = 0.0;
        for feature in features(form) {
            if let Some((weight, examples)) = self.features.get(&feature) {
                square += weight * weight;
                for example in examples {
                    *overlap.entry(*example).or_default() += weight * weight;
                }
            } else {
                // An unknown word is as telling as the rarest known one.
                let weight = (1.0 + as_float(self.examples.len())).ln();
                square += weight * weight;
            }
        }
        let length = square.sqrt();
        let mut best = vec![0.0_f32; self.intents];
        for (example, shared) in overlap {
            if let Some((intent, theirs)) = self.examples.get(example as usize)
                && let Some(best) = best.get_mut(*intent)
            {
                *best = best.max(shared / (length * theirs));
            }
        }
        let highest = best.iter().copied().fold(0.0, f32::max);
        let likely = |cosine: f32| {
            if cosine > 0.0 {
                (cosine * 12.0).exp()
            } else {
                0.0
            }
        };
        let sum: f32 = best.iter().map(|cosine| likely(*cosine)).sum();
        let mut ranked: Vec<(usize, f32)> = best
            .iter()
            .enumerate()
            .filter(|(_, cosine)| **cosine > 0.0)
            .map(|(intent, cosine)| (intent, likely(*cosine) / sum))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(8);
        let in_scope = if highest > FLOOR {
            highest.min(1.0)
        } else {
            0.0
        };
        Classified { ranked, in_scope }
    }
}

/// Words and pairs of words, hashed.
fn features(form: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut before = 0;
    for word in form.split(' ').filter(|word| !word.is_empty()) {
        let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        found.push(hash);
        found.push(hash.rotate_left(17) ^ before);
        before = hash;
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[expect(clippy::cast_precision_loss, reason = "counts of examples are small")]
fn as_float(count: usize) -> f32 {
    count as f32
}
