//! The rows of the small journals as values, and their way into batches and back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use jiff::Timestamp;
use jiff::civil::Date;
use winsight_model::{DataVersion, Money, Window, schema};

use super::Journal;
use crate::diff::{column, text};
use crate::known_days::{epoch_day, from_epoch_day};
use crate::{FeatureStore, StoreError};

/// The metrics of one segment in one window, as a run showed them. Rates are shares from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRecord {
    /// The job that showed them: `daily`, `weekly` or `monthly`.
    pub job: String,
    /// Its instant.
    pub as_of: Timestamp,
    /// The data version they were computed on.
    pub data_version: DataVersion,
    /// Name of the dimension, or `all`.
    pub dimension: String,
    /// Its value, or `all`.
    pub value: String,
    /// Closed dates counted.
    pub window: Window,
    /// Closed deals.
    pub deals: u64,
    /// Won deals.
    pub won: u64,
    /// Lost deals.
    pub lost: u64,
    /// Win rate and its 95% interval.
    pub win_rate: RecordedRate,
    /// Revenue-weighted win rate and its 95% interval.
    pub rwwr: RecordedRate,
    /// Deal Friction Index and its 95% interval.
    pub dfi: RecordedRate,
    /// Amount of the won deals.
    pub won_amount: Money,
    /// Amount of the closed deals.
    pub closed_amount: Money,
    /// ISO 4217 code of the amounts.
    pub currency: String,
}

/// A number and the ends of its interval; none of them on too few deals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecordedRate {
    /// The number.
    pub value: Option<f64>,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// One number about the quality of one load.
#[derive(Clone, Debug, PartialEq)]
pub struct QualityRecord {
    /// Number of the load in the metadata.
    pub load: i64,
    /// When it was made.
    pub loaded_at: Timestamp,
    /// The version it made, if it made one.
    pub data_version: Option<DataVersion>,
    /// Where its deals came from.
    pub source: String,
    /// The field it is about; `None` for all of the load.
    pub field: Option<String>,
    /// Which part of the quality, such as `score` or `completeness`.
    pub part: String,
    /// Its value.
    pub value: f64,
}

impl FeatureStore {
    /// Records the metrics that one run showed. The same job for the same day on the same data
    /// version replaces them; on another version it adds to them, as both were shown.
    ///
    /// `day` is the as-of day of the run; every record is of that run.
    pub async fn record_metrics(
        &self,
        day: Date,
        records: &[MetricRecord],
    ) -> Result<(), StoreError> {
        let Some(first) = records.first() else { return Ok(()) };
        let run = format!("{} {day} on version {}", first.job, first.data_version);
        let month = day.strftime("%Y-%m").to_string();
        let rows = metric_rows(&run, &month, records)?;
        self.record(Journal::MetricHistory, &month, &run, vec![rows]).await
    }

    /// The recorded metrics of a dimension (`all` for all deals) up to an instant and a data
    /// version, oldest first.
    pub async fn metric_history(
        &self,
        dimension: &str,
        until: Timestamp,
        version: DataVersion,
    ) -> Result<Vec<MetricRecord>, StoreError> {
        let query = format!(
            "SELECT * FROM metric_history
             WHERE dimension = '{}' AND data_version <= {version} AND as_of <= {}
             ORDER BY as_of, job, data_version, value",
            dimension.replace('\'', "''"),
            instant_literal(until)
        );
        let mut records = Vec::new();
        for batch in self.journals().await?.sql(&query).await?.collect().await? {
            append_metrics(&mut records, &batch)?;
        }
        Ok(records)
    }

    /// Records the quality of one load; every record is of that load.
    pub async fn record_quality(&self, records: &[QualityRecord]) -> Result<(), StoreError> {
        let Some(first) = records.first() else { return Ok(()) };
        let month = first.loaded_at.strftime("%Y-%m").to_string();
        let rows = quality_rows(&month, records)?;
        let load = first.load.to_string();
        self.record(Journal::QualityHistory, &month, &load, vec![rows]).await
    }

