use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, json, json_null, string, text, text_null};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20241123_000001_create_sources"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create()
            .table("sources")
            .col(string("workspace"))
            .col(string("name"))
            .col(string("kind"))
            .col(text("settings"))
            .col(text_null("mapping"))
            .col(json_null("cursor"))
            .col(json_null("reading"))
            .col(json("health"))
            .col(big_integer("added_at"))
            .primary_key(Index::create().col("workspace").col("name"))
            .take();
        manager.create_table(table.take()).await
    }
}
