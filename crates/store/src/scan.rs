//! A plain Parquet scan over a list of data files, which travels to any worker as it is.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use crate::StoreError;
use crate::table::{DataFile, Table, TableSpec};

/// The files of one table version as a DataFusion table.
#[derive(Debug)]
pub(crate) struct TableScan {
    schema: TableSchema,
    files: Vec<PartitionedFile>,
    url: ObjectStoreUrl,
}

impl TableScan {
    pub(crate) fn of(
        context: &SessionContext,
        table: &Table,
        files: &[DataFile],
    ) -> std::result::Result<Self, StoreError> {
        let mut scan = Self::empty(table.spec)?;
        context.register_object_store(scan.url.as_ref(), table.objects());
        scan.files = files
            .iter()
            .map(|file| {
                let mut partitioned = PartitionedFile::new(file.path.to_string(), file.bytes);
                partitioned.partition_values = vec![ScalarValue::from(file.partition.as_str())];
                partitioned.arrow_schema = Some(Arc::clone(scan.schema.file_schema()));
                partitioned
            })
            .collect();
        Ok(scan)
    }

    pub(crate) fn empty(spec: TableSpec) -> std::result::Result<Self, StoreError> {
        let url = ObjectStoreUrl::parse(format!("winsight://{}", spec.name.replace('_', "-")))?;
        Ok(Self { schema: scan_schema(spec), files: Vec::new(), url })
    }
}

/// Texts come as dictionaries, so that grouping works on small codes instead of strings.
fn scan_schema(spec: TableSpec) -> TableSchema {
    let stored = (spec.schema)();
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields: Vec<_> = stored
        .fields()
        .iter()
        .filter(|field| field.name() != spec.partition)
        .map(|field| {
            let unique = field.name() == "deal_id" || field.name() == "name";
            if field.data_type() == &DataType::Utf8 && !unique {
                Field::new(field.name(), dictionary.clone(), field.is_nullable())
            } else {
                field.as_ref().clone()
            }
        })
        .collect();
    let partition = Arc::new(Field::new(spec.partition, DataType::Utf8, false));
    TableSchema::builder(Arc::new(Schema::new(fields)))
        .with_table_partition_cols(vec![partition])
        .build()
}

#[async_trait]
impl TableProvider for TableScan {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // The scan skips row groups by their statistics; the rows that remain are filtered above.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut source = ParquetSource::new(self.schema.clone());
        if let Some(filter) = conjunction(filters.iter().cloned()) {
            let columns = DFSchema::try_from(self.schema())?;
            source = source.with_predicate(state.create_physical_expr(filter, &columns)?);
        }
        let partitions = state.config().target_partitions().max(1);
        let mut groups = vec![Vec::new(); partitions];
        for (index, file) in self.files.iter().enumerate() {
            groups[index % partitions].push(file.clone());
        }
        groups.retain(|group| !group.is_empty());
        let config = FileScanConfigBuilder::new(self.url.clone(), Arc::new(source))
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
