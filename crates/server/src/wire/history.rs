use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use winsight_jobs::{DealChange, DealState, MetricRecord, QualityRecord, RestatedMonth};
use winsight_model::DataVersion;

/// The metrics of one segment as a run showed them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricHistory {
    /// The job: `daily`, `weekly` or `monthly`.
    pub job: String,
    /// The instant as of which it ran.
    pub as_of: Timestamp,
    /// The version it ran on; `--known-at` gives it again.
    pub data_version: DataVersion,
    /// Name of the dimension, or `all`.
    pub dimension: String,
    /// Its value, or `all`.
    pub value: String,
    /// First closed date counted.
    pub from: Date,
    /// First closed date after.
    pub to: Date,
    /// Closed deals: won plus lost.
    pub deals: u64,
    /// Won deals.
    pub won: u64,
    /// Lost deals.
    pub lost: u64,
    /// Won deals as a share of closed deals.
    pub win_rate: Option<f64>,
    /// Lower end of its 95% Wilson interval.
    pub win_rate_low: Option<f64>,
    /// Upper end of its 95% Wilson interval.
    pub win_rate_high: Option<f64>,
    /// Revenue-weighted win rate.
    pub rwwr: Option<f64>,
    /// Lower end of its 95% interval.
    pub rwwr_low: Option<f64>,
    /// Upper end of its 95% interval.
    pub rwwr_high: Option<f64>,
    /// Deal Friction Index.
    pub dfi: Option<f64>,
    /// Lower end of its 95% interval.
    pub dfi_low: Option<f64>,
    /// Upper end of its 95% interval.
    pub dfi_high: Option<f64>,
    /// Amount of the won deals, a decimal with two places.
    pub won_amount: String,
    /// Amount of the closed deals, a decimal with two places.
    pub closed_amount: String,
    /// ISO 4217 code of both amounts.
    pub currency: String,
}

impl From<MetricRecord> for MetricHistory {
    fn from(record: MetricRecord) -> Self {
        Self {
            job: record.job,
            as_of: record.as_of,
            data_version: record.data_version,
            dimension: record.dimension,
            value: record.value,
            from: record.window.from,
            to: record.window.to,
            deals: record.deals,
            won: record.won,
            lost: record.lost,
            win_rate: record.win_rate.value,
            win_rate_low: record.win_rate.low,
            win_rate_high: record.win_rate.high,
            rwwr: record.rwwr.value,
            rwwr_low: record.rwwr.low,
            rwwr_high: record.rwwr.high,
            dfi: record.dfi.value,
            dfi_low: record.dfi.low,
            dfi_high: record.dfi.high,
            won_amount: record.won_amount.to_string(),
            closed_amount: record.closed_amount.to_string(),
            currency: record.currency,
        }
    }
}

/// One number about the quality of one load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityHistory {
    /// Number of the load.
    pub load: i64,
    /// When it was made.
    pub loaded_at: Timestamp,
    /// The version it made, if it made one.
    pub data_version: Option<DataVersion>,
    /// Where its deals came from.
    pub source: String,
    /// The field it is about; null for all of the load.
    pub field: Option<String>,
    /// Which part of the quality, such as `score`.
    pub part: String,
    /// Its value.
    pub value: f64,
}

impl From<QualityRecord> for QualityHistory {
    fn from(record: QualityRecord) -> Self {
        let QualityRecord { load, loaded_at, data_version, source, field, part, value } = record;
        Self { load, loaded_at, data_version, source, field, part, value }
    }
}

/// What a training set was written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingSet {
    /// The file.
    pub file: String,
    /// Its rows: one per deal and age.
    pub rows: u64,
}

/// The closed months whose numbers later loads changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restatements {
    /// The state of knowledge compared with; null when there is only one.
    pub since: Option<Knowledge>,
    /// The one answered from.
    pub now: Knowledge,
    /// The months, oldest first; none when nothing was restated.
    pub months: Vec<Restatement>,
}

/// A state of knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knowledge {
    /// The data version.
    pub data_version: DataVersion,
    /// When it was loaded.
    pub known_at: Timestamp,
}

/// One restated month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restatement {
    /// Such as `2024-03`.
    pub month: String,
    /// As it was known.
    pub before: MonthMetrics,
    /// As it is known now.
    pub after: MonthMetrics,
    /// The latter minus the former; null where either has no number.
    pub change: MonthChange,
    /// How many deals are behind it.
    pub deals_changed: usize,
    /// Those deals, up to the limit.
    pub deals: Vec<RestatedDeal>,
}

