use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, json, string, string_null, text, text_null,
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20241122_000002_create_deliveries"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for mut table in [channels(), recipients(), deliveries()] {
            manager.create_table(table.take()).await?;
        }
        let mut once = Index::create()
            .table("deliveries")
            .name("deliveries_key")
            .col("workspace")
            .col("key")
            .unique()
            .take();
        manager.create_index(once.take()).await?;
        let mut due = Index::create()
            .table("deliveries")
            .name("deliveries_due")
            .col("workspace")
            .col("channel")
            .col("state")
            .col("due_at")
            .take();
        manager.create_index(due.take()).await
    }
}

fn channels() -> TableCreateStatement {
    Table::create()
        .table("channels")
        .col(string("workspace"))
        .col(string("name"))
        .col(json("settings"))
        .col(text_null("secret"))
        .col(text_null("signing_secret"))
        .col(big_integer("created_at"))
        .col(big_integer("failures"))
        .col(big_integer_null("open_until"))
        .primary_key(Index::create().col("workspace").col("name"))
        .take()
}

fn recipients() -> TableCreateStatement {
    Table::create()
        .table("recipients")
        .col(string("workspace"))
        .col(string("channel"))
        .col(string("address"))
        .col(string("role"))
        .col(json("sight"))
        .col(json("routing"))
        .col(json("rhythm"))
        .col(string("token"))
        .col(big_integer("created_at"))
        .col(big_integer_null("unsubscribed_at"))
        .primary_key(Index::create().col("workspace").col("channel").col("address"))
        .foreign_key(
            ForeignKey::create()
                .from("recipients", ("workspace", "channel"))
                .to("channels", ("workspace", "name"))
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn deliveries() -> TableCreateStatement {
    Table::create()
        .table("deliveries")
        .col(big_pk_auto("id"))
        .col(string("workspace"))
        .col(text("key"))
        .col(string("channel"))
        .col(string("address"))
        .col(string("alert"))
        .col(string("event"))
        .col(string("form"))
        .col(json("notice"))
        .col(string("state"))
        .col(big_integer("created_at"))
        .col(big_integer("due_at"))
        .col(big_integer("attempts"))
        .col(string_null("message"))
        .col(string_null("leased_by"))
        .col(big_integer_null("leased_until"))
        .col(big_integer_null("sent_at"))
        .col(text_null("failure"))
        .take()
}
