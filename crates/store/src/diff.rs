//! What a load changes: staged rows against stored ones, compared by key and hash.

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type};
use hashbrown::HashMap;
use winsight_model::schema;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::StoreError;
use crate::table::TableSpec;

/// A deal's identity: a 128-bit hash of its source and id, for which collisions can be ruled out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u128);

impl Key {
    pub(crate) fn of(source: &str, deal_id: &str) -> Self {
        let mut hash = Xxh3::new();
        hash.update(source.as_bytes());
        hash.update(&[0]);
        hash.update(deal_id.as_bytes());
        Self(hash.digest128())
    }
}

/// How a staged deal compares with the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Inserted,
    Updated,
    Unchanged,
}

#[derive(Clone, Copy, Default)]
struct Hashes {
    staged: u64,
    stored: Option<u64>,
}

/// The staged keys and how each compares. A key may own several rows (a deal's events): their
/// hashes are added, so that order does not matter.
#[derive(Default)]
pub(crate) struct Diff {
    keys: HashMap<Key, Hashes>,
}

impl Diff {
    pub(crate) fn add_staged(&mut self, rows: &KeyedRows) {
        for (key, hash) in rows.iter() {
            let hashes = self.keys.entry(key).or_default();
            hashes.staged = hashes.staged.wrapping_add(hash);
        }
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.keys.remove(&key);
    }

    pub(crate) fn add_stored(&mut self, rows: &KeyedRows) {
        for (key, hash) in rows.iter() {
            if let Some(hashes) = self.keys.get_mut(&key) {
                hashes.stored = Some(hashes.stored.unwrap_or(0).wrapping_add(hash));
            }
        }
    }

    /// `None` for a key that is not part of the load.
    pub(crate) fn change(&self, key: Key) -> Option<Change> {
        self.keys.get(&key).map(|hashes| match hashes.stored {
            None => Change::Inserted,
            Some(stored) if stored == hashes.staged => Change::Unchanged,
            Some(_) => Change::Updated,
        })
    }

    pub(crate) fn count(&self, wanted: Change) -> u64 {
        self.keys.keys().filter(|key| self.change(**key) == Some(wanted)).count() as u64
    }
}

/// Keys and hashes of the rows of a batch.
pub(crate) struct KeyedRows {
    pub(crate) keys: Vec<Key>,
    hashes: Vec<u64>,
}

impl KeyedRows {
    pub(crate) fn of(spec: TableSpec, batch: &RecordBatch) -> Result<Self, StoreError> {
        let source = text(batch, "source")?;
        let deal_id = text(batch, "deal_id")?;
        let rows = 0..batch.num_rows();
        let keys = rows.map(|row| Key::of(source.value(row), deal_id.value(row))).collect();
        let hashes = match spec.name {
            schema::DEALS => deal_hashes(batch)?,
            _ => event_hashes(batch)?,
        };
        Ok(Self { keys, hashes })
    }

    fn iter(&self) -> impl Iterator<Item = (Key, u64)> + '_ {
        self.keys.iter().copied().zip(self.hashes.iter().copied())
    }
}

/// The columns that [`KeyedRows::of`] reads.
pub(crate) fn key_columns(spec: TableSpec) -> &'static [&'static str] {
    match spec.name {
        schema::DEALS => &["source", "deal_id", "row_hash"],
        _ => &["source", "deal_id", "date", "position", "stage", "outcome"],
    }
}

fn deal_hashes(batch: &RecordBatch) -> Result<Vec<u64>, StoreError> {
    let hashes = column(batch, "row_hash")?.as_primitive::<Int64Type>();
    Ok(hashes.values().iter().map(|hash| hash.cast_unsigned()).collect())
}

fn event_hashes(batch: &RecordBatch) -> Result<Vec<u64>, StoreError> {
    let date = column(batch, "date")?.as_primitive::<Date32Type>();
    let position = column(batch, "position")?.as_primitive::<Int32Type>();
    let stage = text(batch, "stage")?;
    let outcome = text(batch, "outcome")?;
    let hash = |row: usize| {
        let line = format!(
            "{}\t{}\t{}\t{}",
            date.value(row),
            position.value(row),
            outcome.value(row),
            stage.value(row)
        );
        xxh3_64(line.as_bytes())
    };
    Ok((0..batch.num_rows()).map(hash).collect())
}

/// A text column, whichever way it is encoded.
pub(crate) fn text(batch: &RecordBatch, name: &str) -> Result<StringArray, StoreError> {
    Ok(cast(column(batch, name)?, &DataType::Utf8)?.as_string::<i32>().clone())
}

pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, StoreError> {
    batch
        .column_by_name(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| StoreError::Damaged(format!("column {name} is missing")))
}
