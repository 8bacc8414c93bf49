//! How to sign in to a CRM, as the user writes it down.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{Cause, SourceError};

/// The CRMs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Salesforce.
    Salesforce,
    /// HubSpot.
    HubSpot,
    /// A folder that files are dropped into.
    Files,
}

impl Kind {
    /// Its name in commands, and that of the mapping of its exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Salesforce => "salesforce",
            Self::HubSpot => "hubspot",
            Self::Files => "files",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Salesforce, Self::HubSpot, Self::Files].into_iter().find(|kind| kind.name() == name)
    }
}

/// What is needed to sign in. Which of it is there decides how.
///
/// | CRM | how | needs |
/// |---|---|---|
/// | Salesforce | JWT bearer | `client_id`, `username`, `private_key` |
/// | Salesforce | refresh token | `client_id`, `refresh_token`, perhaps `client_secret` |
/// | Salesforce | client credentials | `client_id`, `client_secret`, `host` |
/// | HubSpot | private app | `token` |
/// | HubSpot | OAuth | `client_id`, `client_secret`, `refresh_token` |
///
/// For HubSpot, `client_secret` also checks webhooks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Credentials {
    /// Address of the CRM where it is not the usual one, such as `https://acme.my.salesforce.com`.
    pub host: Option<String>,
    /// Whether to sign in to a sandbox.
    pub sandbox: bool,
    /// Token of a private app.
    pub token: Option<SecretString>,
    /// Consumer key, or client id.
    pub client_id: Option<String>,
    /// Consumer secret, or client secret.
    pub client_secret: Option<SecretString>,
    /// Token that gives new ones.
    pub refresh_token: Option<SecretString>,
    /// Who to work as.
    pub username: Option<String>,
    /// Private key in PEM, PKCS #8 or PKCS #1.
    pub private_key: Option<SecretString>,
}

impl Credentials {
    /// Reads a TOML file of them.
    ///
    /// # Errors
    /// Names the line, without repeating it: it may hold a secret.
    pub fn from_toml(text: &str) -> Result<Self, SourceError> {
        let mut read: Self = toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| {
                1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
            });
            let what = if error.message().starts_with("unknown field") {
                error.message().to_owned()
            } else {
                "not TOML, or not a text where one is needed".to_owned()
            };
            SourceError::new(
                Cause::Usage,
                format!("credentials, line {line}: {what}"),
                "write lines such as token = \"…\"",
            )
        })?;
        // A key is often copied as one line, with the letters \n where its lines end.
        let key = read.private_key.as_ref().map(ExposeSecret::expose_secret);
        if let Some(key) = key.filter(|key| key.contains("\\n")) {
            let key = key.replace("\\r", "").replace("\\n", "\n");
            read.private_key = Some(SecretString::from(key));
        }
        read.on_one_line()?;
        Ok(read)
    }

    /// Refuses what was copied with a line break or a space, or not at all: no CRM gives out such.
    fn on_one_line(&self) -> Result<(), SourceError> {
        let secret =
            |it: &Option<SecretString>| it.as_ref().map(|it| it.expose_secret().to_owned());
        let words = [
            ("token", secret(&self.token)),
            ("client_id", self.client_id.clone()),
            ("client_secret", secret(&self.client_secret)),
            ("refresh_token", secret(&self.refresh_token)),
            ("username", self.username.clone()),
        ];
        for (name, word) in words {
            let Some(word) = word else { continue };
            if word.is_empty() {
                return Err(SourceError::new(
                    Cause::Usage,
                    format!("credentials: {name} is empty"),
                    "copy it again, or leave the line out",
                ));
            }
            if word.contains(|it: char| it.is_whitespace() || it.is_control()) {
                return Err(SourceError::new(
                    Cause::Usage,
                    format!("credentials: {name} has a space or a line break in it"),
                    "copy it again, as one word",
                ));
            }
        }
        Ok(())
    }
}
