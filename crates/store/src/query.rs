//! Questions about deals: how many, which are open, how fields are spelt.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Decimal128Type, Float64Type, Int64Type};
use futures::StreamExt;
use jiff::civil::Date;
use winsight_model::{Dimension, Money, NONE, OpenDeal, Segment};

use crate::diff::{column, text};
use crate::engine::Engine;
use crate::known_days::from_epoch_day;
use crate::stays::CountedStays;
use crate::{Commit, FeatureStore, StoreError};

/// How many deals a version holds, as of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DealCounts {
    /// Deals that existed.
    pub deals: u64,
    /// Those that were open.
    pub open: u64,
}

/// The last day on which anything is known to have happened; a view as of that day or later needs
/// no history.
pub(crate) async fn last_known_day(engine: &Engine) -> Result<Date, StoreError> {
    let mut last = Date::MIN;
    for query in [
        "SELECT max(closed_date) AS day FROM deals",
        "SELECT max(created_date) AS day FROM deals",
        "SELECT max(date) AS day FROM stage_events",
    ] {
        for batch in engine.sql(query).await?.collect().await? {
            last = days(&batch, "day")?.iter().flatten().map(from_epoch_day).fold(last, Date::max);
        }
    }
    Ok(last)
}

/// The first day on which a deal closed.
pub(crate) async fn first_closed_day(engine: &Engine) -> Result<Option<Date>, StoreError> {
    let query = "SELECT min(closed_date) AS day FROM deals WHERE outcome <> 'open'";
    let mut first = None;
    for batch in engine.sql(query).await?.collect().await? {
        first = days(&batch, "day")?.iter().flatten().map(from_epoch_day).next().or(first);
    }
    Ok(first)
}

impl FeatureStore {
    /// The open deals of `day` as a query; `stage_then` is the stage they stood in then.
    pub(crate) async fn open_deals_query(
        &self,
        engine: &Engine,
        commit: &Commit,
        day: Date,
    ) -> Result<String, StoreError> {
        let existing = existing_and_open(day);
        let Some(past) = self.register_past(engine, commit, day).await? else {
            return Ok(format!(
                "SELECT deals.*, deals.stage AS stage_then FROM deals WHERE {existing}"
            ));
        };
        Ok(format!(
            "SELECT deals.*,
                    coalesce(past.stage, CASE WHEN deals.outcome = 'open' THEN deals.stage END)
                      AS stage_then
             FROM deals LEFT JOIN {past} AS past
               ON past.source = deals.source AND past.deal_id = deals.deal_id
             WHERE {existing} AND (past.outcome IS NULL OR past.outcome = 'open')"
        ))
    }

    /// Counts the deals that existed on `day`, and those open then.
    pub async fn deal_counts(&self, commit: &Commit, day: Date) -> Result<DealCounts, StoreError> {
        let engine = self.engine(commit).await?;
        let existing = format!("created_date IS NULL OR created_date <= DATE '{day}'");
        let deals =
            count(&engine, &format!("SELECT count(*) AS n FROM deals WHERE {existing}")).await?;
        let open = self.open_deals_query(&engine, commit, day).await?;
        let open = count(&engine, &format!("SELECT count(*) AS n FROM ({open})")).await?;
        Ok(DealCounts { deals, open })
    }

    /// The deals that were open on `day`, as they stood then.
    ///
    /// With `stays` each has the day on which it entered its stage, as far as its events say, and its
    /// values of the dimensions `by`.
    pub async fn open_deals(
        &self,
        commit: &Commit,
        day: Date,
        by: &[Dimension],
        stays: Option<&CountedStays>,
    ) -> Result<Vec<OpenDeal>, StoreError> {
        let engine = self.engine(commit).await?;
        let open = self.open_deals_query(&engine, commit, day).await?;
        let values = by.iter().enumerate();
        let values = values.map(|(place, name)| format!(", standing.{name} AS chance_{place}"));
        let values = values.collect::<Vec<_>>().concat();
        // Activities say when a deal was last touched where the deal itself only knows a later day.
        let query = format!(
            "SELECT standing.source, standing.deal_id, name, account, created_date, expected_close_date,
                    greatest(recent.touched,
                             CASE WHEN last_activity_date <= DATE '{day}' THEN last_activity_date END)
                      AS last_activity_date,
                    stage_then, amount, rep, acv_bucket, lead_source{values}
             FROM ({open}) AS standing LEFT JOIN (
               SELECT source, deal_id, max(date) AS touched FROM activities
               WHERE date <= DATE '{day}' GROUP BY source, deal_id
             ) AS recent ON recent.source = standing.source AND recent.deal_id = standing.deal_id
             ORDER BY standing.deal_id"
        );
        let mut deals = Vec::new();
        for batch in engine.sql(&query).await?.collect().await? {
            append_open_deals(&mut deals, &batch, by.len(), stays)?;
        }
        Ok(deals)
    }

    /// The amount of the open pipeline on `day`: of all deals, and for every value of every given
    /// dimension that has any.
    pub async fn open_amounts(
        &self,
        commit: &Commit,
        day: Date,
        dimensions: &[Dimension],
    ) -> Result<BTreeMap<Segment, Money>, StoreError> {
        let engine = self.engine(commit).await?;
        let open = self.open_deals_query(&engine, commit, day).await?;
        let columns: Vec<_> = dimensions.iter().map(Dimension::as_str).collect();
        let columns = columns.join(", ");
        let mut open = engine
            .sql(&format!("SELECT {columns}, amount FROM ({open}) WHERE amount IS NOT NULL"))
            .await?
            .execute_stream()
            .await?;
        let mut amounts = BTreeMap::new();
        while let Some(batch) = open.next().await {
            add_amounts(&mut amounts, &batch?, dimensions)?;
        }
        Ok(amounts)
    }

