//! Why an attempt failed, in words.

use std::time::Duration;

use url::Url;

use crate::{Cause, SourceError};

/// Why an attempt failed.
pub(super) struct Fault {
    pub(super) error: SourceError,
    /// How long the other side asks to wait.
    pub(super) after: Option<Duration>,
    /// Whether nothing came in time.
    pub(super) is_silence: bool,
    /// Whether another attempt may fare better.
    pub(super) passes: bool,
}

const LATER: &str = "try again later; the last good data stays in use";
const NETWORK: &str = "check the host, and the network and proxy of this machine";

impl Fault {
    fn new(cause: Cause, problem: String, remedy: &str) -> Self {
        let error = SourceError::new(cause, problem, remedy);
        Self { error, after: None, is_silence: false, passes: true }
    }

    /// No answer, or half of one.
    pub(super) fn transport(url: &Url, error: &reqwest::Error) -> Self {
        let (host, said) = (url.host_str().unwrap_or_default(), innermost(error));
        if error.is_timeout() {
            let problem = format!("{host} did not answer in time");
            return Self { is_silence: true, ..Self::new(Cause::Failing, problem, LATER) };
        }
        match refused_by_tls(host, &said).filter(|_| error.is_connect()) {
            Some((problem, remedy)) => {
                Self { passes: false, ..Self::new(Cause::Unreachable, problem, remedy) }
            }
            None if error.is_connect() => {
                let (problem, remedy) = unconnected(host, url.port_or_known_default(), &said);
                Self::new(Cause::Unreachable, problem, remedy)
            }
            None => {
                let problem = format!("the connection to {host} broke off amid its answer");
                tracing::debug!(host, said, "broke off");
                Self::new(Cause::Failing, problem, LATER)
            }
        }
    }

    /// A host that never answered anything.
    pub(super) fn silent(host: &str) -> Self {
        let problem = format!("{host} takes connections, or seems to, and never answers");
        Self::new(Cause::Unreachable, problem, NETWORK)
    }

    /// A host that answered something, and then nothing in time.
    pub(super) fn fell_silent(host: &str) -> Self {
        let problem = format!("{host} answered before, and does not any more");
        let remedy = "check the proxy of this machine and the CRM's status page; the last good data \
                      stays in use";
        Self::new(Cause::Failing, problem, remedy)
    }

    pub(super) fn mismatch(host: &str, why: &str) -> Self {
        let remedy = "check the host: another server, or a proxy in between, seems to answer";
        Self::new(Cause::WrongHost, format!("{host} {why}"), remedy)
    }

    pub(super) fn refusing(host: &str, why: &str, after: Option<Duration>) -> Self {
        let problem =
            format!("{host} {why}, and has done so for as long as one request is waited for");
        let remedy = "sync again later: it goes on where it stopped";
        Self { after, ..Self::new(Cause::Budget, problem, remedy) }
    }

    pub(super) fn failing(host: &str, why: &str, after: Option<Duration>) -> Self {
        Self { after, ..Self::new(Cause::Failing, format!("{host} {why}"), LATER) }
    }
}

/// What the system said. The outer layers quote the address, whose query may hold texts of deals.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(_) => "the connection failed".to_owned(),
        None => cause.to_string(),
    }
}

/// What is wrong with a connection that does not come about, and what to do, from what the system or
/// the proxy said.
fn unconnected(host: &str, port: Option<u16>, said: &str) -> (String, &'static str) {
    const PROXY: &str = "check the proxy that HTTPS_PROXY names, and what it wants to be told";
    let port = port.map_or_else(String::new, |port| format!(" on port {port}"));
    let lower = said.to_lowercase();
    if lower.contains("failed to lookup") || lower.contains("dns error") {
        return (format!("no machine is known by the name {host}"), NETWORK);
    }
    if lower.contains("connection refused") {
        return (format!("{host}, or the proxy before it, takes no connections{port}"), NETWORK);
    }
    if lower.contains("tunnel") || lower.contains("proxy") {
        return (format!("the proxy of this machine refuses to connect us to {host}"), PROXY);
    }
    (format!("cannot connect to {host}{port}: {said}"), NETWORK)
}

