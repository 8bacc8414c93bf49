use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::sqlx::sqlite::SqliteJournalMode;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use winsight_vault::DatabaseKey;

use crate::MetaError;
use crate::closing::Open;
use crate::migration::Migrator;

/// The metadata database. Cheap to clone; clones share its connections.
///
/// Several processes may open the same file: each write waits its turn for up to thirty seconds, then
/// fails with [`MetaError::Locked`].
#[derive(Clone, Debug)]
pub struct Metadata {
    database: DatabaseConnection,
    place: String,
}

impl Metadata {
    /// Opens the database file at `path`, creating it and bringing its tables up to date. With a
    /// key it is encrypted by `SQLCipher`, without one it is in clear.
    ///
    /// # Errors
    /// [`MetaError::Unencrypted`], [`MetaError::WrongKey`] and [`MetaError::Encrypted`] when file
    /// and key do not fit together.
    pub async fn open(path: &Path, key: Option<&DatabaseKey>) -> Result<Self, MetaError> {
        Self::open_waiting(path, key, Duration::from_secs(30)).await
    }

    async fn open_waiting(
        path: &Path,
        key: Option<&DatabaseKey>,
        busy_timeout: Duration,
    ) -> Result<Self, MetaError> {
        let place = path.display().to_string();
        if key.is_some() && is_in_clear(path) {
            return Err(MetaError::Unencrypted { place });
        }
        // The file name is handed over as a path below: a URL could not carry every name.
        let mut options = ConnectOptions::new("sqlite:");
        if let Some(key) = key {
            // Becomes the text of a statement, so the quotes are part of it.
            options.sqlcipher_key(quoted(key));
        }
        let path = path.to_owned();
        let open = key.map(|_| Open::new());
        options.max_connections(READERS).map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = match &open {
                Some(open) => open.kept_by(sqlite),
                None => sqlite,
            };
            sqlite
                .filename(&path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .busy_timeout(busy_timeout)
                .foreign_keys(true)
        });
        let opened = Self::connect(options, place, busy_timeout).await;
        let Some(_) = key else { return opened };
        let metadata = opened.map_err(MetaError::about_key)?;
        // Without the cipher built in, a key is accepted and ignored.
        if metadata.cipher().await?.is_none() {
            return Err(MetaError::NoCipher);
        }
        Ok(metadata)
    }

    /// Encrypts the database at `path` anew with another key, all of it or nothing.
    ///
    /// # Errors
    /// [`MetaError::Locked`] while anybody else has it open: they know only the key that it had.
    pub async fn change_key(
        path: &Path,
        old: &DatabaseKey,
        new: &DatabaseKey,
    ) -> Result<(), MetaError> {
        let Self { database, place } = Self::open(path, Some(old)).await?;
        database.close().await.map_err(|error| MetaError::database("close", &place, error))?;
        let change = || async {
            let changed = rekey(path, old, new).await;
            changed.map_err(|error| MetaError::database("change the key", &place, error))
        };
        until_free(REKEY_PATIENCE, change).await
    }

    /// The version of `SQLCipher`; `None` when the library that was built in cannot encrypt.
    pub async fn cipher(&self) -> Result<Option<String>, MetaError> {
        self.pragma("cipher_version").await
    }

    /// What is wrong with the pages of the database; nothing when it is sound.
    pub async fn damage(&self) -> Result<Option<String>, MetaError> {
        let found = self.pragma("quick_check").await?;
        Ok(found.filter(|found| found != "ok"))
    }

    async fn pragma(&self, name: &str) -> Result<Option<String>, MetaError> {
        let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
        let row = self.database.query_one_raw(statement).await;
        let row = row.map_err(self.failed("check the metadata"))?;
        let value = row.map(|row| row.try_get_by_index(0)).transpose();
        value.map_err(self.failed("check the metadata"))
    }

    /// A database that lives in memory and goes with the last clone.
    pub async fn in_memory() -> Result<Self, MetaError> {
        let mut options = ConnectOptions::new("sqlite::memory:");
        // Every connection would see a database of its own, and closing the last one would drop it.
        options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
        Self::connect(options, "memory".to_owned(), Duration::ZERO).await
    }

    async fn connect(
        mut options: ConnectOptions,
        place: String,
        busy_timeout: Duration,
    ) -> Result<Self, MetaError> {
        options.sqlx_logging(false).acquire_timeout(PATIENCE);
        // A new file is turned to the write-ahead log, and the last of the others may be closing it.
        let connect = || async {
            let connected = Database::connect(options.clone()).await;
            connected.map_err(|error| MetaError::database("open the metadata", &place, error))
        };
        let database = until_free(busy_timeout, connect).await?;
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

/// How long a query waits for a connection. The database itself says what is wrong after its own
/// timeout, and so this one has to be far longer: ended by it, nobody learns that the database is locked,
/// and a machine with too much to do fails where it is only slow.
const PATIENCE: Duration = Duration::from_mins(10);

/// How long a change of the key is tried while somebody has the database open: a command that is about
/// to end should not stop it.
const REKEY_PATIENCE: Duration = Duration::from_secs(2);

const PAUSE: Duration = Duration::from_millis(50);

/// Attempts what `SQLite` itself does not wait for, until nobody else is in the way or the patience ends.
async fn until_free<T, F: Future<Output = Result<T, MetaError>>>(
    patience: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T, MetaError> {
    let begun = Instant::now();
    loop {
        match attempt().await {
            Err(MetaError::Locked { .. }) if begun.elapsed() < patience => {
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// Changes the key, having the database for itself: outside of the write-ahead log, where a change
/// that is interrupted is undone as a whole.
async fn rekey(path: &Path, old: &DatabaseKey, new: &DatabaseKey) -> Result<(), DbErr> {
    let mut options = ConnectOptions::new("sqlite:");
    options.sqlcipher_key(quoted(old)).max_connections(1).sqlx_logging(false);
    let path = path.to_owned();
    let open = Open::new();
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = open.kept_by(sqlite).filename(&path);
        sqlite.journal_mode(SqliteJournalMode::Delete).busy_timeout(Duration::ZERO)
    });
    let database = Database::connect(options).await?;
    let changed = database.execute_unprepared(&format!("PRAGMA rekey = {}", quoted(new))).await;
    database.close().await?;
    changed.map(|_| ())
}

/// The key as `SQLCipher` takes it: 256 bits as they are, with nothing derived from them.
fn quoted(key: &DatabaseKey) -> String {
    format!("\"x'{}'\"", key.as_hex())
}

/// Whether there is a database at `path` that begins as one in clear does.
fn is_in_clear(path: &Path) -> bool {
    let mut beginning = [0; 16];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut beginning));
    read.is_ok() && &beginning == b"SQLite format 3\0"
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::{ConnectOptions, ConnectionTrait, Database};

    use super::{Metadata, PAUSE};
    use crate::MetaError;

    #[tokio::test]
    async fn a_new_file_that_somebody_writes_to_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("meta.db");
        let mut options = ConnectOptions::new("sqlite:");
        let file = path.clone();
        options
            .max_connections(1)
            .map_sqlx_sqlite_opts(move |sqlite| sqlite.filename(&file).create_if_missing(true));
        let other = Database::connect(options).await.expect("creates it");
        other.execute_unprepared("CREATE TABLE t (a); BEGIN IMMEDIATE").await.expect("begins");

        let impatient = Metadata::open_waiting(&path, None, Duration::ZERO).await;
        assert!(matches!(impatient, Err(MetaError::Locked { .. })), "{impatient:?}");
        let patient = Metadata::open(&path, None);
        // Long enough for an attempt or two.
        let ends = async {
            tokio::time::sleep(PAUSE * 3).await;
            other.execute_unprepared("COMMIT").await
        };
        let (opened, ended) = tokio::join!(patient, ends);
        ended.expect("ends");
        opened.expect("opens");
    }

    #[tokio::test]
    async fn a_writer_that_waited_too_long_is_told_to_wait() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("meta.db");
        let first = Metadata::open(&path, None).await.expect("opens");
        let second = Metadata::open_waiting(&path, None, Duration::ZERO).await.expect("opens");
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
