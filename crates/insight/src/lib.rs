//! What the deals say: metrics with intervals, changes and what they are made of, drivers, pipeline
//! health, and the sentences about all of these.
//!
//! Pure: values in, values out. Must not do input or output, read a clock or the environment, or
//! draw unseeded randomness; the same tallies always give the same numbers and sentences. Every
//! finding here is an association, never a cause.

mod breadth;
mod causes;
mod chance;
mod change;
mod cohort;
mod concentration;
mod decomposition;
mod drivers;
mod drops;
mod exact;
mod family;
mod friction;
mod gaussian;
mod headline;
mod interval;
mod metrics;
mod multiplicity;
mod narrative;
mod pipeline;
mod pooling;
mod progression;
mod proportion;
mod quadrature;
mod quantiles;
mod remarks;
mod reps;
mod sequential;
mod spread;
mod survival;
mod trend;

pub use breadth::{Breadth, BreadthKind, Indicator, IndicatorMove, breadth, indicator_moves};
pub use causes::{Cause, CauseKind, CauseSearch, Causes, Contributor, find_causes};
pub use chance::{ChanceBasis, ChanceHistory, ChanceSegment, WinChance, WinChances};
pub use change::{
    GatedChange, LOOKS_PER_QUARTER, SegmentChange, SegmentPair, TESTING_RULES, gate_changes,
    level_of_a_look, segment_change, tested_segments,
};
pub use cohort::{CohortWinRate, cohort_win_rate};
pub use concentration::{LossConcentration, loss_concentration};
pub use decomposition::{
    Decomposition, Part, ShapleySplit, SplitMetric, decompose, decompose_rwwr, shapley,
};
pub use drivers::{
    Cell, DimensionTest, Driver, DriverAnalysis, DriverChange, DriverChanges, DriverError,
    DriverTrend, DroppedLevel, ExposureOf, driver_changes, drivers,
};
pub use drops::{Course, DropCounts, DropTest, below_rate_p_value, drop_test, overall_drop_test};
pub use family::{DropFamily, JudgedDrop};
pub use friction::{dfi_anytime_p_value, dfi_change_p_value};
pub use headline::{HeadlineChanges, MetricChange, headline_changes};
pub use interval::Interval;
pub use metrics::{Metrics, metrics, metrics_without_dfi_interval};
pub use multiplicity::{benjamini_hochberg, benjamini_hochberg_levels};
pub use narrative::{
    Cadence, DailyInput, Insight, InsightKind, MonthlyInput, TrendInput, WeeklyInput,
    daily_insights, driver_change_insight, monthly_insights, rep_insight, short_money,
    trend_insight, weekly_insights,
};
pub use pipeline::{
    BridgePart, HighRisk, PipelineBridge, PipelineHealth, PipelineQuality, QualityInput,
    QualityPart, QualityPartKind, RiskPattern, RiskyDeal, StageLine, high_risk_by_chance,
    pipeline_health, pipeline_quality, risk_reasons,
};
pub use pooling::{Pool, PooledRate, rolled_up};
pub use progression::{PROGRESSION_DAYS, ProgressionShares, StageProgression, stage_progression};
pub use proportion::{Share, below_p_value, detectable_drop, difference_p_value, newcombe, wilson};
pub use remarks::change_remarks;
pub use reps::{FunnelPosition, Heterogeneity, Rep, RepAnalysis, heterogeneity, reps};
pub use sequential::anytime_p_value;
pub use spread::{Spread, rep_spread};
pub use survival::Estimate;
pub use trend::{
    Backtest, ChangePoint, PeriodCount, Projected, Projection, Season, Trend, TrendPart,
    YearOverYear, trend,
};
