use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_insight as insight;
use winsight_insight::Estimate;
use winsight_jobs::BridgeTable;

use super::{Window, high, low};

/// The pipeline as it stands, how deals go through it, and what changed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pipeline {
    /// The last day seen.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// Open deals.
    pub deals: usize,
    /// Their amounts together.
    pub amount: String,
    /// ISO 4217 code of all amounts.
    pub currency: String,
    /// Open deals whose amount is blank or zero.
    pub without_amount: usize,
    /// Open deals whose expected close date has passed.
    pub past_expected_close: usize,
    /// The open deals by stage, largest amount first.
    pub by_stage: Vec<PipelineStage>,
    /// How good the pipeline is.
    pub pipeline_quality: PipelineQuality,
    /// The days in which the deals of `stage_progression` entered their stages.
    pub progression_window: Window,
    /// What became of the deals that entered each stage.
    pub stage_progression: Vec<StageProgression>,
    /// How the pipeline changed.
    pub bridge: PipelineBridge,
}

/// The open deals of one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PipelineStage {
    /// The stage.
    pub stage: String,
    /// Its open deals.
    pub deals: usize,
    /// Their amounts together.
    pub amount: String,
    /// Median days since creation.
    pub median_age_days: Option<f64>,
}

/// How good the open pipeline is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PipelineQuality {
    /// 0 to 100; null when it cannot be told.
    pub score: Option<f64>,
    /// Why there is no score.
    pub reason: Option<String>,
    /// `expected_yield`, `velocity`, `hygiene` and `spread`.
    pub parts: Vec<QualityPart>,
}

/// One part of the pipeline quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QualityPart {
    /// Which.
    pub part: String,
    /// Its share of the score, 0 to 1; 0 for a part that the data does not provide.
    pub weight: f64,
    /// 0 to 1; null when the data does not say.
    pub value: Option<f64>,
    /// What it was made from, or why there is none.
    pub note: String,
}

/// What became of the deals that entered a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageProgression {
    /// The stage.
    pub stage: String,
    /// Deals that entered it.
    pub entered: u64,
    /// Those that went on or were won.
    pub moved_on: u64,
    /// Those lost from it.
    pub lost: u64,
    /// Those still in it.
    pub still_there: u64,
    /// Kaplan–Meier median of the days in it.
    pub median_days: Option<u32>,
    /// Lower end of its 95% interval.
    pub median_days_low: Option<u32>,
    /// Upper end; null when it cannot be told yet.
    pub median_days_high: Option<u32>,
    /// After 30, 60 and 90 days, as far as any deal has been watched so long.
    pub after: Vec<StageShares>,
    /// Whether there are enough deals to show shares.
    pub enough_data: bool,
}

/// Shares of the deals of a stage some days after they entered it; they add up to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageShares {
    /// Days since entry.
    pub days: u32,
    /// Went on to another stage or were won.
    pub moved_on: f64,
    /// Lower end of its 95% interval.
    pub moved_on_low: Option<f64>,
    /// Upper end.
    pub moved_on_high: Option<f64>,
    /// Were lost from it.
    pub lost: f64,
    /// Lower end of its 95% interval.
    pub lost_low: Option<f64>,
    /// Upper end.
    pub lost_high: Option<f64>,
    /// Are still there.
    pub still_there: f64,
    /// Lower end of its 95% interval.
    pub still_there_low: Option<f64>,
    /// Upper end.
    pub still_there_high: Option<f64>,
}

/// How the pipeline of one day became that of another:
/// start + created + increased + `pulled_in` − decreased − pushed − won − lost = end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PipelineBridge {
    /// From the beginning of the first day to the end of the last.
    pub window: Window,
    /// The pipeline is what is open and expected to close before this day; null for all that is open.
    #[schema(value_type = Option<String>, format = Date)]
    pub close_before: Option<Date>,
    /// The pipeline before the first day.
    pub start: BridgePart,
    /// Came in new: created, or taken up again.
    pub created: BridgePart,
    /// Amounts raised.
    pub increased: BridgePart,
    /// Expected to close, or won, earlier than before.
    pub pulled_in: BridgePart,
    /// Amounts lowered.
    pub decreased: BridgePart,
    /// Expected to close later than before.
    pub pushed: BridgePart,
    /// Won.
    pub won: BridgePart,
    /// Lost.
    pub lost: BridgePart,
    /// The pipeline at the end of the last day.
    pub end: BridgePart,
    /// What the data cannot show.
    pub caution: Option<String>,
}

