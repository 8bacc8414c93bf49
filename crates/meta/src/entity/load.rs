//! A load of files or CRM records, from its validated rows to the committed version.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "loads")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub workspace: String,
    pub source: String,
    pub state: String,
    pub files: Json,
    pub started_at: i64,
    pub mapping_toml: String,
    pub report: Json,
    pub quality_score: f64,
    pub rows_read: i64,
    pub quarantined: i64,
    /// Deal ids in this load that stand in the quarantine of an earlier one.
    pub repaired: Json,
    pub data_version: Option<i64>,
    pub inserted: Option<i64>,
    pub updated: Option<i64>,
    pub unchanged: Option<i64>,
    pub deleted: Option<i64>,
    pub duration_ms: Option<i64>,
    pub failure: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
