//! Bulk API 2.0: a query as a job, its results in pages of CSV.

use std::time::Duration;

use serde_json::json;

use super::session::Session;
use crate::http::{Expect, Request};
use crate::text::clean;
use crate::{Cause, SourceError};

/// Rows of a page of results.
const ROWS: &str = "10000";
/// Pauses between looks at a job: they grow up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Begins a job; returns its id.
pub(super) async fn begin(session: &Session, query: &str) -> Result<String, SourceError> {
    let body = json!({ "operation": "query", "query": query });
    let post = |url| Request::post(url, &body);
    let answer = session.call(&post, "jobs/query", &[]).await?.json;
    let id = answer["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| SourceError::answer("Salesforce", "the id of the job"))
}

/// Waits until a job is done.
pub(super) async fn wait(session: &Session, job: &str) -> Result<(), SourceError> {
    let mut pause = Duration::from_millis(500);
    loop {
        let answer = session.get(&format!("jobs/query/{job}"), &[]).await?;
        match answer["state"].as_str().unwrap_or_default() {
            "JobComplete" => return Ok(()),
            state @ ("Failed" | "Aborted") => {
                let said = answer["errorMessage"].as_str().unwrap_or("no reason given");
                return Err(SourceError::new(
                    Cause::Expired,
                    format!("Salesforce ended a bulk query ({state}): {said}"),
                    "sync again: it begins a new one",
                ));
            }
            _ => session.client.pace().sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A page of the results of a job.
pub(super) struct Results {
    /// The header, then the rows.
    pub(super) header: csv::StringRecord,
    pub(super) rows: Vec<csv::StringRecord>,
    /// Where the next page begins.
    pub(super) locator: Option<String>,
}

impl Results {
    /// The value of a column in a row.
    pub(super) fn value(&self, row: &csv::StringRecord, column: &str) -> String {
        let place = self.header.iter().position(|name| name == column);
        clean(place.and_then(|place| row.get(place)).unwrap_or_default())
    }
}

/// Reads a page, and reads it again when it is shorter than Salesforce says it is.
pub(super) async fn results(
    session: &Session,
    job: &str,
    locator: Option<&str>,
) -> Result<Results, SourceError> {
    const ATTEMPTS: u32 = 4;
    let mut attempt = 1;
    loop {
        match read_results(session, job, locator).await {
            Err(error) if error.cause == Cause::Failing && attempt < ATTEMPTS => attempt += 1,
            read => return read,
        }
    }
}

async fn read_results(
    session: &Session,
    job: &str,
    locator: Option<&str>,
) -> Result<Results, SourceError> {
    let mut query = vec![("maxRecords", ROWS)];
    query.extend(locator.map(|locator| ("locator", locator)));
    let get = |url| Request::get(url).expecting(Expect::Csv);
    let path = format!("jobs/query/{job}/results");
    let reply = session.call(&get, &path, &query).await?;
    let broken = |why: &str| {
        let problem = format!("Salesforce sent a page of results that {why}");
        SourceError::new(Cause::Failing, problem, "sync again: it goes on where it stopped")
    };
    let body = String::from_utf8_lossy(&reply.body);
    let mut reader = csv::ReaderBuilder::new().from_reader(body.as_bytes());
    let header = reader.headers().map_err(|_| broken("cannot be read"))?.clone();
    let rows: Result<Vec<_>, _> = reader.records().collect();
    let rows = rows.map_err(|_| broken("breaks off"))?;
    let said = reply.header("sforce-numberofrecords").and_then(|count| count.parse().ok());
    if said.is_some_and(|said: usize| said != rows.len()) {
        return Err(broken("lacks rows"));
    }
    let locator = reply.header("sforce-locator").filter(|locator| *locator != "null");
    let locator = locator.filter(|locator| !locator.is_empty()).map(str::to_owned);
    Ok(Results { header, rows, locator })
}

/// Tells Salesforce that a job is no longer needed. It forgets it anyway after a week.
pub(super) async fn forget(session: &Session, job: &str) {
    let delete = |url| Request { method: "DELETE", ..Request::get(url).expecting(Expect::Any) };
    let forgotten = session.call(&delete, &format!("jobs/query/{job}"), &[]).await;
    if let Err(error) = forgotten {
        tracing::debug!(%error, "a bulk job was left to expire");
    }
}

/// Whether bulk queries are there at all for an error's sake: small editions lack them.
pub(super) fn is_missing(error: &SourceError) -> bool {
    matches!(error.cause, Cause::Permission | Cause::WrongHost | Cause::Answer)
}