    /// The recorded quality of the loads up to an instant, oldest first.
    pub async fn quality_history(
        &self,
        until: Timestamp,
    ) -> Result<Vec<QualityRecord>, StoreError> {
        let query = format!(
            "SELECT * FROM quality_history WHERE loaded_at <= {}
             ORDER BY loaded_at, load, field NULLS FIRST, part",
            instant_literal(until)
        );
        let mut records = Vec::new();
        for batch in self.journals().await?.sql(&query).await?.collect().await? {
            append_quality(&mut records, &batch)?;
        }
        Ok(records)
    }
}

/// An instant in SQL, in the type of every instant in the tables.
pub(crate) fn instant_literal(at: Timestamp) -> String {
    format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", at.as_microsecond())
}

fn metric_rows(
    run: &str,
    month: &str,
    records: &[MetricRecord],
) -> Result<RecordBatch, StoreError> {
    let rows = Rows(records);
    let mut columns = vec![
        rows.text(|_| Some(run)),
        rows.text(|record| Some(&record.job)),
        rows.instant(|record| record.as_of),
        rows.whole(|record| Some(record.data_version.0)),
        rows.text(|record| Some(&record.dimension)),
        rows.text(|record| Some(&record.value)),
        rows.day(|record| record.window.from),
        rows.day(|record| record.window.to),
        rows.whole(|record| Some(record.deals)),
        rows.whole(|record| Some(record.won)),
        rows.whole(|record| Some(record.lost)),
    ];
    let rates: [fn(&MetricRecord) -> RecordedRate; 3] =
        [|record| record.win_rate, |record| record.rwwr, |record| record.dfi];
    for rate in rates {
        columns.push(rows.number(|record| rate(record).value));
        columns.push(rows.number(|record| rate(record).low));
        columns.push(rows.number(|record| rate(record).high));
    }
    columns.extend([
        rows.amount(|record| record.won_amount),
        rows.amount(|record| record.closed_amount),
        rows.text(|record| Some(&record.currency)),
        rows.text(|_| Some(month)),
    ]);
    Ok(RecordBatch::try_new(schema::metric_history(), columns)?)
}

fn quality_rows(month: &str, records: &[QualityRecord]) -> Result<RecordBatch, StoreError> {
    let rows = Rows(records);
    let columns = vec![
        rows.whole(|record| Some(record.load.unsigned_abs())),
        rows.instant(|record| record.loaded_at),
        rows.whole(|record| record.data_version.map(|version| version.0)),
        rows.text(|record| Some(&record.source)),
        rows.text(|record| record.field.as_deref()),
        rows.text(|record| Some(&record.part)),
        rows.number(|record| Some(record.value)),
        rows.text(|_| Some(month)),
    ];
    Ok(RecordBatch::try_new(schema::quality_history(), columns)?)
}

/// Records as columns.
struct Rows<'a, Record>(&'a [Record]);

impl<'a, Record> Rows<'a, Record> {
    fn text<'t>(&'a self, of: impl Fn(&'a Record) -> Option<&'t str>) -> ArrayRef {
        Arc::new(self.0.iter().map(of).collect::<StringArray>())
    }

    fn whole(&self, of: impl Fn(&Record) -> Option<u64>) -> ArrayRef {
        let values = self.0.iter().map(|record| of(record).map(u64::cast_signed));
        Arc::new(values.collect::<Int64Array>())
    }

    fn number(&self, of: impl Fn(&Record) -> Option<f64>) -> ArrayRef {
        Arc::new(self.0.iter().map(of).collect::<Float64Array>())
    }

    fn day(&self, of: impl Fn(&Record) -> Date) -> ArrayRef {
        Arc::new(self.0.iter().map(|record| Some(epoch_day(of(record)))).collect::<Date32Array>())
    }

    fn instant(&self, of: impl Fn(&Record) -> Timestamp) -> ArrayRef {
        let values = self.0.iter().map(|record| of(record).as_microsecond());
        Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
    }

    fn amount(&self, of: impl Fn(&Record) -> Money) -> ArrayRef {
        let values = self.0.iter().map(|record| Some(of(record).cents()));
        Arc::new(values.collect::<Decimal128Array>().with_data_type(schema::MONEY))
    }
}

