//! A name that was erased: its pseudonym and its keyed hashes, never the name.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub workspace: String,
    pub pseudonym: String,
    /// The key of the hashes, one per workspace.
    pub hash_key: String,
    pub words: i64,
    pub value_hash: String,
    pub words_hash: String,
    pub begun_at: i64,
    pub finished_at: Option<i64>,
    /// Rows rewritten, by table.
    pub counts: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
