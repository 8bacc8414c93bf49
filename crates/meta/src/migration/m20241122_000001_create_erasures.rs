use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, json_null, string, text,
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20241122_000001_create_erasures"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create()
            .table("erasures")
            .col(big_pk_auto("id"))
            .col(string("workspace"))
            .col(string("pseudonym"))
            .col(text("hash_key"))
            .col(big_integer("words"))
            .col(text("value_hash"))
            .col(text("words_hash"))
            .col(big_integer("begun_at"))
            .col(big_integer_null("finished_at"))
            .col(json_null("counts"))
            .take();
        manager.create_table(table.take()).await?;
        let mut once = Index::create()
            .table("erasures")
            .name("erasures_name")
            .col("workspace")
            .col("value_hash")
            .unique()
            .take();
        manager.create_index(once.take()).await
    }
}
