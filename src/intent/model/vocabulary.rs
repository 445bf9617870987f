//! From the hash of an n-gram to its column and weight.

use std::collections::HashMap;

use super::math;

/// The n-grams seen in training, with their inverse document frequencies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Vocabulary {
    /// Hashes in rising order: the position is the column.
    hashes: Vec<u64>,
    /// How many training texts hold each.
    frequencies: Vec<u32>,
    /// How many training texts there were.
    texts: u32,
    /// Inverse document frequency of each column.
    idf: Vec<f32>,
    /// That of an n-gram never seen.
    unseen: f32,
    index: Index,
}

impl Vocabulary {
    /// Counts the n-grams of all texts and keeps those in at least `at_least` of them.
    pub(super) fn count<'a>(texts: impl Iterator<Item = &'a [u64]>, at_least: u32) -> Self {
        let mut counts: HashMap<u64, (u32, u32)> = HashMap::new();
        let mut number = 0;
        for text in texts {
            number += 1;
            for hash in text {
                let (count, last) = counts.entry(*hash).or_default();
                if *last != number {
                    *last = number;
                    *count += 1;
                }
            }
        }
        let mut kept: Vec<(u64, u32)> = counts
            .into_iter()
            .map(|(hash, (count, _))| (hash, count))
            .filter(|(_, count)| *count >= at_least)
            .collect();
        kept.sort_unstable();
        let (hashes, frequencies) = kept.into_iter().unzip();
        Self::new(hashes, frequencies, number)
    }

    /// Puts a vocabulary together; `hashes` must be in rising order.
    pub(super) fn new(hashes: Vec<u64>, frequencies: Vec<u32>, texts: u32) -> Self {
        let idf = |frequency: u32| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "counts of texts are far below 2^24"
            )]
            let ratio = (1.0 + texts as f32) / (1.0 + frequency as f32);
            math::ln(ratio) + 1.0
        };
        Self {
            idf: frequencies
                .iter()
                .map(|frequency| idf(*frequency))
                .collect(),
            unseen: idf(0),
            index: Index::new(&hashes),
            hashes,
            frequencies,
            texts,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn contains(&self, hash: u64) -> bool {
        self.index.find(hash, &self.hashes).is_some()
    }

    pub(super) fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    pub(super) fn frequencies(&self) -> &[u32] {
        &self.frequencies
    }

    pub(super) fn texts(&self) -> u32 {
        self.texts
    }

    /// Appends a text's columns and values, scaled to length `weight`, with `offset` added to the columns.
    ///
    /// Returns the share of the text's weight that lies in known n-grams, from 0 to 1.
    pub(super) fn encode(
        &self,
        text: &[u64],
        offset: u32,
        weight: f32,
        columns: &mut Vec<u32>,
        row: &mut Vec<(u32, f32)>,
    ) -> f32 {
        columns.clear();
        columns.extend(
            text.iter()
                .filter_map(|hash| self.index.find(*hash, &self.hashes)),
        );
        let unknown = math::count(text.len() - columns.len()) * self.unseen * self.unseen;
        columns.sort_unstable();
        let start = row.len();
        let (mut known, mut square) = (0.0, 0.0);
        for run in columns.chunk_by(|a, b| a == b) {
            let (Some(column), times) = (run.first(), run.len()) else {
                continue;
            };
            let idf = self.idf.get(*column as usize).copied().unwrap_or_default();
            let sublinear = if times == 1 {
                1.0
            } else {
                1.0 + math::ln(math::count(times))
            };
            let value = sublinear * idf;
            known += math::count(times) * idf * idf;
            square += value * value;
            row.push((offset + column, value));
        }
        if square > 0.0 {
            let factor = weight / square.sqrt();
            for (_, value) in row.iter_mut().skip(start) {
                *value *= factor;
            }
        }
        if known + unknown > 0.0 {
            known / (known + unknown)
        } else {
            0.0
        }
    }
}

/// An open hash table from well-mixed hashes to their positions in a slice kept elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    /// Position plus one; zero is free.
    slots: Vec<u32>,
}

impl Index {
    pub(super) fn new(hashes: &[u64]) -> Self {
        let size = (hashes.len() * 2).next_power_of_two().max(2);
        let mut slots = vec![0_u32; size];
        for (position, hash) in (1_u32..).zip(hashes) {
            let mut at = slot(*hash, size);
            while slots.get(at).is_some_and(|slot| *slot != 0) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = slots.get_mut(at) {
                *slot = position;
            }
        }
        Self { slots }
    }

    /// Returns the position of `hash` in `hashes`, the slice the index was made of.
    pub(super) fn find(&self, hash: u64, hashes: &[u64]) -> Option<u32> {
        let size = self.slots.len();
        let mut at = slot(hash, size);
        loop {
            let position = self.slots.get(at)?.checked_sub(1)?;
            if hashes.get(position as usize) == Some(&hash) {
                return Some(position);
            }
            at = (at + 1) & (size - 1);
        }
    }
}

/// The home of a hash in a table whose size is a power of two.
fn slot(hash: u64, size: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only the low bits are wanted"
    )]
    let low = hash as usize;
    low & size.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_frequent_enough() {
        let texts: [&[u64]; 3] = [&[5, 9, 9], &[5, 7], &[5]];
        let vocabulary = Vocabulary::count(texts.into_iter(), 2);
        assert_eq!(vocabulary.hashes(), [5]);
        assert_eq!(vocabulary.frequencies(), [3]);
        assert_eq!(Vocabulary::count(texts.into_iter(), 1).len(), 3);
    }

    #[test]
    fn a_row_has_the_asked_length_and_rare_grams_weigh_more() {
        let texts: [&[u64]; 3] = [&[5, 9], &[5, 7], &[5]];
        let vocabulary = Vocabulary::count(texts.into_iter(), 1);
        let mut row = Vec::new();
        let coverage = vocabulary.encode(&[9, 5, 9], 10, 2.0, &mut Vec::new(), &mut row);
        assert!((coverage - 1.0).abs() < 1e-6);
        let length: f32 = row
            .iter()
            .map(|(_, value)| value * value)
            .sum::<f32>()
            .sqrt();
        assert!((length - 2.0).abs() < 1e-5);
        assert_eq!(
            row.iter().map(|(column, _)| *column).collect::<Vec<_>>(),
            [10, 12]
        );
        assert!(row[1].1 > row[0].1);
    }

    #[test]
    fn unknown_grams_lower_the_coverage() {
        let texts: [&[u64]; 1] = [&[5]];
        let vocabulary = Vocabulary::count(texts.into_iter(), 1);
        let mut row = Vec::new();
        let coverage = vocabulary.encode(&[5, 6], 0, 1.0, &mut Vec::new(), &mut row);
        assert!(coverage > 0.0 && coverage < 0.5);
        assert!(
            vocabulary
                .encode(&[], 0, 1.0, &mut Vec::new(), &mut row)
                .abs()
                < f32::EPSILON
        );
    }

    #[test]
    fn an_empty_index_finds_nothing() {
        assert_eq!(Index::new(&[]).find(3, &[]), None);
        assert_eq!(Index::default().find(3, &[]), None);
        let hashes = [0, 1, 4, 8, 16];
        let index = Index::new(&hashes);
        for (position, hash) in (0..).zip(hashes) {
            assert_eq!(index.find(hash, &hashes), Some(position));
        }
        assert_eq!(index.find(2, &hashes), None);
    }
}
