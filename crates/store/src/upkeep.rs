//! Upkeep: fewer and larger files, old versions dropped, and what no version needs any more deleted.
//!
//! Nothing that a retained version needs is ever deleted. What is no longer needed stays for a while
//! longer, for readers who began before, and then goes.

mod compact;
mod garbage;
mod retention;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use crate::generation::Generation;
use crate::staging::Staging;
use crate::{FeatureStore, StoreError};

const BOOK: &str = "upkeep.json";

/// For how long a file that is no longer needed stays for readers who began before.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// What upkeep is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct UpkeepRequest {
    /// The instant of it.
    pub now: Timestamp,
    /// Versions that were the newest at some moment of this many past days are kept.
    pub versions_days: u32,
    /// At least this many versions are kept, whatever their age.
    pub versions_at_least: usize,
    /// Say what there is to do, and do nothing.
    pub dry_run: bool,
}

/// What upkeep did, or has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UpkeepReport {
    /// Small data files that were put together.
    pub files_compacted: u64,
    /// The larger ones that they became.
    pub files_written: u64,
    /// Old versions that can no longer be asked for.
    pub versions_dropped: u64,
    /// Files that no version needs, and that are past their time of grace.
    pub files_deleted: u64,
    /// Their size.
    pub bytes_deleted: u64,
    /// Files that no version needs, and that will be deleted once readers are surely done.
    pub files_waiting: u64,
    /// Tables whose log was condensed into a checkpoint.
    pub checkpoints: u64,
}

/// What one upkeep leaves to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Book {
    last: Option<Timestamp>,
    /// Since when an object has been needed by nobody.
    unneeded: BTreeMap<String, Timestamp>,
}

impl FeatureStore {
    /// Puts the store in order. Holds the writer lock by its `staging`; readers may go on.
    ///
    /// # Errors
    /// On any failure, and when killed at any moment, every retained version stays as it was.
    pub async fn upkeep(
        &self,
        _staging: &Staging,
        request: UpkeepRequest,
    ) -> Result<UpkeepReport, StoreError> {
        let mut report = UpkeepReport::default();
        let Some(newest) = self.latest().await? else { return Ok(report) };
        let generation = newest.generation;
        if !request.dry_run {
            self.remove_generations_except(generation).await?;
        }
        self.compact(&newest, request.dry_run, &mut report).await?;
        let retained = self.drop_versions(request, &mut report).await?;
        let mut book = self.upkeep_book(generation).await?;
        self.collect_garbage(&retained, &mut book, request, &mut report).await?;
        if !request.dry_run {
            book.last = Some(request.now);
            self.write_upkeep_book(generation, &book).await?;
        }
        Ok(report)
    }

    /// When upkeep was last done.
    pub async fn last_upkeep(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.upkeep_book(self.generation().await?).await?.last)
    }

    async fn upkeep_book(&self, generation: Generation) -> Result<Book, StoreError> {
        let path = generation.path(BOOK);
        match self.objects.get(&path).await {
            Ok(found) => serde_json::from_slice(&found.bytes().await?)
                .map_err(|source| StoreError::Catalog { path: path.to_string(), source }),
            Err(object_store::Error::NotFound { .. }) => Ok(Book::default()),
            Err(error) => Err(error.into()),
        }
    }

    async fn write_upkeep_book(
        &self,
        generation: Generation,
        book: &Book,
    ) -> Result<(), StoreError> {
        let path: Path = generation.path(BOOK);
        let bytes = serde_json::to_vec(book)
            .map_err(|source| StoreError::Catalog { path: path.to_string(), source })?;
        self.objects.put(&path, PutPayload::from(bytes)).await?;
        Ok(())
    }
}
