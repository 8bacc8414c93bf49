//! The query engine: DataFusion over the data files of pinned table versions.

use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

use crate::catalog::Commit;
use crate::scan::TableScan;
use crate::table::{TableSpec, VERSIONED};
use crate::{FeatureStore, StoreError};

/// A session in which the tables of one commit are registered under their names.
pub(crate) struct Engine {
    context: SessionContext,
}

impl FeatureStore {
    pub(crate) async fn engine(&self, commit: &Commit) -> Result<Engine, StoreError> {
        let engine = Engine::new()?;
        for spec in VERSIONED {
            self.register(&engine, spec, commit).await?;
        }
        Ok(engine)
    }

    async fn register(
        &self,
        engine: &Engine,
        spec: TableSpec,
        commit: &Commit,
    ) -> Result<(), StoreError> {
        let scan = match commit.tables.get(spec.name) {
            Some(version) => {
                let table = self.table(commit.generation, spec, *version).await?;
                TableScan::of(&engine.context, &table, &table.files()?)?
            }
            None => TableScan::empty(spec)?,
        };
        engine.context.register_table(spec.name, Arc::new(scan))?;
        Ok(())
    }
}

impl Engine {
    pub(crate) fn new() -> Result<Self, StoreError> {
        // Spilled rows would lie on the disk in clear.
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime = RuntimeEnvBuilder::new().with_disk_manager_builder(disk).build_arc()?;
        let config = SessionConfig::new()
            .with_batch_size(32_768)
            .set_bool("datafusion.execution.parquet.pushdown_filters", false);
        Ok(Self { context: SessionContext::new_with_config_rt(config, runtime) })
    }

    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    pub(crate) async fn sql(&self, query: &str) -> Result<DataFrame, StoreError> {
        Ok(self.context.sql(query).await?)
    }
}
