//! Win rates by the period in which deals were created, corrected for those still open.

use winsight_model::{Period, Stays};

use crate::survival::{CompetingRisks, Durations};
use crate::{Estimate, Interval, Share, wilson};

/// The win rate of the deals created in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct CohortWinRate {
    /// The period of creation.
    pub period: Period,
    /// Deals created in it.
    pub deals: u64,
    /// Won so far.
    pub won: u64,
    /// Lost so far.
    pub lost: u64,
    /// Neither yet.
    pub open: u64,
    /// The share of the cohort that has closed: how far the numbers can still move.
    pub resolved: Option<f64>,
    /// Days after creation that the estimates are for.
    pub horizon_days: u32,
    /// The share won within the horizon.
    pub win_rate: Option<Estimate>,
    /// The share lost within the horizon.
    pub loss_rate: Option<Estimate>,
    /// Won over closed so far, which in a young cohort mostly says which deals close fast.
    pub closed_win_rate: Option<f64>,
    /// Wilson's interval of it.
    pub closed_win_rate_interval: Option<Interval>,
    /// Why there is no `win_rate`.
    pub reason: Option<String>,
    /// Whether there are enough deals to show a rate; without, only counts are.
    pub enough_data: bool,
}

/// The win rate of a cohort at the horizon: Aalen and Johansen's cumulative incidence of won, with a
/// deal that is still open watched up to today.
///
/// The interval is Wilson's at the effective number of deals that the variance (delta method) stands
/// for, so that a cohort of which all have closed has the same interval as any other win rate.
pub fn cohort_win_rate(
    period: Period,
    stays: &Stays,
    horizon_days: u32,
    min_deals: u64,
) -> CohortWinRate {
    let (won, lost, open) = (stays.won.total(), stays.lost.total(), stays.ongoing.total());
    let deals = won + lost + open;
    let enough_data = deals >= min_deals.max(1);
    let resolved = (deals > 0).then(|| (won + lost) as f64 / deals as f64);
    let counted = CohortWinRate {
        period,
        deals,
        won,
        lost,
        open,
        resolved,
        horizon_days,
        win_rate: None,
        loss_rate: None,
        closed_win_rate: None,
        closed_win_rate_interval: None,
        reason: None,
        enough_data,
    };
    if !enough_data {
        let reason = format!("{deals} deals are too few; a rate takes {min_deals}");
        return CohortWinRate { reason: Some(reason), ..counted };
    }
    let risks = CompetingRisks::of(&Durations::new(&[&stays.won, &stays.lost], &stays.ongoing));
    let win_rate = risks.ended(0, horizon_days);
    let reason = win_rate.is_none().then(|| {
        let longest = risks.longest().unwrap_or(0);
        format!(
            "no deal of this cohort has been watched for {horizon_days} days yet, the oldest for \
             {longest}"
        )
    });
    let closed = Share { won, deals: won + lost };
    let has_closed = closed.deals >= min_deals.max(1);
    CohortWinRate {
        win_rate,
        loss_rate: risks.ended(1, horizon_days),
        closed_win_rate: closed.rate().filter(|_| has_closed),
        closed_win_rate_interval: wilson(won, closed.deals).filter(|_| has_closed),
        reason,
        ..counted
    }
}
