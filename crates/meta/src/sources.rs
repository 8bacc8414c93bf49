use std::fmt;

use jiff::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use serde_json::Value;
use winsight_model::WorkspaceId;

use crate::entity::source;
use crate::stored::{instant, read_instant};
use crate::{MetaError, Metadata};

/// A CRM that deals are pulled from. Never printed whole: `settings` has the credentials.
#[derive(Clone, PartialEq)]
pub struct SourceRecord {
    /// Its name, which is the source of its deals too.
    pub name: String,
    /// Which CRM.
    pub kind: String,
    /// How to sign in, as the user wrote it.
    pub settings: String,
    /// The mapping given for it, as TOML.
    pub mapping: Option<String>,
    /// Where the next pull begins; `None` before the first has succeeded.
    pub cursor: Option<Value>,
    /// How far an unfinished pull has come.
    pub reading: Option<Value>,
    /// How the last pulls fared.
    pub health: Value,
    /// When it was added.
    pub added_at: Timestamp,
}

impl fmt::Debug for SourceRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SourceRecord");
        shown.field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Metadata {
    /// Keeps a source, in place of the one of the same name.
    pub async fn save_source(
        &self,
        workspace: &WorkspaceId,
        record: &SourceRecord,
    ) -> Result<(), MetaError> {
        let record = record.clone();
        let row = source::ActiveModel {
            workspace: Set(workspace.to_string()),
            name: Set(record.name),
            kind: Set(record.kind),
            settings: Set(record.settings),
            mapping: Set(record.mapping),
            cursor: Set(record.cursor),
            reading: Set(record.reading),
            health: Set(record.health),
            added_at: Set(instant(record.added_at)),
        };
        let replace = OnConflict::columns([source::Column::Workspace, source::Column::Name])
            .update_columns([
                source::Column::Kind,
                source::Column::Settings,
                source::Column::Mapping,
                source::Column::Cursor,
                source::Column::Reading,
                source::Column::Health,
                source::Column::AddedAt,
            ])
            .to_owned();
        let insert = source::Entity::insert(row).on_conflict(replace);
        let saved = insert.exec_without_returning(self.database()).await;
        saved.map(|_| ()).map_err(self.failed("save the source"))
    }

    /// The sources of a workspace, by name.
    pub async fn sources(&self, workspace: &WorkspaceId) -> Result<Vec<SourceRecord>, MetaError> {
        let rows = source::Entity::find()
            .filter(source::Column::Workspace.eq(workspace.as_str()))
            .order_by_asc(source::Column::Name)
            .all(self.database())
            .await
            .map_err(self.failed("list the sources"))?;
        rows.into_iter().map(read).collect()
    }

    /// Forgets a source; returns whether there was one.
    pub async fn remove_source(
        &self,
        workspace: &WorkspaceId,
        name: &str,
    ) -> Result<bool, MetaError> {
        let key = (workspace.to_string(), name.to_owned());
        let removed = source::Entity::delete_by_id(key).exec(self.database()).await;
        Ok(removed.map_err(self.failed("remove the source"))?.rows_affected > 0)
    }
}

fn read(row: source::Model) -> Result<SourceRecord, MetaError> {
    Ok(SourceRecord {
        name: row.name,
        kind: row.kind,
        settings: row.settings,
        mapping: row.mapping,
        cursor: row.cursor,
        reading: row.reading,
        health: row.health,
        added_at: read_instant(row.added_at)?,
    })
}
