//! Counters of one grouping in flat arrays: a cell per value, piece and outcome.

use winsight_model::{DayHistogram, Money, Side};

/// A cycle length that is not known.
pub(super) const NO_CYCLE: u32 = u32::MAX;

/// Up to so many days of a cell are kept as a list, beyond as one counter per day.
const LONGEST_LIST: u32 = 64;
const SHORTEST_LIST: u32 = 4;
/// Counters are added in steps of so many days.
const COUNTER_STEP: u32 = 128;
/// Cycles of this length and longer are rare, and kept as a list for all cells together.
const FAR: u32 = 4_096;

#[derive(Clone, Default)]
pub(super) struct Counters {
    cells: Vec<Cell>,
    /// Lists and counters of all cells; a cell that outgrows its place moves to the end.
    days: Vec<u32>,
    /// `(cell, days)` of cycles too long for a counter.
    far: Vec<(usize, u32)>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    cents: i128,
    cents_squared: u128,
    deals: u64,
    without_amount: u64,
    /// Where its days lie.
    start: usize,
    /// How many entries it has there: a list up to [`LONGEST_LIST`], counters beyond.
    room: u32,
    /// Length of the list.
    listed: u32,
}

impl Counters {
    pub(super) fn reserve(&mut self, cells: usize) {
        if cells > self.cells.len() {
            self.cells.resize(cells, Cell::default());
        }
    }

    /// Counts a deal; `cents` of 0 is a blank amount.
    #[inline]
    pub(super) fn add(&mut self, place: usize, cents: i64, cycle: u32) {
        let cell = &mut self.cells[place];
        cell.deals += 1;
        cell.cents += i128::from(cents);
        cell.cents_squared += u128::from(cents.unsigned_abs()) * u128::from(cents.unsigned_abs());
        cell.without_amount += u64::from(cents == 0);
        if cell.room > LONGEST_LIST && cycle < cell.room {
            self.days[cell.start + cycle as usize] += 1;
        } else if cycle != NO_CYCLE {
            self.add_cycle(place, cycle);
        }
    }

    fn add_cycle(&mut self, place: usize, cycle: u32) {
        if cycle >= FAR {
            self.far.push((place, cycle));
            return;
        }
        let cell = &mut self.cells[place];
        if cell.room <= LONGEST_LIST && cell.listed < cell.room {
            self.days[cell.start + cell.listed as usize] = cycle;
            cell.listed += 1;
            return;
        }
        let start = self.days.len();
        let old = cell.start..cell.start + cell.room as usize;
        if cell.room < LONGEST_LIST {
            let room = (cell.room * 2).max(SHORTEST_LIST);
            self.days.extend_from_within(old);
            self.days.resize(start + room as usize, 0);
            self.days[start + cell.listed as usize] = cycle;
            (cell.room, cell.listed) = (room, cell.listed + 1);
        } else {
            let is_list = cell.room == LONGEST_LIST;
            let longest = if is_list {
                self.days[old.clone()].iter().copied().fold(cycle, u32::max)
            } else {
                // Half as much again, so that a cell moves a few times only.
                cycle.max(cell.room + cell.room / 2)
            };
            let room = (longest + 1).next_multiple_of(COUNTER_STEP).min(FAR);
            self.days.resize(start + room as usize, 0);
            if is_list {
                for place in old {
                    let day = self.days[place] as usize;
                    self.days[start + day] += 1;
                }
            } else {
                self.days.copy_within(old, start);
            }
            self.days[start + cycle as usize] += 1;
            cell.room = room;
        }
        cell.start = start;
    }

    /// What each cell counted, in order.
    pub(super) fn sides(mut self) -> impl Iterator<Item = Side> {
        self.far.sort_unstable();
        let mut far = std::mem::take(&mut self.far).into_iter().peekable();
        (0..self.cells.len()).map(move |place| {
            let cell = self.cells[place];
            let start = cell.start;
            let more = std::iter::from_fn(|| far.next_if(|&(owner, _)| owner == place));
            let more = more.map(|(_, days)| (days, 1));
            let cycle_days: DayHistogram = if cell.room > LONGEST_LIST {
                let counts = &self.days[start..start + cell.room as usize];
                (0..).zip(counts.iter().map(|&deals| u64::from(deals))).chain(more).collect()
            } else {
                let list = &self.days[start..start + cell.listed as usize];
                list.iter().map(|&days| (days, 1)).chain(more).collect()
            };
            Side {
                deals: cell.deals,
                amount: Money::from_cents(cell.cents),
                amount_squared: cell.cents_squared,
                without_amount: cell.without_amount,
                cycle_days,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use winsight_model::{Money, Side};

    use super::{Counters, FAR, NO_CYCLE};

    fn any_cycle() -> impl Strategy<Value = u32> {
        prop_oneof![
            8 => 0u32..20,
            4 => 0u32..500,
            1 => 0u32..10_000,
            1 => prop_oneof![Just(FAR - 1), Just(FAR), Just(NO_CYCLE)],
        ]
    }

    proptest! {
        #[test]
        fn count_like_sides(
            deals in prop::collection::vec((0usize..3, -5i64..5, any_cycle()), 0..600),
            large in -10i64.pow(15)..10i64.pow(15),
        ) {
            let mut counters = Counters::default();
            let mut sides = vec![Side::default(); 4];
            counters.reserve(sides.len());
            for (place, cents, cycle) in deals {
                let cents = if cents == 4 { large } else { cents };
                counters.add(place, cents, cycle);
                let cycle = (cycle != NO_CYCLE).then_some(cycle);
                sides[place].add(Some(Money::from_cents(cents.into())), cycle);
            }
            prop_assert_eq!(counters.sides().collect::<Vec<_>>(), sides);
        }
    }
}
