use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, json_null, string, text};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20241122_000005_rule_files"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create()
            .table("rule_files")
            .col(string("workspace").primary_key())
            .col(text("toml"))
            .col(big_integer("applied_at"))
            .col(json_null("failures"))
            .take();
        manager.create_table(table.take()).await
    }
}
