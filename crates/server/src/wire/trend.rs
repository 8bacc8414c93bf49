use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_jobs::MetricRow;
use winsight_model::Grain;

use super::{high, low};

/// The win rate of all deals, period by period without gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trend {
    /// `week`, `month` or `quarter`.
    pub grain: String,
    /// Every period from the first closed deal to the last, in order.
    pub points: Vec<TrendPoint>,
}

/// The win rate of one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrendPoint {
    /// A week, month or quarter such as `2024-Q1`.
    pub period: String,
    /// First day inside.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// First day after.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// Closed deals.
    pub deals: u64,
    /// Won deals.
    pub won: u64,
    /// Won deals as a share of closed deals; null when there are too few.
    #[schema(required)]
    pub win_rate: Option<f64>,
    /// Lower end of its 95% Wilson interval.
    #[schema(required)]
    pub win_rate_low: Option<f64>,
    /// Upper end of its 95% Wilson interval.
    #[schema(required)]
    pub win_rate_high: Option<f64>,
    /// False when there are too few deals to show a rate.
    pub enough_data: bool,
    /// False when the period is cut off by the first or the last day of the data.
    pub complete: bool,
}

impl Trend {
    /// The trend over rows of metrics, one per period of `grain`.
    pub fn new(grain: Grain, rows: Vec<MetricRow>) -> Self {
        let name = match grain {
            Grain::Week => "week",
            Grain::Month => "month",
            Grain::Quarter => "quarter",
        };
        let points = rows.into_iter().map(|row| TrendPoint::new(grain, row)).collect();
        Self { grain: name.to_owned(), points }
    }
}

impl TrendPoint {
    fn new(grain: Grain, row: MetricRow) -> Self {
        let MetricRow { period, window, metrics, .. } = row;
        let starts_a_period = |day| grain.start_of(day) == day;
        Self {
            period,
            from: window.from,
            to: window.to,
            deals: metrics.deals,
            won: metrics.won,
            win_rate: metrics.win_rate,
            win_rate_low: low(metrics.win_rate_interval),
            win_rate_high: high(metrics.win_rate_interval),
            enough_data: metrics.enough_data,
            complete: starts_a_period(window.from) && starts_a_period(window.to),
        }
    }
}
