use std::sync::Arc;

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
    /// Further fields to read, by the CRM's names: those that the user's mapping names.
    pub fields: Vec<String>,
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

/// The address of a CRM, like `example`.
///
/// # Errors
/// When it is none, or would send secrets in clear to another machine.
pub(crate) fn host(text: &str, example: &str) -> Result<Url, SourceError> {
    let usage = |problem: String| {
        SourceError::new(Cause::Usage, problem, format!("give the host like {example}"))
    };
    let with_scheme =
        if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&with_scheme)
        .map_err(|error| usage(format!("the host {text:?} is no address: {error}")))?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !is_loopback {
        return Err(usage(format!("the host {text:?} would be sent secrets in clear")));
    }
    Ok(url)
}
