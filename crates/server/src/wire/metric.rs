use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_jobs::MetricRow;

use super::{high, low};

/// The metrics of one segment in one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Metric {
    /// Dimension names joined with ` × `, or `all`.
    pub dimension: String,
    /// Values joined with ` × `, or `all`.
    pub value: String,
    /// `all`, or a week, month or quarter such as `2024-Q1`.
    pub period: String,
    /// Closed deals: won plus lost.
    pub deals: u64,
    /// Won deals.
    pub won: u64,
    /// Lost deals.
    pub lost: u64,
    /// Won deals as a share of closed deals.
    #[schema(required)]
    pub win_rate: Option<f64>,
    /// Lower end of its 95% Wilson interval.
    #[schema(required)]
    pub win_rate_low: Option<f64>,
    /// Upper end of its 95% Wilson interval.
    #[schema(required)]
    pub win_rate_high: Option<f64>,
    /// Revenue-weighted win rate: won amount as a share of closed amount.
    #[schema(required)]
    pub rwwr: Option<f64>,
    /// Lower end of its 95% interval.
    #[schema(required)]
    pub rwwr_low: Option<f64>,
    /// Upper end of its 95% interval.
    #[schema(required)]
    pub rwwr_high: Option<f64>,
    /// Why `rwwr` is null, when it is.
    #[schema(required)]
    pub rwwr_reason: Option<String>,
    /// Deal Friction Index: median days of lost deals over median days of won deals.
    #[schema(required)]
    pub dfi: Option<f64>,
    /// Lower end of its 95% interval.
    #[schema(required)]
    pub dfi_low: Option<f64>,
    /// Upper end of its 95% interval.
    #[schema(required)]
    pub dfi_high: Option<f64>,
    /// Median whole days from created to closed.
    #[schema(required)]
    pub median_cycle_days: Option<f64>,
    /// The same of the won deals.
    pub median_cycle_days_won: Option<f64>,
    /// The same of the lost deals.
    pub median_cycle_days_lost: Option<f64>,
    /// Amount of the won deals, a decimal with two places.
    pub won_amount: String,
    /// Amount of the closed deals, a decimal with two places.
    pub closed_amount: String,
    /// ISO 4217 code of both amounts.
    pub currency: String,
    /// False when there are too few deals to show a rate; the rates are null then.
    pub enough_data: bool,
    /// The win rate once the other rows of its table are known: one on few deals is pulled towards
    /// theirs. Null for a row of its own, and where the table has several periods.
    #[schema(required)]
    pub pooled_win_rate: Option<f64>,
    /// Lower end of its 95% interval.
    #[schema(required)]
    pub pooled_win_rate_low: Option<f64>,
    /// Upper end.
    #[schema(required)]
    pub pooled_win_rate_high: Option<f64>,
    /// The segment to read instead, where there are too few deals: `all deals`, or the value of the
    /// dimensions named first.
    #[schema(required)]
    pub rolled_up_to: Option<String>,
    /// The data version that the row was counted in.
    pub data_version: u64,
    /// The day on which that version was loaded.
    #[schema(value_type = String, format = Date)]
    pub data_as_of: Date,
}

impl From<MetricRow> for Metric {
    fn from(row: MetricRow) -> Self {
        let metrics = row.metrics;
        Self {
            dimension: row.segment.dimension_label(),
            value: row.segment.value_label(),
            period: row.period,
            deals: metrics.deals,
            won: metrics.won,
            lost: metrics.lost,
            win_rate: metrics.win_rate,
            win_rate_low: low(metrics.win_rate_interval),
            win_rate_high: high(metrics.win_rate_interval),
            rwwr: metrics.rwwr,
            rwwr_low: low(metrics.rwwr_interval),
            rwwr_high: high(metrics.rwwr_interval),
            rwwr_reason: metrics.rwwr_reason,
            dfi: metrics.dfi,
            dfi_low: low(metrics.dfi_interval),
            dfi_high: high(metrics.dfi_interval),
            median_cycle_days: metrics.median_cycle_days,
            median_cycle_days_won: metrics.median_cycle_days_won,
            median_cycle_days_lost: metrics.median_cycle_days_lost,
            won_amount: metrics.won_amount.to_string(),
            closed_amount: metrics.closed_amount.to_string(),
            currency: row.currency,
            enough_data: metrics.enough_data,
            pooled_win_rate: row.pooled.map(|pooled| pooled.rate),
            pooled_win_rate_low: low(row.pooled.map(|pooled| pooled.interval)),
            pooled_win_rate_high: high(row.pooled.map(|pooled| pooled.interval)),
            rolled_up_to: row.rolled_up_to.map(|parent| parent.to_string()),
            data_version: row.data_version.0,
            data_as_of: row.data_as_of,
        }
    }
}
