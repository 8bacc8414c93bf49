//! The last step of a row of features: what follows from its other columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int32Type, SchemaRef};
use hashbrown::HashMap;
use jiff::civil::Date;
use winsight_model::FiscalYearStart;

use crate::StoreError;
use crate::diff::column;
use crate::query::from_epoch_day;

/// Fewest activities in 30 days for an engagement of `low`, `medium` and `high`: any, about one a
/// week, about two a week.
const BY_ACTIVITIES: [(i32, &str); 3] = [(8, "high"), (4, "medium"), (1, "low")];
/// Most days since the last activity, where activities themselves are not recorded.
const BY_LAST_ACTIVITY: [(i32, &str); 2] = [(14, "medium"), (30, "low")];
const NOT_ENGAGED: &str = "none";

/// Adds the derived columns and brings all of them into the order and types of a schema.
pub(crate) struct Finish {
    pub(crate) schema: SchemaRef,
    fiscal_year_start: FiscalYearStart,
    periods: HashMap<i32, Periods>,
}

/// The calendar around a day.
#[derive(Clone)]
struct Periods {
    month: String,
    quarter: String,
    fiscal: String,
}

impl Finish {
    pub(crate) fn new(schema: SchemaRef, fiscal_year_start: FiscalYearStart) -> Self {
        Self { schema, fiscal_year_start, periods: HashMap::new() }
    }

    pub(crate) fn batch(&mut self, batch: &RecordBatch) -> Result<RecordBatch, StoreError> {
        let columns: Result<Vec<ArrayRef>, StoreError> = Arc::clone(&self.schema)
            .fields()
            .iter()
            .map(|field| {
                let values = match field.name().as_str() {
                    "created_month" => self.periods(batch, |periods| &periods.month)?,
                    "created_quarter" => self.periods(batch, |periods| &periods.quarter)?,
                    "fiscal_period" => self.periods(batch, |periods| &periods.fiscal)?,
                    "stage_velocity" => velocity(batch)?,
                    "engagement" => engagement(batch)?,
                    name => return Ok(cast(column(batch, name)?, field.data_type())?),
                };
                Ok(values)
            })
            .collect();
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns?)?)
    }

    fn periods(
        &mut self,
        batch: &RecordBatch,
        of: fn(&Periods) -> &str,
    ) -> Result<ArrayRef, StoreError> {
        let start = self.fiscal_year_start;
        let created = column(batch, "created_date")?.as_primitive::<Date32Type>();
        let mut labels = arrow::array::StringBuilder::with_capacity(created.len(), 0);
        for day in created {
            let label = day.map(|day| {
                let around = || Periods::around(from_epoch_day(day), start);
                of(self.periods.entry(day).or_insert_with(around))
            });
            labels.append_option(label);
        }
        Ok(Arc::new(labels.finish()))
    }
}

impl Periods {
    fn around(day: Date, fiscal_year_start: FiscalYearStart) -> Self {
        Self {
            month: day.strftime("%Y-%m").to_string(),
            quarter: format!("{:04}-Q{}", day.year(), (day.month() - 1) / 3 + 1),
            fiscal: fiscal_year_start.quarter_of(day).to_string(),
        }
    }
}

fn whole(batch: &RecordBatch, name: &str) -> Result<Int32Array, StoreError> {
    Ok(cast(column(batch, name)?, &DataType::Int32)?.as_primitive::<Int32Type>().clone())
}

fn velocity(batch: &RecordBatch) -> Result<ArrayRef, StoreError> {
    let (passed, days) = (whole(batch, "stages_passed")?, whole(batch, "days_since_creation")?);
    let velocity = passed.iter().zip(&days).map(|(passed, days)| {
        let (passed, days) = (passed?, days?);
        (days > 0).then(|| f64::from(passed) * 30.0 / f64::from(days))
    });
    Ok(Arc::new(velocity.collect::<Float64Array>()))
}

fn engagement(batch: &RecordBatch) -> Result<ArrayRef, StoreError> {
    let (count, days) = (whole(batch, "activities_30_days")?, whole(batch, "days_since_activity")?);
    let level = count.iter().zip(&days).map(|(count, days)| match (count, days) {
        (Some(count), _) => {
            let reached = BY_ACTIVITIES.iter().find(|(fewest, _)| count >= *fewest);
            Some(reached.map_or(NOT_ENGAGED, |(_, level)| level))
        }
        (None, Some(days)) => {
            let reached = BY_LAST_ACTIVITY.iter().find(|(most, _)| days < *most);
            Some(reached.map_or(NOT_ENGAGED, |(_, level)| level))
        }
        (None, None) => None,
    });
    Ok(Arc::new(level.collect::<StringArray>()))
}
