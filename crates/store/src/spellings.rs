//! How text fields are spelt among the stored deals.

mod kept;

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use hashbrown::HashMap;
use winsight_model::COUNTED_SPELLINGS;

use crate::table::DEALS;
use crate::tally::deal_files::{Queue, dictionary_of, is_same, on_every_core, row_groups};
use crate::{Commit, FeatureStore, StoreError};
pub(crate) use kept::{LastSpellings, path};

/// The spellings of each text field in the store, with the number of deals that use each. A field with
/// more than [`COUNTED_SPELLINGS`] is left out.
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
        let Some(&version) = commit.tables.get(DEALS.name) else { return Ok(no_spellings()) };
        let table = self.table(commit.generation, DEALS, version).await?;
        let mut workers = on_every_core(row_groups(&table, |_, _| true).await?, count);
        let mut all: [Counts; SPELT.len()] = Default::default();
        while let Some(counted) = workers.join_next().await {
            for (all, counts) in all.iter_mut().zip(counted??) {
                all.merge(counts);
            }
        }
        let settled = all.into_iter().map(Counts::settled);
        let named = SPELT.iter().zip(settled);
        Ok(named.filter_map(|(name, counts)| Some(((*name).to_owned(), counts?))).collect())
    }
}

/// Of no deals.
fn no_spellings() -> Spellings {
    SPELT.iter().map(|name| ((*name).to_owned(), BTreeMap::new())).collect()
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

/// How often each spelling of a field occurs, as long as there are not too many.
#[derive(Default)]
struct Counts {
    spellings: HashMap<String, u64>,
    are_too_many: bool,
    /// The dictionary of the last batch with the counts of its values: the next batch of the same
    /// row group has the same one.
    last: Option<(ArrayRef, Vec<u64>)>,
}

impl Counts {
    fn add(&mut self, column: &dyn Array) -> Result<(), StoreError> {
        if self.are_too_many {
            return Ok(());
        }
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
        self.bound();
    }

    fn merge(&mut self, mut other: Self) {
        other.settle();
        self.are_too_many |= other.are_too_many;
        for (spelling, deals) in other.spellings {
            *self.spellings.entry(spelling).or_default() += deals;
        }
        self.bound();
    }

    fn bound(&mut self) {
        self.are_too_many |= self.spellings.len() > COUNTED_SPELLINGS;
        if self.are_too_many {
            self.spellings = HashMap::new();
        }
    }

    /// What was counted; `None` when there are too many.
    fn settled(mut self) -> Option<BTreeMap<String, u64>> {
        self.settle();
        (!self.are_too_many).then(|| self.spellings.into_iter().collect())
    }
}
