use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_jobs::MetricRow;
use winsight_model::Grain;

use super::Metric;

/// The metrics of all deals, period by period without gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trend {
    /// `week`, `month` or `quarter`.
    pub grain: String,
    /// Every period from the first closed deal to the last, in order.
    pub points: Vec<TrendPoint>,
}

/// The metrics of one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrendPoint {
    /// First day inside.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// First day after.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// False when the period is cut off by the first or the last day of the data.
    pub complete: bool,
    /// The metrics; `period` is a week, month or quarter such as `2024-Q1`.
    #[serde(flatten)]
    pub metric: Metric,
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
        let window = row.window;
        let starts_a_period = |day| grain.start_of(day) == day;
        Self {
            from: window.from,
            to: window.to,
            complete: starts_a_period(window.from) && starts_a_period(window.to),
            metric: Metric::from(row),
        }
    }
}
