//! Loads that are held: their rows lie in the store, as sealed as all that is in it, until they are
//! released or thrown away.

use arrow::array::RecordBatch;
use bytes::Bytes;
use hashbrown::HashSet;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Scope, StagedTable, Staging};
use crate::diff::{Key, text};
use crate::table::TableSpec;
use crate::{FeatureStore, StoreError};

pub(crate) const HELD: &str = "held";
const SCOPE: &str = "scope.json";

fn path(load: i64, file: &str) -> Path {
    Path::from(format!("{HELD}/{load}/{file}"))
}

impl Staging {
    /// Keeps the rows aside under the number of their load instead of discarding them, until
    /// [`FeatureStore::take_up`] or [`FeatureStore::discard_held`].
    pub async fn hold(mut self, store: &FeatureStore, load: i64) -> Result<(), StoreError> {
        store.discard_held(load).await?;
        for table in self.finish()?.iter().filter(|table| table.rows > 0) {
            let rows = PutPayload::from(table.to_parquet()?);
            store.objects.put(&path(load, &table.file_name()), rows).await?;
        }
        let path = path(load, SCOPE);
        let scope = serde_json::to_vec(&self.scope)
            .map_err(|source| StoreError::Catalog { path: path.to_string(), source })?;
        // Last: without it, nothing is held.
        store.objects.put(&path, PutPayload::from(scope)).await?;
        Ok(())
    }

    /// What the staged rows are about, and what is to be deleted.
    fn keys(&mut self) -> Result<HashSet<Key>, StoreError> {
        let mut keys = self.scope.keys_deleted();
        for table in self.finish()? {
            for batch in table.read(Some(&table.spec.key))? {
                keys.extend(keys_of(table.spec, &batch?)?);
            }
        }
        Ok(keys)
    }
}

impl Scope {
    fn keys_deleted(&self) -> HashSet<Key> {
        self.deleted.iter().map(|(source, id)| Key::of(source, id)).collect()
    }
}

fn keys_of(spec: TableSpec, batch: &RecordBatch) -> Result<Vec<Key>, StoreError> {
    let (source, id) = (text(batch, spec.key[0])?, text(batch, spec.key[1])?);
    Ok((0..batch.num_rows()).map(|row| Key::of(source.value(row), id.value(row))).collect())
}

impl FeatureStore {
    /// Takes up a load that was held; see [`Staging::hold`].
    ///
    /// # Errors
    /// As [`FeatureStore::stage`]; also when nothing is held under this number.
    pub async fn take_up(&self, load: i64) -> Result<Staging, StoreError> {
        let mut staging = self.stage()?;
        staging.scope = self.held_scope(load).await?;
        for table in &mut staging.tables {
            if let Some(rows) = self.held_rows(load, table).await? {
                table.fill(&rows)?;
            }
        }
        Ok(staging)
    }

    /// The part of a held load that a staged one of the same source brings as well: of the deals and
    /// series that it is about, those that the staged one is about too. 0 to 1.
    ///
    /// # Errors
    /// When nothing is held under this number.
    pub async fn part_brought(&self, staging: &mut Staging, load: i64) -> Result<f64, StoreError> {
        let held = self.held_scope(load).await?;
        if !staging.scope.complete.is_empty() {
            return Ok(1.0);
        }
        if !held.complete.is_empty() {
            return Ok(0.0);
        }
        let mut wanted = held.keys_deleted();
        for table in &staging.tables {
            let Some(rows) = self.held_rows(load, table).await? else { continue };
            let rows = ParquetRecordBatchReaderBuilder::try_new(rows)?;
            let mask = ProjectionMask::columns(rows.parquet_schema(), table.spec.key);
            for batch in rows.with_projection(mask).build()? {
                wanted.extend(keys_of(table.spec, &batch?)?);
            }
        }
        let brought = wanted.intersection(&staging.keys()?).count();
        Ok(if wanted.is_empty() { 1.0 } else { brought as f64 / wanted.len() as f64 })
    }

    /// Throws the rows of a held load away.
    pub async fn discard_held(&self, load: i64) -> Result<(), StoreError> {
        self.remove_below(&Path::from(format!("{HELD}/{load}"))).await
    }

    async fn held_scope(&self, load: i64) -> Result<Scope, StoreError> {
        let path = path(load, SCOPE);
        let scope = self.objects.get(&path).await?.bytes().await?;
        serde_json::from_slice(&scope)
            .map_err(|source| StoreError::Catalog { path: path.to_string(), source })
    }

    async fn held_rows(&self, load: i64, table: &StagedTable) -> Result<Option<Bytes>, StoreError> {
        match self.objects.get(&path(load, &table.file_name())).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
