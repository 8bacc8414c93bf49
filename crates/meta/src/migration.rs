//! The tables and how they came to be: a list that only grows.

mod m20240722_000001_create_tables;
mod m20241122_000001_create_erasures;
mod m20241122_000002_create_deliveries;
mod m20241122_000003_alert_life;
mod m20241122_000005_rule_files;
mod m20241123_000001_create_sources;

use sea_orm_migration::prelude::*;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20240722_000001_create_tables::Migration),
            Box::new(m20241122_000001_create_erasures::Migration),
            Box::new(m20241122_000002_create_deliveries::Migration),
            Box::new(m20241122_000003_alert_life::Migration),
            Box::new(m20241122_000005_rule_files::Migration),
            Box::new(m20241123_000001_create_sources::Migration),
        ]
    }
}
