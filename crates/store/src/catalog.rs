//! One small file per committed load, created only if it does not exist yet.
//!
//! Upkeep may store the same version in other files. It then adds a revision of the catalog file,
//! which names other table versions and nothing else that is new; the highest revision counts.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use serde::{Deserialize, Serialize};
use winsight_model::DataVersion;

use crate::generation::Generation;
use crate::{FeatureStore, KnownDays, StoreError};

const FOLDER: &str = "versions";

/// How often a catalog is read again that is being replaced meanwhile.
const ATTEMPTS: u32 = 5;

/// A committed load: the state of every table after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its number, counting from 1.
    pub version: DataVersion,
    /// The id under which the metadata database knows the load; 0 for a version that was brought
    /// back by hand.
    pub load: i64,
    /// When it was loaded: the knowledge time of its rows. Never before that of an earlier version.
    pub known_at: Timestamp,
    /// Delta version of each table.
    pub tables: BTreeMap<String, u64>,
    /// The days it spans; `None` in a commit of a version of Winsight that did not say.
    #[serde(default)]
    pub known_days: Option<KnownDays>,
    /// For each month (`2024-03`) in which a deal closed, the object that holds its tallies. Without
    /// any, deals are counted instead.
    #[serde(default)]
    pub aggregates: BTreeMap<String, String>,
    /// The object that holds the spellings of its deals. Without one, they are counted when needed.
    #[serde(default)]
    pub spellings: Option<String>,
    /// The generation that it lies in.
    #[serde(skip)]
    pub generation: Generation,
    /// How often its files were rearranged.
    #[serde(skip)]
    pub revision: u32,
}

/// Who commits, and when.
#[derive(Clone, Copy, Debug)]
pub struct CommitRequest {
    /// The id under which the metadata database knows the load.
    pub load: i64,
    /// The instant of the load.
    pub known_at: Timestamp,
}

/// A catalog file, as its name tells it. The order is that of versions and their revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CatalogFile {
    pub(crate) version: DataVersion,
    pub(crate) revision: u32,
}

impl CatalogFile {
    fn of(commit: &Commit) -> Self {
        Self { version: commit.version, revision: commit.revision }
    }

    pub(crate) fn path(self, generation: Generation) -> Path {
        let Self { version: DataVersion(version), revision } = self;
        let revision = if revision == 0 { String::new() } else { format!("-{revision}") };
        generation.path(&format!("{FOLDER}/{version:010}{revision}.json"))
    }

    fn read(path: &Path) -> Option<Self> {
        let name = path.filename()?.strip_suffix(".json")?;
        let (version, revision) = name.split_once('-').unwrap_or((name, "0"));
        let version = DataVersion(version.parse().ok()?);
        Some(Self { version, revision: revision.parse().ok()? })
    }
}

impl FeatureStore {
    /// The newest committed load; `None` before the first.
    pub async fn latest(&self) -> Result<Option<Commit>, StoreError> {
        Ok(self.read_catalog(|files| files.split_off(files.len().saturating_sub(1))).await?.pop())
    }

    /// The commit with this version number.
    ///
    /// # Errors
    /// When there is none; the message names the versions there are.
    pub async fn commit(&self, version: DataVersion) -> Result<Commit, StoreError> {
        let mut newest = None;
        let found = self.read_catalog(|files| {
            newest = files.last().map(|file| file.version);
            files.retain(|file| file.version == version);
            std::mem::take(files)
        });
        found.await?.pop().ok_or(StoreError::NoSuchVersion { version, newest })
    }

    /// Every commit, oldest first.
    pub async fn commits(&self) -> Result<Vec<Commit>, StoreError> {
        self.read_catalog(std::mem::take).await
    }

    /// Reads the wanted ones of the catalog files, of which it gives the highest revision of each
    /// version, oldest first.
    async fn read_catalog(
        &self,
        mut wanted: impl FnMut(&mut Vec<CatalogFile>) -> Vec<CatalogFile>,
    ) -> Result<Vec<Commit>, StoreError> {
        let mut attempts = 0;
        loop {
            let generation = self.generation().await?;
            let read = self.read_generation(generation, &mut wanted).await;
            attempts += 1;
            let was_replaced = match &read {
                // Files that are gone were removed in favour of others.
                Err(StoreError::Objects(object_store::Error::NotFound { .. })) => true,
                _ => self.generation().await? != generation,
            };
            if !was_replaced || attempts == ATTEMPTS {
                return read;
            }
        }
    }

    async fn read_generation(
        &self,
        generation: Generation,
        wanted: &mut impl FnMut(&mut Vec<CatalogFile>) -> Vec<CatalogFile>,
    ) -> Result<Vec<Commit>, StoreError> {
        let mut files = catalog_files(self.objects.as_ref(), generation).await?;
        if files.is_empty() {
            self.is_really_empty(generation).await?;
        }
        files.dedup_by(|later, earlier| {
            let is_same = later.version == earlier.version;
            if is_same {
                *earlier = *later;
            }
            is_same
        });
        let mut commits = Vec::new();
        for file in wanted(&mut files) {
            commits.push(read(self.objects.as_ref(), generation, file).await?);
        }
        Ok(commits)
    }
}

/// Every catalog file of a generation, in order.
pub(crate) async fn catalog_files(
    objects: &dyn ObjectStore,
    generation: Generation,
) -> Result<Vec<CatalogFile>, StoreError> {
    let folder = generation.path(FOLDER);
    let listed: Vec<_> = objects.list(Some(&folder)).try_collect().await?;
    let mut files: Vec<_> =
        listed.iter().filter_map(|file| CatalogFile::read(&file.location)).collect();
    files.sort_unstable();
    Ok(files)
}

async fn read(
    objects: &dyn ObjectStore,
    generation: Generation,
    file: CatalogFile,
) -> Result<Commit, StoreError> {
    let path = file.path(generation);
    let bytes = objects.get(&path).await?.bytes().await?;
    let mut commit: Commit = serde_json::from_slice(&bytes)
        .map_err(|source| StoreError::Catalog { path: path.to_string(), source })?;
    commit.generation = generation;
    commit.revision = file.revision;
    Ok(commit)
}

/// Makes `commit` visible. Fails if a commit of the same version and revision exists.
pub(crate) async fn append(objects: &dyn ObjectStore, commit: &Commit) -> Result<(), StoreError> {
    let path = CatalogFile::of(commit).path(commit.generation);
    let bytes = serde_json::to_vec_pretty(commit)
        .map_err(|source| StoreError::Catalog { path: path.to_string(), source })?;
    objects.put_opts(&path, PutPayload::from(bytes), PutMode::Create.into()).await?;
    Ok(())
}
