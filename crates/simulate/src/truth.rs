//! The known truth: what was planted, and what it did to the deals that were generated.

mod tally;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub(crate) use tally::Observer;

use crate::scenario::{Dimension, Field, Kind};

/// What is true of a simulated company; the content of `truth.json`.
///
/// Everything is counted on the deals as they are, before blanks, spelling variants and duplicates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Seed of the run.
    pub seed: u64,
    /// Number of deals asked for, and generated.
    pub deals: u64,
    /// First day on which deals close.
    pub starts: Date,
    /// Last day of the history.
    pub ends: Date,
    /// Planted incidents of kind `win_rate`, `cycle` and `stale_pipeline`, in the scenario's order.
    pub incidents: Vec<PlantedIncident>,
    /// Planted changes of a value's share among the closing deals.
    pub mix_shifts: Vec<PlantedIncident>,
    /// Planted changes of the win rate of all deals.
    pub market_shifts: Vec<PlantedIncident>,
    /// Planted losses of field contents.
    pub data_faults: Vec<PlantedIncident>,
    /// Counts over the whole history.
    pub totals: Totals,
}

/// An incident as planted and as it came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlantedIncident {
    /// What kind of incident it is.
    pub kind: Kind,
    /// The metric it moves: `win_rate`, `dfi`, `share`, `standstill_share` or `blank_share`.
    pub metric: String,
    /// The segment it concerns; empty means all deals.
    pub segment: BTreeMap<Dimension, String>,
    /// The column that is blank, for a data fault.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<Field>,
    /// The planted size: points (0.1 is ten percentage points), factor or share, by kind.
    pub size: f64,
    /// First day.
    pub from: Date,
    /// Last day, included.
    pub to: Date,
    /// One sentence for people.
    pub description: String,
    /// What the generated deals show.
    pub realised: Realised,
}

/// The realised value of the metric, beside what to compare it with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Realised {
    /// How many deals `value` stands on: closed in the segment (`win_rate`, `dfi`), closed in all
    /// (`share`), open in the segment (`standstill_share`) or rows updated (`blank_share`).
    pub deals: u64,
    /// The metric in the window; nothing when there is no deal to measure it on.
    pub value: Option<f64>,
    /// What the baseline is.
    pub baseline_is: Baseline,
    /// How many deals the baseline stands on.
    pub baseline_deals: u64,
    /// The metric on the baseline.
    pub baseline: Option<f64>,
}

/// With what a realised value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The same segment in the 91 days before the window.
    #[serde(rename = "91_days_before")]
    DaysBefore,
    /// The deals outside the segment, in the same window.
    OutsideSegment,
}

/// Counts over the whole history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// All deals: won, lost and open.
    pub deals: u64,
    /// Deals won by the end.
    pub won: u64,
    /// Deals lost by the end.
    pub lost: u64,
    /// Deals still open at the end.
    pub open: u64,
    /// Rows of `deals.csv` that repeat another one.
    pub duplicates: u64,
    /// Deals that were lost once and taken up again.
    pub reopened: u64,
    /// Rows of `stage_events.csv`.
    pub stage_events: u64,
    /// Rows of `activities.csv`.
    pub activities: u64,
}
