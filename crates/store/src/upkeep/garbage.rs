use std::collections::{BTreeMap, HashSet};

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use serde::Deserialize;

use super::{Book, GRACE, UpkeepReport, UpkeepRequest};
use crate::aggregate;
use crate::catalog::Commit;
use crate::generation::Generation;
use crate::journal::Journal;
use crate::table::{TableSpec, VERSIONED};
use crate::{FeatureStore, StoreError, spellings};

/// A log grown by this many entries is condensed.
const LONG_LOG: u64 = 20;

impl FeatureStore {
    /// Condenses the logs of the tables and deletes what no retained version needs.
    pub(super) async fn collect_garbage(
        &self,
        retained: &[Commit],
        book: &mut Book,
        request: UpkeepRequest,
        report: &mut UpkeepReport,
    ) -> Result<(), StoreError> {
        let Some(newest) = retained.last() else { return Ok(()) };
        let mut unneeded = Vec::new();
        for (spec, oldest, pinned) in self.needed_versions(retained, newest).await? {
            let objects = self.table_objects(newest.generation, spec).await?;
            let log = Log::of(&objects);
            if log.is_long(pinned) {
                report.checkpoints += 1;
                if !request.dry_run {
                    self.table(newest.generation, spec, pinned).await?.checkpoint().await?;
                }
            }
            let needed = self.needed_files(newest.generation, spec, oldest, &log).await?;
            let begin = log.begin(oldest);
            unneeded.extend(objects.into_iter().filter(|(inside, _)| match log_version(inside) {
                Some((version, _)) => version < begin,
                None => !inside.as_ref().starts_with(LOG) && !needed.contains(inside),
            }));
        }
        let mut unneeded: Vec<_> = unneeded.into_iter().map(|(_, object)| object).collect();
        unneeded.extend(self.unneeded_aggregates(retained, newest.generation).await?);
        let before = std::mem::take(&mut book.unneeded);
        for object in unneeded {
            let path = object.location.to_string();
            let since = before.get(&path).copied().unwrap_or(request.now);
            if request.now.duration_since(since) < GRACE {
                report.files_waiting += 1;
                book.unneeded.insert(path, since);
                continue;
            }
            report.files_deleted += 1;
            report.bytes_deleted += object.size;
            if !request.dry_run {
                self.remove_object(&object.location).await?;
            }
        }
        Ok(())
    }

    /// Of each table the oldest and the newest Delta version that is needed.
    async fn needed_versions(
        &self,
        retained: &[Commit],
        newest: &Commit,
    ) -> Result<Vec<(TableSpec, u64, u64)>, StoreError> {
        let mut needed = Vec::new();
        for spec in VERSIONED {
            let versions = || retained.iter().filter_map(|commit| commit.tables.get(spec.name));
            if let (Some(oldest), Some(newest)) = (versions().min(), versions().max()) {
                needed.push((spec, *oldest, *newest));
            }
        }
        for spec in Journal::ALL.map(Journal::spec) {
            let journal = self.newest_table(newest.generation, spec).await?;
            if let Some(version) = journal.and_then(|journal| journal.version()) {
                needed.push((spec, version, version));
            }
        }
        Ok(needed)
    }

    /// The tallies that no retained version names, and the spellings that the newest does not.
    async fn unneeded_aggregates(
        &self,
        retained: &[Commit],
        generation: Generation,
    ) -> Result<Vec<ObjectMeta>, StoreError> {
        let needed: HashSet<_> = retained
            .iter()
            .flat_map(|commit| &commit.aggregates)
            .map(|(month, object)| aggregate::path(generation, month, object))
            .chain(retained.last().and_then(|newest| {
                newest.spellings.as_ref().map(|object| spellings::path(generation, object))
            }))
            .collect();
        let listed = self.objects.list(Some(&generation.path(aggregate::FOLDER)));
        let all: Vec<ObjectMeta> = listed.try_collect().await?;
        Ok(all.into_iter().filter(|object| !needed.contains(&object.location)).collect())
    }

    /// The objects of a table with their paths inside it, in order: the log from its beginning.
    async fn table_objects(
        &self,
        generation: Generation,
        spec: TableSpec,
    ) -> Result<Vec<(Path, ObjectMeta)>, StoreError> {
        let folder = generation.path(spec.name);
        let listed = self.objects.list(Some(&folder));
        let mut objects: Vec<_> = listed
            .try_filter_map(|object| {
                let inside = object.location.prefix_match(&folder).map(Path::from_iter);
                std::future::ready(Ok(inside.map(|inside| (inside, object))))
            })
            .try_collect()
            .await?;
        objects.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(objects)
    }

    /// The data files of the oldest version that is needed, and all that were added after it.
    async fn needed_files(
        &self,
        generation: Generation,
        spec: TableSpec,
        oldest: u64,
        log: &Log,
    ) -> Result<HashSet<Path>, StoreError> {
        let table = self.table(generation, spec, oldest).await?;
        let mut needed: HashSet<_> = table.files()?.into_iter().map(|file| file.path).collect();
        for path in log.entries.range(oldest + 1..).map(|(_, path)| path) {
            let entry = self.objects.get(path).await?.bytes().await?;
            for action in serde_json::Deserializer::from_slice(&entry).into_iter::<LogAction>() {
                let action = action
                    .map_err(|source| StoreError::Catalog { path: path.to_string(), source })?;
                if let Some(file) = action.add {
                    let file = Path::from_url_path(file.path).map_err(object_store::Error::from)?;
                    needed.insert(file);
                }
            }
        }
        Ok(needed)
    }
}

const LOG: &str = "_delta_log/";

/// A line of a log entry, of which only the added file matters.
#[derive(Deserialize)]
struct LogAction {
    add: Option<AddedFile>,
}

#[derive(Deserialize)]
struct AddedFile {
    path: String,
}

/// The versions that a table's log has.
#[derive(Default)]
struct Log {
    entries: BTreeMap<u64, Path>,
    checkpoints: Vec<u64>,
}

impl Log {
    fn of(objects: &[(Path, ObjectMeta)]) -> Self {
        let mut log = Self::default();
        for (inside, object) in objects {
            match log_version(inside) {
                Some((version, true)) => log.checkpoints.push(version),
                Some((version, false)) => {
                    log.entries.insert(version, object.location.clone());
                }
                None => {}
            }
        }
        log
    }

    fn is_long(&self, newest: u64) -> bool {
        let last = self.checkpoints.iter().max().copied().unwrap_or(0);
        newest >= last + LONG_LOG
    }

    /// The version from which on the log tells all that is needed from `oldest` on.
    fn begin(&self, oldest: u64) -> u64 {
        self.checkpoints.iter().copied().filter(|version| *version <= oldest).max().unwrap_or(0)
    }
}

/// The version of a log entry or checkpoint, and whether it is a checkpoint.
fn log_version(inside: &Path) -> Option<(u64, bool)> {
    let name = inside.as_ref().strip_prefix(LOG)?;
    let (version, rest) = name.split_once('.')?;
    let is_checkpoint = rest.starts_with("checkpoint") && rest.ends_with(".parquet");
    (is_checkpoint || rest == "json").then_some((version.parse().ok()?, is_checkpoint))
}
