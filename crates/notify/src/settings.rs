use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::slack::{SlackBot, SlackWebhook};
use crate::smtp::Smtp;
use crate::teams::Teams;
use crate::webhook::Webhook;
use crate::{Channel, Secret, http, tls};

/// An attempt ends after this long: well within the time for which a delivery is leased.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a channel is, apart from its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelSettings {
    /// An incoming webhook of Slack. Its secret is its address.
    Slack,
    /// A bot of Slack. Its secret is its token.
    SlackBot {
        /// Where Slack's API is.
        api: String,
    },
    /// Mail. Its secret is the password, where there is a user.
    Email {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is protected.
        security: SmtpSecurity,
        /// Who signs in.
        user: Option<String>,
        /// Who the mail is from: `Winsight <alerts@example.com>`.
        from: String,
        /// Certificates (PEM) to trust besides those that the system trusts.
        authority: Option<String>,
    },
    /// A signed webhook. Its secret is the key, `whsec_…`.
    Webhook {
        /// Where it goes.
        url: String,
        /// Certificates (PEM) to trust besides those that the system trusts.
        authority: Option<String>,
    },
    /// A workflow of Microsoft Teams. Its secret is its address.
    Teams,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpSecurity {
    /// TLS from the first byte, on port 465.
    Tls,
    /// TLS after a greeting in clear, on port 587.
    StartTls,
    /// None: only for a server on this machine.
    None,
}

/// What of a channel must not be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The address, token, password or key.
    pub main: Option<Secret>,
    /// What Slack signs its requests with; without it there are no buttons.
    pub signing: Option<Secret>,
}

