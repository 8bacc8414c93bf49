//! What a load changes: staged rows against stored ones, compared by key and hash.

mod compared;

use arrow::array::{Array, AsArray, Date32Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use winsight_model::LoadCounts;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::StoreError;
use crate::table::TableSpec;
pub(crate) use compared::Compared;

/// The identity of a deal (its source and id) or of an indicator (its source and name): a 128-bit
/// hash, for which collisions can be ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u128);

impl Key {
    pub(crate) fn of(source: &str, id: &str) -> Self {
        Keys::default().of(source, id)
    }

    /// The part of the key that a table of hashes goes by.
    pub(crate) fn short(self) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
        let half = self.0 as u64;
        half
    }
}

/// Makes keys in a buffer that is used again and again.
#[derive(Default)]
pub(crate) struct Keys(Vec<u8>);

impl Keys {
    pub(crate) fn of(&mut self, source: &str, id: &str) -> Key {
        self.0.clear();
        self.0.extend_from_slice(source.as_bytes());
        self.0.push(0);
        self.0.extend_from_slice(id.as_bytes());
        Key(xxh3_128(&self.0))
    }
}

/// How a staged key compares with the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Inserted,
    Updated,
    Unchanged,
    Deleted,
}

/// The keys that a load names and how each compares. A key may own several rows (a deal's events):
/// their hashes are added, so that order does not matter.
#[derive(Debug)]
pub(crate) enum Diff {
    /// Nothing is stored yet: whatever is staged is inserted. So many rows are.
    AllNew(u64),
    Compared(Compared),
}

impl Diff {
    /// How many places of keys there are; 0 when they were not compared.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::AllNew(_) => 0,
            Self::Compared(compared) => compared.len(),
        }
    }

    /// The place of a key that was compared.
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        match self {
            Self::AllNew(_) => None,
            Self::Compared(compared) => compared.find(key),
        }
    }

    pub(crate) fn change_at(&self, place: u32) -> Option<Change> {
        match self {
            Self::AllNew(_) => Some(Change::Inserted),
            Self::Compared(compared) => compared.change_at(place),
        }
    }

    /// `None` for a key that is not part of the load.
    pub(crate) fn change(&self, key: Key) -> Option<Change> {
        match self {
            Self::AllNew(_) => Some(Change::Inserted),
            Self::Compared(compared) => compared.change_at(compared.find(key)?),
        }
    }

    /// Whether a stored row goes: its key is deleted, or updated by rows that cover its day.
    pub(crate) fn replaces(&self, key: Key, day: Option<i32>) -> bool {
        let Self::Compared(compared) = self else { return false };
        compared.find(key).is_some_and(|place| {
            let goes = matches!(compared.change_at(place), Some(Change::Updated | Change::Deleted));
            goes && compared.covers(place, day)
        })
    }

    /// The keys with one kind of change, as far as they were compared.
    pub(crate) fn keys(&self, wanted: Change) -> Vec<Key> {
        match self {
            Self::AllNew(_) => Vec::new(),
            Self::Compared(compared) => {
                let changes = compared.changes();
                changes.filter_map(|(key, it)| (it == Some(wanted)).then_some(key)).collect()
            }
        }
    }

    /// Whether nothing would differ.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::AllNew(rows) => *rows == 0,
            Self::Compared(compared) => {
                compared.changes().all(|(_, it)| matches!(it, None | Some(Change::Unchanged)))
            }
        }
    }

    /// How many keys have rows that arrive.
    pub(crate) fn arriving(&self) -> u64 {
        let counts = self.counts();
        counts.inserted + counts.updated
    }

    /// How many keys change in which way, where each has one row.
    pub(crate) fn counts(&self) -> LoadCounts {
        let mut counts = LoadCounts::default();
        match self {
            Self::AllNew(rows) => counts.inserted = *rows,
            Self::Compared(compared) => {
                counts.unchanged = compared.unchanged;
                for (_, change) in compared.changes() {
                    match change {
                        Some(Change::Inserted) => counts.inserted += 1,
                        Some(Change::Updated) => counts.updated += 1,
                        Some(Change::Unchanged) => counts.unchanged += 1,
                        Some(Change::Deleted) => counts.deleted += 1,
                        None => {}
                    }
                }
            }
        }
        counts
    }
}

/// Keys and hashes of the rows of a batch.
pub(crate) struct KeyedRows {
    pub(crate) keys: Vec<Key>,
    pub(crate) hashes: Vec<u64>,
    /// Where rows of a key have days.
    days: Option<Date32Array>,
}

impl KeyedRows {
    pub(crate) fn of(spec: TableSpec, batch: &RecordBatch) -> Result<Self, StoreError> {
        let source = column(batch, spec.key[0])?;
        let id = text(batch, spec.key[1])?;
        let mut keys = Keys::default();
        let keys = if let Some(coded) = source.as_dictionary_opt::<Int32Type>() {
            let (codes, sources) = (coded.keys(), coded.values().as_string::<i32>());
            let source = |row: usize| sources.value(codes.value(row).cast_unsigned() as usize);
            (0..batch.num_rows()).map(|row| keys.of(source(row), id.value(row))).collect()
        } else {
            let source = text(batch, spec.key[0])?;
            (0..batch.num_rows()).map(|row| keys.of(source.value(row), id.value(row))).collect()
        };
        let days = if spec.content.contains(&"date") {
            Some(column(batch, "date")?.as_primitive::<Date32Type>().clone())
        } else {
            None
        };
        Ok(Self { keys, hashes: hashes(spec, batch)?, days })
    }

    /// The day of a row, in days since 1970.
    pub(crate) fn day(&self, row: usize) -> Option<i32> {
        self.days.as_ref().map(|days| days.value(row))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, u64)> + '_ {
        self.keys.iter().copied().zip(self.hashes.iter().copied())
    }
}

/// The columns that [`KeyedRows::of`] reads.
pub(crate) fn key_columns(spec: TableSpec) -> Vec<&'static str> {
    spec.key.iter().chain(spec.content).copied().collect()
}

fn hashes(spec: TableSpec, batch: &RecordBatch) -> Result<Vec<u64>, StoreError> {
    if let ["row_hash"] = spec.content {
        let hashes = column(batch, "row_hash")?.as_primitive::<Int64Type>();
        return Ok(hashes.values().iter().map(|hash| hash.cast_unsigned()).collect());
    }
    let schema = (spec.schema)();
    let mut columns = Vec::with_capacity(spec.content.len());
    let mut fields = Vec::with_capacity(spec.content.len());
    for name in spec.content {
        let data_type = schema.field_with_name(name)?.data_type();
        columns.push(cast(column(batch, name)?, data_type)?);
        fields.push(SortField::new(data_type.clone()));
    }
    let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
    Ok(rows.iter().map(|row| xxh3_64(row.as_ref())).collect())
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
