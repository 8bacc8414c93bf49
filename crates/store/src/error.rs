use std::path::{Path, PathBuf};

use winsight_model::DataVersion;

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
    Objects(#[from] object_store::Error),
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
        Self::Delta(Box::new(error))
    }
}

impl From<datafusion::error::DataFusionError> for StoreError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::Query(Box::new(error))
    }
}
