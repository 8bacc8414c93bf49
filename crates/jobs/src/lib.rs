//! A workspace at work: importing deals, running the insight jobs, answering questions.
//!
//! Owns the order in which the other crates are called: read, load, tally, judge, record. Contains
//! no business rule, no statistic and no wire type of its own.

mod backup;
mod doctor;
mod error;
mod gate;
mod history;
mod home;
mod import;
mod keys;
mod label;
mod load;
mod ownership;
mod pipeline;
mod question;
mod restore;
mod retry;
mod run;
mod workspace;

pub use backup::{BackupReport, back_up};
pub use doctor::{Checkup, examine};
pub use error::JobError;
pub use history::{Knowledge, RestatedMonth, Restatements, RestatementsQuery, TrainingQuery};
pub use home::{Encryption, Home};
pub use import::{Beside, BesideReport, ImportReport, ImportRequest};
pub use keys::{KeyChange, KeysChanged, change_keys};
pub use label::DataLabel;
pub use load::{Released, reasons};
pub use ownership::{ErasureReport, RevertReport};
pub use pipeline::{BridgeQuery, BridgeTable, CohortsQuery, OpenDeals, Pipeline};
pub use question::{ChangesQuery, ChangesTable, MetricRow, MetricsQuery, Status};
pub use restore::{RestoreReport, restore};
pub use retry::{Retried, RetryRequest};
pub use run::RunReport;
pub use winsight_store::{DealChange, DealState, MetricRecord, QualityRecord, RecordedRate};
pub use workspace::{KnownAt, Workspace};
