//! Erasing names from everything that a store holds: every version, every held load.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use winsight_vault::{ErasedNames, Replaced};

use crate::diff::text;
use crate::journal::Journal;
use crate::rebuild::Rewrite;
use crate::staging::{HELD, Staging};
use crate::table::{TableSpec, VERSIONED};
use crate::{FeatureStore, StoreError};

/// Text columns that hold no names: keys, and words of our own.
const NO_NAMES: [&str; 7] =
    ["source", "deal_id", "outcome", "currency", "acv_bucket", "cycle_bucket", "change"];

/// Text columns in which a name may stand among other words.
const FREE_TEXT: [&str; 2] = ["name", "dimensions"];

/// How many rows of each table name somebody.
pub type RowsByTable = BTreeMap<String, u64>;

impl FeatureStore {
    /// How many rows of the newest version hold one of the names.
    pub async fn rows_naming(&self, names: &ErasedNames) -> Result<RowsByTable, StoreError> {
        let mut erasing = Erasing::new(names);
        if let Some(newest) = self.latest().await? {
            for spec in VERSIONED {
                let mut rows = self.rows(&newest, spec.name).await?;
                while let Some(batch) = rows.try_next().await? {
                    erasing.rewrite(spec, &batch)?;
                }
            }
            for spec in Journal::ALL.map(Journal::spec) {
                let journal = self.newest_table(newest.generation, spec).await?;
                let Some(journal) = journal else { continue };
                let mut rows = journal.rows(journal.files()?, None)?;
                while let Some(batch) = rows.try_next().await? {
                    erasing.rewrite(spec, &batch)?;
                }
            }
        }
        Ok(erasing.rows)
    }

    /// Replaces the names by their pseudonyms in every version and every held load. Returns how many
    /// rows of each table were rewritten; a row that several versions store apart counts as often.
    ///
    /// The staging holds the writer lock. Numbers stay as they are, and so do the numbers of the
    /// versions. Rows are recognised as unchanged when they are loaded again, provided that
    /// [`Staging::replace_names`] knows the names.
    ///
    /// # Errors
    /// On any failure, and when killed at any moment, the store is as it was or as it is to be.
    pub async fn erase(
        &self,
        _staging: &Staging,
        names: &ErasedNames,
    ) -> Result<RowsByTable, StoreError> {
        let mut erasing = Erasing::new(names);
        self.erase_from_held(&mut erasing).await?;
        let commits = self.commits().await?;
        if let Some(newest) = self.rebuild(&commits, &mut erasing).await?.pop() {
            self.switch_to(newest.generation).await?;
        }
        Ok(erasing.rows)
    }

    async fn erase_from_held(&self, erasing: &mut Erasing<'_>) -> Result<(), StoreError> {
        let held: Vec<_> = self.objects.list(Some(&Path::from(HELD))).try_collect().await?;
        for object in held {
            let table = object.location.filename().and_then(|name| name.strip_suffix(".parquet"));
            let Some(spec) = VERSIONED.into_iter().find(|spec| Some(spec.name) == table) else {
                continue;
            };
            let stored = self.objects.get(&object.location).await?.bytes().await?;
            let rows = ParquetRecordBatchReaderBuilder::try_new(stored)?;
            let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema().clone(), None)?;
            let mut is_changed = false;
            for batch in rows.build()? {
                let batch = batch?;
                let rewritten = erasing.rewrite(spec, &batch)?;
                is_changed |= rewritten.is_some();
                writer.write(&rewritten.unwrap_or(batch))?;
            }
            if is_changed {
                let rewritten = PutPayload::from(writer.into_inner()?);
                self.objects.put(&object.location, rewritten).await?;
            }
        }
        Ok(())
    }
}

/// Names on their way out, and how many rows had them.
pub(crate) struct Erasing<'a> {
    names: &'a ErasedNames,
    rows: RowsByTable,
}

impl<'a> Erasing<'a> {
    pub(crate) fn new(names: &'a ErasedNames) -> Self {
        Self { names, rows: RowsByTable::new() }
    }
}

impl Rewrite for Erasing<'_> {
    fn rewrite(
        &mut self,
        spec: TableSpec,
        rows: &RecordBatch,
    ) -> Result<Option<RecordBatch>, StoreError> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let mut columns = rows.columns().to_vec();
        let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (place, field) in rows.schema().fields().iter().enumerate() {
            let name = field.name().as_str();
            let may_name = field.data_type() == &DataType::Utf8
                && !NO_NAMES.contains(&name)
                && name != spec.partition;
            if may_name && let Some(replaced) = self.replace(name, &columns[place], &mut found) {
                columns[place] = replaced;
            }
        }
        if found.is_empty() {
            return Ok(None);
        }
        *self.rows.entry(spec.name.to_owned()).or_default() += found.len() as u64;
        if let Ok(place) = rows.schema().index_of("row_hash") {
            columns[place] = self.masked(spec, rows, &columns[place], &found)?;
        }
        Ok(Some(RecordBatch::try_new(rows.schema(), columns)?))
    }

    fn rewrite_value(&mut self, value: &str) -> Option<String> {
        Some(self.names.value(value)?.text)
    }
}

impl Erasing<'_> {
    /// The column with names replaced, if it has any; adds the rows and the names in them.
    fn replace(
        &self,
        column: &str,
        values: &ArrayRef,
        found: &mut BTreeMap<usize, BTreeSet<usize>>,
    ) -> Option<ArrayRef> {
        let values = values.as_string::<i32>();
        let mut known: HashMap<&str, Option<Replaced>> = HashMap::new();
        let mut is_changed = false;
        let mut replaced = Vec::with_capacity(values.len());
        for (row, value) in values.iter().enumerate() {
            let Some(value) = value else {
                replaced.push(None);
                continue;
            };
            let hit = known.entry(value).or_insert_with(|| {
                if FREE_TEXT.contains(&column) {
                    self.names.text(value)
                } else {
                    self.names.value(value)
                }
            });
            if let Some(hit) = hit {
                is_changed = true;
                found.entry(row).or_default().extend(hit.names.iter().copied());
            }
            replaced.push(Some(hit.as_ref().map_or(value.to_owned(), |hit| hit.text.clone())));
        }
        is_changed.then(|| Arc::new(StringArray::from(replaced)) as ArrayRef)
    }

    /// The content hashes of rows in which names were replaced: what they will be again when the
    /// same rows arrive anew.
    fn masked(
        &self,
        spec: TableSpec,
        rows: &RecordBatch,
        hashes: &ArrayRef,
        found: &BTreeMap<usize, BTreeSet<usize>>,
    ) -> Result<ArrayRef, StoreError> {
        let keys = [text(rows, spec.key[0])?, text(rows, spec.key[1])?];
        let hashes = hashes.as_primitive::<Int64Type>().values().iter().enumerate();
        let masked: Int64Array = hashes
            .map(|(row, hash)| {
                let names = found.get(&row);
                let key = [keys[0].value(row), keys[1].value(row)];
                Some(hash ^ names.map_or(0, |names| self.names.mask(names, &key)))
            })
            .collect();
        Ok(Arc::new(masked))
    }
}
