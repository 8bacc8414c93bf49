//! Salesforce: sign-in, descriptions, queries, jobs.

mod company;
mod describe;
mod error;
mod id;
mod job;
mod opportunity;
mod query;
mod schema;
mod sign_in;
mod soql;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, OnceLock};

use serde_json::{Map, Value as Json, json};

use crate::call::{Answer, Call};
use crate::faults::{Fault, RequestClass};
use crate::world::World;

use error::Refusal;
use job::Job;
use query::Found;
use schema::{Object, Row};

pub(crate) use opportunity::opportunity_id;
pub(crate) use sign_in::{SignIn, key_pair};

/// The versions of the interface that are served.
const VERSIONS: [(&str, &str); 4] = [
    ("59.0", "Winter '24"),
    ("62.0", "Winter '25"),
    ("65.0", "Winter '26"),
    ("66.0", "Spring '26"),
];
/// Older versions that clients ask for by default.
const OLDEST: u32 = 30;
const NEWEST: u32 = 66;

static OBJECTS: LazyLock<Vec<Object>> = LazyLock::new(|| {
    vec![
        company::accounts(),
        company::currencies(),
        company::dated_rates(),
        opportunity::event(),
        opportunity::opportunity(),
        opportunity::opportunity_field_history(),
        opportunity::opportunity_history(),
        company::stages(),
        company::organization(),
        company::record_types(),
        opportunity::task(),
        company::users(),
        company::roles(),
    ]
});

/// Every object that there is.
pub(crate) fn objects() -> &'static [Object] {
    &OBJECTS
}

/// What an administrator changed about the objects.
#[derive(Debug, Default, Clone)]
pub(crate) struct Changes {
    pub(crate) removed: BTreeSet<(String, String)>,
    pub(crate) retyped: BTreeSet<(String, String)>,
    pub(crate) hidden: BTreeSet<String>,
}

impl Changes {
    pub(crate) fn is_removed(&self, object: &str, field: &str) -> bool {
        self.removed.contains(&(object.to_owned(), field.to_owned()))
    }

    pub(crate) fn is_retyped(&self, object: &str, field: &str) -> bool {
        self.retyped.contains(&(object.to_owned(), field.to_owned()))
    }

    pub(crate) fn is_hidden(&self, object: &str) -> bool {
        self.hidden.contains(object)
    }
}

/// What a server of Salesforce keeps besides the company.
pub(crate) struct Salesforce {
    pub(crate) sign_in: SignIn,
    pub(crate) changes: Changes,
    /// Rows of a page.
    page_size: usize,
    daily_requests: u64,
    used_requests: u64,
    cursors: BTreeMap<u64, Found>,
    jobs: BTreeMap<u64, Job>,
    made: u64,
    url: OnceLock<String>,
}

/// The user in whose name jobs are made.
fn organization_user() -> String {
    opportunity::user_id(0)
}

/// How many open cursors a user has, before the oldest is closed.
const CURSORS: usize = 10;

impl Salesforce {
    pub(crate) fn new(sign_in: SignIn, page_size: usize, daily_requests: u64) -> Self {
        Self {
            sign_in,
            changes: Changes::default(),
            page_size: page_size.clamp(1, 2000),
            daily_requests,
            used_requests: 0,
            cursors: BTreeMap::new(),
            jobs: BTreeMap::new(),
            made: 0,
            url: OnceLock::new(),
        }
    }

    /// Says where the server is reached; once.
    pub(crate) fn reached_at(&self, url: &str) {
        let _ = self.url.set(url.to_owned());
    }

    fn url(&self) -> &str {
        self.url.get().map_or("", String::as_str)
    }

    pub(crate) fn classify(call: &Call) -> RequestClass {
        match call.segments().as_slice() {
            ["services", "oauth2" | "Soap", ..] => RequestClass::Token,
            ["services", "data", _, "query" | "queryAll"] => RequestClass::Query,
            ["services", "data", _, "query" | "queryAll", _] => RequestClass::More,
            ["services", "data", _, "jobs", "query", _, "results"] => RequestClass::Results,
            ["services", "data", _, "jobs", ..] => RequestClass::Job,
            ["services", "data", _, "sobjects", _, id] if *id != "describe" => RequestClass::Record,
            _ => RequestClass::Describe,
        }
    }

