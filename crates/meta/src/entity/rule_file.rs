//! The rules that a workspace has written.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rule_files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: String,
    pub toml: String,
    pub applied_at: i64,
    /// What went wrong in the last run, by rule.
    pub failures: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
