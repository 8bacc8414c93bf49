//! Query jobs of the Bulk API 2.0: made, asked after, read page by page as CSV, deleted.

use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::error::Refusal;
use super::id::record_id;
use super::query::{self, Found};
use super::soql;
use super::{Salesforce, organization_user};
use crate::call::{Answer, Call};
use crate::value::salesforce_time;
use crate::world::{Millis, World};

/// How often a job is asked after before it is done.
const POLLS: u32 = 1;
/// Rows of a page when the reader does not say.
const USUAL_ROWS: usize = 50_000;

pub(crate) struct Job {
    id: String,
    operation: String,
    query: String,
    version: String,
    made: Millis,
    polls: u32,
    aborted: bool,
    found: Found,
}

impl Salesforce {
    pub(super) fn job(
        &mut self,
        world: &World,
        call: &Call,
        version: &str,
        rest: &[&str],
    ) -> Result<Answer, Refusal> {
        match (call.method.as_str(), rest) {
            ("POST", []) => self.make_job(world, call, version),
            ("GET", []) => {
                let jobs: Vec<Json> = self.jobs.values().map(Job::describe).collect();
                let body = json!({ "done": true, "records": jobs, "nextRecordsUrl": null });
                Ok(Answer::json(200, &body))
            }
            ("GET", [id]) => {
                let job = self.find_job(id)?;
                job.polls += 1;
                Ok(Answer::json(200, &job.describe()))
            }
            ("PATCH", [id]) => {
                let job = self.find_job(id)?;
                job.aborted = true;
                Ok(Answer::json(200, &job.describe()))
            }
            ("DELETE", [id]) => {
                let id = self.find_job(id)?.id.clone();
                self.jobs.retain(|_, job| job.id != id);
                Ok(Answer::empty(204))
            }
            ("GET", [id, "results"]) => self.results(world, call, version, id),
            _ => Err(Refusal::not_found()),
        }
    }

    fn find_job(&mut self, id: &str) -> Result<&mut Job, Refusal> {
        self.jobs.values_mut().find(|job| job.id == id).ok_or_else(Refusal::not_found)
    }

    fn make_job(&mut self, world: &World, call: &Call, version: &str) -> Result<Answer, Refusal> {
        let wrong = |message: &str| Refusal::new(400, "API_ERROR", message);
        let body = call.json().ok_or_else(|| wrong("The request body is not JSON"))?;
        let operation = body["operation"].as_str().unwrap_or("");
        if operation != "query" && operation != "queryAll" {
            return Err(wrong("The operation must be query or queryAll"));
        }
        let text = body["query"].as_str().ok_or_else(|| wrong("The query is missing"))?;
        let query = soql::parse(text)?;
        if query.offset > 0 || !query.group_by.is_empty() {
            return Err(wrong("Bulk API 2.0 does not support OFFSET or GROUP BY"));
        }
        let found = query::run(world, &query, operation == "queryAll", &self.changes)?;
        if found.only_count || found.groups.is_some() {
            return Err(wrong("Aggregate Relationships not supported in Bulk Query"));
        }
        self.made += 1;
        let job = Job {
            id: record_id("750", self.made),
            operation: operation.to_owned(),
            query: text.to_owned(),
            version: version.to_owned(),
            made: world.clock.now(),
            polls: 0,
            aborted: false,
            found,
        };
        let described = job.describe();
        self.jobs.insert(self.made, job);
        Ok(Answer::json(200, &described))
    }

    fn results(
        &mut self,
        world: &World,
        call: &Call,
        version: &str,
        id: &str,
    ) -> Result<Answer, Refusal> {
        let job = self.find_job(id)?;
        if job.version != version {
            return Err(Refusal::new(409, "API_ERROR", "Use the version that made the job"));
        }
        if job.state() != "JobComplete" {
            return Err(Refusal::new(400, "API_ERROR", "The job has no results yet"));
        }
        let locator = call.parameter("locator").filter(|locator| !locator.is_empty());
        let from = match locator {
            None => 0,
            Some(locator) => data_encoding::BASE64URL_NOPAD
                .decode(locator.as_bytes())
                .ok()
                .and_then(|it| String::from_utf8(it).ok())
                .and_then(|it| it.parse().ok())
                .ok_or_else(|| Refusal::new(400, "API_ERROR", "Invalid locator"))?,
        };
        let rows = job.found.rows.len();
        let asked = call.parameter("maxRecords").and_then(|it| it.parse().ok());
        let to = rows.min(from + asked.unwrap_or(USUAL_ROWS).max(1));
        let next = if to < rows {
            data_encoding::BASE64URL_NOPAD.encode(to.to_string().as_bytes())
        } else {
            "null".to_owned()
        };
        let body = csv_page(world, &job.found, from.min(to), to)?;
        let answer = Answer { content_type: "text/csv", body, ..Answer::empty(200) };
        Ok(answer.with("Sforce-NumberOfRecords", to - from.min(to)).with("Sforce-Locator", next))
    }
}

impl Job {
    fn state(&self) -> &'static str {
        match (self.aborted, self.polls) {
            (true, _) => "Aborted",
            (_, 0) => "UploadComplete",
            (_, polls) if polls <= POLLS => "InProgress",
            _ => "JobComplete",
        }
    }

    fn describe(&self) -> Json {
        let made = salesforce_time(self.made, "+0000");
        let version: f64 = self.version.trim_start_matches('v').parse().unwrap_or(0.0);
        let mut described = json!({
            "id": self.id,
            "operation": self.operation,
            "object": self.found.object.name,
            "createdById": organization_user(),
            "createdDate": made,
            "systemModstamp": made,
            "state": self.state(),
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": version,
            "jobType": "V2Query",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "query": self.query,
        });
        if self.state() == "JobComplete" {
            described["numberRecordsProcessed"] = self.found.rows.len().into();
            described["retries"] = 0.into();
            described["totalProcessingTime"] = 334.into();
        }
        described
    }
}

fn csv_page(world: &World, found: &Found, from: usize, to: usize) -> Result<Bytes, Refusal> {
    let failed = |_| Refusal::new(500, "UNKNOWN_EXCEPTION", "The page cannot be written");
    let mut writer =
        csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(vec![]);
    writer.write_record(found.paths.iter().map(|path| &path.text)).map_err(failed)?;
    for row in &found.rows[from..to] {
        let values = found.paths.iter().map(|path| path.value(world, row).to_salesforce_csv());
        writer.write_record(values).map_err(failed)?;
    }
    let bytes = writer.into_inner();
    bytes.map(Bytes::from).map_err(|_| Refusal::new(500, "UNKNOWN_EXCEPTION", "cannot be written"))
}
