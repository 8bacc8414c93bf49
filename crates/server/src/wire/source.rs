use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_jobs::{BreakerState, HookCounts, SourceState, SyncProgress};

/// A CRM or folder that deals come from, and how its syncs fare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// Its name.
    pub source: String,
    /// `salesforce`, `hubspot` or `files`.
    pub kind: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub added_at: Timestamp,
    /// Whether it is synced at this moment.
    pub running: bool,
    /// Whether a sync was begun that is not finished: it is under way, or was interrupted.
    pub unfinished: bool,
    /// How far that one has come; null when there is none.
    #[schema(required)]
    pub progress: Option<SourceProgress>,
    /// When a sync last succeeded; null before the first. What it brought may be held.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub succeeded_at: Option<Timestamp>,
    /// Why the syncs since then failed; null when the last one succeeded.
    #[schema(required)]
    pub failure: Option<SourceFailure>,
    /// Loads of it that the quality gate holds.
    pub held: Vec<i64>,
    /// The circuit breaker.
    pub breaker: SourceBreaker,
    /// Requests that all programs made today, as far as the CRM has said.
    pub requests_today: u64,
    /// Requests that are allowed in a day; 0 while the CRM has not said.
    pub requests_allowed: u64,
    /// Deliveries of its webhooks to this process.
    pub webhooks: Webhooks,
}

/// Whether requests to a source are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceBreaker {
    /// `closed` is well, `open` rests for a minute, `half_open` tries again.
    pub state: String,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// Since when no requests are made; null while they are.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub opened_at: Option<Timestamp>,
}

/// How far a sync has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceProgress {
    /// Whether it reads everything, rather than what changed.
    pub full: bool,
    /// Pages read.
    pub pages: u64,
    /// Deals on them; one that is on two pages counts twice.
    pub deals: u64,
}

/// Why a source cannot be synced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceFailure {
    /// When the first sync since the last success failed.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When the last one did.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How many did.
    pub times: u64,
    /// What kind of trouble it was, such as `credentials` or `budget`; null when it was not the source's.
    #[schema(required)]
    pub cause: Option<String>,
    /// What was wrong, and what to do.
    pub message: String,
}

/// Deliveries of webhooks since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhooks {
    /// Genuine ones.
    pub accepted: u64,
    /// Refused: not signed, or signed wrongly.
    pub forged: u64,
    /// Refused: more than five minutes old, or from the future.
    pub stale: u64,
    /// Refused: taken before.
    pub replayed: u64,
    /// Refused: not to be read, or not expected.
    pub unreadable: u64,
    /// Deals that were read because of them.
    pub deals: u64,
}

impl From<SourceState> for Source {
    fn from(state: SourceState) -> Self {
        let breaker = SourceBreaker {
            state: match state.breaker {
                BreakerState::Closed => "closed".to_owned(),
                BreakerState::Open => "open".to_owned(),
                BreakerState::HalfOpen => "half_open".to_owned(),
            },
            failures: state.health.breaker.failures,
            opened_at: state.health.breaker.opened_at,
        };
        let failure = state.health.failure.map(|failure| SourceFailure {
            since: failure.since,
            at: failure.at,
            times: failure.times,
            cause: failure.cause.map(|cause| cause.name().to_owned()),
            message: failure.message,
        });
        Self {
            source: state.name,
            kind: state.kind,
            added_at: state.added_at,
            running: state.is_running,
            unfinished: state.unfinished.is_some(),
            progress: state.unfinished.as_ref().map(SourceProgress::from),
            succeeded_at: state.health.succeeded_at,
            failure,
            held: state.held.iter().map(|load| load.0).collect(),
            breaker,
            requests_today: state.health.budget.used,
            requests_allowed: state.health.budget.allowed,
            webhooks: state.hooks.into(),
        }
    }
}

impl From<&SyncProgress> for SourceProgress {
    fn from(progress: &SyncProgress) -> Self {
        Self { full: progress.full, pages: progress.pages, deals: progress.deals }
    }
}

impl From<HookCounts> for Webhooks {
    fn from(counts: HookCounts) -> Self {
        let HookCounts { accepted, forged, stale, replayed, unreadable, deals } = counts;
        Self { accepted, forged, stale, replayed, unreadable, deals }
    }
}
