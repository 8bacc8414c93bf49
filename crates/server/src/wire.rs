//! The JSON of Winsight, shared by the HTTP API and the command line's `--json`.
//!
//! Amounts are strings of exact decimals with two places, rates are numbers in 0 to 1, dates are
//! ISO 8601, and a window is `[from, to)`: its last day is the one before `to`.

mod alert;
mod cause;
mod change;
mod closed_deal;
mod cohort;
mod deal;
mod delivery;
mod driver;
mod history;
mod insight;
mod metric;
mod pipeline;
mod problem;
mod rep;
mod report;
mod source;
mod status;
mod trend;
mod trends;

pub use alert::{Alert, AlertStep, AlertStory, Evidence, Life};
pub use cause::{Cause, Contributor, LossConcentration, Losses};
pub use change::{Change, Changes, DimensionMix, MetricChange, Verdict};
pub use closed_deal::{ClosedDeal, ClosedDeals};
pub use cohort::Cohort;
pub use deal::RiskyDeal;
pub use delivery::{Channel, ChannelRecipient, Delivery, DeliveryReport};
pub use driver::{DimensionTest, Driver, DriverChange, Drivers, DroppedLevel};
pub use history::{
    ChangedField, Knowledge, MetricHistory, MonthChange, MonthMetrics, QualityHistory,
    RestatedDeal, Restatement, Restatements, TrainingSet,
};
pub use insight::Insight;
pub use metric::Metric;
pub use pipeline::{
    BridgePart, Pipeline, PipelineBridge, PipelineQuality, PipelineStage, QualityPart,
    StageProgression, StageShares,
};
pub use problem::Problem;
pub use rep::{Rep, Reps};
pub use report::{LoadReport, RunReport};
pub use source::{Source, SourceBreaker, SourceFailure, SourceProgress, Webhooks};
pub use status::{Component, HeldLoad, Readiness, Status};
pub use trend::{Trend, TrendPoint};
pub use trends::{ChangePoint, IndicatorMove, Projected, Series, SeriesPoint, Trends};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_insight::Interval;
use winsight_model as model;

/// Whole days in the workspace's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Window {
    /// First day inside.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// First day after.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
}

impl From<model::Window> for Window {
    fn from(window: model::Window) -> Self {
        Self { from: window.from, to: window.to }
    }
}

fn low(interval: Option<Interval>) -> Option<f64> {
    interval.map(|interval| interval.low)
}

fn high(interval: Option<Interval>) -> Option<f64> {
    interval.map(|interval| interval.high)
}

#[cfg(test)]
mod tests;
