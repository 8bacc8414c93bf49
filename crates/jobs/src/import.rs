//! Bringing files of deals into the workspace: read, check, stage, commit, record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::array::{AsArray, RecordBatch};
use winsight_etl::{
    DealsReport, EventsReport, ImportOptions, Issue, Mapping, Progress, Quality, Quarantined,
    SinkError, is_lookup, read_activities, read_deals, read_events, read_indicators, read_lookup,
};
use winsight_meta::LoadId;
use winsight_model::{DataVersion, LoadCounts};
use winsight_store::Staging;

use crate::load::Taken;
use crate::{JobError, Workspace};

/// What to import.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Files of deals, and lookup files (accounts, products, teams) that complete them.
    pub files: Vec<PathBuf>,
    /// Files that go with the first file of deals.
    pub beside: Beside,
    /// What the file of deals is called, where it is a copy of another one.
    pub shown_as: Option<String>,
    /// Where the deals come from; deal ids are unique within it.
    pub source: String,
    /// Column mapping, whole or in part; the rest is inferred.
    pub mapping: Option<Mapping>,
    /// Whether each file holds every deal of its source: those it lacks are deleted.
    pub full: bool,
    /// Read and report, store nothing.
    pub dry_run: bool,
}

/// Files of what happened around the deals.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Stage events: deal, date, stage.
    pub events: Option<PathBuf>,
    /// Activities: deal, date, kind.
    pub activities: Option<PathBuf>,
    /// External indicators: date, and a column for each series.
    pub indicators: Option<PathBuf>,
}

/// What reading one of the files beside the deals found.
#[derive(Clone, Debug)]
pub struct BesideReport {
    /// The file.
    pub file: String,
    /// What a row of it is: `event`, `activity` or `indicator`.
    pub what: &'static str,
    /// Rows read, good and bad.
    pub rows_read: u64,
    /// Rows refused, with their reasons.
    pub quarantined: Vec<Quarantined>,
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
    /// Deals that the source no longer has.
    pub deleted: u64,
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
    /// What was read beside the deals.
    pub beside: Vec<BesideReport>,
    /// The version after the import; the one before it when nothing differed.
    pub data_version: Option<DataVersion>,
    /// Whether the import made a new version.
    pub new_version: bool,
    /// How long it took.
    pub duration_ms: u64,
    /// The load, and why the quality gate holds it: one sentence for each reason.
    pub held: Option<(LoadId, Vec<String>)>,
}

