//! Something that carries messages, with its secrets and how it has been doing.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channels")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub settings: Json,
    pub secret: Option<String>,
    pub signing_secret: Option<String>,
    pub created_at: i64,
    /// Failures since the last success.
    pub failures: i64,
    /// Nothing is sent before.
    pub open_until: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
