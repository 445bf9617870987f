//! Training texts as numbers: one sparse row and one dense vector each.

/// All rows of a training set, packed.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Where each row's values end.
    ends: Vec<usize>,
    values: Vec<(u32, f32)>,
    dense: Vec<f32>,
    /// How many sparse columns there are.
    pub(super) columns: usize,
    /// How many dense values a row has.
    pub(super) dimensions: usize,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) sparse: &'a [(u32, f32)],
    pub(super) dense: &'a [f32],
}

impl Rows {
    pub(super) fn new(columns: usize, dimensions: usize) -> Self {
        Self {
            ends: Vec::new(),
            values: Vec::new(),
            dense: Vec::new(),
            columns,
            dimensions,
        }
    }

    pub(super) fn push(&mut self, row: Row<'_>) {
        self.values.extend_from_slice(row.sparse);
        self.ends.push(self.values.len());
        self.dense.extend_from_slice(row.dense);
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns one row, an empty one past the end.
    pub(super) fn row(&self, at: usize) -> Row<'_> {
        let end = self.ends.get(at).copied().unwrap_or_default();
        let start = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or_default();
        let dense = at * self.dimensions;
        Row {
            sparse: self.values.get(start..end).unwrap_or_default(),
            dense: self
                .dense
                .get(dense..dense + self.dimensions)
                .unwrap_or_default(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(|at| self.row(at))
    }
}

impl Row<'_> {
    /// Returns the squared length.
    pub(super) fn square(&self) -> f32 {
        self.sparse
            .iter()
            .map(|(_, value)| value * value)
            .sum::<f32>()
            + super::math::dot(self.dense, self.dense)
    }
}
