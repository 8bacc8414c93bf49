//! A workspace at work: importing deals, running the insight jobs, answering questions.
//!
//! Owns the order in which the other crates are called: read, load, tally, judge, record. Contains
//! no business rule, no statistic and no wire type of its own.

mod error;
mod history;
mod import;
mod question;
mod run;
mod workspace;

pub use error::JobError;
pub use history::{Knowledge, RestatedMonth, Restatements, RestatementsQuery, TrainingQuery};
pub use import::{ImportReport, ImportRequest};
pub use question::{ChangesQuery, ChangesTable, MetricRow, MetricsQuery, Status};
pub use run::RunReport;
pub use winsight_store::{DealChange, DealState, MetricRecord, QualityRecord, RecordedRate};
pub use workspace::{KnownAt, Workspace};
