//! The file form of a model: numbers little-endian, the weights used where they lie.

use super::blob::{Blob, FormatError, Reader, Writer};
use super::calibration::{Calibration, RIGHT_LEVELS, SET_LEVELS, Thresholds};
use super::encoder::{Encoder, Parts};
use super::linear::{Linear, packed_length};
use super::logistic::Logistic;
use super::neighbours::Neighbours;
use super::vectors::Vectors;
use super::vocabulary::Vocabulary;
use super::{Core, Model, Speller};

const MAGIC: &[u8; 8] = b"BRSRMDL\0";

/// Rises whenever the meaning of the bytes, or of what training computes, changes.
pub(super) const VERSION: u32 = 2;

impl Model {
    /// Returns the model as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            labels,
            core,
            speller,
            calibration,
            fingerprint,
        } = self;
        let mut writer = Writer::default();
        writer.bytes(MAGIC);
        writer.u32(VERSION);
        writer.bytes(core.encoder.vectors.source());
        writer.bytes(fingerprint);
        writer.length(labels.len());
        for label in labels {
            writer.text(label);
        }
        let Parts {
            words,
            pieces,
            meaning,
        } = core.encoder.parts;
        writer.f32s(&[words, pieces, meaning]);
        write_vocabulary(&core.encoder.words, &mut writer);
        write_vocabulary(&core.encoder.pieces, &mut writer);
        writer.length(core.linear.scales.len());
        writer.f32s(&core.linear.scales);
        writer.f32s(&core.linear.bias);
        writer.bytes(core.linear.packed.as_slice());
        writer.bytes(core.linear.dense.as_slice());
        let near = &core.neighbours;
        writer.length(near.dimensions);
        writer.length(near.compared);
        writer.u32s(&near.ends);
        writer.f32s(&near.scales);
        writer.f32s(&near.centres);
        writer.bytes(near.rows.as_slice());
        write_words(speller, &mut writer);
        write_calibration(calibration, &mut writer);
        writer.0
    }

    /// Reads a model that is part of the program.
    ///
    /// # Errors
    /// Where the bytes are no model, or one of another version or vector table.
    pub fn from_static(bytes: &'static [u8]) -> Result<Self, FormatError> {
        Self::read(Blob::from_static(bytes))
    }

    /// Reads a model from memory.
    ///
    /// # Errors
    /// As for [`Model::from_static`].
    pub fn from_vec(bytes: Vec<u8>) -> Result<Self, FormatError> {
        Self::read(Blob::from_vec(bytes))
    }

    fn read(bytes: Blob) -> Result<Self, FormatError> {
        let vectors = Vectors::builtin();
        let mut reader = Reader::new(bytes);
        if reader.array().ok() != Some(*MAGIC) {
            return Err(FormatError::Foreign("model"));
        }
        let version = reader.u32()?;
        if version != VERSION {
            return Err(FormatError::Version {
                found: version,
                expected: VERSION,
            });
        }
        if reader.array()? != *vectors.source() {
            return Err(FormatError::OtherVectors);
        }
        let fingerprint = reader.array()?;
        let classes = reader.length()?;
        let mut labels = Vec::new();
        for _ in 0..classes {
            labels.push(reader.text()?.into());
        }
        let [words, pieces, meaning] = read_numbers(&mut reader)?;
        let encoder = Encoder {
            parts: Parts {
                words,
                pieces,
                meaning,
            },
            words: read_vocabulary(&mut reader)?,
            pieces: read_vocabulary(&mut reader)?,
            vectors,
        };
        let linear = read_linear(&mut reader, encoder.columns(), classes)?;
        if linear.scales.len() != encoder.columns() + encoder.vectors.dimensions() && classes > 0 {
            return Err(FormatError::Inconsistent("weights"));
        }
        let neighbours = read_neighbours(&mut reader, classes)?;
        let speller = read_words(&mut reader)?;
        let calibration = read_calibration(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            labels,
            core: Core {
                encoder,
                linear,
                neighbours,
            },
            speller,
            calibration,
            fingerprint,
        })
    }
}

