//! Spellings carried from version to version, so that a load counts only what it changes.
//!
//! They are made when somebody asks for them, and from then on each small load adds its changes. They
//! can always be counted anew: a load too large to be worth it, or an erasure, drops them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use arrow::array::StringArray;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use winsight_model::DataVersion;
use xxhash_rust::xxh3::xxh3_128;

use super::{SPELT, Spellings};
use crate::aggregate;
use crate::changed::{Changed, ChangedDeals};
use crate::diff::text;
use crate::generation::Generation;
use crate::{Commit, FeatureStore, StoreError};

/// Where they lie among the aggregates.
const FOLDER: &str = "spellings";

/// The spellings that were last asked for.
#[derive(Debug, Default)]
pub(crate) struct LastSpellings(Mutex<Option<(Generation, DataVersion, Spellings)>>);

impl LastSpellings {
    fn of(&self, commit: &Commit) -> Option<Spellings> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (generation, version, spellings) = last.as_ref()?;
        let is_same = (*generation, *version) == (commit.generation, commit.version);
        is_same.then(|| spellings.clone())
    }

    pub(super) fn remember(&self, commit: &Commit, spellings: &Spellings) {
        let last = (commit.generation, commit.version, spellings.clone());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }
}

/// The spellings after a load; `None` when its changes do not fit.
fn changed_by(
    deals: &ChangedDeals,
    mut spellings: Spellings,
) -> Result<Option<Spellings>, StoreError> {
    for field in SPELT {
        let (mut goes, mut arrives) = (BTreeMap::new(), BTreeMap::new());
        for (counts, batches) in [(&mut goes, &deals.gone), (&mut arrives, &deals.arriving)] {
            for batch in batches {
                count(&text(batch, field)?, counts);
            }
        }
        let counts = spellings.entry(field.to_owned()).or_default();
        for (value, more) in arrives {
            *counts.entry(value).or_default() += more;
        }
        for (value, fewer) in goes {
            let Some(left) = counts.get(&value).and_then(|count| count.checked_sub(fewer)) else {
                return Ok(None);
            };
            if left == 0 {
                counts.remove(&value);
            } else {
                counts.insert(value, left);
            }
        }
    }
    Ok(Some(spellings))
}

fn count(values: &StringArray, counts: &mut BTreeMap<String, u64>) {
    for value in values.iter().flatten() {
        match counts.get_mut(value) {
            Some(count) => *count += 1,
            None => _ = counts.insert(value.to_owned(), 1),
        }
    }
}

/// The object of the spellings of a commit.
pub(crate) fn path(generation: Generation, object: &str) -> Path {
    aggregate::path(generation, FOLDER, object)
}

impl FeatureStore {
    /// The spellings of a version, if they are at hand.
    pub(super) async fn spellings_at_hand(&self, commit: &Commit) -> Option<Spellings> {
        if let Some(last) = self.spelt.of(commit) {
            return Some(last);
        }
        let object = path(commit.generation, commit.spellings.as_ref()?);
        match self.read_spellings(&object).await {
            Ok(spellings) => Some(spellings),
            Err(error) => {
                tracing::warn!(%error, "counting the spellings instead of using those kept");
                None
            }
        }
    }

    async fn read_spellings(&self, object: &Path) -> Result<Spellings, StoreError> {
        let bytes = self.objects.get(object).await?.bytes().await?;
        serde_json::from_slice(&bytes)
            .map_err(|source| StoreError::Catalog { path: object.to_string(), source })
    }

    /// Writes the spellings of `commit`, in which these deals differ from `previous`; returns their
    /// object.
    pub(crate) async fn carry_spellings(
        &self,
        commit: &Commit,
        previous: Option<&Commit>,
        changed: &Changed,
    ) -> Result<Option<String>, StoreError> {
        let Some(deals) = changed.deals() else { return Ok(None) };
        let before = match previous {
            Some(previous) => self.spellings_at_hand(previous).await,
            None => Some(Spellings::new()),
        };
        let Some(before) = before else { return Ok(None) };
        let Some(spellings) = changed_by(deals, before)? else { return Ok(None) };
        let catalog = |source| StoreError::Catalog { path: FOLDER.to_owned(), source };
        let bytes = serde_json::to_vec(&spellings).map_err(catalog)?;
        let object = format!("{:032x}", xxh3_128(&bytes));
        self.objects.put(&path(commit.generation, &object), PutPayload::from(bytes)).await?;
        Ok(Some(object))
    }
}