/// What is wrong with a secure connection, and what to do, from what the TLS library says of it.
/// Every attempt would fail alike.
fn refused_by_tls(host: &str, said: &str) -> Option<(String, &'static str)> {
    const NOT_TLS: &str = "check the host: is it http, or another port?";
    const TRUST: &str = "check the host; where a proxy opens connections, let this machine trust its \
                         certificate";
    if said.contains("received corrupt message") {
        return Some((format!("{host} does not speak TLS there"), NOT_TLS));
    }
    if said.contains("received fatal alert") {
        return Some((format!("{host} refuses to speak TLS with us"), NOT_TLS));
    }
    let (_, certificate) = said.split_once("invalid peer certificate: ")?;
    if certificate.starts_with("certificate not valid for name") {
        let names = names(certificate).join(", ");
        let names = if names.is_empty() { "no names at all".to_owned() } else { names };
        let problem = format!("the certificate that {host} shows is valid for {names}");
        return Some((problem, "check the host: another server, or a proxy, seems to answer"));
    }
    let (what, remedy) = match certificate.to_lowercase() {
        it if it.contains("not valid yet") || it.contains("notvalidyet") => {
            ("is not valid yet", "check this machine's clock")
        }
        it if it.contains("expired") => {
            ("has expired", "check this machine's clock, and tell whoever runs the host")
        }
        it if it.contains("notvalidforname") => ("is valid for other names", TRUST),
        it if it.contains("revoked") => ("was revoked", "tell whoever runs the host"),
        _ => ("is not signed by anybody whom this machine trusts", TRUST),
    };
    Some((format!("the certificate that {host} shows {what}"), remedy))
}

/// The names in `… is only valid for DnsName("a.example"), DnsName("b.example") or …`.
fn names(certificate: &str) -> Vec<&str> {
    let listed = certificate.split_once("only valid for ").map_or("", |(_, listed)| listed);
    let listed = listed.split(", ").flat_map(|names| names.split(" or "));
    let inner = |name| str::split_once(name, '(').map_or(name, |(_, inner)| inner);
    listed
        .map(|name| inner(name).trim_end_matches(')').trim_matches('"'))
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{refused_by_tls, unconnected};

    #[test]
    fn connections_that_do_not_come_about_are_told_in_words() {
        let unknown = "failed to lookup address information: Name or service not known";
        for (said, problem) in [
            (unknown, "no machine is known by the name crm.example"),
            (
                "Connection refused (os error 111)",
                "crm.example, or the proxy before it, takes no connections on port 443",
            ),
            (
                "tunnel error: unsuccessful",
                "the proxy of this machine refuses to connect us to crm.example",
            ),
            (
                "Network is unreachable (os error 101)",
                "cannot connect to crm.example on port 443: Network is unreachable (os error 101)",
            ),
        ] {
            assert_eq!(unconnected("crm.example", Some(443), said).0, problem);
        }
    }

    #[test]
    fn trouble_with_tls_is_told_in_words() {
        let name = "certificate not valid for name \"crm.example\"; certificate is only valid for ";
        for (said, problem) in [
            (
                "received corrupt message of type InvalidContentType".to_owned(),
                "crm.example does not speak TLS there",
            ),
            (
                "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))".to_owned(),
                "the certificate that crm.example shows is not signed by anybody whom this machine \
                 trusts",
            ),
            (
                "invalid peer certificate: certificate expired: verification time 9 (UNIX)".into(),
                "the certificate that crm.example shows has expired",
            ),
            (
                format!("invalid peer certificate: {name}DnsName(\"a.example\"), b or \"c\""),
                "the certificate that crm.example shows is valid for a.example, b, c",
            ),
        ] {
            let told = refused_by_tls("crm.example", &said).expect("told");
            assert_eq!(told.0, problem);
        }
        assert_eq!(refused_by_tls("crm.example", "Connection refused (os error 111)"), None);
    }
}
