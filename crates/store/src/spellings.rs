//! How text fields are spelt among the stored deals.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray};
use hashbrown::HashMap;
use tokio::task::JoinSet;

use crate::compare::cores;
use crate::table::DEALS;
use crate::tally::deal_files::{RowGroup, dictionary_of, is_same, row_groups};
use crate::{Commit, FeatureStore, StoreError};

/// The spellings of each text field in the store, with the number of deals that use each.
pub type Spellings = BTreeMap<String, BTreeMap<String, u64>>;

impl FeatureStore {
    /// The spellings of the given text columns of `deals`.
    pub async fn spellings(
        &self,
        commit: &Commit,
        fields: &[&str],
    ) -> Result<Spellings, StoreError> {
        let names: Arc<[String]> = fields.iter().map(|field| (*field).to_owned()).collect();
        let mut spellings: Spellings =
            names.iter().map(|name| (name.clone(), BTreeMap::new())).collect();
        let Some(&version) = commit.tables.get(DEALS.name) else { return Ok(spellings) };
        let table = self.table(commit.generation, DEALS, version).await?;
        let groups = row_groups(&table, |_, _| true).await?;
        let queue = Arc::new(Mutex::new(VecDeque::from(groups)));
        let mut workers = JoinSet::new();
        for _ in 0..cores() {
            workers.spawn(count(Arc::clone(&queue), Arc::clone(&names)));
        }
        while let Some(counted) = workers.join_next().await {
            for (name, counts) in names.iter().zip(counted??) {
                let known = spellings.entry(name.clone()).or_default();
                for (spelling, deals) in counts.settled() {
                    *known.entry(spelling).or_default() += deals;
                }
            }
        }
        Ok(spellings)
    }
}

/// Counts row groups until none is left.
async fn count(
    queue: Arc<Mutex<VecDeque<RowGroup>>>,
    names: Arc<[String]>,
) -> Result<Vec<Counts>, StoreError> {
    let columns: Vec<_> = names.iter().map(String::as_str).collect();
    let mut counts: Vec<_> = names.iter().map(|_| Counts::default()).collect();
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    while let Some(group) = next() {
        for batch in group.read(&columns).await?.into_iter().flatten() {
            let batch = batch?;
            for (name, counts) in columns.iter().zip(&mut counts) {
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
        let values = || (Arc::clone(column.values()), vec![0; column.values().len()]);
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
