//! Bringing files of deals into the workspace: read, check, stage, commit, record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use serde_json::json;
use winsight_etl::{
    DealsReport, EventsReport, ImportOptions, Issue, Mapping, Progress, Quality, Quarantined,
    SinkError, is_lookup, read_deals, read_events, read_lookup,
};
use winsight_meta::{LoadOutcome, LoadState, NewLoad, QuarantineReason, QuarantineRow};
use winsight_model::DataVersion;
use winsight_store::{CommitRequest, Loaded, Staging};

use crate::{JobError, Workspace};

/// Text fields whose spellings are compared with those already loaded.
const SPELT: [&str; 8] =
    ["account", "region", "industry", "product", "lead_source", "rep", "team", "deal_type"];

/// What to import.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Files of deals, and lookup files (accounts, products, teams) that complete them.
    pub files: Vec<PathBuf>,
    /// A file of stage events, if there is one.
    pub events: Option<PathBuf>,
    /// Where the deals come from; deal ids are unique within it.
    pub source: String,
    /// Column mapping, whole or in part; the rest is inferred.
    pub mapping: Option<Mapping>,
    /// Read and report, store nothing.
    pub dry_run: bool,
}

/// What an import did.
#[derive(Clone, Debug)]
pub struct ImportReport {
    /// Rows read, good and bad.
    pub rows_read: u64,
    /// Deals that were new.
    pub inserted: u64,
    /// Deals that changed.
    pub updated: u64,
    /// Deals that were stored just so.
    pub unchanged: u64,
    /// Rows that repeat another one exactly.
    pub duplicates: u64,
    /// Rows refused, with their reasons.
    pub quarantined: Vec<Quarantined>,
    /// Findings about the file as a whole.
    pub issues: Vec<Issue>,
    /// The score and its parts.
    pub quality: Quality,
    /// The mapping used.
    pub mapping: Mapping,
    /// How each column was recognised.
    pub mapping_notes: Vec<String>,
    /// Stage events read, if a file of them was given.
    pub events: Option<EventsReport>,
    /// The version after the import; the one before it when nothing differed.
    pub data_version: Option<DataVersion>,
    /// Whether the import made a new version.
    pub new_version: bool,
    /// How long it took.
    pub duration_ms: u64,
}

/// A file that has been read, and what of it is ready to be stored.
struct Read {
    staging: Staging,
    deals: DealsReport,
    events: Option<EventsReport>,
    repaired: Vec<String>,
}

impl Workspace {
    /// Imports every file of deals named, each as one atomic load, and returns a report for each.
    ///
    /// # Errors
    /// [`JobError::Refused`] when no row of a file can be loaded. A file that fails leaves nothing
    /// behind; the files before it stay loaded.
    pub async fn import(
        &self,
        request: &ImportRequest,
        progress: impl FnMut(Progress) + Send + Clone + 'static,
    ) -> Result<Vec<ImportReport>, JobError> {
        let mut lookups = Vec::new();
        let mut deal_files = Vec::new();
        for file in &request.files {
            if is_lookup(file)? {
                lookups.push(read_lookup(file)?);
            } else {
                deal_files.push(file.clone());
            }
        }
        if deal_files.is_empty() {
            return Err(JobError::Usage(
                "none of the files holds deals: a file of deals has an id, a close date and an \
                 outcome or stage; lookup files only complete one"
                    .to_owned(),
            ));
        }
        let mut events = request.events.clone();
        let mut reports = Vec::new();
        let mut loaded = Vec::new();
        for file in deal_files {
            let name = file.display().to_string();
            let mut options = ImportOptions::new(self.settings.clone(), self.clock.today());
            options.source.clone_from(&request.source);
            options.mapping.clone_from(&request.mapping);
            options.lookups.clone_from(&lookups);
            options.known_values = self.known_spellings().await?;
            let report = self
                .import_file(file, events.take(), options, request.dry_run, progress.clone())
                .await;
            match report {
                Ok(report) => reports.push(report),
                Err(cause) if loaded.is_empty() => return Err(cause),
                Err(cause) => {
                    return Err(JobError::AfterOthers { loaded, cause: Box::new(cause) });
                }
            }
            loaded.push(name);
        }
        Ok(reports)
    }

