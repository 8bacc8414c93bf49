//! The built-in rules. Each looks at an [`Observation`] and says what it found; rules that people
//! write will stand beside them.

mod data_quality;
mod deal_friction;
mod high_risk;
mod lead_source;
mod pipeline_quality;
mod tested;
mod win_rate;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use winsight_insight::{SegmentPair, TESTING_RULES};
use winsight_model::{DataVersion, Money, NONE, Segment, Window};

use crate::Alert;

pub use data_quality::{HeldLoad, data_quality_finding};
pub use deal_friction::dfi_findings;
pub use high_risk::high_risk_finding;
pub use lead_source::lead_source_findings;
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
}

impl Rule {
    /// The rules that test for what chance may give, and so share the false-alarm budget.
    pub const TESTING: [Self; TESTING_RULES as usize] =
        [Self::WinRateDrop, Self::DfiRise, Self::LeadSourceLow];

    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WinRateDrop => "win_rate_drop",
            Self::DfiRise => "dfi_rise",
            Self::LeadSourceLow => "lead_source_low",
            Self::HighRiskDeals => "high_risk_deals",
            Self::PipelineQuality => "pipeline_quality",
            Self::DataQuality => "data_quality",
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
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the rules look at: the closed deals of two windows, and the open pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The days that are judged.
    pub window: Window,
    /// The days that they are judged against.
    pub baseline_window: Window,
    /// Every value of every single dimension.
    pub pairs: &'a [SegmentPair],
    /// Every deal.
    pub overall: &'a SegmentPair,
    /// Amount of the open deals per segment, in the reporting currency; absent where there are none.
    pub open_amounts: &'a BTreeMap<Segment, Money>,
    /// ISO 4217 code of the reporting currency.
    pub currency: &'a str,
    /// The state of the data.
    pub data_version: DataVersion,
    /// How often each rule looks in a quarter: the false-alarm budget is shared among the looks.
    pub looks_per_quarter: u32,
    /// The alerts that are live. To open one takes evidence; to keep it open it is enough that the
    /// condition still holds, so that an alert near the bar does not come and go.
    pub live: &'a [Alert],
}

impl<'a> Observation<'a> {
    /// Whether an alert of this rule on this segment is live.
    fn is_live(&self, rule: Rule, segment: &Segment) -> bool {
        self.live
            .iter()
            .any(|alert| alert.finding.rule == rule && alert.finding.segment == *segment)
    }

    fn open_amount(&self, segment: &Segment) -> Money {
        self.open_amounts.get(segment).copied().unwrap_or(Money::ZERO)
    }

    /// The values of one dimension. Blank is left out: a rule that names a person or a source has
    /// nobody to name there.
    fn values_of(&self, dimension: &str) -> Vec<(&'a str, &'a SegmentPair)> {
        let named = self.pairs.iter().filter_map(|pair| match pair.segment.parts() {
            [(name, value)] if name.as_str() == dimension && value != NONE => {
                Some((value.as_str(), pair))
            }
            _ => None,
        });
        named.collect()
    }
}
