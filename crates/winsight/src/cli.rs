//! The command line, as clap understands it. Help texts are the doc comments.

mod delivery;
mod source;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use winsight_jobs::KnownAt;
use winsight_model::{DataVersion, Dimension, Grain, WorkspaceId};

pub(crate) use delivery::{
    AddChannel, ChannelAction, Deliveries, DeliveryAction, Kind, Loudness, RecipientOptions,
    Standing,
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
    /// Say more on stderr; twice for everything.
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
    /// File of stage events: deal, date, stage.
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
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Metrics {
    /// One row per value, or per combination of values.
    #[arg(long, value_delimiter = ',', value_parser = Dimension::built_in, value_name = "DIM[,DIM]")]
    pub(crate) by: Vec<Dimension>,
    /// One table for each dimension of --by, or for every one there is.
    #[arg(long)]
    pub(crate) each: bool,
    /// Leave out the interval of the friction index, which takes most of the time of a large table.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Count the deals themselves instead of using tallies kept of them.
    #[arg(long, hide = true)]
    pub(crate) no_cache: bool,
    #[command(flatten)]
    pub(crate) days: Days,
    /// One row per week, month or quarter.
    #[arg(long, value_name = "week|month|quarter")]
    pub(crate) grain: Option<Grain>,
    /// What earlier runs showed, with their data versions; --from and --to are as-of days here.
    #[arg(long, conflicts_with = "grain")]
    pub(crate) history: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restatements {
    /// Compare with what was known by the end of this day, or in this data version; default the
    /// version before the newest.
    #[arg(long, value_parser = known_at, value_name = "DATE|VERSION")]
    pub(crate) since: Option<KnownAt>,
    #[command(flatten)]
    pub(crate) days: Days,
    /// How many deals at most for each month.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct TrainingSet {
    /// File to write, .csv or .parquet.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Ages of the deals, in days since they were created.
    #[arg(long, value_delimiter = ',', default_value = "30,60,90", value_name = "DAYS[,DAYS]")]
    pub(crate) ages: Vec<u16>,
    /// Include deals that are still open; their labels are empty.
    #[arg(long)]
    pub(crate) include_open: bool,
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

/// A window of closed dates.
#[derive(Debug, Args)]
pub(crate) struct Days {
    /// First day of the window.
    #[arg(long, value_name = "D")]
    pub(crate) from: Option<Date>,
    /// First day after the window.
    #[arg(long, value_name = "D")]
    pub(crate) to: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Deals {
    /// Only deals that match a loss pattern or are unlikely to be won.
    #[arg(long, value_enum, conflicts_with = "closed")]
    pub(crate) risk: Option<Risk>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    /// The closed deals of a segment and window instead, latest first.
    #[arg(long)]
    pub(crate) closed: bool,
    /// Only deals with this value; more than once for a combination.
    #[arg(long = "where", value_name = "DIM=VALUE", requires = "closed")]
    pub(crate) filter: Vec<String>,
    /// First closed date.
    #[arg(long, value_name = "D", requires = "closed")]
    pub(crate) from: Option<Date>,
    /// First day after the window.
    #[arg(long, value_name = "D", requires = "closed")]
    pub(crate) to: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Pipeline {
    /// The days whose change is explained; the last 7 known ones when not given.
    #[command(flatten)]
    pub(crate) days: Days,
    /// The change of what is expected to close before this day; default the end of the fiscal quarter.
    #[arg(long, value_name = "D", conflicts_with = "all")]
    pub(crate) close_before: Option<Date>,
    /// The change of all that is open, whenever it is expected to close.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Cohorts {
    /// Length of the periods of creation; default quarter.
    #[arg(long, value_name = "week|month|quarter")]
    pub(crate) grain: Option<Grain>,
    /// The days of creation.
    #[command(flatten)]
    pub(crate) days: Days,
    /// Days after creation; default as in the settings.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) horizon: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// Dimension to split the change by, or up to three.
    #[arg(long, required = true, value_delimiter = ',', value_parser = Dimension::built_in, value_name = "DIM[,DIM]")]
    pub(crate) by: Vec<Dimension>,
    #[command(flatten)]
    pub(crate) days: Days,
    /// First day of the window compared with.
    #[arg(long, value_name = "D")]
    pub(crate) baseline_from: Option<Date>,
    /// First day after the window compared with.
    #[arg(long, value_name = "D")]
    pub(crate) baseline_to: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Drivers {
    #[command(flatten)]
    pub(crate) days: Days,
    /// First day of the window compared with; default the window of equal length before.
    #[arg(long, value_name = "D")]
    pub(crate) baseline_from: Option<Date>,
    /// First day after the window compared with.
    #[arg(long, value_name = "D")]
    pub(crate) baseline_to: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Trends {
    /// Length of the periods.
    #[arg(long, default_value = "month", value_name = "week|month|quarter")]
    pub(crate) grain: Grain,
    /// A series for each value of this dimension.
    #[arg(long, value_parser = Dimension::built_in, value_name = "DIM")]
    pub(crate) by: Option<Dimension>,
}

#[derive(Debug, Args)]
pub(crate) struct Alerts {
    /// Which alerts to list.
    #[arg(long, value_enum, default_value_t = State::Open)]
    pub(crate) state: State,
    /// Who does it, as kept in the history of the alert.
    #[arg(long, global = true, env = "WINSIGHT_USER", value_name = "NAME")]
    pub(crate) by: Option<String>,
    #[command(subcommand)]
    pub(crate) action: Option<AlertAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesAction {
    /// List the rules and what went wrong with them.
    List,
    /// Look for mistakes in a file of rules.
    Check {
        /// TOML file.
        file: PathBuf,
    },
    /// Put the rules of a file in the place of the workspace's own.
    Apply {
        /// TOML file.
        file: PathBuf,
    },
    /// What the rules of a file would have raised on past data, looked at once a week.
    Backtest {
        /// TOML file.
        file: PathBuf,
        /// First day; default one year before the last.
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// Last day; default the last known.
        #[arg(long, value_name = "DATE")]
        to: Option<Date>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertAction {
    /// Print one alert in full.
    Show {
        /// Its id, as listed.
        id: String,
    },
    /// Acknowledge an alert: somebody is on it.
    Ack {
        /// Its id, as listed.
        id: String,
    },
    /// Put an alert aside, until a day or until it gets worse.
    Snooze {
        /// Its id, as listed.
        id: String,
        /// Tell of it again on this day.
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
        /// Tell of it again when it gets worse by a quarter; so it is without a day.
        #[arg(long, conflicts_with = "until")]
        until_worse: bool,
    },
    /// Resolve an alert.
    Resolve {
        /// Its id, as listed.
        id: String,
        /// What was done about it.
        #[arg(long, value_name = "TEXT")]
        action: Option<String>,
    },
    /// Say who takes care of an alert.
    Assign {
        /// Its id, as listed.
        id: String,
        /// Who it is given to.
        owner: String,
    },
    /// Say something about an alert.
    Comment {
        /// Its id, as listed.
        id: String,
        /// The words.
        text: String,
    },
    /// Say whether an alert was worth being told.
    Useful {
        /// Its id, as listed.
        id: String,
        /// Whether it was.
        answer: Answer,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    Yes,
    No,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Job {
    /// Pipeline health, stages and high-risk deals.
    Daily,
    /// Win-rate trends, lead sources, reps.
    Weekly,
    /// Drivers, period over period, strategy.
    Monthly,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum State {
    Pending,
    Open,
    Acknowledged,
    Snoozed,
    Resolved,
    All,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Risk {
    High,
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
