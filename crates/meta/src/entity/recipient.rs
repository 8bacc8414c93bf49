//! Somebody that a channel carries messages to.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recipients")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub address: String,
    pub role: String,
    pub sight: Json,
    pub routing: Json,
    pub rhythm: Json,
    pub token: String,
    pub created_at: i64,
    pub unsubscribed_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
