//! From cells to a design of indicator columns: levels, pooling, references, nesting.

use std::collections::{BTreeMap, BTreeSet};

use super::Cell;
use super::logistic::Row;

/// Levels with fewer deals are pooled.
const MIN_LEVEL_DEALS: u64 = 10;
/// The level that pooled levels form.
const OTHER: &str = "(other)";

/// Wins and losses.
#[derive(Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) won: u64,
    pub(super) lost: u64,
}

impl Count {
    pub(super) fn deals(self) -> u64 {
        self.won + self.lost
    }

    fn add(&mut self, cell: &Cell) {
        self.won += cell.won;
        self.lost += cell.lost;
    }
}

/// A level and its deals.
pub(super) struct Level {
    pub(super) value: String,
    pub(super) count: Count,
}

/// The levels of a dimension, the reference first, the others by name.
pub(super) struct Factor {
    pub(super) levels: Vec<Level>,
    index_of: BTreeMap<String, usize>,
}

impl Factor {
    /// The factor of the dimension at `position`. The largest level that holds wins and losses is
    /// the reference: against one that holds only either, every odds ratio would be infinite.
    pub(super) fn new(cells: &[&Cell], position: usize) -> Self {
        let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
        for cell in cells {
            counts.entry(&cell.values[position]).or_default().add(cell);
        }
        let name = |value: &str| {
            let rare = counts.get(value).is_some_and(|count| count.deals() < MIN_LEVEL_DEALS);
            if rare { OTHER } else { value }.to_owned()
        };
        let mut pooled: BTreeMap<String, Count> = BTreeMap::new();
        for cell in cells {
            pooled.entry(name(&cell.values[position])).or_default().add(cell);
        }
        let mut levels: Vec<Level> =
            pooled.into_iter().map(|(value, count)| Level { value, count }).collect();
        // `max_by_key` takes the last of equals; reversed, the first by name wins.
        let reference = levels.iter().enumerate().rev().max_by_key(|(_, level)| {
            (level.count.won > 0 && level.count.lost > 0, level.count.deals())
        });
        let reference = reference.map_or(0, |(index, _)| index);
        levels[..=reference].rotate_right(1);
        let position_of: BTreeMap<&str, usize> =
            levels.iter().enumerate().map(|(index, level)| (level.value.as_str(), index)).collect();
        let index_of =
            counts.keys().map(|&value| (value.to_owned(), position_of[name(value).as_str()]));
        let index_of = index_of.collect();
        Self { levels, index_of }
    }

    /// The column of each level but the reference, in a design where `first` is the first.
    pub(super) fn column(first: usize, level: usize) -> usize {
        first + level - 1
    }
}

/// The deals by level of every factor, cells that fell together by pooling summed.
pub(super) struct Table {
    rows: BTreeMap<Vec<usize>, Count>,
}

impl Table {
    pub(super) fn new(cells: &[&Cell], factors: &[Factor]) -> Self {
        let mut rows: BTreeMap<Vec<usize>, Count> = BTreeMap::new();
        for cell in cells {
            let levels = factors.iter().zip(&cell.values);
            let key = levels.map(|(factor, value)| factor.index_of[value]).collect();
            rows.entry(key).or_default().add(cell);
        }
        Self { rows }
    }

    /// The design with an intercept in column 0 and the factors in `chosen`, each from the given
    /// first column on. Deals that differ only in other factors share a row.
    pub(super) fn design(&self, chosen: &[(usize, usize)]) -> Vec<Row> {
        let mut rows: BTreeMap<Vec<usize>, Count> = BTreeMap::new();
        for (levels, count) in &self.rows {
            let indicators = chosen
                .iter()
                .filter(|&&(factor, _)| levels[factor] > 0)
                .map(|&(factor, first)| Factor::column(first, levels[factor]));
            let row = rows.entry(std::iter::once(0).chain(indicators).collect()).or_default();
            row.won += count.won;
            row.lost += count.lost;
        }
        let row = |(columns, count): (Vec<usize>, Count)| Row {
            columns,
            won: count.won as f64,
            lost: count.lost as f64,
        };
        rows.into_iter().map(row).collect()
    }
}

/// Whether one of the dimensions at `a` and `b` determines the other, as a rep does the team.
pub(super) fn nested(cells: &[&Cell], a: usize, b: usize) -> bool {
    let pairs: BTreeSet<(&str, &str)> =
        cells.iter().map(|cell| (cell.values[a].as_str(), cell.values[b].as_str())).collect();
    let left: BTreeSet<&str> = pairs.iter().map(|&(left, _)| left).collect();
    let right: BTreeSet<&str> = pairs.iter().map(|&(_, right)| right).collect();
    pairs.len() == left.len().max(right.len())
}
