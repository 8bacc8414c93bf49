//! A row that a load refused.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quarantine_rows")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub load_id: i64,
    /// Place among the refused rows of its load.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub workspace: String,
    pub source: String,
    /// Same for every refusal of the same deal, or of the same raw row where there is no deal id.
    pub row_key: String,
    pub file: String,
    pub line: i64,
    pub deal_id: Option<String>,
    pub raw: String,
    /// Whether it is still the last word on this row.
    pub current: bool,
    #[sea_orm(has_many)]
    pub reasons: HasMany<super::quarantine_reason::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
