use std::path::{Path, PathBuf};

use jiff::civil::Date;
use winsight_etl::EtlError;
use winsight_insight::DriverError;
use winsight_meta::MetaError;
use winsight_model::DataVersion;
use winsight_notify::{SettingsError, SignatureError};
use winsight_sources::{Cause, Rejection, SourceError};
use winsight_store::StoreError;
use winsight_vault::VaultError;

/// What can go wrong in a job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The question or request itself is at fault; the message says how to ask.
    #[error("{0}")]
    Usage(String),
    /// The data was refused as a whole; nothing was loaded.
    #[error("{0}")]
    Refused(String),
    /// A file failed after others had been loaded.
    #[error("{cause}; loaded before it: {}", loaded.join(", "))]
    AfterOthers {
        /// The files that are loaded.
        loaded: Vec<String>,
        /// Why the next one is not.
        cause: Box<JobError>,
    },
    /// No deals have been loaded yet.
    #[error("no deals have been loaded yet; import a file with `winsight import FILE`")]
    Empty,
    /// Everything was loaded later than what the question may use.
    #[error(
        "nothing had been loaded by then; the first load, data version {version}, was made on {day}: \
         use --known-at {day} or later"
    )]
    NotYetKnown {
        /// The first load.
        version: DataVersion,
        /// Its day in the workspace's time zone.
        day: Date,
    },
    /// A file could not be read.
    #[error(transparent)]
    Etl(#[from] EtlError),
    /// The feature store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A CRM could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The metadata database failed.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The keys failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A file could not be read or written.
    #[error("cannot use {}: {source}; check its place, the permissions and the room on the disk", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A channel cannot work with its settings or secrets.
    #[error(transparent)]
    Channel(#[from] SettingsError),
    /// A request that should come from a channel does not prove it.
    #[error(transparent)]
    Forged(#[from] SignatureError),
    /// A delivery of a CRM's webhooks is not believed.
    #[error(transparent)]
    Hook(#[from] Rejection),
    /// The driver analysis has nothing to work on.
    #[error(transparent)]
    Drivers(#[from] DriverError),
    /// A worker thread stopped.
    #[error("the job stopped unexpectedly: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

impl JobError {
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// Whether asking differently would help.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::AfterOthers { cause, .. } => cause.is_usage(),
            Self::Usage(_)
            | Self::NotYetKnown { .. }
            | Self::Channel(_)
            | Self::Drivers(_)
            | Self::Store(StoreError::NoSuchVersion { .. }) => true,
            Self::Source(error) => error.cause == Cause::Usage,
            _ => false,
        }
    }

    /// Whether an alert was asked for that does not exist.
    pub fn is_unknown_alert(&self) -> bool {
        matches!(self, Self::Meta(MetaError::NoSuchAlert(_)))
    }

    /// Whether something was asked of an alert that it cannot do any more.
    pub fn is_too_late(&self) -> bool {
        matches!(self, Self::Meta(MetaError::Transition(_)))
    }

    /// Whether the data was refused, rather than something having failed.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::AfterOthers { cause, .. } => cause.is_refusal(),
            Self::Refused(_) => true,
            _ => false,
        }
    }
}
