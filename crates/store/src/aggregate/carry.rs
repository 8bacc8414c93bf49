use std::collections::{BTreeMap, HashMap};

use object_store::{ObjectStoreExt, PutPayload};
use winsight_model::Dimension;
use xxhash_rust::xxh3::xxh3_128;

use super::encoding::{ALL_DEALS, Entry, encode};
use super::{path, read};
use crate::generation::Generation;
use crate::rebuild::Rewrite;
use crate::{Commit, FeatureStore, StoreError};

impl FeatureStore {
    /// Brings the aggregates of commits from another generation into theirs, with the values of
    /// dimensions rewritten: what counting the rewritten deals would give.
    pub(crate) async fn carry_aggregates(
        &self,
        commits: &mut [Commit],
        from: Generation,
        rewrite: &mut impl Rewrite,
    ) -> Result<(), StoreError> {
        let mut carried: HashMap<(String, String), String> = HashMap::new();
        for commit in commits {
            for (month, object) in &mut commit.aggregates {
                let known = (month.clone(), object.clone());
                if !carried.contains_key(&known) {
                    let new = self.carry(commit.generation, from, &known, rewrite).await?;
                    carried.insert(known.clone(), new);
                }
                object.clone_from(&carried[&known]);
            }
        }
        Ok(())
    }

    async fn carry(
        &self,
        to: Generation,
        from: Generation,
        (month, object): &(String, String),
        rewrite: &mut impl Rewrite,
    ) -> Result<String, StoreError> {
        let dimensions = Dimension::all().into_iter().map(|dimension| dimension.to_string());
        let names: Vec<_> = dimensions.chain([ALL_DEALS.to_owned()]).collect();
        let mut entries: BTreeMap<(String, String), Entry> = BTreeMap::new();
        for mut entry in read(self.objects.as_ref(), from, month, object, &names).await? {
            if entry.dimension != ALL_DEALS
                && let Some(value) = rewrite.rewrite_value(&entry.value)
            {
                entry.value = value;
            }
            // Two spellings of one value may have become the same.
            let key = (entry.dimension.clone(), entry.value.clone());
            match entries.get_mut(&key) {
                Some(same) => same.tally.merge(&entry.tally),
                None => {
                    entries.insert(key, entry);
                }
            }
        }
        let bytes = encode(entries.into_values().collect())?;
        let new = format!("{:032x}", xxh3_128(&bytes));
        self.objects.put(&path(to, month, &new), PutPayload::from(bytes)).await?;
        Ok(new)
    }
}
