//! The tables of a version as files that anybody can read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use deltalake_core::DeltaTable;
use deltalake_core::logstore::{StorageConfig, default_logstore};
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use url::Url;

use crate::table::{Table, TableSpec, VERSIONED};
use crate::{Commit, FeatureStore, StoreError};

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A text file per table: a header, then a line per row. Days and instants are ISO 8601, a blank
    /// is empty.
    Csv,
    /// An Apache Parquet file per table.
    Parquet,
    /// A Delta Lake table per folder, partitioned as it is stored.
    Delta,
}

/// A table that was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedTable {
    /// Its name.
    pub table: &'static str,
    /// The file, or for [`ExportFormat::Delta`] the folder.
    pub path: PathBuf,
    /// How many rows it has.
    pub rows: u64,
}

impl FeatureStore {
    /// The rows of one table of a version, in its stored schema.
    ///
    /// # Errors
    /// When there is no table of that name, or it cannot be read.
    pub async fn rows(
        &self,
        commit: &Commit,
        table: &str,
    ) -> Result<impl Stream<Item = Result<RecordBatch, StoreError>> + Unpin, StoreError> {
        let spec = VERSIONED.into_iter().find(|spec| spec.name == table);
        let spec = spec.ok_or_else(|| StoreError::NoSuchTable(table.to_owned()))?;
        let Some(version) = commit.tables.get(spec.name) else {
            return Ok(futures::stream::empty().boxed());
        };
        let table = self.table(commit.generation, spec, *version).await?;
        table.rows(table.files()?, None)
    }

    /// Writes every table of a version below the folder `out`, which is created.
    ///
    /// # Errors
    /// When the folder holds anything already, or cannot be written.
    pub async fn export(
        &self,
        commit: &Commit,
        out: &Path,
        format: ExportFormat,
    ) -> Result<Vec<ExportedTable>, StoreError> {
        let refused = |source| StoreError::folder(out, source);
        std::fs::create_dir_all(out).map_err(refused)?;
        if std::fs::read_dir(out).map_err(refused)?.next().is_some() {
            return Err(StoreError::NotEmpty(out.to_owned()));
        }
        let out = out.canonicalize().map_err(refused)?;
        let mut exported = Vec::new();
        for spec in VERSIONED {
            let rows = self.rows(commit, spec.name).await?;
            exported.push(match format {
                ExportFormat::Csv => write_csv(spec, rows, &out).await?,
                ExportFormat::Parquet => write_parquet(spec, rows, &out).await?,
                ExportFormat::Delta => write_delta(spec, rows, &out).await?,
            });
        }
        Ok(exported)
    }
}

async fn write_csv(
    spec: TableSpec,
    mut rows: impl Stream<Item = Result<RecordBatch, StoreError>> + Unpin,
    out: &Path,
) -> Result<ExportedTable, StoreError> {
    let path = out.join(format!("{}.csv", spec.name));
    let refused = |error: csv::Error| StoreError::folder(&path, error.into());
    let mut file = csv::Writer::from_path(&path).map_err(refused)?;
    file.write_record((spec.schema)().fields().iter().map(|field| field.name()))
        .map_err(refused)?;
    let options = FormatOptions::default();
    let mut count = 0;
    while let Some(batch) = rows.try_next().await? {
        let columns: Result<Vec<_>, _> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect();
        let columns = columns?;
        for row in 0..batch.num_rows() {
            let fields = columns.iter().map(|column| column.value(row).to_string());
            file.write_record(fields).map_err(refused)?;
        }
        count += batch.num_rows() as u64;
    }
    file.flush().map_err(|source| StoreError::folder(&path, source))?;
    Ok(ExportedTable { table: spec.name, path, rows: count })
}

async fn write_parquet(
    spec: TableSpec,
    mut rows: impl Stream<Item = Result<RecordBatch, StoreError>> + Unpin,
    out: &Path,
) -> Result<ExportedTable, StoreError> {
    let path = out.join(format!("{}.parquet", spec.name));
    let file = std::fs::File::create(&path).map_err(|source| StoreError::folder(&path, source))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .build();
    let mut writer = ArrowWriter::try_new(file, (spec.schema)(), Some(properties))?;
    let mut count = 0;
    while let Some(batch) = rows.try_next().await? {
        writer.write(&batch)?;
        count += batch.num_rows() as u64;
    }
    writer.close()?;
    Ok(ExportedTable { table: spec.name, path, rows: count })
}

async fn write_delta(
    spec: TableSpec,
    mut rows: impl Stream<Item = Result<RecordBatch, StoreError>> + Unpin,
    out: &Path,
) -> Result<ExportedTable, StoreError> {
    let path = out.join(spec.name);
    let url = Url::from_directory_path(&path)
        .map_err(|()| StoreError::Damaged(format!("{} is not absolute", path.display())))?;
    let root: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new());
    let folder =
        object_store::path::Path::from_url_path(url.path()).map_err(object_store::Error::from)?;
    let below: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(Arc::clone(&root), folder));
    let delta = DeltaTable::new(default_logstore(below, root, &url, &StorageConfig::default()));
    let table = Table::create(&delta, spec).await?;
    let mut writer = table.writer();
    let mut count = 0;
    while let Some(batch) = rows.try_next().await? {
        count += batch.num_rows() as u64;
        writer.add(batch).await?;
    }
    let added = writer.finish().await?;
    if !added.is_empty() {
        table.commit(added, &std::collections::HashSet::new()).await?;
    }
    Ok(ExportedTable { table: spec.name, path, rows: count })
}
