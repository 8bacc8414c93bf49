//! Pulling deals out of CRMs.
//!
//! A sync reads its source page by page. Each page is written down, sealed, before the place at which
//! the next one begins is noted in the metadata: a sync that was killed, or stopped by a limit, goes on
//! after its last finished page. When the last page is there, all of them become one load, which goes
//! through the same reading, checks and quality gate as a file; and only when that is stored is the
//! place noted from which the next sync looks for changes. Nothing that fails on the way touches what
//! readers see.

mod assemble;
mod connection;
mod drops;
mod mapping;
mod pages;
mod pull;
mod take;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use winsight_sources::http::{Breaker, Budget};
use winsight_sources::{Cause, Cursor, Finding, Position};

use crate::ImportReport;

pub use connection::NewSource;
pub(crate) use connection::Asking;
pub(crate) use pages::PageFolder;

/// A source as it stands. Without its credentials.
#[derive(Clone, Debug)]
pub struct SourceState {
    /// Its name, which is the source of its deals too.
    pub name: String,
    /// `salesforce`, `hubspot` or `files`.
    pub kind: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// Whether a pull has begun that is not finished; the next one goes on with it.
    pub is_unfinished: bool,
    /// How the last pulls fared.
    pub health: SourceHealth,
}

/// How the pulls of a source fare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceHealth {
    /// When a pull last succeeded.
    pub succeeded_at: Option<Timestamp>,
    /// Why the pulls since then have failed; `None` when the last one succeeded.
    pub failure: Option<SyncFailure>,
    /// The circuit breaker.
    pub breaker: Breaker,
    /// What of the day's requests is used, as far as known.
    pub budget: Budget,
}

/// Why a source cannot be pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncFailure {
    /// When the first pull since the last success failed.
    pub since: Timestamp,
    /// When the last one did.
    pub at: Timestamp,
    /// How many did.
    pub times: u64,
    /// What kind of trouble it was; `None` when it was not the source's.
    pub cause: Option<Cause>,
    /// What was wrong, and what to do.
    pub message: String,
}

/// What a sync of one source did.
#[derive(Clone, Debug)]
pub struct SyncReport {
    /// The source.
    pub source: String,
    /// What became of its deals: an entry for each file of a folder, and one for a CRM, or none when
    /// nothing has changed.
    pub loads: Vec<ImportReport>,
    /// Whether everything was read, rather than what changed.
    pub full: bool,
    /// Whether it went on with a pull that was interrupted.
    pub resumed: bool,
    /// Pages read, those before an interruption too.
    pub pages: u64,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests that were repeated.
    pub retries: u64,
    /// What the account lacks.
    pub findings: Vec<Finding>,
}

/// How far a sync has come.
#[derive(Clone, Debug)]
pub struct SyncProgress {
    /// The source.
    pub source: String,
    /// Pages read.
    pub pages: u64,
    /// Deals read since this sync began.
    pub deals: u64,
}

/// What the next pull needs to know of the last one, as the metadata has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    /// Where it looks for changes.
    cursor: Cursor,
    /// The fields that all deals were read with, and their types.
    types: BTreeMap<String, String>,
}

/// How far an unfinished pull has come, as the metadata has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Unfinished {
    /// Whether it reads everything.
    full: bool,
    /// The fields that all its pages were read with, and their types.
    types: BTreeMap<String, String>,
    /// Where the next page begins.
    position: Position,
    /// Pages that are written down.
    pages: u64,
}