fn append_metrics(records: &mut Vec<MetricRecord>, batch: &RecordBatch) -> Result<(), StoreError> {
    let (job, dimension) = (text(batch, "job")?, text(batch, "dimension")?);
    let (value, currency) = (text(batch, "value")?, text(batch, "currency")?);
    let as_of = instants(batch, "as_of")?;
    let version = counts(batch, "data_version")?;
    let (deals, won, lost) =
        (counts(batch, "deals")?, counts(batch, "won")?, counts(batch, "lost")?);
    let from = column(batch, "window_from")?.as_primitive::<Date32Type>();
    let to = column(batch, "window_to")?.as_primitive::<Date32Type>();
    let won_amount = column(batch, "won_amount")?.as_primitive::<Decimal128Type>();
    let closed_amount = column(batch, "closed_amount")?.as_primitive::<Decimal128Type>();
    let rate = |name: &str| -> Result<Vec<RecordedRate>, StoreError> {
        let number = |suffix: &str| numbers(batch, &format!("{name}{suffix}"));
        let ends = number("_low")?.into_iter().zip(number("_high")?);
        let rates = number("")?.into_iter().zip(ends);
        Ok(rates.map(|(value, (low, high))| RecordedRate { value, low, high }).collect())
    };
    let (win_rate, rwwr, dfi) = (rate("win_rate")?, rate("rwwr")?, rate("dfi")?);
    for row in 0..batch.num_rows() {
        records.push(MetricRecord {
            job: job.value(row).to_owned(),
            as_of: instant(as_of[row])?,
            data_version: DataVersion(version[row]),
            dimension: dimension.value(row).to_owned(),
            value: value.value(row).to_owned(),
            window: Window {
                from: from_epoch_day(from.value(row)),
                to: from_epoch_day(to.value(row)),
            },
            deals: deals[row],
            won: won[row],
            lost: lost[row],
            win_rate: win_rate[row],
            rwwr: rwwr[row],
            dfi: dfi[row],
            won_amount: Money::from_cents(won_amount.value(row)),
            closed_amount: Money::from_cents(closed_amount.value(row)),
            currency: currency.value(row).to_owned(),
        });
    }
    Ok(())
}

fn append_quality(records: &mut Vec<QualityRecord>, batch: &RecordBatch) -> Result<(), StoreError> {
    let load = column(batch, "load")?.as_primitive::<Int64Type>();
    let loaded_at = instants(batch, "loaded_at")?;
    let version = column(batch, "data_version")?.as_primitive::<Int64Type>();
    let (source, field) = (text(batch, "source")?, text(batch, "field")?);
    let part = text(batch, "part")?;
    let value = column(batch, "value")?.as_primitive::<Float64Type>();
    for (row, loaded_at) in loaded_at.into_iter().enumerate() {
        let made = version.is_valid(row).then(|| version.value(row).unsigned_abs());
        records.push(QualityRecord {
            load: load.value(row),
            loaded_at: instant(loaded_at)?,
            data_version: made.map(DataVersion),
            source: source.value(row).to_owned(),
            field: field.is_valid(row).then(|| field.value(row).to_owned()),
            part: part.value(row).to_owned(),
            value: value.value(row),
        });
    }
    Ok(())
}

fn counts(batch: &RecordBatch, name: &str) -> Result<Vec<u64>, StoreError> {
    let values = column(batch, name)?.as_primitive::<Int64Type>();
    Ok(values.values().iter().map(|count| count.unsigned_abs()).collect())
}

fn numbers(batch: &RecordBatch, name: &str) -> Result<Vec<Option<f64>>, StoreError> {
    Ok(column(batch, name)?.as_primitive::<Float64Type>().iter().collect())
}

fn instants(batch: &RecordBatch, name: &str) -> Result<Vec<i64>, StoreError> {
    Ok(column(batch, name)?.as_primitive::<TimestampMicrosecondType>().values().to_vec())
}

fn instant(microseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|_| StoreError::Damaged(format!("{microseconds} is not an instant")))
}
