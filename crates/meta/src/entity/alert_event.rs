//! A step in the life of an alert.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub workspace: String,
    pub alert: String,
    pub at: i64,
    pub who: String,
    pub what: String,
    pub text: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
