use crate::Dimension;

/// Closed deals of two windows, counted by their values in several dimensions at once.
///
/// A cell is one combination of values that occurs. Values are numbered, so that millions of cells
/// take little room and can be counted along any of their dimensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellTable {
    dimensions: Vec<Dimension>,
    values: Vec<Vec<String>>,
    codes: Vec<Vec<u16>>,
    counts: Vec<CellCounts>,
}

/// The deals of a cell, or of many cells together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellCounts {
    /// Closed in the current window.
    pub deals: u32,
    /// Won among these.
    pub won: u32,
    /// Closed in the baseline window.
    pub baseline_deals: u32,
    /// Won among these.
    pub baseline_won: u32,
}

impl CellCounts {
    /// Counts everything `other` counted.
    pub fn add(&mut self, other: &Self) {
        self.deals += other.deals;
        self.won += other.won;
        self.baseline_deals += other.baseline_deals;
        self.baseline_won += other.baseline_won;
    }
}

impl CellTable {
    /// A table without cells. `values` has the names of each dimension's values; the place of a
    /// name is its number.
    pub fn new(dimensions: Vec<Dimension>, values: Vec<Vec<String>>) -> Self {
        let codes = vec![Vec::new(); dimensions.len()];
        Self { dimensions, values, codes, counts: Vec::new() }
    }

    /// Adds a cell: the number of its value in each dimension, and its counts.
    pub fn push(&mut self, codes: impl IntoIterator<Item = u16>, counts: CellCounts) {
        for (column, code) in self.codes.iter_mut().zip(codes) {
            column.push(code);
        }
        self.counts.push(counts);
    }

    /// The dimensions.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The names of the values of the dimension at `place`.
    pub fn values(&self, place: usize) -> &[String] {
        &self.values[place]
    }

    /// The number of each cell's value in the dimension at `place`.
    pub fn codes(&self, place: usize) -> &[u16] {
        &self.codes[place]
    }

    /// What each cell counted.
    pub fn counts(&self) -> &[CellCounts] {
        &self.counts
    }

    /// Keeps only the cells for which `keep` is true; it is asked with each cell's place.
    pub fn retain(&mut self, keep: impl Fn(&Self, usize) -> bool) {
        let kept: Vec<bool> = (0..self.counts.len()).map(|place| keep(self, place)).collect();
        let filter = |place: &mut usize| {
            *place += 1;
            kept[*place - 1]
        };
        for column in &mut self.codes {
            let mut place = 0;
            column.retain(|_| filter(&mut place));
        }
        let mut place = 0;
        self.counts.retain(|_| filter(&mut place));
    }
}
