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
        let mut read: Self = toml::from_str(text).map_err(|error| unreadable(text, &error))?;
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

/// The fields that there are.
const FIELDS: [&str; 8] = [
    "host",
    "sandbox",
    "token",
    "client_id",
    "client_secret",
    "refresh_token",
    "username",
    "private_key",
];

/// Why a text is no credentials. Nothing of it is repeated but the name of a field that there is.
fn unreadable(text: &str, error: &toml::de::Error) -> SourceError {
    let before = text.as_bytes().iter().take(error.span().map_or(0, |span| span.start));
    let line = 1 + before.filter(|byte| **byte == b'\n').count();
    let said = error.message();
    let named = error.span().and_then(|span| text.get(span)).unwrap_or_default().trim();
    let field = FIELDS.iter().find(|field| **field == named);
    let (what, remedy) = if said.starts_with("unknown field") {
        let fields = FIELDS.join(", ");
        ("unknown field".to_owned(), format!("the fields are {fields}"))
    } else if said.starts_with("duplicate") {
        let field = field.map_or("a field", |field| *field);
        (format!("{field} is there twice"), "leave one of them out".to_owned())
    } else if text.contains("-----BEGIN") {
        (
            "not TOML".to_owned(),
            "write the private key between three quotes, line breaks and all: \
             private_key = \"\"\"-----BEGIN …\"\"\""
                .to_owned(),
        )
    } else {
        (
            "not TOML, or not a text where one is needed".to_owned(),
            "write lines such as token = \"…\"".to_owned(),
        )
    };
    SourceError::new(Cause::Usage, format!("credentials, line {line}: {what}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::{Credentials, FIELDS};

    #[test]
    fn the_fields_that_are_named_are_those_that_there_are() {
        for field in FIELDS {
            let value = if field == "sandbox" { "true" } else { "\"a\"" };
            Credentials::from_toml(&format!("{field} = {value}")).expect(field);
        }
        let error = toml::from_str::<Credentials>("none = 1").expect_err("there is no such field");
        let listed =
            error.message().split_once("expected one of ").map_or("", |(_, listed)| listed);
        let listed: Vec<_> = listed.split(", ").map(|field| field.trim_matches('`')).collect();
        assert_eq!(listed, FIELDS);
    }

    #[test]
    fn what_cannot_be_read_is_told_without_being_repeated() {
        for (text, said) in [
            ("token = \"a\"\npat-hush = \"token\"", "line 2: unknown field; the fields are host"),
            ("[pat-hush]", "line 1: unknown field; the fields are host"),
            ("password = \"hush\"", "line 1: unknown field; the fields are host"),
            ("token = \"hush\"\ntoken = \"hush\"", "line 2: token is there twice; leave one"),
            ("hush = \"a\"\nhush = \"a\"", "line 2: a field is there twice; leave one"),
            (
                "private_key = \"-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----\"",
                "not TOML; write the private key between three quotes",
            ),
            (
                "private_key = -----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----",
                "not TOML; write the private key between three quotes",
            ),
            ("token = 1234567", "line 1: not TOML, or not a text where one is needed; write lines"),
            ("token: pat-hush", "line 1: not TOML, or not a text where one is needed; write lines"),
        ] {
            let told = Credentials::from_toml(text).expect_err(text).to_string();
            assert!(told.contains(said), "{text:?}: {told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }
}
