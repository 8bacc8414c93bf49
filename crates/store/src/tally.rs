//! Closed deals condensed into tallies: one pass over the deals for any number of groupings.

mod cells;
mod counters;
pub(crate) mod deal_files;
mod pieces;
mod tabulator;

use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;

use arrow::array::RecordBatch;
use jiff::civil::Date;
use winsight_model::{CycleBuckets, Dimension, Segment, Tally, Window};

use crate::aggregate::AggregateAnswer;
use crate::table::DEALS;
use crate::{Commit, FeatureStore, StoreError};
use deal_files::{Queue, on_every_core, row_groups};
use pieces::Pieces;
use tabulator::Tabulator;

pub use self::cells::CellRequest;

/// The dimensions of one table of tallies; none for all deals together.
pub type Grouping = Vec<Dimension>;

/// Which tallies to make.
#[derive(Clone, Debug)]
pub struct TallyRequest {
    /// The last day of the world as it is to be seen.
    pub as_of: Date,
    /// Windows of the closed date; they may overlap.
    pub windows: Vec<Window>,
    /// Deals of these segments are left out.
    pub excluding: Vec<Segment>,
    /// One table of tallies for each.
    pub groupings: Vec<Grouping>,
    /// Bounds for deals whose cycle length at `as_of` differs from the stored one.
    pub cycle_buckets: CycleBuckets,
}

/// The tallies of one window of one grouping, by the values of its dimensions.
pub type Tallies = BTreeMap<Vec<String>, Tally>;

impl FeatureStore {
    /// Tallies of the closed deals, as `result[grouping][window]`.
    ///
    /// A deal that was closed at `as_of` and reopened later counts with the outcome it had then.
    pub async fn tally(
        &self,
        commit: &Commit,
        request: &TallyRequest,
    ) -> Result<Vec<Vec<Tallies>>, StoreError> {
        let Some(AggregateAnswer { mut tables, rest }) =
            self.answer_from_aggregates(commit, request).await
        else {
            return self.count_deals(commit, request).await;
        };
        if !rest.is_empty() {
            let windows = rest.iter().map(|&(_, window)| window).collect();
            let counted = TallyRequest { windows, ..request.clone() };
            let counted = self.count_deals(commit, &counted).await?;
            for (tables, counted) in tables.iter_mut().zip(counted) {
                for (&(window, _), tallies) in rest.iter().zip(counted) {
                    merge_tallies(&mut tables[window], tallies);
                }
            }
        }
        Ok(tables)
    }

    /// The same from the deals themselves.
    pub(crate) async fn count_deals(
        &self,
        commit: &Commit,
        request: &TallyRequest,
    ) -> Result<Vec<Vec<Tallies>>, StoreError> {
        let pieces = Arc::new(Pieces::of(&request.windows, request.as_of));
        let tabulator = Tabulator::new(request, Arc::clone(&pieces));
        let (mut total, parts) = self.count(commit, request, &pieces, tabulator).await?;
        for part in parts {
            for (total, part) in total.iter_mut().zip(part) {
                for (total, part) in total.iter_mut().zip(part) {
                    merge_tallies(total, part);
                }
            }
        }
        Ok(total.into_iter().map(|by_piece| pieces.assemble(by_piece)).collect())
    }

    /// Tallies of deals at hand, as they are today.
    pub(crate) fn count_batches(
        request: &TallyRequest,
        deals: &[RecordBatch],
    ) -> Result<Vec<Vec<Tallies>>, StoreError> {
        let pieces = Arc::new(Pieces::of(&request.windows, request.as_of));
        let mut tabulator = Tabulator::new(request, Arc::clone(&pieces));
        for batch in deals {
            tabulator.add(batch, false)?;
        }
        Ok(tabulator.finish().into_iter().map(|by_piece| pieces.assemble(by_piece)).collect())
    }

    /// Lets workers count the deals of the request: what was reopened since, and what each worker
    /// counted.
    async fn count<C: Counter>(
        &self,
        commit: &Commit,
        request: &TallyRequest,
        pieces: &Pieces,
        counter: C,
    ) -> Result<(C::Counted, Vec<C::Counted>), StoreError> {
        let columns: Arc<[String]> = tabulator::columns(request).into();
        let groups = match commit.tables.get(DEALS.name) {
            Some(&version) => {
                let table = self.table(commit.generation, DEALS, version).await?;
                row_groups(&table, |first, last| pieces.touch(first, last)).await?
            }
            None => Vec::new(),
        };
        let mut workers = on_every_core(groups, |queue| {
            count_groups(counter.clone(), queue, Arc::clone(&columns))
        });
        let mut counter = counter;
        for batch in self.reopened_later(commit, request, &columns).await? {
            counter.add(&batch, true)?;
        }
        let mut parts = Vec::new();
        while let Some(part) = workers.join_next().await {
            parts.push(part??);
        }
        Ok((counter.finish(), parts))
    }

    /// Deals that had closed by `as_of` according to their events, but are open or closed anew
    /// today. There are none as of the last known day or later.
    async fn reopened_later(
        &self,
        commit: &Commit,
        request: &TallyRequest,
        columns: &[String],
    ) -> Result<Vec<RecordBatch>, StoreError> {
        let Some(past) = self.past(commit, request.as_of).await? else { return Ok(Vec::new()) };
        let project = |batch: &RecordBatch| {
            let places: Result<Vec<_>, _> =
                columns.iter().map(|name| batch.schema().index_of(name)).collect();
            Ok(batch.project(&places?)?)
        };
        past.reopened.iter().map(project).collect()
    }
}

/// Something that counts deals batch by batch, a copy on every worker.
trait Counter: Clone + Send + 'static {
    type Counted: Send;

    /// Counts the rows of a batch; `reopened` says that their cycles are not the stored ones.
    fn add(&mut self, batch: &RecordBatch, reopened: bool) -> Result<(), StoreError>;

    fn finish(self) -> Self::Counted;
}

/// Counts row groups until none is left.
async fn count_groups<C: Counter>(
    mut counter: C,
    queue: Queue,
    columns: Arc<[String]>,
) -> Result<C::Counted, StoreError> {
    let columns: Vec<_> = columns.iter().map(String::as_str).collect();
    while let Some(group) = queue.next() {
        for batch in group.read(&columns).await?.into_iter().flatten() {
            counter.add(&batch?, false)?;
        }
    }
    Ok(counter.finish())
}

/// Adds every tally of `part`.
fn merge_tallies(total: &mut Tallies, part: Tallies) {
    for (values, tally) in part {
        match total.entry(values) {
            Entry::Vacant(place) => _ = place.insert(tally),
            Entry::Occupied(mut known) => known.get_mut().merge(&tally),
        }
    }
}
