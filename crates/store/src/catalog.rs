//! One small file per committed load, created only if it does not exist yet.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use serde::{Deserialize, Serialize};
use winsight_model::DataVersion;

use crate::{KnownDays, StoreError};

const FOLDER: &str = "versions";

/// A committed load: the state of every table after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its number, counting from 1.
    pub version: DataVersion,
    /// The id under which the metadata database knows the load.
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
}

/// Who commits, and when.
#[derive(Clone, Copy, Debug)]
pub struct CommitRequest {
    /// The id under which the metadata database knows the load.
    pub load: i64,
    /// The instant of the load.
    pub known_at: Timestamp,
}

pub(crate) async fn read(objects: &dyn ObjectStore) -> Result<Vec<Commit>, StoreError> {
    let folder = Path::from(FOLDER);
    let files: Vec<_> = objects.list(Some(&folder)).try_collect().await?;
    let mut commits: Vec<Commit> = Vec::with_capacity(files.len());
    for file in files {
        let bytes = objects.get(&file.location).await?.bytes().await?;
        let commit = serde_json::from_slice(&bytes)
            .map_err(|source| StoreError::Catalog { path: file.location.to_string(), source })?;
        commits.push(commit);
    }
    commits.sort_by_key(|commit| commit.version);
    Ok(commits)
}

/// Makes `commit` visible. Fails if a commit of the same version exists.
pub(crate) async fn append(objects: &dyn ObjectStore, commit: &Commit) -> Result<(), StoreError> {
    let path = Path::from(format!("{FOLDER}/{:010}.json", commit.version.0));
    let bytes = serde_json::to_vec_pretty(commit)
        .map_err(|source| StoreError::Catalog { path: path.to_string(), source })?;
    objects.put_opts(&path, PutPayload::from(bytes), PutMode::Create.into()).await?;
    Ok(())
}
