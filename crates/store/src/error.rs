use std::error::Error;
use std::path::{Path, PathBuf};

use winsight_model::DataVersion;
use winsight_vault::VaultError;

/// What can go wrong in the feature store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store's folder cannot be used.
    #[error("cannot use the feature store folder {}: {source}; check that it exists, is writable and that the disk has room", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file for other programs cannot be written.
    #[error("cannot write {}: {source}; check that its folder exists and is writable", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Another process is loading into the same workspace.
    #[error("another load into this workspace is running; wait for it to finish and try again")]
    Busy,
    /// The version asked for was never committed.
    #[error("data version {version} does not exist; {}", newest.map_or("nothing has been loaded yet".to_owned(), |newest| format!("the newest is {newest}")))]
    NoSuchVersion {
        /// The version asked for.
        version: DataVersion,
        /// The newest one, if any.
        newest: Option<DataVersion>,
    },
    /// There is no table of this name.
    #[error("there is no table {0:?} in the feature store")]
    NoSuchTable(String),
    /// An export would mix with what is there.
    #[error("{} is not empty; name a folder that is, or that does not exist yet", .0.display())]
    NotEmpty(PathBuf),
    /// The URL of the store cannot be used.
    #[error("cannot use {url} for the feature store: {why}; correct storage.url in winsight.toml")]
    Location {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Keys or sealed files are not what they should be.
    #[error("{0}")]
    Vault(String),
    /// A catalog file cannot be understood.
    #[error("the catalog file {path} is damaged: {source}; restore it from a backup")]
    Catalog {
        /// Its place inside the store.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A dimension that cannot be grouped by.
    #[error(
        "{dimension} has more than 65,536 different values and cannot be grouped by; map another column to it, or import again without it"
    )]
    TooManyValues {
        /// Its name.
        dimension: String,
    },
    /// A table holds something that this version of Winsight never writes.
    #[error("the feature store holds unexpected data: {0}; restore it from a backup")]
    Damaged(String),
    /// Reading or writing objects failed.
    #[error(
        "the feature store could not read or write its files: {0}; check the disk's space and permissions, nothing of the load was kept"
    )]
    Objects(object_store::Error),
    /// A Delta table could not be read or written.
    #[error(
        "the feature store could not read or write a table: {0}; check the disk's space and permissions, nothing of the load was kept"
    )]
    Delta(Box<deltalake_core::DeltaTableError>),
    /// Other processes kept writing to a journal.
    #[error("the journal {0} was written to by others at the same moment; run the command again")]
    Contended(&'static str),
    /// A query failed.
    #[error("a query over the feature store failed: {0}")]
    Query(Box<datafusion::error::DataFusionError>),
    /// A worker of a query stopped.
    #[error("a query over the feature store stopped: {0}")]
    Worker(#[from] tokio::task::JoinError),
    /// Columns could not be converted.
    #[error("a query over the feature store failed: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The staged rows could not be written or read.
    #[error(
        "the load could not stage its rows: {0}; check the disk's space, nothing of the load was kept"
    )]
    Staging(#[from] parquet::errors::ParquetError),
}

/// What is wrong with keys or sealed files, if that is the cause of an error: the advice that goes
/// with other causes would mislead.
fn vault_cause(error: &(dyn Error + 'static)) -> Option<StoreError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let vault = error.downcast_ref::<VaultError>();
        let vault = vault.or_else(|| within.and_then(|error| error.downcast_ref()));
        if let Some(vault) = vault {
            return Some(StoreError::Vault(vault.to_string()));
        }
        cause = error.source();
    }
    None
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        Self::Vault(error.to_string())
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        vault_cause(&error).unwrap_or(Self::Objects(error))
    }
}

impl StoreError {
    pub(crate) fn folder(path: &Path, source: std::io::Error) -> Self {
        Self::Folder { path: path.to_owned(), source }
    }

    pub(crate) fn output(path: &Path, source: std::io::Error) -> Self {
        Self::Output { path: path.to_owned(), source }
    }
}

impl From<deltalake_core::DeltaTableError> for StoreError {
    fn from(error: deltalake_core::DeltaTableError) -> Self {
        vault_cause(&error).unwrap_or_else(|| Self::Delta(Box::new(error)))
    }
}

impl From<datafusion::error::DataFusionError> for StoreError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        vault_cause(&error).unwrap_or_else(|| Self::Query(Box::new(error)))
    }
}
