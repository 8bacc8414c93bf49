use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_insight::CauseKind;

use super::change::filter;

/// A segment that a change comes from, by how well "it alone changed" explains both windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cause {
    /// The explanation that fits best.
    pub best: Contributor,
    /// The next best ones over the same deals.
    pub rivals: Vec<Contributor>,
}

/// A segment as an explanation of a change; an association, never a cause by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Contributor {
    /// The dimensions, joined with ` × `, or `all`.
    pub dimension: String,
    /// The values, joined with ` × `, or `all`.
    pub value: String,
    /// Its deals, as values of `where` in `/api/v1/closed-deals`: `region=Europe`.
    pub filter: Vec<String>,
    /// `rate`: its win rate moved. `mix`: its share of the deals did.
    pub kind: String,
    /// Its part in the change of the overall win rate (0.05 is five points).
    pub contribution: f64,
    /// Closed deals in the window.
    pub deals: u64,
    /// Won deals in the window.
    pub won: u64,
    /// Closed deals in the baseline window.
    pub baseline_deals: u64,
    /// Won deals in the baseline window.
    pub baseline_won: u64,
    /// Its share of the closed deals of the window.
    pub share_of_deals: f64,
    /// Its share of those of the baseline window.
    pub baseline_share_of_deals: f64,
    /// Chance of evidence as strong, over everything compared, if nothing had changed.
    pub p_value: f64,
}

/// The share of all losses that lies in the three values with the most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LossConcentration {
    /// The Loss Concentration Ratio.
    pub lcr: f64,
    /// The ratio of the baseline window; null without losses there.
    #[schema(required)]
    pub baseline_lcr: Option<f64>,
    /// The share of all closed deals in the same values: a ratio near it is no finding.
    pub share_of_deals: f64,
    /// The values, most losses first.
    pub values: Vec<Losses>,
}

/// The losses of a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Losses {
    /// The value.
    pub value: String,
    /// Lost deals.
    pub lost: u64,
}

impl From<winsight_insight::Cause> for Cause {
    fn from(cause: winsight_insight::Cause) -> Self {
        let rivals = cause.rivals.into_iter().map(Contributor::from).collect();
        Self { best: cause.best.into(), rivals }
    }
}

impl From<winsight_insight::Contributor> for Contributor {
    fn from(contributor: winsight_insight::Contributor) -> Self {
        let kind = match contributor.kind {
            CauseKind::Rate => "rate",
            CauseKind::Mix => "mix",
        };
        Self {
            dimension: contributor.segment.dimension_label(),
            value: contributor.segment.value_label(),
            filter: filter(&contributor.segment),
            kind: kind.to_owned(),
            contribution: contributor.contribution,
            deals: contributor.current.deals,
            won: contributor.current.won,
            baseline_deals: contributor.baseline.deals,
            baseline_won: contributor.baseline.won,
            share_of_deals: contributor.share_of_deals,
            baseline_share_of_deals: contributor.baseline_share_of_deals,
            p_value: contributor.p_value,
        }
    }
}

impl From<winsight_insight::LossConcentration> for LossConcentration {
    fn from(found: winsight_insight::LossConcentration) -> Self {
        let losses = |(segment, lost): (winsight_model::Segment, u64)| Losses {
            value: segment.value_label(),
            lost,
        };
        Self {
            lcr: found.lcr,
            baseline_lcr: found.baseline,
            share_of_deals: found.share_of_deals,
            values: found.values.into_iter().map(losses).collect(),
        }
    }
}
