//! Arguments of the alert inbox.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum State {
    Pending,
    Open,
    Acknowledged,
    Snoozed,
    Resolved,
    All,
}
