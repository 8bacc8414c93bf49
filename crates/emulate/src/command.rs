//! What can be done to a running CRM from outside its interface.

use serde::{Deserialize, Serialize};

use crate::faults::FaultRule;

/// Something to be done to a CRM; `POST /_admin` takes it as JSON, for example
/// `{"do": "live_days", "days": 3}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Lets days of work happen.
    LiveDays {
        /// How many.
        days: u32,
    },
    /// Lets changes happen now, a quarter of a second apart.
    LiveOn {
        /// How many.
        changes: usize,
    },
    /// Saves many deals.
    EditMany {
        /// How many.
        deals: usize,
        /// Milliseconds between two of them; 0 for all at one moment.
        #[serde(default)]
        spread: i64,
    },
    /// Replaces the faults in force.
    Faults {
        /// The new rules; none for a CRM that works.
        rules: Vec<FaultRule>,
        /// Decides which requests they strike.
        #[serde(default)]
        seed: u64,
        /// Changes made before an answer that [`Fault::Edit`](crate::Fault::Edit) strikes.
        #[serde(default = "few")]
        edits: usize,
    },
    /// Lets the CRM's clock be off.
    Skew {
        /// Ahead when positive.
        minutes: i64,
    },
    /// Takes a field away.
    RemoveField {
        /// The object, such as `Opportunity` or `deals`.
        object: String,
        /// The field.
        field: String,
    },
    /// Makes a field a text.
    RetypeField {
        /// The object.
        object: String,
        /// The field.
        field: String,
    },
    /// Takes away the permission to see an object.
    HideObject {
        /// The object; for HubSpot also `owners` and `properties`.
        object: String,
    },
    /// Undoes what was done to fields and permissions.
    RestoreSchema,
    /// Gives a pipeline another label.
    RenamePipeline {
        /// Its place.
        pipeline: usize,
        /// The label.
        label: String,
    },
    /// Gives a stage another label in every pipeline.
    RenameStage {
        /// The name of the stage in records.
        stage: String,
        /// The label.
        label: String,
    },
    /// Takes the connection's permission away, or gives it back.
    Revoke {
        /// Whether it is taken away.
        revoked: bool,
    },
    /// Lets every session expire.
    ExpireSessions,
    /// Removes the deals that are in the bin for good.
    EmptyBin,
    /// Sends what happened since the last time to a subscriber (HubSpot).
    Deliver {
        /// Where to.
        url: String,
        /// Newest first.
        #[serde(default)]
        reversed: bool,
        /// Everything twice.
        #[serde(default)]
        repeated: bool,
    },
}

fn few() -> usize {
    2
}
