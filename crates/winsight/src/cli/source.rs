use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use winsight_jobs::SourceKind;

/// What to do with the sources of deals.
#[derive(Debug, Subcommand)]
pub(crate) enum SourceAction {
    /// Add a CRM or a folder, or give one that is there new credentials.
    Add(AddSource),
    /// The sources, and how their last syncs fared.
    List,
    /// Sign in, and say what is missing and what will not work without it.
    Test {
        /// Its name, as listed.
        name: String,
    },
    /// Forget a source with its credentials; its deals stay.
    Remove {
        /// Its name, as listed.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddSource {
    /// Where the deals are.
    #[arg(value_enum)]
    pub(crate) kind: Crm,
    /// Name of the source; default that of the CRM.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// TOML file with the credentials, or - to read them from stdin: token for a HubSpot private app;
    /// `client_id`, username and `private_key` for Salesforce, the key between three quotes; host and
    /// sandbox where they differ. For objects the options of their store, such as `aws_region`,
    /// `aws_access_key_id` and `aws_secret_access_key`.
    #[arg(long, value_name = "FILE|-", required_if_eq_any([("kind", "salesforce"), ("kind", "hubspot")]))]
    pub(crate) credentials: Option<PathBuf>,
    /// Folder that files are dropped into, or the address of objects: <s3://BUCKET/PATH>, gs or az.
    #[arg(long, value_name = "DIR|URL", required_if_eq("kind", "files"))]
    pub(crate) folder: Option<PathBuf>,
    /// Mapping of its fields as TOML, where the usual one is not enough.
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
}

/// Where deals are.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Crm {
    /// Salesforce.
    Salesforce,
    /// HubSpot.
    #[value(name = "hubspot")]
    HubSpot,
    /// A folder or bucket of CSV and Parquet files.
    Files,
}

impl From<Crm> for SourceKind {
    fn from(crm: Crm) -> Self {
        match crm {
            Crm::Salesforce => Self::Salesforce,
            Crm::HubSpot => Self::HubSpot,
            Crm::Files => Self::Files,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Name of the source; default all of them.
    pub(crate) source: Option<String>,
    /// Read everything instead of what changed: repairs what was missed, and deletes what the source
    /// no longer has. The files of a folder are all read again; nothing is deleted.
    #[arg(long)]
    pub(crate) full: bool,
}
