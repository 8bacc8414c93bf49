//! What the answers of HubSpot mean.

use std::time::Duration;

use serde_json::Value;

use super::USUAL_HOST;
use crate::error::REPORT;
use crate::http::{Budget, Reply, Verdict, is_cut_off, is_page};
use crate::{Cause, SourceError};

/// What HubSpot said.
pub(super) fn said(reply: &Reply) -> &str {
    reply.json["message"].as_str().unwrap_or("no reason given").trim().trim_end_matches('.')
}

/// What of the daily allowance is used.
pub(super) fn budget(reply: &Reply) -> Option<Budget> {
    let allowed = reply.header("x-hubspot-ratelimit-daily")?.parse().ok()?;
    let remaining: u64 = reply.header("x-hubspot-ratelimit-daily-remaining")?.parse().ok()?;
    Some(Budget { used: u64::saturating_sub(allowed, remaining), allowed })
}

/// Requests a second; answers to searches do not tell.
pub(super) fn allowed_pace(reply: &Reply) -> Option<f64> {
    let requests: f64 = reply.header("x-hubspot-ratelimit-max")?.parse().ok()?;
    let interval: f64 = reply.header("x-hubspot-ratelimit-interval-milliseconds")?.parse().ok()?;
    let per_second = requests / interval * 1_000.0;
    (per_second.is_finite() && per_second >= 1.0).then_some(per_second)
}

pub(super) fn judge(reply: &Reply) -> Verdict {
    let said = said(reply);
    let category = reply.json["category"].as_str().unwrap_or_default();
    let after = reply.header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    let after = after.map(Duration::from_secs);
    match reply.status {
        200..300 => match not_read(&reply.json) {
            Some(why) => Verdict::Again { after, why },
            None => Verdict::Fine,
        },
        401 if is_page(reply) => Verdict::unexplained(reply),
        401 => Verdict::Unauthorized,
        400 | 403 if reply.json.is_null() => Verdict::unexplained(reply),
        300..400 => Verdict::Never(SourceError::new(
            Cause::WrongHost,
            format!("the host sends us elsewhere ({})", reply.status),
            "check the host; HubSpot's own is https://api.hubapi.com",
        )),
        429 if reply.json["policyName"] == "DAILY" => Verdict::Never(SourceError::new(
            Cause::Budget,
            "HubSpot allows no more requests today",
            "sync again after midnight in the account's time zone: it goes on where it stopped",
        )),
        429 => Verdict::TooFast { after, why: "asks for fewer requests (429)".to_owned() },
        404 if is_cut_off(reply) => Verdict::unexplained(reply),
        404 if category.is_empty() => Verdict::Never(SourceError::new(
            Cause::WrongHost,
            "the host does not know HubSpot's interface (404)",
            "check the host; HubSpot's own is https://api.hubapi.com",
        )),
        408 | 423 | 477 | 500.. => {
            Verdict::Again { after, why: format!("answered status {}", reply.status) }
        }
        status if category.is_empty() => {
            let why = format!("it answered status {status} without one of its categories");
            Verdict::Never(SourceError::foreign("HubSpot", &why, USUAL_HOST))
        }
        status => Verdict::Never(SourceError::new(
            Cause::Answer,
            format!("HubSpot answered status {status} to {category}: {said}"),
            REPORT,
        )),
    }
}

/// Why some of the records that a batch asked for are not in the answer though they may be there.
fn not_read(answer: &Value) -> Option<String> {
    let mut errors = answer["errors"].as_array()?.iter();
    let error = errors.find(|error| error["category"] != "OBJECT_NOT_FOUND")?;
    let text = |name: &str| error[name].as_str().unwrap_or("no reason given");
    Some(format!("answered for some records only ({}: {})", text("category"), text("message")))
}

/// The scopes that an answer says would do.
pub(super) fn scopes(answer: &Value) -> String {
    let context = answer["errors"][0]["context"].as_object();
    let lists = context.into_iter().flat_map(|context| context.values());
    let names: Vec<_> =
        lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" (missing: {})", names.join(", ")) }
}
