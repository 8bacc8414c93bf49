//! One notice to one recipient: the ledger of what was, and is to be, sent.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub workspace: String,
    /// What happened, to which alert, for whom: a second row of the same is refused.
    pub key: String,
    pub channel: String,
    pub address: String,
    pub alert: String,
    pub event: String,
    /// Whether it waits for others: `single` or `digest`.
    pub form: String,
    pub notice: Json,
    pub state: String,
    pub created_at: i64,
    pub due_at: i64,
    pub attempts: i64,
    /// The key of the message it travels in, from the first attempt on.
    pub message: Option<String>,
    pub leased_by: Option<String>,
    /// In the present, whatever instant a command looks at the world as of.
    pub leased_until: Option<i64>,
    pub sent_at: Option<i64>,
    pub failure: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
