//! A vector for every word piece: what words mean, learnt once from a sentence encoder.
//!
//! The table is made by `tools/distill_vectors.py` from all-MiniLM-L6-v2 (see `vectors.NOTICE.md`). A message is the
//! mean of its pieces; that needs no network and a microsecond. It is English: Spanish rests on the n-grams.

use std::sync::{Arc, LazyLock};

use super::blob::{Blob, FormatError, Reader};
use super::features::hash_word;
use super::math;
use super::translations::Translations;
use super::vocabulary::Index;

const MAGIC: &[u8; 8] = b"BRSRVEC1";

/// Longest piece in the table, in bytes; no need to look up longer ones.
const LONGEST: usize = 18;

/// Said of a word that goes on an earlier piece.
const CONTINUES: u64 = 0x7a39_11c5_0b2f_6d13;

/// Word pieces with their vectors.
#[derive(Debug)]
pub struct Vectors {
    dimensions: usize,
    /// SHA-256 of the encoder's weights.
    source: [u8; 32],
    scales: Vec<f32>,
    rows: Blob,
    hashes: Vec<u64>,
    index: Index,
}

impl Vectors {
    /// Returns the table that is part of the program.
    pub fn builtin() -> Arc<Self> {
        static TABLE: LazyLock<Arc<Vectors>> = LazyLock::new(|| {
            let bytes = Blob::from_static(include_bytes!("vectors.bin"));
            #[expect(
                clippy::expect_used,
                reason = "the file is part of the program and read by a test"
            )]
            Arc::new(Vectors::read(bytes).expect("the built-in vector table is whole"))
        });
        Arc::clone(&TABLE)
    }

    fn read(bytes: Blob) -> Result<Self, FormatError> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != *MAGIC {
            return Err(FormatError::Foreign("vector table"));
        }
        let (dimensions, count, names) = (reader.length()?, reader.length()?, reader.length()?);
        let source = reader.array()?;
        let scales = reader.f32s(count)?;
        let rows = reader.blob(
            count
                .checked_mul(dimensions)
                .ok_or(FormatError::Truncated)?,
        )?;
        let names = reader.blob(names)?;
        reader.finish()?;
        let names = std::str::from_utf8(names.as_slice())
            .map_err(|_| FormatError::Inconsistent("names"))?;
        let hashes: Vec<u64> = names
            .split('\n')
            .map(|piece| match piece.strip_prefix("##") {
                Some(rest) if !rest.is_empty() => hash_word(rest) ^ CONTINUES,
                _ => hash_word(piece),
            })
            .collect();
        if hashes.len() != count || dimensions == 0 {
            return Err(FormatError::Inconsistent("names"));
        }
        Ok(Self {
            dimensions,
            source,
            scales,
            rows,
            index: Index::new(&hashes),
            hashes,
        })
    }

    /// Returns how many numbers a vector has.
    pub const fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Returns the SHA-256 of the weights that the table was made from; a model remembers it.
    pub const fn source(&self) -> &[u8; 32] {
        &self.source
    }

    /// Returns how common a whole word is (0 is the most common), `None` for one that is not in the table.
    pub fn rank(&self, word: &str) -> Option<u32> {
        self.index.find(hash_word(word), &self.hashes)
    }

    /// Writes the mean of a normal form's pieces, scaled to length one; zeros where nothing is known.
    pub(super) fn mean(&self, form: &str, mean: &mut Vec<f32>) {
        mean.clear();
        mean.resize(self.dimensions, 0.0);
        for word in form.split(' ') {
            let mut rest = word;
            while let Some(first) = rest.chars().next() {
                let end = if first.is_alphanumeric() {
                    rest.find(|ch: char| !ch.is_alphanumeric())
                        .unwrap_or(rest.len())
                } else {
                    first.len_utf8()
                };
                let (run, tail) = rest.split_at(end);
                let translated = Translations::builtin().find(hash_word(run));
                match translated.and_then(|english| self.index.find(english, &self.hashes)) {
                    Some(piece) => self.add(piece, mean),
                    None => self.add_pieces(run, mean),
                }
                rest = tail;
            }
        }
        math::normalise(mean);
    }

    /// Adds the fewest, longest pieces from the left; a run with a part that is in no piece adds what came before.
    fn add_pieces(&self, run: &str, sum: &mut [f32]) {
        let mut rest = run;
        while !rest.is_empty() {
            let seed = if rest.len() == run.len() {
                0
            } else {
                CONTINUES
            };
            let longest = (1..=rest.len().min(LONGEST)).rev().find_map(|length| {
                let (piece, tail) = rest.split_at_checked(length)?;
                Some((
                    self.index.find(hash_word(piece) ^ seed, &self.hashes)?,
                    tail,
                ))
            });
            let Some((piece, tail)) = longest else { return };
            self.add(piece, sum);
            rest = tail;
        }
    }

    fn add(&self, piece: u32, sum: &mut [f32]) {
        let at = piece as usize;
        let row = self.rows.as_slice().chunks_exact(self.dimensions).nth(at);
        let (Some(row), Some(scale)) = (row, self.scales.get(at)) else {
            return;
        };
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += scale * f32::from(value.cast_signed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(form: &str) -> Vec<f32> {
        let mut mean = Vec::new();
        Vectors::builtin().mean(form, &mut mean);
        mean
    }

    #[test]
    fn the_built_in_table_is_whole() {
        let table = Vectors::builtin();
        assert_eq!(table.dimensions(), 128);
        assert!(table.rank("the").unwrap() < table.rank("balance").unwrap());
        assert_eq!(table.rank("balnce"), None);
    }

    #[test]
    fn near_meanings_have_near_vectors() {
        let near = math::dot(
            &mean("my card was stolen"),
            &mean("somebody took my debit card"),
        );
        let far = math::dot(
            &mean("my card was stolen"),
            &mean("recipe for banana bread"),
        );
        assert!(near > far + 0.2, "{near} {far}");
    }

    #[test]
    fn takes_any_text() {
        for form in [
            "",
            " ",
            "привет 👍",
            "$1,250.50",
            "sq *blue",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "añb",
        ] {
            let mean = mean(form);
            assert!(mean.iter().all(|value| value.is_finite()), "{form}");
        }
    }

    #[test]
    fn refuses_what_is_no_table() {
        assert_eq!(
            Vectors::read(Blob::from_static(b"something else entirely")).err(),
            Some(FormatError::Foreign("vector table"))
        );
        assert_eq!(
            Vectors::read(Blob::from_static(b"BRSR")).err(),
            Some(FormatError::Truncated)
        );
        let whole = include_bytes!("vectors.bin");
        let cut = Blob::from_static(&whole[..whole.len() - 10]);
        assert_eq!(Vectors::read(cut).err(), Some(FormatError::Truncated));
    }
}
