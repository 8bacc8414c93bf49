use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_insight as insight;
use winsight_jobs::RepReport;

use super::{Window, high, low};

/// Reps against what the deals they were given let expect. Associations, never causes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reps {
    /// Always `association`.
    pub label: String,
    /// The days analysed.
    pub window: Window,
    /// Closed deals.
    pub deals: u64,
    /// Win rate of all of them: the middle of the funnel.
    pub win_rate: f64,
    /// The dimensions that are held equal.
    pub adjusted_for: Vec<String>,
    /// Standard deviation of the plain win rates of the reps.
    #[schema(required)]
    pub srwv: Option<f64>,
    /// 5% point of the same under one common win rate.
    #[schema(required)]
    pub srwv_chance_low: Option<f64>,
    /// 95% point.
    #[schema(required)]
    pub srwv_chance_high: Option<f64>,
    /// Chance of as much difference between the adjusted win rates if there were none.
    #[schema(required)]
    pub p_value: Option<f64>,
    /// Whether reps differ by more than chance gives; only then is the list in an order.
    pub ranked: bool,
    /// Reps with too few deals to show.
    pub with_few_deals: usize,
    /// The others.
    pub reps: Vec<Rep>,
}

/// One rep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rep {
    /// Who.
    pub rep: String,
    /// Closed deals.
    pub deals: u64,
    /// Won ones.
    pub won: u64,
    /// Won over closed.
    #[schema(required)]
    pub win_rate: Option<f64>,
    /// Won deals that the mix of deals lets expect.
    pub expected_won: f64,
    /// Win rate on an average mix of deals.
    pub adjusted_win_rate: f64,
    /// The same, pulled towards that of all reps by how much of it may be luck.
    pub shrunken_win_rate: f64,
    /// Lower end of its 95% interval.
    pub shrunken_win_rate_low: f64,
    /// Upper end.
    pub shrunken_win_rate_high: f64,
    /// Control limits of the adjusted win rate that hold 95%.
    pub limit_95_low: f64,
    /// Upper one.
    pub limit_95_high: f64,
    /// Control limits that hold 99.8%.
    pub limit_998_low: f64,
    /// Upper one.
    pub limit_998_high: f64,
    /// `above`, `inside` or `below` the limits of 99.8%.
    pub position: String,
    /// Deal Friction Index.
    #[schema(required)]
    pub dfi: Option<f64>,
    /// Lower end of its 95% interval.
    #[schema(required)]
    pub dfi_low: Option<f64>,
    /// Upper end.
    #[schema(required)]
    pub dfi_high: Option<f64>,
    /// Whether the index differs from 1 beyond chance, among all reps.
    pub dfi_stands_out: bool,
}

impl From<RepReport> for Reps {
    fn from(report: RepReport) -> Self {
        let analysis = report.analysis;
        let spread = analysis.spread.as_ref();
        Self {
            label: winsight_alert::LABEL.to_owned(),
            window: report.window.into(),
            deals: analysis.deals,
            win_rate: analysis.win_rate,
            adjusted_for: analysis.adjusted_for.iter().map(ToString::to_string).collect(),
            srwv: spread.map(|spread| spread.srwv),
            srwv_chance_low: spread.map(|spread| spread.chance_low),
            srwv_chance_high: spread.map(|spread| spread.chance_high),
            p_value: analysis.heterogeneity.map(|found| found.p_value),
            ranked: analysis.ranked,
            with_few_deals: analysis.with_few_deals,
            reps: analysis.reps.into_iter().map(Rep::from).collect(),
        }
    }
}

impl From<insight::Rep> for Rep {
    fn from(rep: insight::Rep) -> Self {
        Self {
            deals: rep.share.deals,
            won: rep.share.won,
            win_rate: rep.share.rate(),
            rep: rep.rep,
            expected_won: rep.expected_won,
            adjusted_win_rate: rep.adjusted_win_rate,
            shrunken_win_rate: rep.shrunken_win_rate,
            shrunken_win_rate_low: rep.shrunken_interval.low,
            shrunken_win_rate_high: rep.shrunken_interval.high,
            limit_95_low: rep.limits_95.low,
            limit_95_high: rep.limits_95.high,
            limit_998_low: rep.limits_998.low,
            limit_998_high: rep.limits_998.high,
            position: rep.position.as_str().to_owned(),
            dfi: rep.dfi,
            dfi_low: low(rep.dfi_interval),
            dfi_high: high(rep.dfi_interval),
            dfi_stands_out: rep.dfi_stands_out,
        }
    }
}
