//! From cells to a design of indicator columns: levels, pooling, references, nesting.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::Cell;

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

    fn add(&mut self, other: Self) {
        self.won += other.won;
        self.lost += other.lost;
    }
}

impl From<&Cell> for Count {
    fn from(cell: &Cell) -> Self {
        Self { won: cell.won, lost: cell.lost }
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
    /// The number of every cell's value, in the order in which values appeared.
    values: Vec<usize>,
    /// The level of every value.
    level_of: Vec<usize>,
}

impl Factor {
    /// The factor of the dimension at `position`. The largest level that holds wins and losses is
    /// the reference: against one that holds only either, every odds ratio would be infinite.
    pub(super) fn new(cells: &[&Cell], position: usize) -> Self {
        let mut number_of: HashMap<&str, usize> = HashMap::new();
        let mut counts: Vec<(&str, Count)> = Vec::new();
        let values: Vec<usize> = cells
            .iter()
            .map(|cell| {
                let value = cell.values[position].as_str();
                let number = *number_of.entry(value).or_insert_with(|| {
                    counts.push((value, Count::default()));
                    counts.len() - 1
                });
                counts[number].1.add(Count::from(*cell));
                number
            })
            .collect();
        let level = |&(value, count): &(&'_ str, Count)| {
            if count.deals() < MIN_LEVEL_DEALS { OTHER } else { value }.to_owned()
        };
        let mut pooled: BTreeMap<String, Count> = BTreeMap::new();
        for value in &counts {
            pooled.entry(level(value)).or_default().add(value.1);
        }
        let mut levels: Vec<Level> =
            pooled.into_iter().map(|(value, count)| Level { value, count }).collect();
        // `max_by_key` takes the last of equals; reversed, the first by name wins.
        let reference = levels.iter().enumerate().rev().max_by_key(|(_, level)| {
            (level.count.won > 0 && level.count.lost > 0, level.count.deals())
        });
        let reference = reference.map_or(0, |(index, _)| index);
        levels[..=reference].rotate_right(1);
        let place: BTreeMap<&str, usize> =
            levels.iter().enumerate().map(|(index, level)| (level.value.as_str(), index)).collect();
        let level_of = counts.iter().map(|value| place[level(value).as_str()]).collect();
        Self { levels, values, level_of }
    }

    /// Whether this dimension and `other` determine one or the other, as a rep does the team.
    pub(super) fn is_nested_with(&self, other: &Self) -> bool {
        self.determines(other) || other.determines(self)
    }

    fn determines(&self, other: &Self) -> bool {
        let mut seen = vec![None; self.level_of.len()];
        self.values
            .iter()
            .zip(&other.values)
            .all(|(&mine, &theirs)| *seen[mine].get_or_insert(theirs) == theirs)
    }
}

/// The deals as rows of indicator columns: an intercept in column 0, then one column for every level
/// but the reference of every factor in the design. Cells that agree in all of these share a row.
pub(super) struct Design {
    /// Columns that are 1, ascending, row after row; the others are 0.
    indicators: Vec<usize>,
    rows: Vec<Row>,
    /// The columns of each factor, by its position; empty for one that is not in the design.
    spans: Vec<Range<usize>>,
    /// The number of columns.
    pub(super) columns: usize,
}

struct Row {
    indicators: Range<usize>,
    won: f64,
    lost: f64,
}

impl Design {
    /// The design of the factors at the positions `chosen`, in their order.
    pub(super) fn new(cells: &[&Cell], factors: &[Factor], chosen: &[usize]) -> Self {
        let mut columns = 1;
        let mut spans = vec![0..0; factors.len()];
        for &position in chosen {
            let first = columns;
            columns += factors[position].levels.len() - 1;
            spans[position] = first..columns;
        }
        let mut levels = Vec::with_capacity(cells.len() * chosen.len());
        for cell in 0..cells.len() {
            let level = |&position: &usize| {
                let factor = &factors[position];
                factor.level_of[factor.values[cell]]
            };
            levels.extend(chosen.iter().map(level));
        }
        let width = chosen.len();
        let levels_of = |cell: usize| &levels[cell * width..(cell + 1) * width];
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_unstable_by(|&left, &right| levels_of(left).cmp(levels_of(right)));

        let mut design = Self { indicators: Vec::new(), rows: Vec::new(), spans, columns };
        for alike in order.chunk_by(|&left, &right| levels_of(left) == levels_of(right)) {
            let mut count = Count::default();
            alike.iter().for_each(|&cell| count.add(Count::from(cells[cell])));
            design.push(chosen, levels_of(alike[0]), count);
        }
        design
    }

    fn push(&mut self, chosen: &[usize], levels: &[usize], count: Count) {
        let first = self.indicators.len();
        let spans = &self.spans;
        let raised = chosen.iter().zip(levels).filter(|&(_, &level)| level > 0);
        self.indicators.push(0);
        self.indicators.extend(raised.map(|(&position, level)| spans[position].start + level - 1));
        let indicators = first..self.indicators.len();
        self.rows.push(Row { indicators, won: count.won as f64, lost: count.lost as f64 });
    }

    /// The columns of the factor at `position`.
    pub(super) fn span(&self, position: usize) -> Range<usize> {
        self.spans[position].clone()
    }

    /// The columns that are 1, won deals and lost deals of every row.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&[usize], f64, f64)> {
        self.rows.iter().map(|row| (&self.indicators[row.indicators.clone()], row.won, row.lost))
    }
}
