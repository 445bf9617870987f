//! Bytes that stay where they are (in the binary or in one shared allocation), and reading numbers out of them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Why a model or a vector table could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The bytes do not begin as such a file does.
    #[error("not a {0}")]
    Foreign(&'static str),
    /// Written by another version of the program.
    #[error("format {found} is not the {expected} this program reads")]
    Version {
        /// In the file.
        found: u32,
        /// What this program reads.
        expected: u32,
    },
    /// The bytes end too early.
    #[error("the bytes end too early")]
    Truncated,
    /// Two parts of the file contradict each other.
    #[error("{0} do not fit the rest of the file")]
    Inconsistent(&'static str),
    /// The model was trained with another vector table.
    #[error("the model was trained with another vector table")]
    OtherVectors,
}

/// A range of bytes that can be handed on without copying.
#[derive(Clone)]
pub(super) struct Blob {
    source: Source,
    range: Range<usize>,
}

#[derive(Clone)]
enum Source {
    Static(&'static [u8]),
    Shared(Arc<[u8]>),
}

impl Blob {
    pub(super) fn from_static(bytes: &'static [u8]) -> Self {
        Self {
            range: 0..bytes.len(),
            source: Source::Static(bytes),
        }
    }

    pub(super) fn from_vec(bytes: Vec<u8>) -> Self {
        Self {
            range: 0..bytes.len(),
            source: Source::Shared(bytes.into()),
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        let all = match &self.source {
            Source::Static(bytes) => bytes,
            Source::Shared(bytes) => &**bytes,
        };
        all.get(self.range.clone()).unwrap_or_default()
    }

    /// Returns a part, or nothing where it reaches past the end.
    fn part(&self, part: Range<usize>) -> Option<Self> {
        let start = self.range.start.checked_add(part.start)?;
        let end = self.range.start.checked_add(part.end)?;
        (start <= end && end <= self.range.end).then(|| Self {
            source: self.source.clone(),
            range: start..end,
        })
    }
}

impl PartialEq for Blob {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.range.len())
    }
}

/// Reads a file from front to back; numbers are little-endian.
pub(super) struct Reader {
    blob: Blob,
    at: usize,
}

impl Reader {
    pub(super) fn new(blob: Blob) -> Self {
        Self { blob, at: 0 }
    }

    pub(super) fn blob(&mut self, length: usize) -> Result<Blob, FormatError> {
        let end = self.at.checked_add(length).ok_or(FormatError::Truncated)?;
        let part = self.blob.part(self.at..end).ok_or(FormatError::Truncated)?;
        self.at = end;
        Ok(part)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        self.blob(N)?
            .as_slice()
            .try_into()
            .map_err(|_| FormatError::Truncated)
    }

    pub(super) fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Reads a length.
    pub(super) fn length(&mut self) -> Result<usize, FormatError> {
        usize::try_from(self.u32()?).map_err(|_| FormatError::Truncated)
    }

    pub(super) fn f32s(&mut self, count: usize) -> Result<Vec<f32>, FormatError> {
        self.numbers(count, f32::from_le_bytes)
    }

    pub(super) fn u32s(&mut self, count: usize) -> Result<Vec<u32>, FormatError> {
        self.numbers(count, u32::from_le_bytes)
    }

    pub(super) fn u64s(&mut self, count: usize) -> Result<Vec<u64>, FormatError> {
        self.numbers(count, u64::from_le_bytes)
    }

    fn numbers<const N: usize, T>(
        &mut self,
        count: usize,
        read: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, FormatError> {
        let blob = self.blob(count.checked_mul(N).ok_or(FormatError::Truncated)?)?;
        Ok(blob
            .as_slice()
            .as_chunks()
            .0
            .iter()
            .map(|bytes| read(*bytes))
            .collect())
    }

    pub(super) fn text(&mut self) -> Result<String, FormatError> {
        let length = self.length()?;
        String::from_utf8(self.blob(length)?.as_slice().to_vec())
            .map_err(|_| FormatError::Inconsistent("names"))
    }

    /// Refuses a file with more in it than was read.
    pub(super) fn finish(&self) -> Result<(), FormatError> {
        if self.at == self.blob.range.len() {
            Ok(())
        } else {
            Err(FormatError::Inconsistent("the last bytes"))
        }
    }
}

/// Writes what [`Reader`] reads.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.bytes(&number.to_le_bytes());
    }

    /// Writes a length. A file of 4 GiB would be refused when read.
    pub(super) fn length(&mut self, length: usize) {
        self.u32(u32::try_from(length).unwrap_or(u32::MAX));
    }

    pub(super) fn f32s(&mut self, numbers: &[f32]) {
        for number in numbers {
            self.bytes(&number.to_le_bytes());
        }
    }

    pub(super) fn u32s(&mut self, numbers: &[u32]) {
        for number in numbers {
            self.bytes(&number.to_le_bytes());
        }
    }

    pub(super) fn u64s(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.bytes(&number.to_le_bytes());
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_was_written() {
        let mut writer = Writer::default();
        writer.u32(7);
        writer.f32s(&[1.5, -2.0]);
        writer.text("hello");
        writer.u64s(&[u64::MAX]);
        let mut reader = Reader::new(Blob::from_vec(writer.0));
        assert_eq!(reader.u32(), Ok(7));
        assert_eq!(reader.f32s(2), Ok(vec![1.5, -2.0]));
        assert_eq!(reader.text().as_deref(), Ok("hello"));
        assert!(reader.finish().is_err());
        assert_eq!(reader.u64s(1), Ok(vec![u64::MAX]));
        assert!(reader.finish().is_ok());
        assert_eq!(reader.u32(), Err(FormatError::Truncated));
        assert_eq!(reader.u64s(usize::MAX), Err(FormatError::Truncated));
    }
}
