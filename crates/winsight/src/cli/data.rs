//! Arguments of what brings data in, looks after it and takes it out.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Stop after printing instead of serving the dashboard.
    #[arg(long)]
    pub(crate) no_serve: bool,
    /// Deals of the simulated company.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(500..=10_000_000))]
    pub(crate) deals: u64,
    /// Seed of the simulated company.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Address of the dashboard.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    pub(crate) what: Option<Simulated>,
    /// Folder to write to.
    #[arg(long, value_name = "DIR", required_unless_present = "print_scenario")]
    pub(crate) out: Option<PathBuf>,
    /// Number of deals.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(500..=10_000_000))]
    pub(crate) deals: u64,
    /// The same seed gives the same company.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// What to plant; the default scenario is printed by --print-scenario.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Print the commented default scenario and stop.
    #[arg(long)]
    pub(crate) print_scenario: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Simulated {
    /// A Salesforce or HubSpot server over a simulated company, for developers; needs no network.
    Crm(SimulatedCrm),
}

#[derive(Debug, Args)]
pub(crate) struct SimulatedCrm {
    /// Which CRM.
    #[arg(long, value_enum)]
    pub(crate) kind: CrmKind,
    /// Address to listen on; port 0 lets the system choose one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Deals on the first day, which is today or the --as-of day.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) deals: u64,
    /// The same seed gives the same company.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CrmKind {
    Salesforce,
    Hubspot,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files of deals; lookup files (accounts, products, teams) among them complete the deals.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Mapping of columns as TOML, whole or in part; `auto` infers it all.
    #[arg(long, default_value = "auto", value_name = "FILE|auto")]
    pub(crate) mapping: String,
    /// Save the mapping that was used.
    #[arg(long, value_name = "FILE")]
    pub(crate) save_mapping: Option<PathBuf>,
    /// File of stage events: deal, date, stage. Those of a deal replace what is stored from their
    /// first day to their last, so that a file may hold the newest ones only.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// File of activities: deal, date, kind.
    #[arg(long, value_name = "FILE")]
    pub(crate) activities: Option<PathBuf>,
    /// File of external indicators: date, and a column for each series.
    #[arg(long, value_name = "FILE")]
    pub(crate) indicators: Option<PathBuf>,
    /// Where the deals come from; a deal is known by its source and id.
    #[arg(long, default_value = "files", value_name = "NAME")]
    pub(crate) source: String,
    /// Each file holds every deal of its source: stored deals that it lacks are deleted.
    #[arg(long)]
    pub(crate) full: bool,
    /// Read, check and report; store nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Quality {
    /// How many quarantined rows at most.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: u64,
    /// The quality of every load instead, by field.
    #[arg(long)]
    pub(crate) history: bool,
    #[command(subcommand)]
    pub(crate) action: Option<QualityAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QualityAction {
    /// Release a load that the quality gate holds: its rows become what everybody sees.
    Accept {
        /// Its number; default the newest one held.
        load: Option<i64>,
    },
    /// Throw a held load away.
    Discard {
        /// Its number; default the newest one held.
        load: Option<i64>,
    },
    /// Read rows in quarantine again, after settings or the mapping changed.
    Retry {
        /// Ids of their deals; default every deal in quarantine.
        #[arg(value_name = "DEAL")]
        deals: Vec<String>,
        /// Whole mapping as TOML, as `import --save-mapping` writes it; default the one of their load.
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
    },
    /// Load deals in quarantine as they are, although they fail a check. Of a deal that came with
    /// different contents the last row counts.
    Release {
        /// Ids of the deals.
        #[arg(required = true, value_name = "DEAL")]
        deals: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Folder to write to; empty, or made now.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Form of the files.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// A CSV file per table.
    Csv,
    /// A Parquet file per table.
    Parquet,
    /// A Delta Lake table per folder.
    Delta,
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Rep, contact or account as named in the data; case and space around do not matter.
    #[arg(long, value_name = "NAME")]
    pub(crate) person: String,
    /// Say how many rows of which tables it would touch, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup; without it, `--version` works on the data that is there.
    #[arg(value_name = "FILE", required_unless_present = "version")]
    pub(crate) file: Option<PathBuf>,
    /// Data version to make the newest again; nothing after it is lost.
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<u64>,
    /// Replace the data of a home that holds some.
    #[arg(long, requires = "file")]
    pub(crate) force: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Put a new master key in place of the present one. Stop `winsight serve` before.
    Rotate {
        /// Make new data keys too, and encrypt all data anew with them.
        #[arg(long)]
        data: bool,
        /// File for the new key, when the present one comes from the environment.
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
    },
}
