mod daily;
mod explained;
mod funnel;
mod monthly;
mod performance;
mod stages;
mod trend;
mod unchanged;
mod weekly;
mod wording;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use winsight_model::{Segment, Tally, Window};

use crate::{Causes, DriverAnalysis, SegmentChange, SegmentPair};

pub use self::daily::{DailyInput, daily_insights};
pub use self::funnel::{driver_change_insight, rep_insight};
pub use self::monthly::monthly_insights;
pub use self::trend::{TrendInput, trend_insight};
pub use self::weekly::weekly_insights;
pub(crate) use self::wording::listed;
pub use self::wording::short_money;

/// One thing worth knowing, in sentences computed from numbers that can be opened.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Insight {
    /// What it is about.
    pub kind: InsightKind,
    /// The run it belongs to.
    pub cadence: Cadence,
    /// A heading of a few words.
    pub title: String,
    /// One to four sentences.
    pub text: String,
    /// What not to conclude from it.
    pub caution: Option<String>,
    /// What to do next.
    pub action: Option<String>,
    /// The numbers behind it by name; rates are shares, amounts decimal strings.
    pub evidence: BTreeMap<String, Value>,
    /// Order among the insights of a run, largest first.
    pub rank: f64,
}

/// What an insight is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InsightKind {
    /// Open deals by stage.
    PipelineHealth,
    /// How deals go through the stages.
    StageProgression,
    /// Open deals that match a loss pattern or are unlikely to be won.
    HighRiskDeals,
    /// The overall win rate against the window before.
    WinRateChange,
    /// A dimension some of whose segments moved beyond chance.
    SegmentChange,
    /// No segment moved beyond chance.
    NothingChanged,
    /// Win rates by lead source.
    LeadSources,
    /// Reps against what the deals they were given let expect, and whether they differ at all.
    RepPattern,
    /// The win rate over time and what comes.
    Trend,
    /// What goes with winning.
    Drivers,
    /// What goes with winning otherwise than before.
    DriverChange,
    /// Amounts, rates and cycles against the window before.
    PeriodOverPeriod,
    /// What to do about it.
    Recommendation,
}

impl InsightKind {
    /// The name, as in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PipelineHealth => "pipeline_health",
            Self::StageProgression => "stage_progression",
            Self::HighRiskDeals => "high_risk_deals",
            Self::WinRateChange => "win_rate_change",
            Self::SegmentChange => "segment_change",
            Self::NothingChanged => "nothing_changed",
            Self::LeadSources => "lead_sources",
            Self::RepPattern => "rep_pattern",
            Self::Trend => "trend",
            Self::Drivers => "drivers",
            Self::DriverChange => "driver_change",
            Self::PeriodOverPeriod => "period_over_period",
            Self::Recommendation => "recommendation",
        }
    }
}

impl fmt::Display for InsightKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How often a run happens, and so which insights it makes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// Every day: the pipeline.
    Daily,
    /// Every week: trends.
    Weekly,
    /// Every month: strategy.
    Monthly,
}

impl Cadence {
    /// The name, as in commands, tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Cadence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "daily" => Ok(Self::Daily),
            "weekly" => Ok(Self::Weekly),
            "monthly" => Ok(Self::Monthly),
            other => Err(format!("{other:?} is not a cadence; use daily, weekly or monthly")),
        }
    }
}

/// What the weekly insights are made from.
#[derive(Clone, Debug)]
pub struct WeeklyInput {
    /// The window looked at.
    pub window: Window,
    /// The window it is compared with.
    pub baseline_window: Window,
    /// Every deal in both.
    pub overall: SegmentPair,
    /// Every value of every single dimension in both.
    pub segments: Vec<SegmentPair>,
    /// What the change comes from, over combinations of dimensions.
    pub causes: Causes,
    /// Segments that moved only because they share deals with another one that did.
    pub echoes: Vec<Segment>,
    /// Segments whose win rate an alert says fell, against the year before.
    pub alerted: Vec<Segment>,
}

/// What the monthly insights are made from.
#[derive(Clone, Debug)]
pub struct MonthlyInput<'a> {
    /// The window looked at.
    pub window: Window,
    /// The window it is compared with.
    pub baseline_window: Window,
    /// Every deal in both.
    pub overall: SegmentPair,
    /// Every value of every single dimension in both.
    pub segments: Vec<SegmentPair>,
    /// What the change comes from, over combinations of dimensions.
    pub causes: Causes,
    /// The driver analysis, or why there is none.
    pub drivers: Result<&'a DriverAnalysis, String>,
}

/// What every comparison of deals leaves open.
const ASSOCIATION: &str =
    "This is an association, not a cause: check it with the people who know these deals.";

/// The order of an insight: half by what it is about (`about`, 0 to 100), half by how certain it is
/// that something happened (0 to 1) and the share of the money that it touches (0 to 1).
fn rank(about: f64, certainty: f64, money: f64) -> f64 {
    about / 2.0 + 50.0 * certainty.clamp(0.0, 1.0) * money.clamp(0.0, 1.0).sqrt()
}

/// Share of the closed amount, or without amounts of the closed deals, that lies in a segment.
fn share_of_money(part: &Tally, whole: &Tally) -> f64 {
    let amount = |tally: &Tally| (tally.won.amount + tally.lost.amount).as_f64();
    if amount(whole) > 0.0 {
        amount(part) / amount(whole)
    } else {
        part.deals() as f64 / whole.deals().max(1) as f64
    }
}

/// Evidence under construction: names and numbers.
fn evidence<const N: usize>(fields: [(&str, Value); N]) -> BTreeMap<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The change of a segment in the words of the evidence.
fn change_evidence(change: &SegmentChange) -> Value {
    json!({
        "dimension": change.segment.dimension_label(),
        "value": change.segment.value_label(),
        "change": change.change,
        "interval": change.interval,
        "p_value": change.p_value,
        "current": change.current,
        "baseline": change.baseline,
    })
}

/// The values of one dimension among single-dimension segments.
fn values_of<'a>(segments: &'a [SegmentPair], dimension: &str) -> Vec<(&'a str, &'a SegmentPair)> {
    let value = |pair: &'a SegmentPair| match pair.segment.parts() {
        [(name, value)] if name.as_str() == dimension => Some((value.as_str(), pair)),
        _ => None,
    };
    segments.iter().filter_map(value).collect()
}
