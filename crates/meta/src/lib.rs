//! SQL metadata: what was loaded, what was refused and why, which runs happened, what they said,
//! which alerts stand, who is told about them and was, and how files are mapped.
//!
//! Owns the metadata database and everything in it. Holds no deals, apart from the raw text of
//! quarantined rows, and computes nothing. Every row belongs to a workspace, and every query names
//! the one it serves.
//!
//! `SQLite` for now. The entities, the migration and the queries use nothing that `PostgreSQL` lacks:
//! instants are microseconds since 1970, JSON is a JSON column, counts are 64-bit integers, and a
//! change that takes several statements is one transaction.

mod alert_events;
mod alerts;
mod channels;
mod closing;
mod copy;
mod deliveries;
mod entity;
mod erasures;
mod error;
mod loads;
mod mappings;
mod metadata;
mod migration;
mod quarantine;
mod rule_files;
mod runs;
mod sources;
mod stored;

pub use channels::StoredChannel;
pub use closing::wait_until_closed;
pub use deliveries::{Delivery, DeliveryState, Leased, Outcome, OwnFindings, Worker, message_key};
pub use erasures::Erasure;
pub use error::MetaError;
pub use loads::{Load, LoadId, LoadOutcome, LoadState, NewLoad};
pub use metadata::Metadata;
pub use quarantine::{QuarantineReason, QuarantineRow, Quarantined};
pub use rule_files::RuleFile;
pub use runs::RunRow;
pub use sources::SourceRecord;
