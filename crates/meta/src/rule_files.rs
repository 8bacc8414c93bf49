use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use winsight_model::WorkspaceId;

use crate::entity::rule_file;
use crate::stored::{instant, json, read_instant, read_json};
use crate::{MetaError, Metadata};

/// The rules that a workspace has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// The file, as it was applied.
    pub toml: String,
    /// When it was applied.
    pub applied_at: Timestamp,
    /// What went wrong in the last run, by the name of the rule.
    pub failures: BTreeMap<String, String>,
}

impl Metadata {
    /// The rules of a workspace; `None` while it has written none.
    pub async fn rule_file(&self, workspace: &WorkspaceId) -> Result<Option<RuleFile>, MetaError> {
        let row = rule_file::Entity::find_by_id(workspace.to_string()).one(self.database()).await;
        let Some(row) = row.map_err(self.failed("read the rules"))? else { return Ok(None) };
        let failures = row.failures.map(|failures| read_json("failures of rules", failures));
        Ok(Some(RuleFile {
            toml: row.toml,
            applied_at: read_instant(row.applied_at)?,
            failures: failures.transpose()?.unwrap_or_default(),
        }))
    }

    /// Puts the rules of `toml` in the place of those that the workspace had.
    pub async fn save_rule_file(
        &self,
        workspace: &WorkspaceId,
        toml: &str,
        at: Timestamp,
    ) -> Result<(), MetaError> {
        let row = rule_file::ActiveModel {
            workspace: Set(workspace.to_string()),
            toml: Set(toml.to_owned()),
            applied_at: Set(instant(at)),
            failures: Set(None),
        };
        let replace = OnConflict::column(rule_file::Column::Workspace)
            .update_columns([
                rule_file::Column::Toml,
                rule_file::Column::AppliedAt,
                rule_file::Column::Failures,
            ])
            .to_owned();
        let insert = rule_file::Entity::insert(row).on_conflict(replace);
        let insert = insert.exec_without_returning(self.database()).await;
        insert.map_err(self.failed("keep the rules"))?;
        Ok(())
    }

    /// Keeps what went wrong in a run, by the name of the rule.
    pub async fn record_rule_failures(
        &self,
        workspace: &WorkspaceId,
        failures: &BTreeMap<String, String>,
    ) -> Result<(), MetaError> {
        let update = rule_file::Entity::update_many()
            .filter(rule_file::Column::Workspace.eq(workspace.as_str()))
            .col_expr(
                rule_file::Column::Failures,
                Expr::value(json("failures of rules", failures)?),
            )
            .exec(self.database())
            .await;
        update.map_err(self.failed("keep what went wrong with the rules"))?;
        Ok(())
    }
}
