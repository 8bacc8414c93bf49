//! The command line, as clap understands it. Help texts are the doc comments.

mod alert;
mod data;
mod delivery;
mod question;
mod source;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use winsight_jobs::KnownAt;
use winsight_model::{DataVersion, WorkspaceId};

pub(crate) use alert::{AlertAction, Alerts, Answer, RulesAction, State};
pub(crate) use data::{
    CrmKind, Demo, Erase, Export, Format, Import, KeyAction, Quality, QualityAction, Restore,
    Simulate, Simulated, SimulatedCrm,
};
pub(crate) use delivery::{
    AddChannel, ChannelAction, Deliveries, DeliveryAction, Kind, Loudness, RecipientOptions,
    Standing,
};
pub(crate) use question::{
    Changes, Cohorts, Days, Deals, Drivers, Job, Metrics, Pipeline, Restatements, Risk,
    TrainingSet, Trends,
};
pub(crate) use source::{AddSource, SourceAction, Sync};

/// A command line that is well formed and still makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Sales insight and alerts that do not cry wolf.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more on stderr; twice for more, three times for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which workspace, seen at which instant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Folder that holds all state; default the platform's data directory.
    #[arg(long, global = true, env = "WINSIGHT_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Workspace to work in.
    #[arg(
        long,
        global = true,
        env = "WINSIGHT_WORKSPACE",
        default_value = "default",
        value_name = "NAME"
    )]
    pub(crate) workspace: WorkspaceId,
    /// See the world as it stood at the end of this day, or at this instant.
    #[arg(long, global = true, value_parser = as_of, value_name = "DATE|RFC3339")]
    pub(crate) as_of: Option<AsOf>,
    /// Use only what had been loaded by the end of this day, or by this data version.
    #[arg(long, global = true, value_parser = known_at, value_name = "DATE|VERSION")]
    pub(crate) known_at: Option<KnownAt>,
}

/// The value of `--as-of`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AsOf {
    Day(Date),
    Instant(Timestamp),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create the home folder, its database and a commented winsight.toml.
    Init,
    /// A simulated company through the whole pipeline, then the dashboard.
    Demo(Demo),
    /// Write a synthetic company as CSV, with truth.json of what was planted in it.
    Simulate(Simulate),
    /// Load deals from CSV or Parquet.
    Import(Import),
    /// The CRMs and folders that deals are pulled from.
    Source {
        #[command(subcommand)]
        action: SourceAction,
    },
    /// Pull what changed in the sources since the last sync.
    Sync(Sync),
    /// Run an insight job.
    Run {
        /// Which one.
        #[arg(value_enum)]
        job: Job,
    },
    /// The table of metrics.
    Metrics(Metrics),
    /// What changed between two windows: deltas, and their mix and rate parts.
    Changes(Changes),
    /// Attributes that go with winning or losing: odds ratios, intervals, scores, and what changed.
    Drivers(Drivers),
    /// The win rate over time: level, season, changes of level, the year before, what comes.
    Trends(Trends),
    /// Reps against what the deals they were given let expect.
    Reps(Days),
    /// Insights of the latest runs.
    Insights {
        /// Only those of one job.
        #[arg(long, value_enum)]
        cadence: Option<Job>,
    },
    /// Alert rules: the built-in ones and the workspace's own.
    Rules {
        #[command(subcommand)]
        action: RulesAction,
    },
    /// The alert inbox.
    Alerts(Alerts),
    /// The open pipeline: amounts, quality, how deals go through the stages, and what changed it.
    Pipeline(Pipeline),
    /// Win rates by when deals were created, corrected for those that are still open.
    Cohorts(Cohorts),
    /// Open deals with win chances and reasons, largest first; or the closed deals behind a number.
    Deals(Deals),
    /// Who is told about alerts, and by what: Slack, mail, webhooks, Teams.
    Channels {
        #[command(subcommand)]
        action: ChannelAction,
    },
    /// What was sent to whom, and what became of it; newest first.
    Deliveries(Deliveries),
    /// Send what is due, once. `serve` does it all the time, `run` does it at its end.
    Deliver,
    /// Data quality of the latest load, the loads held by the quality gate, the rows in quarantine.
    Quality(Quality),
    /// The keys that the data is encrypted with.
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Look at everything: permissions, disk, keys, database, and every file of the store.
    Doctor,
    /// Write all tables as files that anybody can read.
    Export(Export),
    /// Replace a person or an account by a pseudonym, everywhere and in every version.
    Erase(Erase),
    /// Copy the whole home into one file, while it is used.
    Backup {
        /// File to write.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Restore a backup, or make an earlier data version the newest again.
    Restore(Restore),
    /// Put the store in order: fewer files, old versions dropped, what nobody needs deleted. The
    /// daily run does it too.
    Upkeep {
        /// Say what there is to do, and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Closed months whose numbers later loads changed, and the deals behind it.
    Restatements(Restatements),
    /// Features of deals as they were at chosen ages, with how they ended, as a file.
    TrainingSet(TrainingSet),
    /// Serve the API and the dashboard.
    Serve {
        /// Address to listen on; loopback only until there is sign-in.
        #[arg(
            long,
            env = "WINSIGHT_LISTEN",
            default_value = "127.0.0.1:8080",
            value_name = "ADDR"
        )]
        listen: SocketAddr,
    },
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
}

fn as_of(text: &str) -> Result<AsOf, String> {
    if text.len() == "2024-06-30".len()
        && let Ok(day) = text.parse()
    {
        return Ok(AsOf::Day(day));
    }
    text.parse().map(AsOf::Instant).map_err(|_| {
        format!(
            "{text:?} is neither a date like 2024-06-30 nor an instant like 2024-06-30T06:00:00Z"
        )
    })
}

fn known_at(text: &str) -> Result<KnownAt, String> {
    if let Ok(version) = text.parse() {
        return Ok(KnownAt::Version(DataVersion(version)));
    }
    text.parse().map(KnownAt::Day).map_err(|_| {
        format!("{text:?} is neither a data version like 12 nor a date like 2024-06-30")
    })
}
