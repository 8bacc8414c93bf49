use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_insight::CohortWinRate;

use super::{Window, high, low};

/// The win rate of the deals created in a period, corrected for those that are still open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cohort {
    /// The period of creation, such as `2024-Q1`.
    pub cohort: String,
    /// Its days, as far as they are seen.
    pub window: Window,
    /// Deals created in it.
    pub deals: u64,
    /// Won so far.
    pub won: u64,
    /// Lost so far.
    pub lost: u64,
    /// Neither yet.
    pub open: u64,
    /// The share that has closed, 0 to 1; null without deals.
    pub resolved: Option<f64>,
    /// Days after creation that the cohort rates are for.
    pub horizon_days: u32,
    /// The share won within the horizon (Aalen and Johansen's cumulative incidence).
    pub cohort_win_rate: Option<f64>,
    /// Lower end of its 95% interval.
    pub cohort_win_rate_low: Option<f64>,
    /// Upper end.
    pub cohort_win_rate_high: Option<f64>,
    /// The share lost within the horizon.
    pub cohort_loss_rate: Option<f64>,
    /// Won over closed so far.
    pub closed_win_rate: Option<f64>,
    /// Lower end of its 95% interval.
    pub closed_win_rate_low: Option<f64>,
    /// Upper end.
    pub closed_win_rate_high: Option<f64>,
    /// Why there is no cohort rate.
    pub reason: Option<String>,
    /// Whether there are enough deals to show a rate.
    pub enough_data: bool,
}

impl From<CohortWinRate> for Cohort {
    fn from(cohort: CohortWinRate) -> Self {
        let won = cohort.win_rate.map(|rate| rate.interval);
        Self {
            cohort: cohort.period.label,
            window: cohort.period.window.into(),
            deals: cohort.deals,
            won: cohort.won,
            lost: cohort.lost,
            open: cohort.open,
            resolved: cohort.resolved,
            horizon_days: cohort.horizon_days,
            cohort_win_rate: cohort.win_rate.map(|rate| rate.value),
            cohort_win_rate_low: low(won),
            cohort_win_rate_high: high(won),
            cohort_loss_rate: cohort.loss_rate.map(|rate| rate.value),
            closed_win_rate: cohort.closed_win_rate,
            closed_win_rate_low: low(cohort.closed_win_rate_interval),
            closed_win_rate_high: high(cohort.closed_win_rate_interval),
            reason: cohort.reason,
            enough_data: cohort.enough_data,
        }
    }
}
