//! From cells to a design of indicator columns: levels, pooling, references, nesting.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::Cell;

/// Levels with fewer deals are pooled.
const MIN_LEVEL_DEALS: u64 = 10;
/// A dimension that alone tells this share of the outcomes was filled in when they were known …
const TELLING: f64 = 0.98;
/// … unless there was hardly anything to tell: this share of the deals ended alike anyway.
const LOPSIDED: f64 = 0.90;
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

impl std::ops::Sub for Count {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { won: self.won - other.won, lost: self.lost - other.lost }
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
        Self::compared_as_in(cells, position, cells.len())
    }

    /// The same with the reference that the first so many cells alone would have.
    pub(super) fn compared_as_in(cells: &[&Cell], position: usize, first: usize) -> Self {
        let mut number_of: HashMap<&str, usize> = HashMap::new();
        let mut counts: Vec<(&str, [Count; 2])> = Vec::new();
        let mut values = Vec::with_capacity(cells.len());
        for (place, cell) in cells.iter().enumerate() {
            let value = cell.values[position].as_str();
            let number = *number_of.entry(value).or_insert_with(|| {
                counts.push((value, Default::default()));
                counts.len() - 1
            });
            counts[number].1[0].add(Count::from(*cell));
            if place < first {
                counts[number].1[1].add(Count::from(*cell));
            }
            values.push(number);
        }
        let level = |&(value, [count, _]): &(&'_ str, [Count; 2])| {
            if count.deals() < MIN_LEVEL_DEALS { OTHER } else { value }.to_owned()
        };
        let mut pooled: BTreeMap<String, [Count; 2]> = BTreeMap::new();
        for value in &counts {
            let sums = pooled.entry(level(value)).or_default();
            sums[0].add(value.1[0]);
            sums[1].add(value.1[1]);
        }
        let compared: Vec<Count> = pooled.values().map(|sums| sums[1]).collect();
        let mut levels: Vec<Level> =
            pooled.into_iter().map(|(value, sums)| Level { value, count: sums[0] }).collect();
        // `max_by_key` takes the last of equals; reversed, the first by name wins.
        let reference = compared
            .iter()
            .enumerate()
            .rev()
            .max_by_key(|(_, count)| (count.won > 0 && count.lost > 0, count.deals()));
        let reference = reference.map_or(0, |(index, _)| index);
        levels[..=reference].rotate_right(1);
        let place: BTreeMap<&str, usize> =
            levels.iter().enumerate().map(|(index, level)| (level.value.as_str(), index)).collect();
        let level_of = counts.iter().map(|value| place[level(value).as_str()]).collect();
        Self { levels, values, level_of }
    }

    /// A factor of two levels, by which the cells are told apart.
    pub(super) fn of_two(is_second: &[bool]) -> Self {
        let level = |value: &str| Level { value: value.to_owned(), count: Count::default() };
        let values = is_second.iter().map(|&second| usize::from(second)).collect();
        Self { levels: vec![level("first"), level("second")], values, level_of: vec![0, 1] }
    }

    /// What the levels of this factor add in the cells that are `chosen`: all others are of the
    /// reference.
    pub(super) fn within(&self, cells: &[&Cell], chosen: &[bool]) -> Self {
        let values: Vec<usize> = (0..self.values.len())
            .map(|cell| if chosen[cell] { self.level_in(cell) } else { 0 })
            .collect();
        let mut counts = vec![Count::default(); self.levels.len()];
        for (place, cell) in cells.iter().enumerate().filter(|&(place, _)| chosen[place]) {
            counts[values[place]].add(Count::from(*cell));
        }
        let level = |(level, count): (&Level, Count)| Level { value: level.value.clone(), count };
        Self {
            levels: self.levels.iter().zip(counts).map(level).collect(),
            values,
            level_of: (0..self.levels.len()).collect(),
        }
    }

    /// The number of the level of a cell.
    pub(super) fn level_in(&self, cell: usize) -> usize {
        self.level_of[self.values[cell]]
    }

    /// Whether it has levels to tell apart, and does not merely repeat the outcomes.
    pub(super) fn may_explain(&self) -> bool {
        self.levels.len() > 1 && !self.tells_outcomes()
    }

    /// Whether its levels tell nearly every outcome, as only something known afterwards does.
    pub(super) fn tells_outcomes(&self) -> bool {
        let counts = || self.levels.iter().map(|level| level.count);
        let deals: u64 = counts().map(Count::deals).sum();
        let won: u64 = counts().map(|count| count.won).sum();
        let told: u64 = counts().map(|count| count.won.max(count.lost)).sum();
        let deals_are = |share: f64, some: u64| some as f64 >= share * deals as f64;
        deals_are(TELLING, told) && !deals_are(LOPSIDED, won.max(deals - won))
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
    /// The row of each cell.
    row_of: Vec<usize>,
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
            levels.extend(chosen.iter().map(|&position| factors[position].level_in(cell)));
        }
        let width = chosen.len();
        let levels_of = |cell: usize| &levels[cell * width..(cell + 1) * width];
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_unstable_by(|&left, &right| levels_of(left).cmp(levels_of(right)));

        let (indicators, rows, row_of) = (Vec::new(), Vec::new(), vec![0; cells.len()]);
        let mut design = Self { indicators, rows, row_of, spans, columns };
        for alike in order.chunk_by(|&left, &right| levels_of(left) == levels_of(right)) {
            let mut count = Count::default();
            for &cell in alike {
                count.add(Count::from(cells[cell]));
                design.row_of[cell] = design.rows.len();
            }
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

    /// The columns that are 1 for each cell, in the order of the cells.
    pub(super) fn columns_of_cells(&self) -> impl Iterator<Item = &[usize]> {
        self.row_of.iter().map(|&row| &self.indicators[self.rows[row].indicators.clone()])
    }

    /// The columns that are 1, won deals and lost deals of every row.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&[usize], f64, f64)> {
        self.rows.iter().map(|row| (&self.indicators[row.indicators.clone()], row.won, row.lost))
    }
}
