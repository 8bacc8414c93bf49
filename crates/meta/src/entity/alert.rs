//! An alert in its latest numbers.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alerts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub rule: String,
    /// The segment as in `finding`, for the index that keeps one live alert per rule and segment.
    pub segment: String,
    pub state: String,
    pub opened_at: i64,
    pub resolved_at: Option<i64>,
    pub finding: Json,
    pub life: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
