//! What a load changes: staged rows against stored ones, compared by key and hash.

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::row::{RowConverter, SortField};
use hashbrown::HashMap;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::StoreError;
use crate::table::TableSpec;

/// The identity of a deal (its source and id) or of an indicator (its source and name): a 128-bit
/// hash, for which collisions can be ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(u128);

impl Key {
    pub(crate) fn of(source: &str, id: &str) -> Self {
        let mut hash = Xxh3::new();
        hash.update(source.as_bytes());
        hash.update(&[0]);
        hash.update(id.as_bytes());
        Self(hash.digest128())
    }

    /// Half of it, where a collision in a million million does not matter.
    #[expect(clippy::cast_possible_truncation, reason = "the other half is left out on purpose")]
    pub(crate) fn short(self) -> u64 {
        self.0 as u64
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

/// What a load wants of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Rows with this hash.
    Rows(u64),
    /// No rows.
    Nothing,
    /// Whatever is stored.
    AsItIs,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    wanted: Wanted,
    stored: Option<u64>,
}

/// The keys that a load names and how each compares. A key may own several rows (a deal's events):
/// their hashes are added, so that order does not matter.
#[derive(Debug, Default)]
pub(crate) struct Diff {
    places: HashMap<Key, u32>,
    entries: Vec<Entry>,
}

impl Diff {
    pub(crate) fn add_staged(&mut self, rows: &KeyedRows) {
        for (key, hash) in rows.iter() {
            let place = self.place_of(key);
            let entry = &mut self.entries[place as usize];
            entry.wanted = match entry.wanted {
                Wanted::Rows(others) => Wanted::Rows(others.wrapping_add(hash)),
                Wanted::Nothing => Wanted::Rows(hash),
                Wanted::AsItIs => Wanted::AsItIs,
            };
        }
    }

    /// Marks a key for deletion, unless rows of it are staged.
    pub(crate) fn delete(&mut self, key: Key) -> u32 {
        self.place_of(key)
    }

    /// Leaves a key as it is stored, whatever is staged.
    pub(crate) fn leave(&mut self, key: Key) {
        let place = self.place_of(key);
        self.entries[place as usize].wanted = Wanted::AsItIs;
    }

    fn place_of(&mut self, key: Key) -> u32 {
        #[expect(clippy::expect_used, reason = "four billion keys would not fit in memory")]
        let next = u32::try_from(self.entries.len()).expect("fewer than four billion keys");
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.entries.push(Entry { wanted: Wanted::Nothing, stored: None });
        }
        place
    }

    /// How many keys the load names.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        self.places.get(&key).copied()
    }

    pub(crate) fn add_stored(&mut self, place: u32, hash: u64) {
        let stored = &mut self.entries[place as usize].stored;
        *stored = Some(stored.unwrap_or(0).wrapping_add(hash));
    }

    pub(crate) fn change_at(&self, place: u32) -> Option<Change> {
        let entry = self.entries[place as usize];
        match (entry.wanted, entry.stored) {
            (Wanted::AsItIs, _) | (Wanted::Nothing, None) => None,
            (Wanted::Nothing, Some(_)) => Some(Change::Deleted),
            (Wanted::Rows(_), None) => Some(Change::Inserted),
            (Wanted::Rows(staged), Some(stored)) if staged == stored => Some(Change::Unchanged),
            (Wanted::Rows(_), Some(_)) => Some(Change::Updated),
        }
    }

    /// `None` for a key that is not part of the load.
    pub(crate) fn change(&self, key: Key) -> Option<Change> {
        self.change_at(self.find(key)?)
    }

    /// The keys with one kind of change.
    pub(crate) fn keys(&self, wanted: Change) -> impl Iterator<Item = Key> + '_ {
        self.places.iter().filter_map(move |(key, &place)| {
            (self.change_at(place) == Some(wanted)).then_some(*key)
        })
    }

    pub(crate) fn count(&self, wanted: Change) -> u64 {
        self.keys(wanted).count() as u64
    }
}

/// Keys and hashes of the rows of a batch.
pub(crate) struct KeyedRows {
    pub(crate) keys: Vec<Key>,
    pub(crate) hashes: Vec<u64>,
}

impl KeyedRows {
    pub(crate) fn of(spec: TableSpec, batch: &RecordBatch) -> Result<Self, StoreError> {
        let source = text(batch, spec.key[0])?;
        let id = text(batch, spec.key[1])?;
        let rows = 0..batch.num_rows();
        let keys = rows.map(|row| Key::of(source.value(row), id.value(row))).collect();
        Ok(Self { keys, hashes: hashes(spec, batch)? })
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
