use jiff::civil::Date;
use serde::{Deserialize, Serialize};

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