/// A file that has been read, and what of it is ready to be stored.
pub(crate) struct Read {
    pub(crate) staging: Staging,
    pub(crate) deals: DealsReport,
    pub(crate) beside: Vec<BesideReport>,
    pub(crate) repaired: Vec<String>,
    /// Whether it has what changed only, of many more deals.
    pub(crate) is_part: bool,
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
        let mut beside = request.beside.clone();
        let mut reports = Vec::new();
        let mut loaded = Vec::new();
        for file in deal_files {
            let name = file.display().to_string();
            let mut options = ImportOptions::new(self.settings.clone(), self.clock.today());
            options.source.clone_from(&request.source);
            options.mapping.clone_from(&request.mapping);
            options.lookups.clone_from(&lookups);
            options.known_values = self.known_spellings().await?;
            let files = Files { deals: file, beside: std::mem::take(&mut beside) };
            let import = self.import_file(files, options, request, progress.clone());
            // A load's future is large: kept on the heap, it does not weigh on every caller.
            let report = Box::pin(import).await;
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

    pub(crate) async fn known_spellings(
        &self,
    ) -> Result<BTreeMap<String, BTreeMap<String, u64>>, JobError> {
        match self.store.latest().await? {
            Some(commit) => Ok(self.store.spellings(&commit).await?),
            None => Ok(BTreeMap::new()),
        }
    }

    async fn import_file(
        &self,
        files: Files,
        options: ImportOptions,
        request: &ImportRequest,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<ImportReport, JobError> {
        let started = Instant::now();
        let source = options.source.clone();
        let in_quarantine = self.metadata.quarantined_deals(&self.id, &source).await?;
        let staging = self.stage().await?;
        let to_read = files.clone();
        let mut read = tokio::task::spawn_blocking(move || {
            stage(staging, &to_read, &options, &in_quarantine, progress)
        })
        .await??;
        refuse_if_nothing_is_left(&files.deals, &read.deals)?;
        for deal_id in &read.deals.conflicting {
            read.staging.leave_deal(&source, deal_id);
        }
        if request.full {
            // Rows set aside are there, too, whatever is wrong with them.
            for deal_id in read.deals.quarantined.iter().filter_map(|row| row.deal_id.as_deref()) {
                read.staging.leave_deal(&source, deal_id);
            }
            read.staging.is_complete(&source);
        } else {
            read.staging.is_part_of_histories();
        }
        let mut report = ImportReport::of(&read.deals, &read.beside);
        let comparison = self.store.compare(&mut read.staging).await?;
        report.count(comparison.deals);
        if !request.dry_run {
            let names = files.names(request.shown_as.clone());
            let taken = self.take_in(&names, &source, read, comparison, started);
            match Box::pin(taken).await? {
                Taken::Loaded(loaded) => report.new_version = loaded.commit.is_some(),
                Taken::Held(load, reasons) => report.held = Some((load, reasons)),
            }
        }
        report.data_version = self.store.latest().await?.map(|commit| commit.version);
        report.duration_ms = elapsed_ms(started);
        Ok(report)
    }
}

/// A file of deals, and those beside it.
#[derive(Clone)]
struct Files {
    deals: PathBuf,
    beside: Beside,
}

impl Files {
    fn names(&self, deals: Option<String>) -> Vec<String> {
        let Beside { events, activities, indicators } = &self.beside;
        let beside = [events, activities, indicators].into_iter().flatten();
        let beside = beside.map(|path| path.display().to_string());
        let deals = deals.unwrap_or_else(|| self.deals.display().to_string());
        std::iter::once(deals).chain(beside).collect()
    }
}

impl ImportReport {
    pub(crate) fn of(deals: &DealsReport, beside: &[BesideReport]) -> Self {
        Self {
            rows_read: deals.rows_read,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            deleted: 0,
            duplicates: deals.duplicates,
            quarantined: deals.quarantined.clone(),
            issues: deals.issues.clone(),
            quality: deals.quality.clone(),
            mapping: deals.mapping.clone(),
            mapping_notes: deals.mapping_notes.clone(),
            beside: beside.to_vec(),
            data_version: None,
            new_version: false,
            duration_ms: 0,
            held: None,
        }
    }

    pub(crate) fn count(&mut self, deals: LoadCounts) {
        self.inserted = deals.inserted;
        self.updated = deals.updated;
        self.unchanged = deals.unchanged;
        self.deleted = deals.deleted;
    }
}

fn stage(
    mut staging: Staging,
    files: &Files,
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
    let deals = read_deals(&files.deals, options, &mut add_deals, &mut progress)?;
    repaired.retain(|id| !deals.conflicting.contains(id));
    let beside = stage_beside(&mut staging, &files.beside, options, &mut progress)?;
    Ok(Read { staging, deals, beside, repaired, is_part: false })
}

fn stage_beside(
    staging: &mut Staging,
    files: &Beside,
    options: &ImportOptions,
    progress: &mut impl FnMut(Progress),
) -> Result<Vec<BesideReport>, JobError> {
    let mut reports = Vec::new();
    let of = |path: &Path, what, report: EventsReport| BesideReport {
        file: path.display().to_string(),
        what,
        rows_read: report.rows_read,
        quarantined: report.quarantined,
    };
    if let Some(path) = &files.events {
        let mut add = |batch: RecordBatch| staging.add_stage_events(&batch).map_err(SinkError::new);
        reports.push(of(path, "event", read_events(path, options, &mut add, progress)?));
    }
    if let Some(path) = &files.activities {
        let mut add = |batch: RecordBatch| staging.add_activities(&batch).map_err(SinkError::new);
        reports.push(of(path, "activity", read_activities(path, options, &mut add, progress)?));
    }
    if let Some(path) = &files.indicators {
        let read = read_indicators(path)?;
        staging.add_indicators(&read.batch(&options.source))?;
        reports.push(BesideReport {
            file: path.display().to_string(),
            what: "indicator",
            rows_read: read.rows_read,
            quarantined: read.quarantined,
        });
    }
    Ok(reports)
}

pub(crate) fn ids(batch: &RecordBatch) -> impl Iterator<Item = &str> {
    let column = batch.column_by_name("deal_id");
    column.into_iter().flat_map(|column| column.as_string::<i32>().iter().flatten())
}

fn refuse_if_nothing_is_left(file: &Path, deals: &DealsReport) -> Result<(), JobError> {
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
        "{}: none of its {} rows could be loaded{}; nothing was stored. Correct the file, or give a \
         mapping with --mapping",
        file.display(),
        deals.rows_read,
        why.unwrap_or_default()
    )))
}

pub(crate) fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
