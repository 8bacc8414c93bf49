//! Closed deals of two windows by their values in many dimensions at once: counts only, one cell
//! for each combination that occurs.

use std::sync::Arc;

use arrow::array::RecordBatch;
use hashbrown::HashMap;
use jiff::civil::Date;
use winsight_model::{CellCounts, CellTable, CycleBuckets, Dimension, Window};

use super::pieces::Pieces;
use super::tabulator::{CODE_BITS, Tabulator};
use super::{Counter, TallyRequest};
use crate::{Commit, FeatureStore, StoreError};

/// Which cells to count.
#[derive(Clone, Debug)]
pub struct CellRequest {
    /// The last day of the world as it is to be seen.
    pub as_of: Date,
    /// Window of the closed date.
    pub window: Window,
    /// The window it is compared with.
    pub baseline: Window,
    /// The dimensions, at most eight.
    pub dimensions: Vec<Dimension>,
    /// Bounds for deals whose cycle length at `as_of` differs from the stored one.
    pub cycle_buckets: CycleBuckets,
}

impl FeatureStore {
    /// The closed deals of both windows by cell; from the deals themselves, in one pass.
    ///
    /// A deal that was closed at `as_of` and reopened later counts with the outcome it had then.
    pub async fn cells(
        &self,
        commit: &Commit,
        request: &CellRequest,
    ) -> Result<CellTable, StoreError> {
        let tallied = TallyRequest {
            as_of: request.as_of,
            windows: vec![request.window, request.baseline],
            excluding: Vec::new(),
            groupings: vec![request.dimensions.clone()],
            cycle_buckets: request.cycle_buckets.clone(),
        };
        let pieces = Arc::new(Pieces::of(&tallied.windows, tallied.as_of));
        let counter = CellCounter {
            tabulator: Tabulator::new(&tallied, Arc::clone(&pieces)),
            pieces: Arc::clone(&pieces),
            cells: HashMap::new(),
        };
        let (mut total, parts) = self.count(commit, &tallied, &pieces, counter).await?;
        for part in parts {
            total.merge(part);
        }
        Ok(total.into_table())
    }
}

#[derive(Clone)]
struct CellCounter {
    tabulator: Tabulator,
    pieces: Arc<Pieces>,
    cells: HashMap<u128, CellCounts>,
}

/// What a worker counted, with its own codes.
struct Cells {
    values: Vec<(Dimension, Vec<String>)>,
    cells: HashMap<u128, CellCounts>,
}

impl Counter for CellCounter {
    type Counted = Cells;

    fn add(&mut self, batch: &RecordBatch, reopened: bool) -> Result<(), StoreError> {
        let (pieces, cells) = (&self.pieces, &mut self.cells);
        self.tabulator.for_each_row(batch, reopened, |piece, won, packed| {
            let counts = cells.entry(packed).or_default();
            for &window in pieces.windows_of(piece) {
                if window == 0 {
                    counts.deals += 1;
                    counts.won += u32::from(won);
                } else {
                    counts.baseline_deals += 1;
                    counts.baseline_won += u32::from(won);
                }
            }
        })
    }

    fn finish(self) -> Cells {
        Cells { values: self.tabulator.into_values(), cells: self.cells }
    }
}

impl Cells {
    /// Adds what another worker counted, under this one's codes.
    fn merge(&mut self, other: Self) {
        let mut recoded: Vec<Vec<u128>> = Vec::new();
        for ((_, names), (_, more)) in self.values.iter_mut().zip(other.values) {
            let mut codes: HashMap<String, u128> = names.iter().cloned().zip(0..).collect();
            let mut recode = |name: String| {
                let next = names.len() as u128;
                *codes.entry(name).or_insert_with_key(|name| {
                    names.push(name.clone());
                    next
                })
            };
            recoded.push(more.into_iter().map(&mut recode).collect());
        }
        for (packed, counts) in other.cells {
            let codes = codes_of(packed, recoded.len());
            let codes = codes.zip(&recoded).map(|(code, recoded)| recoded[usize::from(code)]);
            let packed = codes.fold(0, |packed, code| packed << CODE_BITS | code);
            self.cells.entry(packed).or_default().add(&counts);
        }
    }

    /// Values in order of their names, and cells in order of their values, however the deals lay.
    fn into_table(self) -> CellTable {
        let mut dimensions = Vec::new();
        let mut sorted: Vec<Vec<String>> = Vec::new();
        let mut ranks: Vec<Vec<u16>> = Vec::new();
        for (dimension, names) in self.values {
            let mut order: Vec<usize> = (0..names.len()).collect();
            order.sort_by(|&a, &b| names[a].cmp(&names[b]));
            let mut rank = vec![0; names.len()];
            for (&place, position) in order.iter().zip(0..) {
                rank[place] = position;
            }
            dimensions.push(dimension);
            sorted.push(order.iter().map(|&place| names[place].clone()).collect());
            ranks.push(rank);
        }
        let ranked = |packed: u128| {
            let codes = codes_of(packed, ranks.len()).zip(&ranks);
            let codes = codes.map(|(code, ranks)| u128::from(ranks[usize::from(code)]));
            codes.fold(0, |packed, code| packed << CODE_BITS | code)
        };
        let mut cells: Vec<(u128, CellCounts)> =
            self.cells.into_iter().map(|(packed, counts)| (ranked(packed), counts)).collect();
        cells.sort_unstable_by_key(|&(packed, _)| packed);
        let mut table = CellTable::new(dimensions, sorted);
        for (packed, counts) in cells {
            table.push(codes_of(packed, ranks.len()), counts);
        }
        table
    }
}

/// The codes that a key packs, in the order of the dimensions.
fn codes_of(packed: u128, dimensions: usize) -> impl Iterator<Item = u16> {
    (0..dimensions).rev().map(move |place| {
        let code = packed >> (CODE_BITS as usize * place) & u128::from(u16::MAX);
        u16::try_from(code).unwrap_or(u16::MAX)
    })
}
