use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_pk_auto, json_null, string, text_null};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20241122_000003_alert_life"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut life = Table::alter().table("alerts").add_column(json_null("life")).take();
        manager.alter_table(life.take()).await?;
        let mut events = Table::create()
            .table("alert_events")
            .col(big_pk_auto("id"))
            .col(string("workspace"))
            .col(string("alert"))
            .col(big_integer("at"))
            .col(string("who"))
            .col(string("what"))
            .col(text_null("text"))
            .take();
        manager.create_table(events.take()).await?;
        let mut of_alert = Index::create()
            .table("alert_events")
            .name("alert_events_alert")
            .col("workspace")
            .col("alert")
            .take();
        manager.create_index(of_alert.take()).await
    }
}
