//! Spellings carried from version to version, so that a load counts only what it changes.
//!
//! A small load adds its changes to those of the version before, a large one counts them. They can
//! always be counted anew: an erasure drops them. Those of older versions nobody asks for: upkeep
//! removes them. A field that had too many of them is not kept until all are counted again.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use arrow::array::StringArray;
use hashbrown::HashMap;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use winsight_model::{COUNTED_SPELLINGS, DataVersion};
use xxhash_rust::xxh3::xxh3_128;

use super::{SPELT, Spellings, no_spellings};
use crate::aggregate;
use crate::changed::{Changed, ChangedDeals};
use crate::diff::text;
use crate::generation::Generation;
use crate::{Commit, FeatureStore, StoreError};

/// Where they lie among the aggregates.
const FOLDER: &str = "spellings";
const COMPRESSION_LEVEL: i32 = 1;

/// The spellings that were last asked for.
#[derive(Debug, Default)]
pub(crate) struct LastSpellings(Mutex<Option<(Version, Spellings)>>);

/// What tells a version from every other one.
type Version = (Generation, DataVersion, Timestamp);

fn version(commit: &Commit) -> Version {
    (commit.generation, commit.version, commit.known_at)
}

impl LastSpellings {
    fn of(&self, commit: &Commit) -> Option<Spellings> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, spellings) = last.as_ref()?;
        (*of == version(commit)).then(|| spellings.clone())
    }

    /// Forgets them.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn remember(&self, commit: &Commit, spellings: &Spellings) {
        let last = (version(commit), spellings.clone());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }
}

/// The spellings after a load; `None` when its changes do not fit.
fn changed_by(
    deals: &ChangedDeals,
    mut spellings: Spellings,
) -> Result<Option<Spellings>, StoreError> {
    for field in SPELT {
        let Some(counts) = spellings.get_mut(field) else { continue };
        let gone: Result<Vec<_>, _> = deals.gone.iter().map(|batch| text(batch, field)).collect();
        let arriving: Result<Vec<_>, _> =
            deals.arriving.iter().map(|batch| text(batch, field)).collect();
        for (value, change) in net(&gone?, &arriving?) {
            let before = counts.get(value).copied().unwrap_or_default();
            match before.checked_add_signed(change) {
                None => return Ok(None),
                Some(0) => _ = counts.remove(value),
                Some(after) => _ = counts.insert(value.to_owned(), after),
            }
        }
    }
    spellings.retain(|_, counts| counts.len() <= COUNTED_SPELLINGS);
    Ok(Some(spellings))
}

/// By how much the number of deals with each value changes; most values of a small load keep theirs.
fn net<'a>(gone: &'a [StringArray], arriving: &'a [StringArray]) -> HashMap<&'a str, i64> {
    let mut net = HashMap::new();
    for (columns, one) in [(gone, -1), (arriving, 1)] {
        for value in columns.iter().flatten().flatten() {
            *net.entry(value).or_default() += one;
        }
    }
    net.retain(|_, change| *change != 0);
    net
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
        match self.read_spellings(commit.generation, commit.spellings.as_ref()?).await {
            Ok(spellings) => Some(spellings),
            Err(error) => {
                tracing::warn!(%error, "counting the spellings instead of using those kept");
                None
            }
        }
    }

    async fn read_spellings(
        &self,
        generation: Generation,
        object: &str,
    ) -> Result<Spellings, StoreError> {
        let path = path(generation, object);
        let bytes = self.objects.get(&path).await?.bytes().await?;
        if format!("{:032x}", xxh3_128(&bytes)) != object {
            return Err(StoreError::Damaged(format!(
                "{path} has other contents than its name says"
            )));
        }
        let damaged = |error: &dyn fmt::Display| StoreError::Damaged(format!("{path}: {error}"));
        let text = zstd::decode_all(bytes.as_ref()).map_err(|error| damaged(&error))?;
        serde_json::from_slice(&text).map_err(|error| damaged(&error))
    }

    /// Writes the spellings of `commit`, in which these deals differ from `previous`; returns their
    /// object.
    pub(crate) async fn spellings_after(
        &self,
        commit: &Commit,
        previous: Option<&Commit>,
        changed: &Changed,
    ) -> Result<String, StoreError> {
        let spellings = match self.carried(previous, changed).await? {
            Some(spellings) => spellings,
            None => self.count_spellings(commit).await?,
        };
        let unwritable =
            |error: &dyn fmt::Display| StoreError::Damaged(format!("{FOLDER}: {error}"));
        let text = serde_json::to_vec(&spellings).map_err(|error| unwritable(&error))?;
        let bytes = zstd::encode_all(text.as_slice(), COMPRESSION_LEVEL)
            .map_err(|error| unwritable(&error))?;
        let object = format!("{:032x}", xxh3_128(&bytes));
        if previous.and_then(|previous| previous.spellings.as_ref()) != Some(&object) {
            self.objects.put(&path(commit.generation, &object), PutPayload::from(bytes)).await?;
        }
        Ok(object)
    }

    /// The spellings of `previous` with these changes; `None` where they must be counted.
    async fn carried(
        &self,
        previous: Option<&Commit>,
        changed: &Changed,
    ) -> Result<Option<Spellings>, StoreError> {
        let Some(deals) = changed.deals() else { return Ok(None) };
        let before = match previous {
            Some(previous) => self.spellings_at_hand(previous).await,
            None => Some(no_spellings()),
        };
        before.map_or(Ok(None), |before| changed_by(deals, before))
    }
}
