use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::SqliteJournalMode;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use crate::MetaError;
use crate::migration::Migrator;

/// The metadata database. Cheap to clone; clones share its connections.
///
/// Several processes may open the same file: each write waits its turn for up to ten seconds, then
/// fails with [`MetaError::Locked`].
#[derive(Clone, Debug)]
pub struct Metadata {
    database: DatabaseConnection,
    place: String,
}

impl Metadata {
    /// Opens the database file at `path`, creating it and bringing its tables up to date.
    pub async fn open(path: &Path) -> Result<Self, MetaError> {
        Self::open_waiting(path, Duration::from_secs(10)).await
    }

    async fn open_waiting(path: &Path, busy_timeout: Duration) -> Result<Self, MetaError> {
        // The file name is handed over as a path below: a URL could not carry every name.
        let mut options = ConnectOptions::new("sqlite:");
        let path = path.to_owned();
        let place = path.display().to_string();
        options.max_connections(READERS).map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .busy_timeout(busy_timeout)
                .foreign_keys(true)
        });
        Self::connect(options, place).await
    }

    /// A database that lives in memory and goes with the last clone.
    pub async fn in_memory() -> Result<Self, MetaError> {
        let mut options = ConnectOptions::new("sqlite::memory:");
        // Every connection would see a database of its own, and closing the last one would drop it.
        options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
        Self::connect(options, "memory".to_owned()).await
    }

    async fn connect(mut options: ConnectOptions, place: String) -> Result<Self, MetaError> {
        options.sqlx_logging(false);
        let database = Database::connect(options)
            .await
            .map_err(|error| MetaError::database("open the metadata", &place, error))?;
        let metadata = Self { database, place };
        metadata.migrate().await?;
        Ok(metadata)
    }

    /// Applies the migrations that are missing, in one transaction: a second process that opens the
    /// file meanwhile waits, and then finds nothing left to do.
    async fn migrate(&self) -> Result<(), MetaError> {
        let failed = self.failed("bring the tables up to date");
        let pending = Migrator::get_pending_migrations_read_only(&self.database).await;
        if pending.map_err(&failed)?.is_empty() {
            return Ok(());
        }
        let transaction = self.begin().await?;
        Migrator::up(&transaction, None).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)
    }

    pub(crate) fn database(&self) -> &DatabaseConnection {
        &self.database
    }

    /// Begins a transaction that will write. It takes the write lock at once: taking it only at
    /// the first write would fail, rather than wait, when somebody else wrote in between.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, MetaError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = self.database.begin_with_options(options).await;
        begun.map_err(self.failed("begin a change"))
    }

    /// Puts what was being done, and where, to an error of the database.
    pub(crate) fn failed(&self, doing: &'static str) -> impl Fn(DbErr) -> MetaError {
        move |error| MetaError::database(doing, &self.place, error)
    }
}

const READERS: u32 = 4;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Metadata;
    use crate::MetaError;

    #[tokio::test]
    async fn a_writer_that_waited_too_long_is_told_to_wait() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("meta.db");
        let first = Metadata::open(&path).await.expect("opens");
        let second = Metadata::open_waiting(&path, Duration::ZERO).await.expect("opens");
        let acme = "acme".parse().expect("a valid name");

        let writing = first.begin().await.expect("begins");
        second.mapping(&acme, "crm").await.expect("readers do not wait");
        let refused = second.save_mapping(&acme, "crm", "id = 'Id'").await.expect_err("locked");
        assert!(matches!(refused, MetaError::Locked { .. }), "{refused:?}");
        assert!(refused.to_string().contains("another winsight is running"), "{refused}");
        assert!(matches!(second.begin().await, Err(MetaError::Locked { .. })));

        writing.rollback().await.expect("ends");
        second.save_mapping(&acme, "crm", "id = 'Id'").await.expect("free again");
    }
}
