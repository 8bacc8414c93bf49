use serde::{Deserialize, Serialize};
use winsight_insight::{SegmentPair, metrics};
use winsight_model::Money;

use crate::stored;

/// Money that a finding touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// How much.
    #[serde(with = "stored::money")]
    pub amount: Money,
    /// What it stands for.
    pub kind: ImpactKind,
}

/// What the amount of an [`Impact`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactKind {
    /// What the drop will cost if the open pipeline closes at the lower rate.
    RevenueAtRisk,
    /// What the drop has cost on the deals closed in the window.
    Shortfall,
    /// The amounts of the deals themselves.
    AmountAtRisk,
}

impl ImpactKind {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RevenueAtRisk => "revenue_at_risk",
            Self::Shortfall => "shortfall",
            Self::AmountAtRisk => "amount_at_risk",
        }
    }
}

/// The `revenue_at_risk` of a drop: the drop in `rwwr` (in `win_rate` where `rwwr` is null) times
/// the open amount of the segment, or with no open pipeline times the amount closed in the window.
///
/// `None` when the rate did not drop by amount, or there is no amount to multiply it with.
pub(crate) fn of_drop(pair: &SegmentPair, open: Money, min_deals: u64) -> Option<Impact> {
    let current = metrics(&pair.current, min_deals);
    let baseline = metrics(&pair.baseline, min_deals);
    let by_amount = baseline.rwwr.zip(current.rwwr);
    let (before, now) = by_amount.or_else(|| baseline.win_rate.zip(current.win_rate))?;
    let drop = before - now;
    let (amount, kind) = if open > Money::ZERO {
        (open.scaled(drop), ImpactKind::RevenueAtRisk)
    } else {
        (current.closed_amount.scaled(drop), ImpactKind::Shortfall)
    };
    (amount > Money::ZERO).then_some(Impact { amount, kind })
}
