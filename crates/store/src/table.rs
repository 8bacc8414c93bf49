//! One Delta table at one version: its files, and the step to its next version.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add};
use deltalake_core::logstore::{StorageConfig, default_logstore};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::writer::{DeltaWriter, RecordBatchWriter};
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use url::Url;
use winsight_model::schema;

use crate::{FeatureStore, StoreError};

/// Rows per row group: small enough that dozens of open partitions stay in bounded memory.
const ROW_GROUP_ROWS: usize = 131_072;

/// What distinguishes the tables of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableSpec {
    pub(crate) name: &'static str,
    pub(crate) partition: &'static str,
    pub(crate) schema: fn() -> SchemaRef,
    statistics: &'static str,
}

pub(crate) const DEALS: TableSpec = TableSpec {
    name: schema::DEALS,
    partition: "created_month",
    schema: schema::deals,
    statistics: "created_date,closed_date",
};

pub(crate) const STAGE_EVENTS: TableSpec = TableSpec {
    name: schema::STAGE_EVENTS,
    partition: "month",
    schema: schema::stage_events,
    statistics: "date",
};

/// Every table of the store.
pub(crate) const TABLES: [TableSpec; 2] = [DEALS, STAGE_EVENTS];

/// A data file of a table.
#[derive(Clone, Debug)]
pub(crate) struct DataFile {
    /// Path below the table's folder.
    pub(crate) path: object_store::path::Path,
    pub(crate) bytes: u64,
    /// Value of the partition column.
    pub(crate) partition: String,
}

/// A Delta table, read at one version.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) spec: TableSpec,
    delta: DeltaTable,
}

impl FeatureStore {
    /// The table at a Delta version that the catalog names.
    pub(crate) async fn table(&self, spec: TableSpec, version: u64) -> Result<Table, StoreError> {
        let mut delta = self.delta(spec)?;
        delta.load_version(version).await?;
        Ok(Table { spec, delta })
    }

    /// The table ready for writing on top of `pinned`: created if new, and with any version that a
    /// dead load left behind undone.
    pub(crate) async fn writable_table(
        &self,
        spec: TableSpec,
        pinned: Option<u64>,
    ) -> Result<Table, StoreError> {
        let mut delta = self.delta(spec)?;
        if !delta.verify_deltatable_existence().await? {
            if pinned.is_some() {
                return Err(StoreError::Damaged(format!("the table {} is gone", spec.name)));
            }
            delta = create(&delta, spec).await?;
            return Ok(Table { spec, delta });
        }
        delta.load().await?;
        // Version 0 is the creation: an empty table.
        let wanted = pinned.unwrap_or(0);
        if delta.version() != Some(wanted) {
            tracing::info!(
                table = spec.name,
                version = wanted,
                "undoing a load that did not finish"
            );
            let (restored, _) = delta.restore().with_version_to_restore(wanted).await?;
            delta = restored;
        }
        Ok(Table { spec, delta })
    }

    fn delta(&self, spec: TableSpec) -> Result<DeltaTable, StoreError> {
        // A scheme of our own, for which nobody has another store at hand.
        let url = Url::parse(&format!("winsight-store:///{}/", spec.name))
            .map_err(|error| StoreError::Damaged(format!("{}: {error}", spec.name)))?;
        let table = Arc::new(PrefixStore::new(Arc::clone(&self.objects), spec.name));
        let root = Arc::clone(&self.objects);
        Ok(DeltaTable::new(default_logstore(table, root, &url, &StorageConfig::default())))
    }
}

async fn create(delta: &DeltaTable, spec: TableSpec) -> Result<DeltaTable, StoreError> {
    let schema = (spec.schema)();
    let columns: deltalake_core::kernel::StructType =
        deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel::try_into_kernel(
            schema.as_ref(),
        )?;
    let table = delta
        .create()
        .with_table_name(spec.name)
        .with_columns(columns.fields().cloned())
        .with_partition_columns([spec.partition])
        .with_configuration([
            ("delta.dataSkippingStatsColumns".to_owned(), Some(spec.statistics.to_owned())),
            // Old versions are pinned by the catalog: nothing may expire behind its back.
            ("delta.enableExpiredLogCleanup".to_owned(), Some("false".to_owned())),
        ])
        .await?;
    Ok(table)
}

impl Table {
    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        self.delta.object_store()
    }

    /// The data files of this version, in a stable order.
    pub(crate) fn files(&self) -> Result<Vec<DataFile>, StoreError> {
        let mut files: Vec<_> = self
            .delta
            .snapshot()?
            .log_data()
            .iter()
            .map(|file| DataFile {
                path: file.object_store_path(),
                bytes: u64::try_from(file.size()).unwrap_or_default(),
                partition: file
                    .partition_values_map()
                    .remove(self.spec.partition)
                    .flatten()
                    .unwrap_or_else(|| schema::UNKNOWN_MONTH.to_owned()),
            })
            .collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    /// A writer of new data files, partitioned as the table is.
    pub(crate) fn writer(&self) -> Result<TableWriter, StoreError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let writer = RecordBatchWriter::for_table(&self.delta)?.with_writer_properties(properties);
        Ok(TableWriter { writer })
    }

    /// Commits the next version: `added` files in, the `replaced` ones out.
    pub(crate) async fn commit(
        &self,
        added: Vec<Add>,
        replaced: &HashSet<object_store::path::Path>,
    ) -> Result<u64, StoreError> {
        let snapshot = self.delta.snapshot()?;
        let mut actions: Vec<_> = snapshot
            .log_data()
            .iter()
            .filter(|file| replaced.contains(&file.object_store_path()))
            .map(|file| Action::Remove(file.remove_action(true)))
            .collect();
        actions.extend(added.into_iter().map(Action::Add));
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(vec![self.spec.partition.to_owned()]),
            predicate: None,
        };
        let properties = CommitProperties::default().with_cleanup_expired_logs(Some(false));
        let done = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(snapshot), self.delta.log_store(), operation)
            .await?;
        Ok(done.version())
    }
}

/// Writes new data files of a table; they belong to it only once committed.
pub(crate) struct TableWriter {
    writer: RecordBatchWriter,
}

impl TableWriter {
    pub(crate) async fn add(&mut self, batch: RecordBatch) -> Result<(), StoreError> {
        if batch.num_rows() > 0 {
            self.writer.write(batch).await?;
        }
        Ok(())
    }

    pub(crate) async fn finish(mut self) -> Result<Vec<Add>, StoreError> {
        Ok(self.writer.flush().await?)
    }
}
