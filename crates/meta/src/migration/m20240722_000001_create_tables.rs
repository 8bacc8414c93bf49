use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, boolean, double, json, string, string_null, text,
    text_null,
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20240722_000001_create_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for mut table in [
            loads(),
            quarantine_rows(),
            quarantine_reasons(),
            runs(),
            insights(),
            alerts(),
            mappings(),
        ] {
            manager.create_table(table.take()).await?;
        }
        for mut index in indexes() {
            manager.create_index(index.take()).await?;
        }
        Ok(())
    }
}

fn loads() -> TableCreateStatement {
    Table::create()
        .table("loads")
        .col(big_pk_auto("id"))
        .col(string("workspace"))
        .col(string("source"))
        .col(string("state"))
        .col(json("files"))
        .col(big_integer("started_at"))
        .col(text("mapping_toml"))
        .col(json("report"))
        .col(double("quality_score"))
        .col(big_integer("rows_read"))
        .col(big_integer("quarantined"))
        .col(json("repaired"))
        .col(big_integer_null("data_version"))
        .col(big_integer_null("inserted"))
        .col(big_integer_null("updated"))
        .col(big_integer_null("unchanged"))
        .col(big_integer_null("deleted"))
        .col(big_integer_null("duration_ms"))
        .col(text_null("failure"))
        .take()
}

fn quarantine_rows() -> TableCreateStatement {
    Table::create()
        .table("quarantine_rows")
        .col(big_integer("load_id"))
        .col(big_integer("position"))
        .col(string("workspace"))
        .col(string("source"))
        .col(string("row_key"))
        .col(text("file"))
        .col(big_integer("line"))
        .col(text_null("deal_id"))
        .col(text("raw"))
        .col(boolean("current"))
        .primary_key(Index::create().col("load_id").col("position"))
        .foreign_key(
            ForeignKey::create()
                .from("quarantine_rows", "load_id")
                .to("loads", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn quarantine_reasons() -> TableCreateStatement {
    Table::create()
        .table("quarantine_reasons")
        .col(big_integer("load_id"))
        .col(big_integer("position"))
        .col(big_integer("number"))
        .col(string("check_name"))
        .col(string_null("field"))
        .col(text("message"))
        .primary_key(Index::create().col("load_id").col("position").col("number"))
        .foreign_key(
            ForeignKey::create()
                .from("quarantine_reasons", ("load_id", "position"))
                .to("quarantine_rows", ("load_id", "position"))
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn runs() -> TableCreateStatement {
    Table::create()
        .table("runs")
        .col(big_pk_auto("id"))
        .col(string("workspace"))
        .col(string("job"))
        .col(big_integer("as_of"))
        .col(big_integer("data_version"))
        .col(big_integer("deals"))
        .col(big_integer("started_at"))
        .col(big_integer("duration_ms"))
        .take()
}

fn insights() -> TableCreateStatement {
    Table::create()
        .table("insights")
        .col(big_integer("run_id"))
        .col(big_integer("position"))
        .col(string("workspace"))
        .col(json("insight"))
        .primary_key(Index::create().col("run_id").col("position"))
        .foreign_key(
            ForeignKey::create()
                .from("insights", "run_id")
                .to("runs", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn alerts() -> TableCreateStatement {
    Table::create()
        .table("alerts")
        .col(string("workspace"))
        .col(string("id"))
        .col(string("rule"))
        .col(text("segment"))
        .col(string("state"))
        .col(big_integer("opened_at"))
        .col(big_integer_null("resolved_at"))
        .col(json("finding"))
        .primary_key(Index::create().col("workspace").col("id"))
        .take()
}

fn mappings() -> TableCreateStatement {
    Table::create()
        .table("mappings")
        .col(string("workspace"))
        .col(string("source"))
        .col(text("toml"))
        .primary_key(Index::create().col("workspace").col("source"))
        .take()
}

fn indexes() -> [IndexCreateStatement; 4] {
    let index = |table: &'static str, name: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().table(table).name(name).take();
        for column in columns {
            index.col(*column);
        }
        index
    };
    let one_run = index("runs", "runs_job_as_of", &["workspace", "job", "as_of"]).unique().take();
    // Two runs at once cannot both open an alert for the same thing.
    let one_live_alert = index("alerts", "alerts_live", &["workspace", "rule", "segment"])
        .unique()
        .cond_where(Expr::col("state").ne("resolved"))
        .take();
    [
        index("loads", "loads_workspace_state", &["workspace", "state"]),
        index("quarantine_rows", "quarantine_rows_key", &["workspace", "source", "row_key"]),
        one_run,
        one_live_alert,
    ]
}