fn read_numbers<const N: usize>(reader: &mut Reader) -> Result<[f32; N], FormatError> {
    reader
        .f32s(N)?
        .try_into()
        .map_err(|_| FormatError::Truncated)
}

fn write_vocabulary(vocabulary: &Vocabulary, writer: &mut Writer) {
    writer.u32(vocabulary.texts());
    writer.length(vocabulary.len());
    writer.u64s(vocabulary.hashes());
    writer.u32s(vocabulary.frequencies());
}

fn read_vocabulary(reader: &mut Reader) -> Result<Vocabulary, FormatError> {
    let texts = reader.u32()?;
    let length = reader.length()?;
    let hashes = reader.u64s(length)?;
    let frequencies = reader.u32s(length)?;
    if !hashes.is_sorted_by(|a, b| a < b) {
        return Err(FormatError::Inconsistent("n-grams"));
    }
    Ok(Vocabulary::new(hashes, frequencies, texts))
}

fn read_linear(reader: &mut Reader, columns: usize, classes: usize) -> Result<Linear, FormatError> {
    let rows = reader.length()?;
    let product =
        |count: usize, width: usize| count.checked_mul(width).ok_or(FormatError::Truncated);
    Ok(Linear {
        classes,
        scales: reader.f32s(rows)?,
        bias: reader.f32s(classes)?,
        packed: reader.blob(product(columns.min(rows), packed_length(classes))?)?,
        dense: reader.blob(product(rows.saturating_sub(columns), classes)?)?,
    })
}

fn read_neighbours(reader: &mut Reader, classes: usize) -> Result<Neighbours, FormatError> {
    let dimensions = reader.length()?;
    let compared = reader.length()?;
    let ends = reader.u32s(classes)?;
    if !ends.is_sorted() {
        return Err(FormatError::Inconsistent("examples"));
    }
    let examples = ends.last().map_or(0, |end| *end as usize);
    let product =
        |count: usize, width: usize| count.checked_mul(width).ok_or(FormatError::Truncated);
    Ok(Neighbours {
        dimensions,
        compared,
        ends,
        scales: reader.f32s(examples)?,
        centres: reader.f32s(product(classes, dimensions)?)?,
        rows: reader.blob(product(examples, compared)?)?,
    })
}

fn write_words(speller: &Speller, writer: &mut Writer) {
    writer.length(speller.words().len());
    for (word, count) in speller.words() {
        writer.text(word);
        writer.u32(*count);
    }
}

fn read_words(reader: &mut Reader) -> Result<Speller, FormatError> {
    let words: Result<Vec<_>, FormatError> = (0..reader.length()?)
        .map(|_| Ok((reader.text()?.into(), reader.u32()?)))
        .collect();
    Ok(Speller::new(words?))
}

fn write_calibration(calibration: &Calibration, writer: &mut Writer) {
    let Calibration {
        temperature,
        gate,
        certainty,
        thresholds,
    } = calibration;
    let Thresholds {
        right,
        set,
        answer_scope,
        offer_scope,
    } = thresholds;
    writer.f32s(&[*temperature]);
    for Logistic { weights, bias } in [gate, certainty] {
        writer.f32s(weights);
        writer.f32s(&[*bias]);
    }
    writer.f32s(right);
    writer.f32s(set);
    writer.f32s(&[*answer_scope, *offer_scope]);
}

fn read_calibration(reader: &mut Reader) -> Result<Calibration, FormatError> {
    fn read_logistic<const N: usize>(reader: &mut Reader) -> Result<Logistic<N>, FormatError> {
        let weights = read_numbers(reader)?;
        let [bias] = read_numbers(reader)?;
        Ok(Logistic { weights, bias })
    }
    let [temperature] = read_numbers(reader)?;
    let gate = read_logistic(reader)?;
    let certainty = read_logistic(reader)?;
    let right = read_numbers::<{ RIGHT_LEVELS.len() }>(reader)?;
    let set = read_numbers::<{ SET_LEVELS.len() }>(reader)?;
    let [answer_scope, offer_scope] = read_numbers(reader)?;
    let thresholds = Thresholds {
        right,
        set,
        answer_scope,
        offer_scope,
    };
    Ok(Calibration {
        temperature,
        gate,
        certainty,
        thresholds,
    })
}
