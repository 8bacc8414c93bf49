use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set};
use winsight_model::WorkspaceId;

use crate::entity::mapping;
use crate::{MetaError, Metadata};

impl Metadata {
    /// Keeps `toml` as the mapping of `source`, in place of the one before.
    pub async fn save_mapping(
        &self,
        workspace: &WorkspaceId,
        source: &str,
        toml: &str,
    ) -> Result<(), MetaError> {
        let saved = keep_mapping(self.database(), workspace.as_str(), source, toml).await;
        saved.map_err(self.failed("save the mapping"))
    }

    /// The mapping of `source` as TOML; `None` when none was saved.
    pub async fn mapping(
        &self,
        workspace: &WorkspaceId,
        source: &str,
    ) -> Result<Option<String>, MetaError> {
        let key = (workspace.to_string(), source.to_owned());
        let found = mapping::Entity::find_by_id(key).one(self.database()).await;
        Ok(found.map_err(self.failed("read the mapping"))?.map(|row| row.toml))
    }
}

pub(crate) async fn keep_mapping(
    connection: &impl ConnectionTrait,
    workspace: &str,
    source: &str,
    toml: &str,
) -> Result<(), DbErr> {
    let row = mapping::ActiveModel {
        workspace: Set(workspace.to_owned()),
        source: Set(source.to_owned()),
        toml: Set(toml.to_owned()),
    };
    let replace = OnConflict::columns([mapping::Column::Workspace, mapping::Column::Source])
        .update_column(mapping::Column::Toml)
        .to_owned();
    let insert = mapping::Entity::insert(row).on_conflict(replace);
    insert.exec_without_returning(connection).await?;
    Ok(())
}
