//! What Salesforce's answers mean.

use std::time::Duration;

use super::session::EXAMPLE_HOST;
use crate::error::REPORT;
use crate::http::{Budget, Reply, Verdict, is_cut_off, is_page};
use crate::{Cause, SourceError};

/// Faults that pass by themselves.
const PASSING: [&str; 8] = [
    "QUERY_TIMEOUT",
    "UNABLE_TO_LOCK_ROW",
    "SERVER_UNAVAILABLE",
    "UNKNOWN_EXCEPTION",
    "REQUEST_RUNNING_TOO_LONG",
    "server_error",
    "temporarily_unavailable",
    "unknown_error",
];

/// The code and the message of an error.
pub(super) fn said(reply: &Reply) -> (&str, &str) {
    let error = if reply.json.is_array() { &reply.json[0] } else { &reply.json };
    let code = error["errorCode"].as_str().or(error["error"].as_str()).unwrap_or_default();
    let message = error["message"].as_str().or(error["error_description"].as_str());
    (code, message.map(reason).filter(|reason| !reason.is_empty()).unwrap_or("no reason given"))
}

/// The reason in a message: its last line, which stands below the query with a mark, without the
/// advice that follows it and the full stop.
fn reason(message: &str) -> &str {
    let last = message.trim().lines().last().unwrap_or_default();
    let reason = last.split_once(". If you are attempting").map_or(last, |(reason, _)| reason);
    reason.trim().trim_end_matches('.')
}

/// Whether an answer tells of something that passes by itself, whatever was asked for.
pub(super) fn is_passing(reply: &Reply) -> bool {
    let (code, _) = said(reply);
    let limits = ["REQUEST_LIMIT_EXCEEDED", "CONCURRENT_REQUESTS_LIMIT_EXCEEDED"];
    PASSING.contains(&code) || limits.contains(&code)
}

pub(super) fn judge(reply: &Reply) -> Verdict {
    let (code, message) = said(reply);
    let after = reply.header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    let after = after.map(Duration::from_secs);
    let never = |cause, problem: String, remedy: &str| {
        Verdict::Never(SourceError::new(cause, problem, remedy).coded(code))
    };
    let status = reply.status;
    match (status, code) {
        (200..300, _) => Verdict::Fine,
        (_, code) if PASSING.contains(&code) => {
            Verdict::Again { after, why: format!("answered {code}") }
        }
        (401, "") if is_page(reply) => Verdict::unexplained(reply),
        (_, "INVALID_SESSION_ID") if message.contains("not valid for use") => {
            Verdict::Never(no_use(&format!(": {message}")))
        }
        (401, _) | (_, "INVALID_SESSION_ID") => Verdict::Unauthorized,
        (_, "REQUEST_LIMIT_EXCEEDED")
            if status == 429 || message.to_lowercase().contains("concurrent") =>
        {
            Verdict::TooFast { after, why: format!("asks for fewer requests ({code})") }
        }
        (_, "REQUEST_LIMIT_EXCEEDED") => never(
            Cause::Budget,
            "Salesforce allows this organisation no more requests today (REQUEST_LIMIT_EXCEEDED)"
                .to_owned(),
            "sync again tomorrow: it goes on where it stopped",
        ),
        (_, "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" | "FUNCTIONALITY_NOT_ENABLED") => {
            never(
                Cause::Permission,
                format!("Salesforce refuses: {message} ({code})"),
                "give the integration user the permission API Enabled; editions without API access \
             cannot be read",
            )
        }
        (_, "INVALID_QUERY_LOCATOR" | "INVALID_LOCATOR") => never(
            Cause::Expired,
            format!("Salesforce no longer knows where the query stood ({code})"),
            "sync again",
        ),
        (400 | 403, "") if reply.json.is_null() => Verdict::unexplained(reply),
        (403, _) | (_, "INSUFFICIENT_ACCESS" | "INVALID_TYPE" | "INVALID_FIELD") => never(
            Cause::Permission,
            format!("Salesforce refuses: {message} ({code})"),
            "give the integration user's permission set read access to it",
        ),
        (404, "") if is_cut_off(reply) => Verdict::unexplained(reply),
        (404, "") => never(
            Cause::WrongHost,
            "the host does not know Salesforce's interface (404)".to_owned(),
            "check the host; it is like https://acme.my.salesforce.com",
        ),
        (300..=399, _) => never(
            Cause::WrongHost,
            format!("the host sends us elsewhere ({status})"),
            "give the address of your own domain as the host, like https://acme.my.salesforce.com",
        ),
        (429, _) | (_, "CONCURRENT_REQUESTS_LIMIT_EXCEEDED") => {
            Verdict::TooFast { after, why: format!("asks for fewer requests ({status} {code})") }
        }
        (408 | 500.., _) => Verdict::Again {
            after,
            why: format!("answered status {status} {code}").trim_end().to_owned(),
        },
        (_, "") => {
            let why = format!("it answered status {status} without one of its codes");
            Verdict::Never(SourceError::foreign("Salesforce", &why, EXAMPLE_HOST))
        }
        _ => never(
            Cause::Answer,
            format!("Salesforce answered status {status}: {message} ({code})"),
            REPORT,
        ),
    }
}

/// A session that is good for nothing, with what is said of it.
pub(super) fn no_use(said: &str) -> SourceError {
    SourceError::new(
        Cause::Permission,
        format!("Salesforce does not let this session use its API{said}"),
        "give the connected app the OAuth scope 'Manage user data via APIs (api)', or see whether an \
         IP range or session policy of the integration user refuses this machine",
    )
}

/// The allowance of a day, as in `api-usage=18/5000`.
pub(super) fn budget(reply: &Reply) -> Option<Budget> {
    let usage = reply.header("sforce-limit-info")?.split("api-usage=").nth(1)?;
    let (used, allowed) = usage.split([',', ';', ' ']).next()?.split_once('/')?;
    Some(Budget { used: used.trim().parse().ok()?, allowed: allowed.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn a_reason_is_one_line() {
        let of_query = "\nSELECT Id, Amount FROM Opportunity\n  ^\nERROR at Row:1:Column:8\nNo such \
                        column 'Amount' on entity 'Opportunity'. If you are attempting to use a custom \
                        field, be sure to append the '__c'.";
        for (message, told) in [
            (of_query, "No such column 'Amount' on entity 'Opportunity'"),
            ("The REST API is not enabled.", "The REST API is not enabled"),
            ("user is inactive", "user is inactive"),
            ("", ""),
        ] {
            assert_eq!(reason(message), told);
        }
    }
}
