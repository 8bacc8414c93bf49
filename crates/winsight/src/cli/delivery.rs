//! Channels, their recipients, and deliveries.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Time;
use winsight_model::Dimension;
use winsight_notify::{ChannelSettings, Role, SmtpSecurity};

#[derive(Debug, Subcommand)]
pub(crate) enum ChannelAction {
    /// Add a channel, or change the one of that name.
    Add(Box<AddChannel>),
    /// Add a recipient to a channel, or change one.
    Subscribe {
        /// Name of the channel.
        channel: String,
        /// Address on it; leave it out where the channel has one receiver.
        #[arg(default_value = "")]
        address: String,
        #[command(flatten)]
        recipient: RecipientOptions,
    },
    /// Remove a recipient from a channel.
    Unsubscribe {
        /// Name of the channel.
        channel: String,
        /// Address on it.
        #[arg(default_value = "")]
        address: String,
    },
    /// List the channels and their recipients. Secrets are never shown.
    List,
    /// Send a message to see whether it arrives.
    Test {
        /// Name of the channel.
        channel: String,
        /// Only to this address; default every recipient.
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
    /// Remove a channel with its recipients.
    Remove {
        /// Name of the channel.
        channel: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddChannel {
    /// What to call it.
    pub(crate) name: String,
    /// What it is.
    #[arg(long, value_enum)]
    pub(crate) kind: Kind,
    /// File with the secret: the address of a Slack webhook or a Teams workflow, the token of a
    /// bot, the password of a mail server, the key of a webhook. `-` reads it from stdin.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) secret_file: Option<PathBuf>,
    /// File with the signing secret of the Slack app, which makes buttons work.
    #[arg(long, value_name = "FILE")]
    pub(crate) signing_secret_file: Option<PathBuf>,
    /// Address of a webhook.
    #[arg(long, required_if_eq("kind", "webhook"))]
    pub(crate) url: Option<String>,
    /// Where Slack's API is.
    #[arg(long, default_value = ChannelSettings::SLACK_API, hide = true)]
    pub(crate) api: String,
    /// Name of the mail server.
    #[arg(long, required_if_eq("kind", "email"))]
    pub(crate) host: Option<String>,
    /// Its port; default 465 for tls, 587 for starttls, 25 for none.
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// How mail is protected on its way: tls, starttls, or none to a server on this machine.
    #[arg(long, default_value_t = SmtpSecurity::Tls)]
    pub(crate) security: SmtpSecurity,
    /// Who signs in at the mail server; the secret is the password.
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// Who mail is from, like "Winsight <alerts@example.com>".
    #[arg(long, required_if_eq("kind", "email"))]
    pub(crate) from: Option<String>,
    /// Certificates (PEM) to trust besides those that this system trusts.
    #[arg(long, value_name = "FILE")]
    pub(crate) authority: Option<PathBuf>,
    /// Addresses to send to: mail addresses, or ids of Slack conversations.
    #[arg(long, value_delimiter = ',', value_name = "ADDRESS[,ADDRESS]")]
    pub(crate) to: Vec<String>,
    #[command(flatten)]
    pub(crate) recipient: RecipientOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Incoming webhook of Slack.
    Slack,
    /// Bot of Slack, with buttons.
    SlackBot,
    /// Mail.
    Email,
    /// Signed webhook (Standard Webhooks).
    Webhook,
    /// Workflow of Microsoft Teams.
    Teams,
}

/// Who somebody is, what they may see and want, and when.
#[derive(Debug, Args)]
pub(crate) struct RecipientOptions {
    /// What they may see: `all` deals. Reps and teams are named with --rep and --team instead.
    #[arg(long, value_enum, conflicts_with_all = ["rep", "team"])]
    pub(crate) sees: Option<Sees>,
    /// See only the deals of this rep; may be given more than once.
    #[arg(long, value_name = "NAME")]
    pub(crate) rep: Vec<String>,
    /// See only the deals of this team; may be given more than once.
    #[arg(long, value_name = "NAME")]
    pub(crate) team: Vec<String>,
    /// What they are: admin, leader, manager or rep.
    #[arg(long)]
    pub(crate) role: Option<Role>,
    /// Only alerts of these severities: critical, warning, info.
    #[arg(long, value_delimiter = ',', value_enum, value_name = "SEVERITY[,SEVERITY]")]
    pub(crate) severity: Vec<Loudness>,
    /// Only alerts of these rules, like `win_rate_drop`.
    #[arg(long, value_delimiter = ',', value_name = "RULE[,RULE]")]
    pub(crate) rule: Vec<String>,
    /// Only alerts about this value of a dimension; may be given more than once.
    #[arg(long, value_parser = segment, value_name = "DIM=VALUE")]
    pub(crate) segment: Vec<(String, String)>,
    /// IANA time zone of the recipient; default the workspace's.
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// Hours in which nothing is sent, in the recipient's time zone.
    #[arg(long, value_parser = quiet, value_name = "HH:MM-HH:MM")]
    pub(crate) quiet: Option<(Time, Time)>,
    /// Hour at which all that is not critical comes in one message.
    #[arg(long, value_parser = hour, value_name = "HH:MM")]
    pub(crate) digest: Option<Time>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Sees {
    /// Every deal of the workspace.
    All,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Loudness {
    Critical,
    Warning,
    Info,
}

#[derive(Debug, Args)]
pub(crate) struct Deliveries {
    /// Only those in this state.
    #[arg(long, value_enum)]
    pub(crate) state: Option<Standing>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u64,
    #[command(subcommand)]
    pub(crate) action: Option<DeliveryAction>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Standing {
    Pending,
    Sending,
    Sent,
    Dead,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeliveryAction {
    /// Send a delivery that was given up once more.
    Resend {
        /// Its number, as listed.
        #[arg(required_unless_present = "all")]
        id: Option<i64>,
        /// All that were given up.
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
}

fn segment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is no segment; use one like region=Europe"))?;
    Dimension::built_in(name.trim())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn hour(text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text.trim())
        .map_err(|_| format!("{text:?} is no time of day; use one like 08:30"))
}

fn quiet(text: &str) -> Result<(Time, Time), String> {
    let (from, to) = text
        .split_once('-')
        .ok_or_else(|| format!("{text:?} are no hours; use some like 20:00-07:30"))?;
    let (from, to) = (hour(from)?, hour(to)?);
    if from == to {
        return Err(format!("{text:?} would be quiet at all times or never; leave it out"));
    }
    Ok((from, to))
}
