//! How text fields are spelt among the stored deals.

mod kept;

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use hashbrown::HashMap;

use crate::table::DEALS;
use crate::tally::deal_files::{Queue, dictionary_of, is_same, on_every_core, row_groups};
use crate::{Commit, FeatureStore, StoreError};
pub(crate) use kept::{LastSpellings, path};

/// The spellings of each text field in the store, with the number of deals that use each.
pub type Spellings = BTreeMap<String, BTreeMap<String, u64>>;

/// The text columns of `deals` whose spellings are compared between loads.
const SPELT: [&str; 8] =
    ["account", "region", "industry", "product", "lead_source", "rep", "team", "deal_type"];

impl FeatureStore {
    /// The spellings of the text fields of the deals of a version.
    pub async fn spellings(&self, commit: &Commit) -> Result<Spellings, StoreError> {
        let spellings = match self.spellings_at_hand(commit).await {
            Some(spellings) => spellings,
            None => self.count_spellings(commit).await?,
        };
        self.spelt.remember(commit, &spellings);
        Ok(spellings)
    }

    /// The same from the deals themselves.
    async fn count_spellings(&self, commit: &Commit) -> Result<Spellings, StoreError> {
        let mut spellings: Spellings =
            SPELT.iter().map(|name| ((*name).to_owned(), BTreeMap::new())).collect();
        let Some(&version) = commit.tables.get(DEALS.name) else { return Ok(spellings) };
        let table = self.table(commit.generation, DEALS, version).await?;
        let mut workers = on_every_core(row_groups(&table, |_, _| true).await?, count);
        while let Some(counted) = workers.join_next().await {
            for (name, counts) in SPELT.iter().zip(counted??) {
                let known = spellings.entry((*name).to_owned()).or_default();
                for (spelling, deals) in counts.settled() {
                    *known.entry(spelling).or_default() += deals;
                }
            }
        }
        Ok(spellings)
    }
}

/// Counts row groups until none is left.
async fn count(queue: Queue) -> Result<[Counts; SPELT.len()], StoreError> {
    let mut counts: [Counts; SPELT.len()] = Default::default();
    while let Some(group) = queue.next() {
        for batch in group.read(&SPELT).await?.into_iter().flatten() {
            let batch = batch?;
            for (name, counts) in SPELT.iter().zip(&mut counts) {
                if let Some(column) = batch.column_by_name(name) {
                    counts.add(column)?;
                }
            }
        }
    }
    Ok(counts)
}

/// How often each spelling of a field occurs.
#[derive(Default)]
struct Counts {
    spellings: HashMap<String, u64>,
    /// The dictionary of the last batch with the counts of its values: the next batch of the same
    /// row group has the same one.
    last: Option<(ArrayRef, Vec<u64>)>,
}

impl Counts {
    fn add(&mut self, column: &dyn Array) -> Result<(), StoreError> {
        let column = dictionary_of(column)?;
        if !self.last.as_ref().is_some_and(|(last, _)| is_same(last, column.values())) {
            self.settle();
        }
        let values = || (ArrayRef::clone(column.values()), vec![0; column.values().len()]);
        let (_, counts) = self.last.get_or_insert_with(values);
        for key in column.keys().iter().flatten() {
            counts[key.cast_unsigned() as usize] += 1;
        }
        Ok(())
    }

    fn settle(&mut self) {
        let Some((values, counts)) = self.last.take() else { return };
        for (value, deals) in values.as_string::<i32>().iter().zip(counts) {
            if let Some(value) = value.filter(|_| deals > 0) {
                *self.spellings.entry_ref(value).or_default() += deals;
            }
        }
    }

    fn settled(mut self) -> HashMap<String, u64> {
        self.settle();
        self.spellings
    }
}