    async fn known_spellings(&self) -> Result<BTreeMap<String, BTreeMap<String, u64>>, JobError> {
        match self.store.latest().await? {
            Some(commit) => Ok(self.store.spellings(&commit, &SPELT).await?),
            None => Ok(BTreeMap::new()),
        }
    }

    async fn import_file(
        &self,
        file: PathBuf,
        events: Option<PathBuf>,
        options: ImportOptions,
        dry_run: bool,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<ImportReport, JobError> {
        let started = Instant::now();
        let source = options.source.clone();
        let name = file.display().to_string();
        let in_quarantine = self.metadata.quarantined_deals(&self.id, &source).await?;
        let patience = Duration::from_secs(self.settings.storage.wait_seconds);
        let staging = self.store.stage_when_free(patience).await?;
        let events_name = events.as_ref().map(|path| path.display().to_string());
        let read = tokio::task::spawn_blocking(move || {
            stage(staging, &file, events, &options, &in_quarantine, progress)
        })
        .await??;
        refuse_if_nothing_is_left(&name, &read.deals)?;
        let mut report = ImportReport::of(&read.deals, read.events.clone());
        if !dry_run {
            let loaded =
                self.commit_load((&name, events_name.as_deref()), &source, read, started).await?;
            report.inserted = loaded.deals.inserted;
            report.updated = loaded.deals.updated;
            report.unchanged = loaded.deals.unchanged;
            report.new_version = loaded.commit.is_some();
        }
        report.data_version = self.store.latest().await?.map(|commit| commit.version);
        report.duration_ms = elapsed_ms(started);
        Ok(report)
    }

    /// Records the load as staged, commits it, records the result: in this order, so that a crash
    /// in between leaves a record from which the next start finds out what happened.
    async fn commit_load(
        &self,
        (file, events_file): (&str, Option<&str>),
        source: &str,
        mut read: Read,
        started: Instant,
    ) -> Result<Loaded, JobError> {
        let now = self.clock.instant();
        let deals = read.deals;
        let mut quarantined = rows_of(file, &deals.quarantined);
        if let Some(events) = &read.events {
            quarantined.extend(rows_of(events_file.unwrap_or(file), &events.quarantined));
        }
        let load = NewLoad {
            files: std::iter::once(file).chain(events_file).map(str::to_owned).collect(),
            source: source.to_owned(),
            started_at: now,
            mapping_toml: deals.mapping.to_toml(),
            report: json!({ "issues": deals.issues, "quality": deals.quality }),
            quality_score: deals.quality.score,
            rows_read: deals.rows_read,
            quarantined,
            repaired: read.repaired,
        };
        let id = self.metadata.begin_load(&self.id, load).await?;
        let excluded: Vec<_> =
            deals.conflicting.into_iter().map(|deal| (source.to_owned(), deal)).collect();
        let request = CommitRequest { load: id.0, known_at: now };
        let loaded = match self.store.load(&mut read.staging, &excluded, request).await {
            Ok(loaded) => loaded,
            Err(error) => {
                self.metadata.fail_load(id, &error.to_string()).await?;
                return Err(error.into());
            }
        };
        let outcome = LoadOutcome {
            data_version: loaded.commit.as_ref().map(|commit| commit.version),
            inserted: loaded.deals.inserted,
            updated: loaded.deals.updated,
            unchanged: loaded.deals.unchanged,
            deleted: 0,
            duration_ms: elapsed_ms(started),
        };
        self.metadata.finish_load(id, outcome).await?;
        self.metadata.save_mapping(&self.id, source, &deals.mapping.to_toml()).await?;
        Ok(loaded)
    }

    /// Loads that were staged when a process died: the store knows which of them it committed.
    pub(crate) async fn settle_interrupted_loads(&self) -> Result<(), JobError> {
        if self.metadata.staged_loads(&self.id).await?.is_empty() {
            return Ok(());
        }
        // Whoever holds the writer lock is still at it. Once the lock is ours, what is staged is
        // interrupted; what was finished meanwhile no longer is.
        let Ok(_staging) = self.store.stage() else { return Ok(()) };
        let staged = self.metadata.staged_loads(&self.id).await?;
        let commits = self.store.commits().await?;
        for load in staged.into_iter().filter(|load| load.state == LoadState::Staged) {
            if let Some(commit) = commits.iter().find(|commit| commit.load == load.id.0) {
                let outcome = LoadOutcome {
                    data_version: Some(commit.version),
                    inserted: 0,
                    updated: 0,
                    unchanged: 0,
                    deleted: 0,
                    duration_ms: 0,
                };
                self.metadata.finish_load(load.id, outcome).await?;
            } else {
                let reason = "interrupted before it was committed; import the file again";
                self.metadata.fail_load(load.id, reason).await?;
            }
        }
        Ok(())
    }
}

impl ImportReport {
    fn of(deals: &DealsReport, events: Option<EventsReport>) -> Self {
        Self {
            rows_read: deals.rows_read,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            duplicates: deals.duplicates,
            quarantined: deals.quarantined.clone(),
            issues: deals.issues.clone(),
            quality: deals.quality,
            mapping: deals.mapping.clone(),
            mapping_notes: deals.mapping_notes.clone(),
            events,
            data_version: None,
            new_version: false,
            duration_ms: 0,
        }
    }
}

fn stage(
    mut staging: Staging,
    file: &std::path::Path,
    events: Option<PathBuf>,
    options: &ImportOptions,
    in_quarantine: &BTreeSet<String>,
    mut progress: impl FnMut(Progress),
) -> Result<Read, JobError> {
    let mut repaired = Vec::new();
    let mut add_deals = |batch: RecordBatch| {
        if !in_quarantine.is_empty() {
            repaired
                .extend(ids(&batch).filter(|id| in_quarantine.contains(*id)).map(str::to_owned));
        }
        staging.add_deals(&batch).map_err(SinkError::new)
    };
    let deals = read_deals(file, options, &mut add_deals, &mut progress)?;
    let mut add_events =
        |batch: RecordBatch| staging.add_stage_events(&batch).map_err(SinkError::new);
    let events = events
        .map(|path| read_events(&path, options, &mut add_events, &mut progress))
        .transpose()?;
    repaired.retain(|id| !deals.conflicting.contains(id));
    Ok(Read { staging, deals, events, repaired })
}

fn ids(batch: &RecordBatch) -> impl Iterator<Item = &str> {
    let column = batch.column_by_name("deal_id");
    column.into_iter().flat_map(|column| column.as_string::<i32>().iter().flatten())
}

fn refuse_if_nothing_is_left(file: &str, deals: &DealsReport) -> Result<(), JobError> {
    let loadable = deals.accepted > 0 || deals.rows_read == 0;
    if loadable {
        return Ok(());
    }
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for reason in deals.quarantined.iter().flat_map(|row| &row.reasons) {
        *counts.entry(reason.message.as_str()).or_default() += 1;
    }
    let common = counts.into_iter().max_by_key(|(_, count)| *count);
    let why = common.map(|(message, count)| format!(" ({count} times: {message})"));
    Err(JobError::Refused(format!(
        "{file}: none of its {} rows could be loaded{}; nothing was stored. Correct the file, or \
         give a mapping with --mapping",
        deals.rows_read,
        why.unwrap_or_default()
    )))
}

fn rows_of(file: &str, quarantined: &[Quarantined]) -> Vec<QuarantineRow> {
    quarantined
        .iter()
        .map(|row| QuarantineRow {
            file: file.to_owned(),
            line: row.line,
            deal_id: row.deal_id.clone(),
            reasons: row
                .reasons
                .iter()
                .map(|reason| QuarantineReason {
                    check: reason.check.to_owned(),
                    field: reason.field.clone(),
                    message: reason.message.clone(),
                })
                .collect(),
            raw: row.raw.clone(),
        })
        .collect()
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
