//! A CRM that deals are pulled from: how to sign in, and how far the pulling has come.
//!
//! Its rows hold credentials: [`crate::SourceRecord`] is what leaves this crate, and does not print them.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sources")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub kind: String,
    pub settings: String,
    pub mapping: Option<String>,
    pub cursor: Option<Json>,
    pub reading: Option<Json>,
    pub health: Json,
    pub added_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
