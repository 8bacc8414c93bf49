//! The closed deals behind a number.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Decimal128Type, Int32Type};
use jiff::civil::Date;
use winsight_model::{ClosedDeal, Money, Outcome, Segment, Window};

use crate::custom_dimensions::{column_of, condition};
use crate::diff::{column, text};
use crate::known_days::from_epoch_day;
use crate::query::count;
use crate::{Commit, FeatureStore, StoreError};

impl FeatureStore {
    /// The deals of a segment that closed in a window, latest first and `limit` at most, and how
    /// many there are; the same deals that a tally counts, with the outcome they had at `as_of`.
    pub async fn closed_deals(
        &self,
        commit: &Commit,
        as_of: Date,
        window: Window,
        segment: &Segment,
        limit: usize,
    ) -> Result<(Vec<ClosedDeal>, u64), StoreError> {
        let engine = self.engine(commit).await?;
        let columns = "deal_id, name, account, rep, amount, created_date";
        let parts = segment.parts().iter().enumerate();
        let dimensions: Vec<String> = parts
            .map(|(place, (dimension, _))| {
                format!(", deals.{} AS part_{place}", column_of(dimension))
            })
            .collect();
        let dimensions = dimensions.concat();
        let mut closed = format!(
            "SELECT {columns}, outcome, closed_date, CAST(cycle_days AS INT) AS cycle_days
                    {dimensions}
             FROM deals WHERE outcome <> 'open' AND closed_date <= DATE '{as_of}'"
        );
        if let Some(past) = self.register_past(&engine, commit, as_of).await? {
            let columns = columns.replace(", ", ", deals.");
            closed = format!(
                "{closed} UNION ALL
                 SELECT deals.{columns}, past.outcome, past.date AS closed_date,
                        CAST(past.date - deals.created_date AS INT) AS cycle_days {dimensions}
                 FROM deals JOIN {past} AS past
                   ON past.source = deals.source AND past.deal_id = deals.deal_id
                 WHERE past.outcome <> 'open'"
            );
        }
        let mut conditions = vec![format!("closed_date < DATE '{}'", window.to)];
        if window.from > Date::ZERO {
            conditions.push(format!("closed_date >= DATE '{}'", window.from));
        }
        let is = |(place, (dimension, value)): (usize, &(_, String))| {
            condition(&format!("part_{place}"), dimension, value)
        };
        conditions.extend(segment.parts().iter().enumerate().map(is));
        let matching = format!("SELECT * FROM ({closed}) WHERE {}", conditions.join(" AND "));
        let found = count(&engine, &format!("SELECT count(*) AS n FROM ({matching})")).await?;
        let query = format!("{matching} ORDER BY closed_date DESC, deal_id LIMIT {limit}");
        let mut deals = Vec::new();
        for batch in engine.sql(&query).await?.collect().await? {
            let deal_id = text(&batch, "deal_id")?;
            let [name, account, rep, outcome] =
                ["name", "account", "rep", "outcome"].map(|column| text(&batch, column));
            let (name, account, rep, outcome) = (name?, account?, rep?, outcome?);
            let amounts = column(&batch, "amount")?.as_primitive::<Decimal128Type>();
            let created = column(&batch, "created_date")?.as_primitive::<Date32Type>();
            let closed = column(&batch, "closed_date")?.as_primitive::<Date32Type>();
            let cycles = column(&batch, "cycle_days")?.as_primitive::<Int32Type>();
            for row in 0..batch.num_rows() {
                let word = outcome.value(row);
                let word = Outcome::from_stored(word)
                    .ok_or_else(|| StoreError::Damaged(format!("{word:?} is not an outcome")))?;
                let of = |column: &arrow::array::StringArray| {
                    column.is_valid(row).then(|| column.value(row).to_owned())
                };
                let day = |column: &arrow::array::Date32Array| {
                    column.is_valid(row).then(|| from_epoch_day(column.value(row)))
                };
                let days = cycles.is_valid(row).then(|| cycles.value(row));
                deals.push(ClosedDeal {
                    deal_id: deal_id.value(row).to_owned(),
                    name: of(&name),
                    account: of(&account),
                    rep: of(&rep),
                    outcome: word,
                    amount: amounts.is_valid(row).then(|| Money::from_cents(amounts.value(row))),
                    created_date: day(created),
                    closed_date: day(closed),
                    cycle_days: days.and_then(|days| u32::try_from(days).ok()),
                });
            }
        }
        Ok((deals, found))
    }
}
