//! Why a row was refused; a row may have several reasons.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quarantine_reasons")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub load_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// Place among the reasons of its row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    #[sea_orm(column_name = "check_name")]
    pub check: String,
    pub field: Option<String>,
    pub message: String,
    #[sea_orm(belongs_to, from = "(load_id, position)", to = "(load_id, position)")]
    pub row: BelongsTo<super::quarantine_row::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