/// Settings that no channel can work with. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl SettingsError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl ChannelSettings {
    /// Slack's API.
    pub const SLACK_API: &'static str = "https://slack.com/api";

    /// The kind in JSON and on the command line.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::SlackBot { .. } => "slack_bot",
            Self::Email { .. } => "email",
            Self::Webhook { .. } => "webhook",
            Self::Teams => "teams",
        }
    }

    /// Whether it carries to many, each by an address.
    pub const fn has_addresses(&self) -> bool {
        matches!(self, Self::SlackBot { .. } | Self::Email { .. })
    }

    /// What may be shown of where it goes.
    pub fn place(&self) -> String {
        match self {
            Self::Slack => "an incoming webhook of Slack".to_owned(),
            Self::SlackBot { api } => api.clone(),
            Self::Email { host, port, .. } => format!("{host}:{port}"),
            Self::Webhook { url, .. } => Url::parse(url)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned))
                .unwrap_or_default(),
            Self::Teams => "a workflow of Microsoft Teams".to_owned(),
        }
    }

    /// Checks an address of a recipient on this channel.
    ///
    /// # Errors
    /// Says what an address looks like here.
    pub fn check_address(&self, address: &str) -> Result<(), SettingsError> {
        let wrong = |form: &str| {
            let kind = self.kind();
            Err(SettingsError::new(format!("{address:?} is no address for {kind}; {form}")))
        };
        match self {
            Self::Email { .. } if address.parse::<Mailbox>().is_err() => {
                wrong("use one like ana@example.com")
            }
            Self::SlackBot { .. }
                if address.is_empty() || address.contains(char::is_whitespace) =>
            {
                wrong("use the id of a conversation or a member, like C024BE91L")
            }
            Self::Slack | Self::Webhook { .. } | Self::Teams if !address.is_empty() => {
                wrong("it has one receiver, which has none")
            }
            _ => Ok(()),
        }
    }

    /// A channel that is ready to send.
    ///
    /// # Errors
    /// Says which setting or secret is wrong, and what it should be.
    pub fn open(&self, secrets: &Secrets) -> Result<Box<dyn Channel>, SettingsError> {
        self.open_patient(secrets, PATIENCE)
    }

    /// A channel whose attempts end after `patience` instead of [`PATIENCE`].
    ///
    /// # Errors
    /// As [`ChannelSettings::open`].
    pub fn open_patient(
        &self,
        secrets: &Secrets,
        patience: Duration,
    ) -> Result<Box<dyn Channel>, SettingsError> {
        let http = |authority: Option<&str>| http::client(authority, patience);
        match self {
            Self::Slack => {
                let url = secret_address(secrets, "https://hooks.slack.com/services/…")?;
                Ok(Box::new(SlackWebhook::new(http(None)?, url)))
            }
            Self::Teams => {
                let url = secret_address(secrets, "https://….logic.azure.com/workflows/…")?;
                Ok(Box::new(Teams::new(http(None)?, url)))
            }
            Self::SlackBot { api } => {
                check_url(api, "the address of Slack's API")?;
                let token = needed(secrets, "the bot token, xoxb-…")?;
                if !token.expose().starts_with("xoxb-")
                    || token.expose().contains(char::is_whitespace)
                {
                    return Err(SettingsError::new(
                        "the secret is not the bot token of a Slack app, which begins with xoxb-",
                    ));
                }
                let has_buttons = secrets.signing.is_some();
                Ok(Box::new(SlackBot::new(http(None)?, api, token, has_buttons)))
            }
            Self::Webhook { url, authority } => {
                check_url(url, "the address")?;
                let client = http(authority.as_deref())?;
                let key = needed(secrets, "the signing secret, whsec_…")?;
                Ok(Box::new(Webhook::new(client, url, &key)?))
            }
            Self::Email { .. } => self.open_mail(secrets, patience),
        }
    }

    fn open_mail(
        &self,
        secrets: &Secrets,
        patience: Duration,
    ) -> Result<Box<dyn Channel>, SettingsError> {
        let Self::Email { host, port, security, user, from, authority } = self else {
            return Err(SettingsError::new("this is no mail channel"));
        };
        let mailbox: Mailbox = from.parse().map_err(|_| {
            SettingsError::new(format!(
                "--from {from:?} is no sender; use one like \"Winsight <alerts@example.com>\""
            ))
        })?;
        if *security == SmtpSecurity::None && !is_loopback(host) {
            return Err(SettingsError::new(format!(
                "mail to {host} would go in clear; use --security tls or starttls, which only a \
                 server on this machine can do without"
            )));
        }
        let login = match user {
            Some(user) => Some((user.clone(), needed(secrets, "the password of --user")?)),
            None => None,
        };
        Ok(Box::new(Smtp {
            host: host.clone(),
            port: *port,
            security: *security,
            login,
            from: mailbox,
            tls: tls::client(authority.as_deref())?,
            patience,
        }))
    }
}

fn needed(secrets: &Secrets, what: &str) -> Result<Secret, SettingsError> {
    let given = secrets.main.clone().filter(|secret| !secret.expose().is_empty());
    given.ok_or_else(|| {
        SettingsError::new(format!("the secret is missing: give {what} with --secret-file"))
    })
}

/// An address that is itself the secret.
fn secret_address(secrets: &Secrets, like: &str) -> Result<Secret, SettingsError> {
    let url = needed(secrets, &format!("the address, like {like},"))?;
    check_url(url.expose(), "the secret").map_err(|_| {
        SettingsError::new(format!("the secret is not an https address like {like}"))
    })?;
    Ok(url)
}

/// Accepts https, and http to this machine.
fn check_url(text: &str, what: &str) -> Result<(), SettingsError> {
    let url = Url::parse(text).map_err(|error| {
        SettingsError::new(format!(
            "{what} is not a URL ({error}); use one like https://example.com"
        ))
    })?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => is_loopback(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" if url.host().is_some() => Ok(()),
        "http" if is_here => Ok(()),
        _ => Err(SettingsError::new(format!(
            "{what} must begin with https://; http:// goes in clear and is for this machine only"
        ))),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for SmtpSecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::None => "none",
        })
    }
}

impl FromStr for SmtpSecurity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Tls, Self::StartTls, Self::None]
            .into_iter()
            .find(|security| security.to_string() == text)
            .ok_or_else(|| format!("{text:?} does not protect mail; use tls, starttls or none"))
    }
}
