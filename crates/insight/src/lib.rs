//! What the deals say: metrics with intervals, changes and what they are made of, drivers, pipeline
//! health, and the sentences about all of these.
//!
//! Pure: values in, values out. Must not do input or output, read a clock or the environment, or
//! draw unseeded randomness; the same tallies always give the same numbers and sentences. Every
//! finding here is an association, never a cause.

mod chance;
mod change;
mod cohort;
mod decomposition;
mod drivers;
mod friction;
mod gaussian;
mod headline;
mod interval;
mod metrics;
mod multiplicity;
mod narrative;
mod pipeline;
mod progression;
mod proportion;
mod quantiles;
mod spread;
mod survival;

pub use chance::{ChanceBasis, ChanceHistory, ChanceSegment, WinChance, WinChances};
pub use change::{
    GatedChange, LOOKS_PER_QUARTER, SegmentChange, SegmentPair, TESTING_RULES, gate_changes,
    level_of_a_look, segment_change, tested_segments,
};
pub use cohort::{CohortWinRate, cohort_win_rate};
pub use decomposition::{Decomposition, Part, decompose};
pub use drivers::{
    Cell, DimensionTest, Driver, DriverAnalysis, DriverError, DroppedLevel, drivers,
};
pub use friction::dfi_change_p_value;
pub use headline::{HeadlineChanges, MetricChange, headline_changes};
pub use interval::Interval;
pub use metrics::{Metrics, metrics, metrics_without_bootstrap};
pub use multiplicity::benjamini_hochberg;
pub use narrative::{
    Cadence, DailyInput, Insight, InsightKind, MonthlyInput, WeeklyInput, daily_insights,
    monthly_insights, short_money, weekly_insights,
};
pub use pipeline::{
    BridgePart, HighRisk, PipelineBridge, PipelineHealth, PipelineQuality, QualityInput,
    QualityPart, QualityPartKind, RiskPattern, RiskyDeal, StageLine, high_risk,
    high_risk_by_chance, pipeline_health, pipeline_quality, risk_reasons,
};
pub use progression::{PROGRESSION_DAYS, ProgressionShares, StageProgression, stage_progression};
pub use proportion::{Share, below_p_value, detectable_drop, difference_p_value, newcombe, wilson};
pub use spread::{Spread, rep_spread};
pub use survival::Estimate;
