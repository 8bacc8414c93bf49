use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Window;

/// What a workspace holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Its name.
    pub workspace: String,
    /// The number of the last load; null before the first.
    #[schema(required)]
    pub data_version: Option<u64>,
    /// The day on which that load was committed; null before the first.
    #[schema(required, value_type = Option<String>, format = Date)]
    pub data_as_of: Option<Date>,
    /// Newer loads that the quality gate holds back from every number, oldest first.
    pub held_loads: Vec<HeldLoad>,
    /// The day every number is as of.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    /// Deals held.
    pub deals: u64,
    /// Of these, open.
    pub open_deals: u64,
    /// ISO 4217 code that amounts are reported in.
    pub currency: String,
    /// Quality of the last load, 0 to 100.
    #[schema(required)]
    pub quality_score: Option<f64>,
    /// When the last load was committed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    pub last_load_at: Option<Timestamp>,
    /// The window that headline numbers are computed on.
    pub window: Window,
    /// The window they are compared with.
    pub baseline_window: Window,
}

/// A load that waits for somebody to accept or discard it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldLoad {
    /// Its number.
    pub load: i64,
    /// Its files.
    pub files: Vec<String>,
    /// Why it is held, a sentence each.
    pub reasons: Vec<String>,
}

/// Whether the server can answer, component by component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// True when every component that answers need is; the dashboard and the sources are optional.
    pub ready: bool,
    /// Each component by name.
    pub components: Vec<Component>,
}

/// The state of one part of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Component {
    /// `store`, `metadata`, `dashboard`, or `source` with the name of one.
    pub name: String,
    /// Whether it works.
    pub ready: bool,
    /// What it is, or what is wrong and what to do.
    pub detail: String,
}

impl From<winsight_jobs::Status> for Status {
    fn from(status: winsight_jobs::Status) -> Self {
        Self {
            workspace: status.workspace,
            data_version: status.data_version.map(|version| version.0),
            data_as_of: status.data_as_of,
            held_loads: status
                .held
                .into_iter()
                .map(|held| HeldLoad {
                    load: held.id.0,
                    reasons: winsight_jobs::reasons(&held),
                    files: held.files,
                })
                .collect(),
            as_of: status.as_of,
            deals: status.deals,
            open_deals: status.open_deals,
            currency: status.currency,
            quality_score: status.quality_score,
            last_load_at: status.last_load_at,
            window: status.window.into(),
            baseline_window: status.baseline_window.into(),
        }
    }
}