    /// The values of every external series up to a day, by name and day. Series of one name from
    /// several sources are one.
    pub async fn indicators(
        &self,
        commit: &Commit,
        day: Date,
    ) -> Result<BTreeMap<String, Vec<(Date, f64)>>, StoreError> {
        let engine = self.engine(commit).await?;
        let query = format!(
            "SELECT name, date, value FROM indicators WHERE date <= DATE '{day}' ORDER BY name, date"
        );
        let mut series: BTreeMap<String, Vec<(Date, f64)>> = BTreeMap::new();
        for batch in engine.sql(&query).await?.collect().await? {
            let (names, days) = (text(&batch, "name")?, days(&batch, "date")?);
            let values = column(&batch, "value")?.as_primitive::<Float64Type>();
            for row in 0..batch.num_rows() {
                let point = (from_epoch_day(days.value(row)), values.value(row));
                series.entry(names.value(row).to_owned()).or_default().push(point);
            }
        }
        Ok(series)
    }

    /// The last day on which a deal was created or closed or changed its stage, if any.
    pub async fn last_known_day(&self, commit: &Commit) -> Result<Option<Date>, StoreError> {
        Ok(self.known_days(commit).await?.last)
    }

    /// The first closed date there is.
    pub async fn first_closed_day(&self, commit: &Commit) -> Result<Option<Date>, StoreError> {
        Ok(self.known_days(commit).await?.first_closed)
    }
}

/// That a deal existed and had not closed at the end of `day`, by what it says today.
pub(crate) fn existing_and_open(day: Date) -> String {
    format!(
        "(deals.created_date IS NULL OR deals.created_date <= DATE '{day}')
         AND (deals.closed_date IS NULL OR deals.closed_date > DATE '{day}')"
    )
}

pub(crate) async fn count(engine: &Engine, query: &str) -> Result<u64, StoreError> {
    let batches = engine.sql(query).await?.collect().await?;
    let mut total = 0;
    for batch in batches {
        let n = column(&batch, "n")?.as_primitive::<Int64Type>();
        total += n.iter().flatten().map(i64::unsigned_abs).sum::<u64>();
    }
    Ok(total)
}

fn add_amounts(
    amounts: &mut BTreeMap<Segment, Money>,
    batch: &RecordBatch,
    dimensions: &[Dimension],
) -> Result<(), StoreError> {
    let added = column(batch, "amount")?.as_primitive::<Decimal128Type>();
    let all: Money = added.values().iter().map(|cents| Money::from_cents(*cents)).sum();
    *amounts.entry(Segment::all()).or_default() += all;
    for dimension in dimensions {
        let values = text(batch, dimension.as_str())?;
        let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
        for row in 0..batch.num_rows() {
            let value = if values.is_valid(row) { values.value(row) } else { NONE };
            *sums.entry(value).or_default() += Money::from_cents(added.value(row));
        }
        for (value, sum) in sums {
            let segment = Segment::of(vec![(dimension.clone(), value.to_owned())]);
            *amounts.entry(segment).or_default() += sum;
        }
    }
    Ok(())
}

fn days(batch: &RecordBatch, name: &str) -> Result<Date32Array, StoreError> {
    Ok(column(batch, name)?.as_primitive::<Date32Type>().clone())
}

fn append_open_deals(
    deals: &mut Vec<OpenDeal>,
    batch: &RecordBatch,
    dimensions: usize,
    stays: Option<&CountedStays>,
) -> Result<(), StoreError> {
    let (source, deal_id) = (text(batch, "source")?, text(batch, "deal_id")?);
    let [name, account, stage, rep, acv_bucket, lead_source] =
        ["name", "account", "stage_then", "rep", "acv_bucket", "lead_source"]
            .map(|column| text(batch, column));
    let (name, account, stage) = (name?, account?, stage?);
    let (rep, acv_bucket, lead_source) = (rep?, acv_bucket?, lead_source?);
    let amounts = column(batch, "amount")?.as_primitive::<Decimal128Type>();
    let created = days(batch, "created_date")?;
    let expected = days(batch, "expected_close_date")?;
    let activity = days(batch, "last_activity_date")?;
    let values = (0..dimensions).map(|place| text(batch, &format!("chance_{place}")));
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let word =
        |column: &StringArray, row| column.is_valid(row).then(|| column.value(row).to_owned());
    let day =
        |column: &Date32Array, row| column.is_valid(row).then(|| from_epoch_day(column.value(row)));
    for row in 0..batch.num_rows() {
        let stands = stays.and_then(|stays| stays.stands(source.value(row), deal_id.value(row)));
        let said = word(&stage, row);
        // An event of another stage says nothing about this one.
        let entered = stands.filter(|(stage, _)| said.as_deref().is_none_or(|said| said == *stage));
        deals.push(OpenDeal {
            deal_id: deal_id.value(row).to_owned(),
            name: word(&name, row),
            account: word(&account, row),
            created_date: day(&created, row),
            expected_close_date: day(&expected, row),
            last_activity_date: day(&activity, row),
            stage: said.or_else(|| entered.map(|(stage, _)| stage.to_owned())),
            stage_entered_date: entered.map(|(_, day)| from_epoch_day(day)),
            amount: amounts.is_valid(row).then(|| Money::from_cents(amounts.value(row))),
            rep: word(&rep, row),
            acv_bucket: word(&acv_bucket, row),
            lead_source: word(&lead_source, row),
            chance_segment: values
                .iter()
                .map(|column| word(column, row).unwrap_or_else(|| NONE.to_owned()))
                .collect(),
        });
    }
    Ok(())
}
