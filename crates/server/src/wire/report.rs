use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use winsight_etl::{Issue, Mapping};
use winsight_jobs::ImportReport;

use super::{Alert, Insight};

/// What a run of the insight jobs did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// `daily`, `weekly` or `monthly`.
    pub job: String,
    /// The last day it saw.
    pub as_of: Date,
    /// The load it was computed on.
    pub data_version: u64,
    /// Deals that existed then.
    pub deals: u64,
    /// What it found.
    pub insights: Vec<Insight>,
    /// The alerts it opened.
    pub alerts_opened: Vec<Alert>,
    /// The alerts it resolved.
    pub alerts_resolved: Vec<Alert>,
    /// How long it took.
    pub duration_ms: u64,
}

impl From<winsight_jobs::RunReport> for RunReport {
    fn from(report: winsight_jobs::RunReport) -> Self {
        Self {
            job: report.job.as_str().to_owned(),
            as_of: report.as_of,
            data_version: report.data_version.0,
            deals: report.deals,
            insights: report.insights.into_iter().map(Insight::from).collect(),
            alerts_opened: report.alerts_opened.into_iter().map(Alert::from).collect(),
            alerts_resolved: report.alerts_resolved.into_iter().map(Alert::from).collect(),
            duration_ms: report.duration_ms,
        }
    }
}

/// What an import or a sync did, over all its files.
#[derive(Clone, Debug, Serialize)]
pub struct LoadReport {
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
    /// Rows set aside, of deals and of the files beside them.
    pub quarantined: u64,
    /// Quality of the last file, 0 to 100; null when no file was read.
    pub quality_score: Option<f64>,
    /// What is odd about the files.
    pub issues: Vec<Issue>,
    /// The mapping used, one per file.
    pub mapping: Vec<Mapping>,
    /// The version after the load; null when nothing has been loaded.
    pub data_version: Option<u64>,
    /// Whether the load made a new version.
    pub new_version: bool,
    /// Loads that the quality gate holds; what was loaded before stays in use.
    pub held: Vec<HeldLoad>,
    /// Whether nothing was stored because nothing was to be.
    pub dry_run: bool,
    /// How long it took.
    pub duration_ms: u64,
}

/// A load that waits for a person.
#[derive(Clone, Debug, Serialize)]
pub struct HeldLoad {
    /// Its number, for `quality accept` and `quality discard`.
    pub load: i64,
    /// Why it is held, one sentence each.
    pub reasons: Vec<String>,
}

impl HeldLoad {
    fn of(file: &ImportReport) -> Option<Self> {
        let (load, reasons) = file.held.clone()?;
        Some(Self { load: load.0, reasons })
    }
}

impl LoadReport {
    /// The reports of the files of one import together.
    pub fn new(files: &[ImportReport], dry_run: bool) -> Self {
        let sum = |of: fn(&ImportReport) -> u64| files.iter().map(of).sum();
        Self {
            rows_read: sum(|file| file.rows_read),
            inserted: sum(|file| file.inserted),
            updated: sum(|file| file.updated),
            unchanged: sum(|file| file.unchanged),
            deleted: sum(|file| file.deleted),
            duplicates: sum(|file| file.duplicates),
            quarantined: sum(quarantined),
            quality_score: files.last().map(|file| file.quality.score),
            issues: files.iter().flat_map(|file| file.issues.clone()).collect(),
            mapping: files.iter().map(|file| file.mapping.clone()).collect(),
            data_version: files.last().and_then(|file| file.data_version).map(|version| version.0),
            new_version: files.iter().any(|file| file.new_version),
            held: files.iter().filter_map(HeldLoad::of).collect(),
            dry_run,
            duration_ms: sum(|file| file.duration_ms),
        }
    }
}

fn quarantined(file: &ImportReport) -> u64 {
    let beside: usize = file.beside.iter().map(|beside| beside.quarantined.len()).sum();
    (file.quarantined.len() + beside) as u64
}