/// The metrics of a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthMetrics {
    /// Closed deals.
    pub deals: u64,
    /// Won deals.
    pub won: u64,
    /// Lost deals.
    pub lost: u64,
    /// Won deals as a share of closed deals.
    pub win_rate: Option<f64>,
    /// Revenue-weighted win rate.
    pub rwwr: Option<f64>,
    /// Deal Friction Index.
    pub dfi: Option<f64>,
    /// Amount of the won deals, a decimal with two places.
    pub won_amount: String,
    /// Amount of the closed deals, a decimal with two places.
    pub closed_amount: String,
}

/// The difference of the metrics of a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthChange {
    /// Closed deals.
    pub deals: i64,
    /// Won deals.
    pub won: i64,
    /// Lost deals.
    pub lost: i64,
    /// Won deals as a share of closed deals.
    pub win_rate: Option<f64>,
    /// Revenue-weighted win rate.
    pub rwwr: Option<f64>,
    /// Deal Friction Index.
    pub dfi: Option<f64>,
    /// Amount of the won deals, a decimal with two places.
    pub won_amount: String,
    /// Amount of the closed deals, a decimal with two places.
    pub closed_amount: String,
}

/// A deal behind a restatement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestatedDeal {
    /// Where it comes from.
    pub source: String,
    /// The CRM's id.
    pub deal_id: String,
    /// `changed`, `inserted` (it was loaded late) or `deleted`.
    pub change: String,
    /// When that became known.
    pub known_at: Timestamp,
    /// What changed. Of an inserted or deleted deal, all it has.
    pub fields: Vec<ChangedField>,
}

/// A field of a deal, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedField {
    /// `outcome`, `closed_date`, `created_date` or `amount`.
    pub field: String,
    /// Its value before.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}

impl Restatements {
    /// From the domain's form, with at most `limit` deals per month.
    pub fn new(restatements: winsight_jobs::Restatements, limit: usize) -> Self {
        let months = restatements.months.into_iter();
        Self {
            since: restatements.since.map(Knowledge::from),
            now: restatements.now.into(),
            months: months.map(|month| Restatement::new(month, limit)).collect(),
        }
    }
}

impl From<winsight_jobs::Knowledge> for Knowledge {
    fn from(knowledge: winsight_jobs::Knowledge) -> Self {
        Self { data_version: knowledge.version, known_at: knowledge.known_at }
    }
}

impl Restatement {
    fn new(month: RestatedMonth, limit: usize) -> Self {
        let RestatedMonth { period, before, after, deals } = month;
        let count = |after: u64, before: u64| after.cast_signed() - before.cast_signed();
        let rate = |after: Option<f64>, before: Option<f64>| Some(after? - before?);
        let change = MonthChange {
            deals: count(after.deals, before.deals),
            won: count(after.won, before.won),
            lost: count(after.lost, before.lost),
            win_rate: rate(after.win_rate, before.win_rate),
            rwwr: rate(after.rwwr, before.rwwr),
            dfi: rate(after.dfi, before.dfi),
            won_amount: (after.won_amount - before.won_amount).to_string(),
            closed_amount: (after.closed_amount - before.closed_amount).to_string(),
        };
        Self {
            month: period.label,
            before: before.into(),
            after: after.into(),
            change,
            deals_changed: deals.len(),
            deals: deals.into_iter().take(limit).map(RestatedDeal::from).collect(),
        }
    }
}

impl From<winsight_insight::Metrics> for MonthMetrics {
    fn from(metrics: winsight_insight::Metrics) -> Self {
        Self {
            deals: metrics.deals,
            won: metrics.won,
            lost: metrics.lost,
            win_rate: metrics.win_rate,
            rwwr: metrics.rwwr,
            dfi: metrics.dfi,
            won_amount: metrics.won_amount.to_string(),
            closed_amount: metrics.closed_amount.to_string(),
        }
    }
}

impl From<DealChange> for RestatedDeal {
    fn from(deal: DealChange) -> Self {
        let change = match (&deal.before, &deal.after) {
            (None, _) => "inserted",
            (_, None) => "deleted",
            _ => "changed",
        };
        let (before, after) = (fields(deal.before), fields(deal.after));
        let fields = FIELDS.into_iter().zip(before).zip(after);
        Self {
            source: deal.source,
            deal_id: deal.deal_id,
            change: change.to_owned(),
            known_at: deal.known_at,
            fields: fields
                .filter(|((_, before), after)| before != after)
                .map(|((field, before), after)| ChangedField {
                    field: field.to_owned(),
                    before,
                    after,
                })
                .collect(),
        }
    }
}

const FIELDS: [&str; 4] = ["outcome", "closed_date", "created_date", "amount"];

fn fields(state: Option<DealState>) -> [Option<String>; 4] {
    let Some(state) = state else { return [const { None }; 4] };
    [
        Some(state.outcome.to_string()),
        state.closed_date.map(|day| day.to_string()),
        state.created_date.map(|day| day.to_string()),
        state.amount.map(|amount| amount.to_string()),
    ]
}
