//! A copy of the database for a backup.

use std::path::Path;

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryOrder, Statement};

use crate::entity::load;
use crate::{MetaError, Metadata};

impl Metadata {
    /// The number of the newest load of any workspace; 0 before the first.
    pub async fn newest_load(&self) -> Result<i64, MetaError> {
        let newest =
            load::Entity::find().order_by_desc(load::Column::Id).one(self.database()).await;
        Ok(newest.map_err(self.failed("read the loads"))?.map_or(0, |load| load.id))
    }

    /// Copies the database, as it is at one moment, to a file that does not exist yet; encrypted as
    /// it is.
    pub async fn copy_to(&self, path: &Path) -> Result<(), MetaError> {
        let place = path.display().to_string();
        let copy =
            Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [place.into()]);
        self.database().execute_raw(copy).await.map_err(self.failed("copy the metadata"))?;
        Ok(())
    }
}
