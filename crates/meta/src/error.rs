use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{DbErr, RuntimeErr};
use winsight_alert::InvalidTransition;

use crate::LoadId;

/// What can go wrong with the metadata. The cause is kept as the error's source.
#[derive(Debug, thiserror::Error)]
pub enum MetaError {
    /// Somebody else has been writing for longer than the timeout.
    #[error(
        "the database at {place} is locked; another winsight is running: wait for it to finish, \
         then try again"
    )]
    Locked {
        /// The file.
        place: String,
        /// What the database said.
        source: DbErr,
    },
    /// The database refused or failed.
    #[error("cannot {doing} in the database at {place}; {hint}")]
    Database {
        /// What was tried.
        doing: &'static str,
        /// The file.
        place: String,
        /// What to do about it.
        hint: &'static str,
        /// What the database said.
        source: DbErr,
    },
    /// A key was given, and the database is not encrypted.
    #[error(
        "the database at {place} is not encrypted, and encryption is on; to go on using it in \
         clear, set enabled = false under [encryption] in winsight.toml"
    )]
    Unencrypted {
        /// The file.
        place: String,
    },
    /// The key is not the one of the database, or the file is none.
    #[error(
        "the key does not fit the database at {place}, or the file is damaged; give the key that \
         the home was made with, or restore the file from a backup"
    )]
    WrongKey {
        /// The file.
        place: String,
        /// What the database said.
        source: DbErr,
    },
    /// The database library cannot encrypt.
    #[error("this winsight was built without SQLCipher and cannot encrypt; install one that was")]
    NoCipher,
    /// No load of that number is staged: it is unknown, or finished already.
    #[error("load {0} is not waiting to be finished; list the loads to see where it stands")]
    NotStaged(LoadId),
    /// No alert of that id in the workspace.
    #[error("there is no alert {0:?} in this workspace; `winsight alerts --state all` lists them")]
    NoSuchAlert(String),
    /// No channel of that name in the workspace.
    #[error("there is no channel {0:?} in this workspace; `winsight channels list` lists them")]
    NoSuchChannel(String),
    /// No recipient with that address on the channel.
    #[error(
        "channel {channel:?} has no recipient {address:?}; `winsight channels list` lists them"
    )]
    NoSuchRecipient {
        /// The channel.
        channel: String,
        /// The address.
        address: String,
    },
    /// No delivery of that number has been given up.
    #[error(
        "delivery {0} is not among those given up; `winsight deliveries --state dead` lists them"
    )]
    NoSuchDelivery(i64),
    /// The alert cannot take the state asked for.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// A stored value is not what this version of winsight writes.
    #[error(
        "cannot read the stored {what}; the database was written by a newer winsight or edited by \
         hand: use the version that wrote it"
    )]
    Unreadable {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl MetaError {
    pub(crate) fn database(doing: &'static str, place: &str, source: DbErr) -> Self {
        let place = place.to_owned();
        match sqlite_code(&source) {
            Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Locked { place, source },
            code => Self::Database { doing, place, hint: hint(code), source },
        }
    }

    /// With a key, "no database" means that the key did not open it.
    pub(crate) fn about_key(self) -> Self {
        match self {
            Self::Database { place, source, .. } if sqlite_code(&source) == Some(SQLITE_NOTADB) => {
                Self::WrongKey { place, source }
            }
            other => other,
        }
    }

    pub(crate) fn unreadable(
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unreadable { what, source: source.into() }
    }
}

// Primary result codes, https://sqlite.org/rescode.html
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_NOTADB: i32 = 26;

fn hint(code: Option<i32>) -> &'static str {
    match code {
        Some(SQLITE_READONLY) => "it is read-only: give this user the right to write to it",
        Some(SQLITE_CORRUPT) => "the file is damaged: restore it from a backup",
        Some(SQLITE_FULL) => "the disk is full: free some space and try again",
        Some(SQLITE_CANTOPEN) => "check that its folder exists and that this user may write there",
        Some(SQLITE_NOTADB) => {
            "the file is no database, or an encrypted one: choose another home, or turn encryption on"
        }
        _ => "the cause below says why",
    }
}

/// The primary result code; the bits above it only say more about the same.
fn sqlite_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else {
        return None;
    };
    let RuntimeErr::SqlxError(cause) = cause else { return None };
    let cause = cause.as_database_error()?.try_downcast_ref::<SqliteError>()?;
    Some(sea_orm::sqlx::error::DatabaseError::code(cause)?.parse::<i32>().ok()? & 0xff)
}
