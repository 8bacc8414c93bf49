//! The fields that deals lose by a load.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use futures::StreamExt;
use winsight_model::Outcome;

use super::Comparison;
use crate::diff::{Change, Diff, Key, column, text};
use crate::staging::Staging;
use crate::table::DEALS;
use crate::{FeatureStore, StoreError};

impl FeatureStore {
    /// Of the deals that the load updates: in how many each field loses its value.
    pub async fn blanked(
        &self,
        staging: &mut Staging,
        comparison: &Comparison,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let (Some(base), Some(change)) = (&comparison.base, comparison.tables.first()) else {
            return Ok(BTreeMap::new());
        };
        let mut fields = nullable_fields();
        let mut blank_now = vec![0_u64; change.diff.len()];
        for batch in staging.finish()?[0].read(Some(&read_for(&fields)))? {
            blank_fields(&batch?, &fields, &change.diff, |place, blank| {
                blank_now[place as usize] = blank;
            })?;
        }
        // What no deal of the load lacks, none of them loses.
        let blank_in_any = blank_now.iter().fold(0, |any, blank| any | blank);
        fields.retain(|field| blank_in_any & field.bit != 0);
        let mut lost = vec![0; fields.len()];
        let version = base.tables.get(DEALS.name).filter(|_| !fields.is_empty());
        if let Some(version) = version {
            let stored = self.table(base.generation, DEALS, *version).await?;
            // Deals that are updated lie in files that are rewritten.
            let files = stored.files()?.into_iter().zip(&change.rewritten);
            let files: Vec<_> = files.filter(|(_, it)| **it).map(|(file, _)| file).collect();
            let mut rows = stored.rows(files, Some(&read_for(&fields)))?;
            while let Some(batch) = rows.next().await {
                blank_fields(&batch?, &fields, &change.diff, |place, blank_before| {
                    if change.diff.change_at(place) == Some(Change::Updated) {
                        let blanked = blank_now[place as usize] & !blank_before;
                        for (field, lost) in fields.iter().zip(&mut lost) {
                            *lost += u64::from(blanked & field.bit != 0);
                        }
                    }
                })?;
            }
        }
        let lost = fields.into_iter().map(|field| field.name).zip(lost);
        Ok(lost.filter(|(_, deals)| *deals > 0).collect())
    }
}

/// A field that may be blank, and the bit that says so.
struct Nullable {
    name: String,
    bit: u64,
}

fn nullable_fields() -> Vec<Nullable> {
    let schema = winsight_model::schema::deals();
    let nullable = schema.fields().iter().filter(|field| field.is_nullable());
    let numbered = nullable.enumerate();
    numbered
        .map(|(place, field)| Nullable { name: field.name().clone(), bit: 1 << place })
        .collect()
}

/// The columns that [`blank_fields`] reads.
fn read_for(fields: &[Nullable]) -> Vec<&str> {
    let names = fields.iter().map(|field| field.name.as_str());
    DEALS.key.into_iter().chain(["outcome"]).chain(names).collect()
}

/// Whether a deal in this state has the field: one that closed is no longer expected to, and one that
/// was reopened has not closed. That it goes blank then is no loss.
fn belongs(field: &str, is_open: bool) -> bool {
    match field {
        "expected_close_date" => is_open,
        "closed_date" => !is_open,
        _ => true,
    }
}

/// Calls `each` with every row whose key is in the diff, and the bits of the fields that are blank and
/// should not be.
fn blank_fields(
    batch: &RecordBatch,
    fields: &[Nullable],
    diff: &Diff,
    mut each: impl FnMut(u32, u64),
) -> Result<(), StoreError> {
    let (source, id) = (text(batch, DEALS.key[0])?, text(batch, DEALS.key[1])?);
    let columns: Result<Vec<_>, _> =
        fields.iter().map(|field| column(batch, &field.name)).collect();
    let columns = columns?;
    let outcome = text(batch, "outcome")?;
    for row in 0..batch.num_rows() {
        if let Some(place) = diff.find(Key::of(source.value(row), id.value(row))) {
            let is_open = outcome.value(row) == Outcome::Open.as_str();
            let blank = fields
                .iter()
                .zip(&columns)
                .filter(|(field, column)| column.is_null(row) && belongs(&field.name, is_open));
            each(place, blank.map(|(field, _)| field.bit).sum());
        }
    }
    Ok(())
}