/// An amount of the bridge and the deals behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BridgePart {
    /// Deals.
    pub deals: u64,
    /// Their amount.
    pub amount: String,
    /// Ids of the largest, at most ten.
    pub largest_deal_ids: Vec<String>,
}

impl Pipeline {
    /// From the domain's forms.
    pub fn new(pipeline: winsight_jobs::Pipeline, bridge: BridgeTable) -> Self {
        let health = pipeline.health;
        let stages = health.by_stage.into_iter().map(|line| PipelineStage {
            stage: line.stage,
            deals: line.deals,
            amount: line.amount.to_string(),
            median_age_days: line.median_age_days,
        });
        let progression = pipeline.progression.into_iter().map(StageProgression::from);
        Self {
            day: pipeline.day,
            deals: health.deals,
            amount: health.amount.to_string(),
            currency: pipeline.currency,
            without_amount: health.without_amount,
            past_expected_close: health.past_expected_close,
            by_stage: stages.collect(),
            pipeline_quality: pipeline.quality.into(),
            progression_window: pipeline.progression_window.into(),
            stage_progression: progression.collect(),
            bridge: bridge.into(),
        }
    }
}

impl From<insight::PipelineQuality> for PipelineQuality {
    fn from(quality: insight::PipelineQuality) -> Self {
        let parts = quality.parts.into_iter().map(|part| QualityPart {
            part: part.kind.as_str().to_owned(),
            weight: part.weight,
            value: part.value,
            note: part.note,
        });
        Self { score: quality.score, reason: quality.reason, parts: parts.collect() }
    }
}

impl From<insight::StageProgression> for StageProgression {
    fn from(stage: insight::StageProgression) -> Self {
        let interval = |estimate: Estimate| Some(estimate.interval);
        let after = stage.after.into_iter().map(|after| StageShares {
            days: after.days,
            moved_on: after.moved_on.value,
            moved_on_low: low(interval(after.moved_on)),
            moved_on_high: high(interval(after.moved_on)),
            lost: after.lost.value,
            lost_low: low(interval(after.lost)),
            lost_high: high(interval(after.lost)),
            still_there: after.still_there.value,
            still_there_low: low(interval(after.still_there)),
            still_there_high: high(interval(after.still_there)),
        });
        Self {
            stage: stage.stage,
            entered: stage.entered,
            moved_on: stage.moved_on,
            lost: stage.lost,
            still_there: stage.still_there,
            median_days: stage.median_days,
            median_days_low: stage.median_days_low,
            median_days_high: stage.median_days_high,
            after: after.collect(),
            enough_data: stage.enough_data,
        }
    }
}

impl From<BridgeTable> for PipelineBridge {
    fn from(table: BridgeTable) -> Self {
        let bridge = table.bridge;
        Self {
            window: table.window.into(),
            close_before: bridge.close_before,
            start: bridge.start.into(),
            created: bridge.created.into(),
            increased: bridge.increased.into(),
            pulled_in: bridge.pulled_in.into(),
            decreased: bridge.decreased.into(),
            pushed: bridge.pushed.into(),
            won: bridge.won.into(),
            lost: bridge.lost.into(),
            end: bridge.end.into(),
            caution: table.caution,
        }
    }
}

impl From<insight::BridgePart> for BridgePart {
    fn from(part: insight::BridgePart) -> Self {
        Self {
            deals: part.deals,
            amount: part.amount.to_string(),
            largest_deal_ids: part.largest.into_iter().map(|(id, _)| id).collect(),
        }
    }
}
