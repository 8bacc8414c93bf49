//! The built-in rules. Each looks at an [`Observation`] and says what it found; rules that people
//! write will stand beside them.

mod data_quality;
mod deal_friction;
mod high_risk;
mod lead_source;
mod operations;
mod pipeline_quality;
mod tested;
mod win_rate;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use winsight_insight::SegmentPair;
use winsight_model::{DataVersion, Money, NONE, Segment, Settings, Window};

use crate::{Alert, Sequence, SequenceLook};

pub use data_quality::{HeldLoad, data_quality_finding};
pub use deal_friction::dfi_findings;
pub use high_risk::high_risk_finding;
pub use lead_source::lead_source_findings;
pub use operations::{
    Failing, data_stale_finding, job_failed_finding, rule_failed_finding, sync_failed_finding,
};
pub use pipeline_quality::pipeline_quality_finding;
pub use tested::unjudged_findings;
pub use win_rate::{win_rate_findings, without_echoes};

/// A built-in rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The win rate of a segment fell.
    WinRateDrop,
    /// The Deal Friction Index of a rep rose.
    DfiRise,
    /// A lead source wins too few of its deals.
    LeadSourceLow,
    /// Open deals match a pattern of lost ones.
    HighRiskDeals,
    /// The quality of the open pipeline is low.
    PipelineQuality,
    /// A load was held back by the quality gate.
    DataQuality,
    /// A run failed.
    JobFailed,
    /// A source could not be pulled.
    SyncFailed,
    /// A rule of the workspace's own could not be evaluated.
    RuleFailed,
    /// Nothing new has been loaded for too long.
    DataStale,
    /// A rule of the workspace's own.
    Custom,
}

impl Rule {
    /// The rules that test for what chance may give, and so share the false-alarm budget.
    pub const TESTING: [Self; 3] = [Self::WinRateDrop, Self::DfiRise, Self::LeadSourceLow];

    /// Every rule that comes with the program.
    pub const BUILT_IN: [Self; 10] = [
        Self::WinRateDrop,
        Self::DfiRise,
        Self::LeadSourceLow,
        Self::HighRiskDeals,
        Self::PipelineQuality,
        Self::DataQuality,
        Self::DataStale,
        Self::SyncFailed,
        Self::JobFailed,
        Self::RuleFailed,
    ];

    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WinRateDrop => "win_rate_drop",
            Self::DfiRise => "dfi_rise",
            Self::LeadSourceLow => "lead_source_low",
            Self::HighRiskDeals => "high_risk_deals",
            Self::PipelineQuality => "pipeline_quality",
            Self::DataQuality => "data_quality",
            Self::JobFailed => "job_failed",
            Self::SyncFailed => "sync_failed",
            Self::RuleFailed => "rule_failed",
            Self::DataStale => "data_stale",
            Self::Custom => "custom",
        }
    }

    /// The chance of any false alarm that the rule allows itself in one sequence of looks: its share
    /// of the workspace's budget, times that of the sequence.
    pub fn level(self, settings: &Settings, sequence: &Sequence) -> f64 {
        settings.alerts.false_alarm_budget * self.budget_share() * sequence.share
    }

    /// Its share of the false-alarm budget. What is left is kept for the guarded rules that a
    /// workspace adds.
    const fn budget_share(self) -> f64 {
        match self {
            Self::WinRateDrop => 0.6,
            Self::DfiRise | Self::LeadSourceLow => 0.1,
            Self::HighRiskDeals
            | Self::PipelineQuality
            | Self::DataQuality
            | Self::JobFailed
            | Self::SyncFailed
            | Self::RuleFailed
            | Self::DataStale
            | Self::Custom => 0.0,
        }
    }

    /// Three letters that begin the ids of its alerts.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::WinRateDrop => "wrd",
            Self::DfiRise => "dfi",
            Self::LeadSourceLow => "lsl",
            Self::HighRiskDeals => "hrd",
            Self::PipelineQuality => "plq",
            Self::DataQuality => "dqd",
            Self::JobFailed => "job",
            Self::SyncFailed => "syn",
            Self::RuleFailed => "rlf",
            Self::DataStale => "old",
            Self::Custom => "own",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the rules look at: the closed deals of every sequence of looks that is under way, those of
/// the trailing windows, and the open pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// What may open an alert: windows that grow by a day with every look.
    pub sequences: &'a [SequenceLook],
    /// The latest days, over which an alert that is open is followed.
    pub window: Window,
    /// The days that they are compared with.
    pub baseline_window: Window,
    /// Every value of every single dimension, over the latest days.
    pub pairs: &'a [SegmentPair],
    /// Every deal, over the latest days.
    pub overall: &'a SegmentPair,
    /// Amount of the open deals per segment, in the reporting currency; absent where there are none.
    pub open_amounts: &'a BTreeMap<Segment, Money>,
    /// ISO 4217 code of the reporting currency.
    pub currency: &'a str,
    /// The state of the data.
    pub data_version: DataVersion,
    /// The alerts that are live. To open one takes evidence; to keep it open it is enough that the
    /// condition still holds, so that an alert near the bar does not come and go.
    pub live: &'a [Alert],
}

impl Observation<'_> {
    /// Whether an alert of this rule on this segment is live.
    fn is_live(&self, rule: Rule, segment: &Segment) -> bool {
        self.live
            .iter()
            .any(|alert| alert.finding.rule == rule && alert.finding.segment == *segment)
    }

    fn open_amount(&self, segment: &Segment) -> Money {
        self.open_amounts.get(segment).copied().unwrap_or(Money::ZERO)
    }
}

/// The values of one dimension. Blank is left out: a rule that names a person or a source has nobody
/// to name there.
fn values_of<'a>(pairs: &'a [SegmentPair], dimension: &str) -> Vec<(&'a str, &'a SegmentPair)> {
    let named = pairs.iter().filter_map(|pair| match pair.segment.parts() {
        [(name, value)] if name.as_str() == dimension && value != NONE => {
            Some((value.as_str(), pair))
        }
        _ => None,
    });
    named.collect()
}
