use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use crate::http::{Breaker, Limits, Pace};
use crate::hubspot::HubSpot;
use crate::salesforce::Salesforce;
use crate::{Cause, Credentials, Kind, Source, SourceError};

/// What a source lives in.
#[derive(Clone)]
pub struct Surroundings {
    /// Time.
    pub pace: Arc<dyn Pace>,
    /// Seed of the random part of pauses.
    pub seed: u64,
    /// The circuit breaker as the last sync left it.
    pub breaker: Breaker,
    /// Limits other than those of the CRM; for tests.
    pub limits: Option<Limits>,
    /// Whether somebody waits for the answer: then a silent host is given up after about a minute.
    pub is_awaited: bool,
    /// Further fields to read, by the CRM's names: those that the user's mapping names.
    pub fields: Vec<String>,
}

impl Surroundings {
    /// The limits where none are given.
    pub(crate) fn usual_limits(&self) -> Limits {
        if !self.is_awaited {
            return Limits::default();
        }
        Limits {
            attempts: 3,
            longest_pause: Duration::from_secs(5),
            patience: Duration::from_secs(30),
            timeout: Duration::from_secs(20),
            ..Limits::default()
        }
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Surroundings").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// Prepares to read a CRM. Sends nothing yet.
///
/// # Errors
/// [`Cause::Usage`] when the credentials do not suffice, or the host makes no sense.
pub fn connect(
    kind: Kind,
    credentials: Credentials,
    surroundings: Surroundings,
) -> Result<Box<dyn Source>, SourceError> {
    match kind {
        Kind::Salesforce => Ok(Box::new(Salesforce::new(credentials, surroundings)?)),
        Kind::HubSpot => Ok(Box::new(HubSpot::new(credentials, surroundings)?)),
        Kind::Files => Err(SourceError::new(
            Cause::Usage,
            "a folder of files is not connected to",
            "it is read by `winsight sync` directly",
        )),
    }
}

/// The address of a CRM, like `example`, without a path.
///
/// # Errors
/// When it is none, or would send secrets in clear to another machine. The text is never repeated: a
/// secret may have come into its place, and must not be asked for as a name either.
pub(crate) fn host(text: &str, example: &str) -> Result<Url, SourceError> {
    let usage = |problem: String| {
        SourceError::new(Cause::Usage, problem, format!("give it like {example}"))
    };
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let scheme = scheme.to_ascii_lowercase();
    let is_word =
        (1..=6).contains(&scheme.len()) && scheme.bytes().all(|it| it.is_ascii_lowercase());
    if is_word && !["http", "https"].contains(&scheme.as_str()) {
        return Err(usage(format!("the host in the credentials begins with {scheme}://")));
    }
    let parsed = Url::parse(&format!("{scheme}://{rest}")).ok().filter(|url| is_address(rest, url));
    let Some(mut url) = parsed.filter(|_| is_word) else {
        let problem =
            "the host in the credentials is no address (is it swapped with another line?)";
        return Err(usage(problem.to_owned()));
    };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !is_loopback {
        return Err(usage("the host in the credentials would be sent secrets in clear".to_owned()));
    }
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Whether a text, and what is read out of it, looks like the address of a machine: tokens do not.
fn is_address(text: &str, url: &Url) -> bool {
    if text.contains(|it: char| it == '@' || it.is_whitespace() || it.is_control()) {
        return false;
    }
    match url.host() {
        Some(Host::Domain("localhost") | Host::Ipv6(_)) => true,
        // A mere number would be one, too.
        Some(Host::Ipv4(address)) => text.starts_with(&address.to_string()),
        Some(Host::Domain(name)) => is_name(name),
        None => false,
    }
}

/// Whether a text is the full name of a machine.
fn is_name(name: &str) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || it == b'-';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_letter);
    let name = name.strip_suffix('.').unwrap_or(name);
    let (_, top) = name.rsplit_once('.').unwrap_or_default();
    let is_top = top.starts_with("xn--") || top.bytes().all(|it| it.is_ascii_alphabetic());
    top.len() >= 2 && is_top && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::host;

    const EXAMPLE: &str = "https://acme.my.salesforce.com";

    #[test]
    fn a_host_is_an_address_without_its_path() {
        for (text, address) in [
            ("acme.my.salesforce.com", "https://acme.my.salesforce.com/"),
            (
                " https://acme.my.salesforce.com/lightning/page?a=b#c\n",
                "https://acme.my.salesforce.com/",
            ),
            ("HTTPS://acme.my.salesforce.com", "https://acme.my.salesforce.com/"),
            ("Https://crm.example", "https://crm.example/"),
            ("https://crm.example:8443", "https://crm.example:8443/"),
            ("http://127.0.0.1:1234/x", "http://127.0.0.1:1234/"),
            ("http://localhost:1", "http://localhost:1/"),
            ("https://[2001:db8::1]/", "https://[2001:db8::1]/"),
        ] {
            assert_eq!(host(text, EXAMPLE).expect(text).as_str(), address);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        let no_address =
            "is no address (is it swapped with another line?); give it like https://acme";
        for (text, said) in [
            ("-----BEGIN PRIVATE KEY-----\nMIIEsecret\n-----END PRIVATE KEY-----", no_address),
            ("pat-na1-secret", no_address),
            ("https://pat-na1-secret", no_address),
            ("3MVG9secret.Ab_c9", no_address),
            ("5Aep861secret.x9", no_address),
            ("123456789", no_address),
            ("http://secret:secret@acme.my.salesforce.com", no_address),
            ("me.secret@acme.example", no_address),
            ("my secret.example", no_address),
            ("", no_address),
            ("https:/secret", no_address),
            ("secretsecret://acme.example", no_address),
            ("htps://secret.example", "begins with htps://; give it like https://acme"),
            ("HTTP://secret.example", "would be sent secrets in clear; give it like https://acme"),
            ("ftp://127.0.0.1/secret", "begins with ftp://; give it like https://acme"),
            ("http://secret.example", "would be sent secrets in clear; give it like https://acme"),
        ] {
            let told = host(text, EXAMPLE).expect_err(text).to_string();
            assert!(told.contains(said), "{text:?}: {told}");
            assert!(!told.contains("secret") || told.contains("secrets in clear"), "{told}");
        }
    }
}
