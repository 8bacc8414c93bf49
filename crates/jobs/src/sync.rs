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
mod hooks;
mod known;
mod mapping;
mod pages;
mod pull;
mod reconcile;
mod schedule;
mod spread;
mod take;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use winsight_meta::LoadId;
use winsight_sources::http::{Breaker, BreakerState, Budget};
use winsight_sources::{Cause, Description, Finding, Position};

use crate::ImportReport;

pub(crate) use connection::Asking;
pub use connection::NewSource;
pub use drops::DropWatch;
pub use hooks::HookCounts;
pub(crate) use hooks::Hooks;
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
    /// The pull that is under way, or was interrupted; the next one goes on with it.
    pub unfinished: Option<SyncProgress>,
    /// Whether some process pulls it at this moment.
    pub is_running: bool,
    /// Whether requests are made at this moment, or rested from.
    pub breaker: BreakerState,
    /// How the last pulls fared.
    pub health: SourceHealth,
    /// What was pulled and is held by the quality gate.
    pub held: Vec<LoadId>,
    /// What its webhooks brought to this process.
    pub hooks: HookCounts,
}

/// How the pulls of a source fare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceHealth {
    /// When a pull last succeeded; what it brought may be held, see [`SourceState::held`].
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
    /// What was repaired of what earlier syncs had brought.
    pub drift: Option<Drift>,
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

impl SyncReport {
    /// Whether the quality gate holds what it brought.
    fn is_held(&self) -> bool {
        self.loads.iter().any(|load| load.held.is_some())
    }

    /// Counts what another pull of the same sync has read.
    fn count(&mut self, other: &Self) {
        self.pages += other.pages;
        self.requests += other.requests;
        self.retries += other.retries;
    }
}

/// Deals in which the store differed from the CRM though nothing was seen to change there since the
/// sync before, or only while it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// The store lacked them.
    pub missing: u64,
    /// The store held them otherwise.
    pub different: u64,
    /// The CRM no longer has them.
    pub gone: u64,
}

/// How far a sync has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncProgress {
    /// The source.
    pub source: String,
    /// Pages read.
    pub pages: u64,
    /// Deals read, counted again on every page that has them.
    pub deals: u64,
    /// Whether it reads everything, rather than what changed.
    pub full: bool,
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
    /// Deals on them.
    deals: u64,
}

impl Unfinished {
    /// Of pages that say nothing about other deals.
    fn of_some(pages: u64) -> Self {
        let position = Position(serde_json::Value::Null);
        Self { full: false, types: BTreeMap::new(), position, pages, deals: 0 }
    }

    /// Forgets the fields that are no longer there, or are of another type: what was read lacks them.
    fn keep_types_of(&mut self, description: &Description) {
        self.types.retain(|field, kind| description.types.get(field) == Some(kind));
    }

    fn progress(&self, source: &str) -> SyncProgress {
        SyncProgress {
            source: source.to_owned(),
            pages: self.pages,
            deals: self.deals,
            full: self.full,
        }
    }
}
