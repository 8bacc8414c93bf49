//! Arguments of questions.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use winsight_jobs::KnownAt;
use winsight_model::{Dimension, Grain};

use super::known_at;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Metrics {
    /// One row per value, or per combination of values.
    #[arg(long, value_delimiter = ',', value_parser = Dimension::named, value_name = "DIM[,DIM]")]
    pub(crate) by: Vec<Dimension>,
    /// Only deals with this value; more than once for a combination.
    #[arg(long = "where", value_name = "DIM=VALUE", conflicts_with = "history")]
    pub(crate) filter: Vec<String>,
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

/// A window of closed dates; an end not given is the usual one.
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
    #[arg(long, required = true, value_delimiter = ',', value_parser = Dimension::named, value_name = "DIM[,DIM]")]
    pub(crate) by: Vec<Dimension>,
    /// Only deals with this value; more than once for a combination. Causes are not looked for then.
    #[arg(long = "where", value_name = "DIM=VALUE")]
    pub(crate) filter: Vec<String>,
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
pub(crate) enum Risk {
    High,
}