    /// The answer that a fault makes of a request, if it does.
    pub(crate) fn failure(fault: Fault, dice: u32) -> Option<Answer> {
        let refusal = match fault {
            Fault::ServerError => {
                let status = [500, 502, 503][dice as usize % 3];
                let code = if status == 503 { "SERVER_UNAVAILABLE" } else { "UNKNOWN_EXCEPTION" };
                Refusal::new(status, code, "An unexpected error occurred")
            }
            Fault::RateLimit => {
                let refusal = Refusal::new(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests");
                return Some(Answer::from(refusal).with("Retry-After", 1));
            }
            Fault::DailyLimit => {
                Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            }
            Fault::LockedRow => Refusal::new(
                400,
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to this record or 1 records",
            ),
            Fault::QueryTimeout => {
                Refusal::new(400, "QUERY_TIMEOUT", "Your query request was running for too long.")
            }
            _ => return None,
        };
        Some(refusal.into())
    }

    /// Answers one request.
    pub(crate) fn answer(&mut self, world: &mut World, call: &Call, faults: &[Fault]) -> Answer {
        let answer = match call.segments().as_slice() {
            ["services", "oauth2", rest @ ..] => {
                let url = self.url().to_owned();
                return self.sign_in.oauth(world, call, rest, &url);
            }
            ["services", "Soap", "u", _] => {
                let url = self.url().to_owned();
                return self.sign_in.soap(world, call, &url);
            }
            ["id", ..] => Ok(Answer::json(200, &self.sign_in.identity(world, self.url()))),
            ["services", "data"] => return Answer::json(200, &describe::versions()),
            ["services", "data", version, rest @ ..] => {
                self.data(world, call, version, rest, faults)
            }
            _ => Err(Refusal::not_found()),
        };
        answer.unwrap_or_else(Answer::from).with(
            "Sforce-Limit-Info",
            format!("api-usage={}/{}", self.used_requests, self.daily_requests),
        )
    }

    fn data(
        &mut self,
        world: &mut World,
        call: &Call,
        version: &str,
        rest: &[&str],
        faults: &[Fault],
    ) -> Result<Answer, Refusal> {
        let number = version.strip_prefix('v').and_then(|it| it.strip_suffix(".0"));
        let number = number.and_then(|it| it.parse::<u32>().ok());
        if !number.is_some_and(|it| (OLDEST..=NEWEST).contains(&it)) {
            return Err(Refusal::not_found());
        }
        if faults.contains(&Fault::ExpireToken) {
            self.sign_in.expire(call.token.as_deref());
        }
        if !self.sign_in.admits(world, call.token.as_deref()) {
            return Err(Refusal::session());
        }
        self.used_requests += 1;
        if self.used_requests > self.daily_requests {
            let message = "TotalRequests Limit exceeded.";
            return Err(Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", message));
        }
        match (call.method.as_str(), rest) {
            ("GET", []) => Ok(Answer::json(200, &describe::resources(version))),
            ("GET", ["limits"]) => {
                let left = self.daily_requests.saturating_sub(self.used_requests);
                Ok(Answer::json(200, &describe::limits(self.daily_requests, left)))
            }
            ("GET", ["sobjects"]) => Ok(Answer::json(200, &describe::all(version, &self.changes))),
            ("GET", ["sobjects", name, "describe"]) => {
                describe::one(world, version, name, &self.changes).map(|it| Answer::json(200, &it))
            }
            ("GET", ["sobjects", name, id]) => self.record(world, call, version, name, id),
            ("GET", ["query" | "queryAll"]) => {
                let text = call.parameter("q").unwrap_or("");
                self.query(world, version, text, rest[0] == "queryAll")
            }
            ("GET", ["query" | "queryAll", locator]) => {
                self.more(world, version, locator, faults.contains(&Fault::Duplicate))
            }
            (_, ["jobs", "query", rest @ ..]) => self.job(world, call, version, rest),
            _ => Err(Refusal::not_found()),
        }
    }

    fn query(
        &mut self,
        world: &World,
        version: &str,
        text: &str,
        all: bool,
    ) -> Result<Answer, Refusal> {
        let query = soql::parse(text)?;
        let found = query::run(world, &query, all, &self.changes)?;
        if let Some(groups) = &found.groups {
            let body = json!({ "totalSize": groups.len(), "done": true, "records": groups });
            return Ok(Answer::json(200, &body));
        }
        if found.only_count {
            let body = json!({ "totalSize": found.rows.len(), "done": true, "records": [] });
            return Ok(Answer::json(200, &body));
        }
        self.made += 1;
        let (number, size) = (self.made, self.page_size);
        let answer = page(world, version, number, &found, 0, size, false);
        if found.rows.len() > size {
            self.cursors.insert(number, found);
            while self.cursors.len() > CURSORS {
                self.cursors.pop_first();
            }
        }
        Ok(answer)
    }

    fn more(
        &mut self,
        world: &World,
        version: &str,
        locator: &str,
        repeat: bool,
    ) -> Result<Answer, Refusal> {
        let invalid = || Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
        let (cursor, from) = locator.split_once('-').ok_or_else(invalid)?;
        let number = cursor.strip_prefix("01g5e").and_then(|it| it.parse().ok());
        let found = number.and_then(|number| self.cursors.get(&number)).ok_or_else(invalid)?;
        let from = from.parse().map_err(|_| invalid())?;
        Ok(page(world, version, number.unwrap_or(0), found, from, self.page_size, repeat))
    }

    fn record(
        &self,
        world: &World,
        call: &Call,
        version: &str,
        name: &str,
        id: &str,
    ) -> Result<Answer, Refusal> {
        let object = objects().iter().find(|it| it.name == name).ok_or_else(Refusal::not_found)?;
        let all = object.fields.iter().map(|field| field.name.to_owned());
        let visible = all.filter(|field| !self.changes.is_removed(name, field));
        let asked = call.list("fields");
        let fields: Vec<String> = if asked.is_empty() { visible.collect() } else { asked };
        let id = id.replace('\'', "");
        let text = format!("SELECT {} FROM {name} WHERE Id = '{id}'", fields.join(", "));
        let found = query::run(world, &soql::parse(&text)?, false, &self.changes)?;
        let row = found.rows.first().ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(200, &record(world, version, &found, row)))
    }
}

fn page(
    world: &World,
    version: &str,
    cursor: u64,
    found: &Found,
    from: usize,
    size: usize,
    repeat: bool,
) -> Answer {
    let from = from.min(found.rows.len());
    let to = (from + size).min(found.rows.len());
    let first = if repeat { from.saturating_sub(1) } else { from };
    let records = found.rows[first..to].iter().map(|row| record(world, version, found, row));
    let records: Vec<Json> = records.collect();
    let done = to == found.rows.len();
    let mut body = json!({ "totalSize": found.rows.len(), "done": done, "records": records });
    if !done {
        body["nextRecordsUrl"] =
            format!("/services/data/{version}/query/01g5e{cursor:013}-{to}").into();
    }
    Answer::json(200, &body)
}

/// A record with its relationships nested.
fn record(world: &World, version: &str, found: &Found, row: &Row) -> Json {
    let object = found.object;
    let attributes = |object: &Object, row: &Row| {
        let id =
            object.field("Id").map_or(String::new(), |it| it.value(world, row).to_salesforce_csv());
        let url = format!("/services/data/{version}/sobjects/{}/{id}", object.name);
        json!({ "type": object.name, "url": url })
    };
    let mut record = Map::new();
    record.insert("attributes".to_owned(), attributes(object, row));
    for path in &found.paths {
        let (joins, field) = path.names();
        let value = path.value(world, row).to_salesforce_json();
        insert(&mut record, &joins, &path.targets(), field, value);
    }
    record.into()
}

/// Puts a value at the end of a path of nested records.
fn insert(
    record: &mut Map<String, Json>,
    joins: &[&str],
    targets: &[&str],
    field: &str,
    value: Json,
) {
    let (Some((join, joins)), Some((target, targets))) =
        (joins.split_first(), targets.split_first())
    else {
        record.insert(field.to_owned(), value);
        return;
    };
    let empty = || json!({ "attributes": { "type": target } });
    let nested = record.entry((*join).to_owned()).or_insert_with(empty);
    if let Some(nested) = nested.as_object_mut() {
        insert(nested, joins, targets, field, value);
    }
}
