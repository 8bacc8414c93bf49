//! A workspace at work: importing deals, running the insight jobs, answering questions.
//!
//! Owns the order in which the other crates are called: read, load, tally, judge, record. Contains
//! no business rule, no statistic and no wire type of its own.

mod backtest;
mod backup;
mod changes;
mod channels;
mod courier;
mod days;
mod deliver;
mod doctor;
mod drivers;
mod error;
mod evaluate;
mod failures;
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
mod rules;
mod run;
mod sync;
mod trends;
mod watch;
mod workspace;

pub use backtest::Backtest;
pub use backup::{BackupReport, back_up};
pub use changes::{ChangesQuery, ChangesTable, ClosedDeals, ClosedDealsQuery};
pub use channels::NewRecipient;
pub use courier::Courier;
pub use days::Days;
pub use deliver::{DeliveryReport, Trial};
pub use doctor::{Checkup, examine};
pub use drivers::{DriverReport, DriversQuery, RepReport};
pub use error::JobError;
pub use history::{Knowledge, RestatedMonth, Restatements, RestatementsQuery, TrainingQuery};
pub use home::{Encryption, Home};
pub use import::{Beside, BesideReport, ImportReport, ImportRequest};
pub use keys::{KeyChange, KeysChanged, change_keys};
pub use label::DataLabel;
pub use load::{Released, reasons};
pub use ownership::{ErasureReport, RevertReport};
pub use pipeline::{BridgeQuery, BridgeTable, CohortsQuery, OpenDeals, Pipeline};
pub use question::{MetricRow, MetricsQuery, Status};
pub use restore::{RestoreReport, restore};
pub use retry::{Retried, RetryRequest};
pub use rules::RuleState;
pub use run::RunReport;
pub use sync::{
    Drift, DropWatch, HookCounts, NewSource, SourceHealth, SourceState, SyncFailure, SyncProgress,
    SyncReport,
};
pub use trends::{TrendReport, TrendsQuery};
pub use watch::Evaluated;
pub use winsight_meta::{Delivery, DeliveryState, StoredChannel};
pub use winsight_sources::http::BreakerState;
pub use winsight_sources::{
    Delivery as HookDelivery, Description, Finding, Kind as SourceKind, Rejection,
};
pub use winsight_store::{DealChange, DealState, MetricRecord, QualityRecord, RecordedRate};
pub use workspace::{KnownAt, Workspace};
