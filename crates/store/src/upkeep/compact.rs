use std::collections::{BTreeMap, HashSet};

use futures::StreamExt;

use super::UpkeepReport;
use crate::catalog::{self, Commit};
use crate::journal::{Journal, is_lost_race};
use crate::table::{DataFile, Table, VERSIONED};
use crate::{FeatureStore, StoreError};

/// Files below this size are small.
const SMALL_BYTES: u64 = 16 * 1024 * 1024;

/// As many small files in a partition are put together.
const MANY: usize = 4;

impl FeatureStore {
    /// Stores the newest version in fewer files, as a revision of it.
    pub(super) async fn compact(
        &self,
        newest: &Commit,
        dry_run: bool,
        report: &mut UpkeepReport,
    ) -> Result<(), StoreError> {
        let mut revised = newest.clone();
        revised.revision += 1;
        for spec in VERSIONED {
            let Some(version) = newest.tables.get(spec.name) else { continue };
            let table = self.writable_table(newest.generation, spec, Some(*version)).await?;
            let crowded = crowded_partitions(&table)?;
            report.files_compacted += crowded.values().map(Vec::len).sum::<usize>() as u64;
            if dry_run || crowded.is_empty() {
                report.files_written += crowded.len() as u64;
                continue;
            }
            let version = put_together(&table, crowded.into_values(), report).await?;
            revised.tables.insert(spec.name.to_owned(), version);
        }
        if revised.tables != newest.tables {
            catalog::append(self.objects.as_ref(), &revised).await?;
        }
        for spec in Journal::ALL.map(Journal::spec) {
            let Some(journal) = self.newest_table(newest.generation, spec).await? else { continue };
            let crowded = crowded_partitions(&journal)?;
            report.files_compacted += crowded.values().map(Vec::len).sum::<usize>() as u64;
            if dry_run || crowded.is_empty() {
                report.files_written += crowded.len() as u64;
                continue;
            }
            match put_together(&journal, crowded.into_values(), report).await {
                // Somebody was recording at that moment; there will be another upkeep.
                Err(error) if is_lost_race(&error) => {}
                done => drop(done?),
            }
        }
        Ok(())
    }
}

/// Small files by partition, where there are many of them.
fn crowded_partitions(table: &Table) -> Result<BTreeMap<String, Vec<DataFile>>, StoreError> {
    let mut partitions: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
    for file in table.files()? {
        if file.bytes < SMALL_BYTES {
            partitions.entry(file.partition.clone()).or_default().push(file);
        }
    }
    partitions.retain(|_, files| files.len() >= MANY);
    Ok(partitions)
}

async fn put_together(
    table: &Table,
    partitions: impl Iterator<Item = Vec<DataFile>>,
    report: &mut UpkeepReport,
) -> Result<u64, StoreError> {
    let mut added = Vec::new();
    let mut replaced = HashSet::new();
    for files in partitions {
        let mut writer = table.writer();
        let mut rows = table.rows(files.clone(), None)?;
        while let Some(batch) = rows.next().await {
            writer.add(batch?).await?;
        }
        for mut file in writer.finish().await? {
            file.data_change = false;
            added.push(file);
        }
        replaced.extend(files.into_iter().map(|file| file.path));
    }
    report.files_written += added.len() as u64;
    table.commit_next(added, &replaced).await
}
