//! From a message to the numbers the model works with.

use std::sync::Arc;

use super::features::Grams;
use super::rows::Row;
use super::vectors::Vectors;
use super::vocabulary::Vocabulary;

/// How long each of the three parts of a row is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) words: f32,
    pub(super) pieces: f32,
    pub(super) meaning: f32,
}

/// What is needed to read a message.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    pub(super) words: Vocabulary,
    pub(super) pieces: Vocabulary,
    pub(super) vectors: Arc<Vectors>,
    pub(super) parts: Parts,
}

/// One message as numbers; reused from message to message, so that nothing is allocated.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoded {
    grams: Grams,
    columns: Vec<u32>,
    sparse: Vec<(u32, f32)>,
    /// The mean of the word pieces, of length one.
    pub(super) meaning: Vec<f32>,
    dense: Vec<f32>,
    /// The share of the message's words, and of its word pieces, that training knew.
    pub(super) coverage: [f32; 2],
}

impl Encoder {
    /// How many sparse columns there are.
    pub(super) fn columns(&self) -> usize {
        self.words.len() + self.pieces.len()
    }

    /// Reads a message in normal form.
    pub(super) fn encode(&self, form: &str, encoded: &mut Encoded) {
        let Encoded { grams, meaning, .. } = encoded;
        grams.read(form);
        self.vectors.mean(form, meaning);
        let grams = std::mem::take(&mut encoded.grams);
        self.encode_read(&grams, encoded);
        encoded.grams = grams;
    }

    /// The same where n-grams and meaning were read before.
    pub(super) fn encode_prepared(&self, grams: &Grams, meaning: &[f32], encoded: &mut Encoded) {
        encoded.meaning.clear();
        encoded.meaning.extend_from_slice(meaning);
        self.encode_read(grams, encoded);
    }

    fn encode_read(&self, grams: &Grams, encoded: &mut Encoded) {
        let Encoded {
            columns,
            sparse,
            meaning,
            dense,
            coverage,
            ..
        } = encoded;
        sparse.clear();
        let words = self
            .words
            .encode(&grams.words, 0, self.parts.words, columns, sparse);
        let offset = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let pieces = self
            .pieces
            .encode(&grams.pieces, offset, self.parts.pieces, columns, sparse);
        *coverage = [words, pieces];
        dense.clear();
        dense.extend(meaning.iter().map(|value| value * self.parts.meaning));
    }
}

impl Encoded {
    pub(super) fn row(&self) -> Row<'_> {
        Row {
            sparse: &self.sparse,
            dense: &self.dense,
        }
    }
}
