//! What is known of texts, without the texts: their hashes and a value each.
//!
//! The catalogue's examples, the lists its patterns stand for and the words of its languages are tens of thousands of
//! short texts that are only ever asked "is it this one?". As keys of a hash map each costs three times its length;
//! here it costs eight bytes. Two of a hundred thousand texts have the same hash once in four thousand million catalogues,
//! and a message of another's choosing that collides is read as another sentence of the catalogue, no more.

pub(super) use super::model::hash_text;

/// Values by text, several to a text where that was asked for, in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct ByText<V> {
    /// In rising order.
    hashes: Box<[u64]>,
    values: Box<[V]>,
}

impl<V> Default for ByText<V> {
    fn default() -> Self {
        Self {
            hashes: Box::default(),
            values: Box::default(),
        }
    }
}

impl<V> ByText<V> {
    /// Makes a table of pairs by the hash of their text.
    pub(super) fn of_hashes(mut pairs: Vec<(u64, V)>) -> Self {
        pairs.sort_by_key(|(hash, _)| *hash);
        let (hashes, values): (Vec<u64>, Vec<V>) = pairs.into_iter().unzip();
        Self {
            hashes: hashes.into(),
            values: values.into(),
        }
    }

    /// Returns every value of a text.
    pub(super) fn all(&self, text: &str) -> &[V] {
        let hash = hash_text(text);
        let start = self.hashes.partition_point(|other| *other < hash);
        let same = self.hashes.iter().skip(start);
        let end = start + same.take_while(|other| **other == hash).count();
        self.values.get(start..end).unwrap_or_default()
    }

    /// Returns the first value of a text.
    pub(super) fn first(&self, text: &str) -> Option<&V> {
        self.all(text).first()
    }
}

/// Collects values by text.
#[derive(Debug)]
pub(super) struct Gathered<V>(Vec<(u64, V)>);

impl<V> Default for Gathered<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Gathered<V> {
    /// Adds a value to a text.
    pub(super) fn add(&mut self, text: &str, value: V) {
        self.0.push((hash_text(text), value));
    }

    /// Closes the table.
    pub(super) fn finish(self) -> ByText<V> {
        ByText::of_hashes(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_all_values_of_a_text_in_order() {
        let mut gathered = Gathered::default();
        for (text, value) in [("tea", 2), ("milk", 1), ("tea", 0)] {
            gathered.add(text, value);
        }
        let table = gathered.finish();
        assert_eq!(table.all("tea"), [2, 0]);
        assert_eq!(table.first("milk"), Some(&1));
        assert_eq!(table.first("te"), None);
        assert_eq!(table.first(""), None);
    }
}
