//! What the deals say: metrics with intervals, changes and what they are made of, drivers, pipeline
//! health, and the sentences about all of these.
//!
//! Pure: values in, values out. Must not do input or output, read a clock or the environment, or
//! draw unseeded randomness; the same tallies always give the same numbers and sentences. Every
//! finding here is an association, never a cause.

mod breadth;
mod change;
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
mod pooling;
mod proportion;
mod quantiles;
mod reps;
mod spread;
mod trend;

pub use breadth::{Breadth, BreadthKind, Indicator, IndicatorMove, breadth, indicator_moves};
pub use change::{
    GatedChange, LOOKS_PER_QUARTER, SegmentChange, SegmentPair, TESTING_RULES, gate_changes,
    level_of_a_look, segment_change, tested_segments,
};
pub use decomposition::{Decomposition, Part, decompose};
pub use drivers::{
    Cell, DimensionTest, Driver, DriverAnalysis, DriverChange, DriverChanges, DriverError,
    DriverTrend, DroppedLevel, ExposureOf, driver_changes, drivers,
};
pub use friction::dfi_change_p_value;
pub use headline::{HeadlineChanges, MetricChange, headline_changes};
pub use interval::Interval;
pub use metrics::{Metrics, metrics, metrics_without_bootstrap};
pub use multiplicity::benjamini_hochberg;
pub use narrative::{
    Cadence, Insight, InsightKind, MonthlyInput, TrendInput, WeeklyInput, daily_insights,
    driver_change_insight, monthly_insights, rep_insight, short_money, trend_insight,
    weekly_insights,
};
pub use pipeline::{
    HighRisk, PipelineHealth, RiskPattern, RiskyDeal, StageLine, high_risk, pipeline_health,
};
pub use pooling::{Pool, PooledRate, rolled_up};
pub use proportion::{Share, below_p_value, detectable_drop, difference_p_value, newcombe, wilson};
pub use reps::{FunnelPosition, Heterogeneity, Rep, RepAnalysis, heterogeneity, reps};
pub use spread::{Spread, rep_spread};
pub use trend::{
    Backtest, ChangePoint, PeriodCount, Projected, Projection, Season, Trend, TrendPart,
    YearOverYear, trend,
};
