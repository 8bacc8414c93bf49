//! A run of an insight job.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "runs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub workspace: String,
    pub job: String,
    pub as_of: i64,
    pub data_version: i64,
    pub deals: i64,
    pub started_at: i64,
    pub duration_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
