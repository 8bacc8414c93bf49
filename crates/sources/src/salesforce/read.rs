//! A reading of Salesforce, page by page.
//!
//! Everything is read by bulk queries. Changes are read in the order of `SystemModstamp`, deleted
//! opportunities among them, from some minutes before the newest change seen: a transaction that
//! takes long commits with the time at which it began. With each changed opportunity comes all of its
//! history and its activities. What an opportunity looks up, an account, its owner, their role, and
//! what looks it up, a task, change without it: these are asked for by their own times.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::describe::{Detail, records};
use super::rows::{add_activity, add_deal, add_event, value};
use super::session::Session;
use super::{bulk, soql};
use crate::text::microseconds;
use crate::{Cause, Cursor, Deletion, Description, Next, Page, Position, SourceError};

/// Changes are looked for from this long before the newest one seen, in microseconds.
const OVERLAP: i64 = 5 * 60 * 1_000_000;
/// Ids in one query: its address must stay below 16,000 letters.
const IDS: usize = 200;

/// Where a reading stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum Reading {
    /// Looks for the newest change, from which on changes are caught up with after the bulk queries.
    Mark,
    /// Reads every row of an object.
    Bulk { object: String, job: Option<String>, locator: Option<String>, since: i64 },
    /// Reads the opportunities that changed.
    Changes { since: i64, from: i64, next: Option<String>, newest: i64 },
    /// Reads again the opportunities whose account, owner or role changed.
    Parents { since: i64, next: Option<String>, newest: i64 },
    /// Reads again the opportunities whose tasks or events changed.
    Activities { since: i64, object: String, next: Option<String>, newest: i64 },
}

/// What the next reading needs.
#[derive(Debug, Serialize, Deserialize)]
struct Since {
    microseconds: i64,
}

pub(super) fn begin(since: Option<&Cursor>) -> Reading {
    match since.and_then(Cursor::read::<Since>) {
        None => Reading::Mark,
        Some(Since { microseconds: newest }) => {
            let since = newest - OVERLAP;
            Reading::Changes { since, from: since, next: None, newest }
        }
    }
}

pub(super) async fn page(
    session: &Session,
    reading: Reading,
    description: &Description,
) -> Result<Page, SourceError> {
    let reader = Reader::new(session, description);
    match reading {
        Reading::Mark => reader.mark().await,
        Reading::Bulk { object, job, locator, since } => {
            reader.bulk(object, job, locator, since).await
        }
        Reading::Changes { since, from, next, newest } => {
            reader.changes(since, from, next, newest).await
        }
        Reading::Parents { since, next, newest } => reader.parents(since, next, newest).await,
        Reading::Activities { since, object, next, newest } => {
            reader.activities(since, &object, next, newest).await
        }
    }
}

pub(super) async fn deals(
    session: &Session,
    ids: &[String],
    description: &Description,
) -> Result<Page, SourceError> {
    let reader = Reader::new(session, description);
    let mut page = Page::empty(Next::End(Cursor(Value::Null)));
    reader.add_by_id(&mut page, ids).await?;
    Ok(page)
}

struct Reader<'a> {
    session: &'a Session,
    description: &'a Description,
    detail: Detail,
}

fn then(reading: &Reading) -> Next {
    Next::Page(Position::of(reading))
}

impl<'a> Reader<'a> {
    fn new(session: &'a Session, description: &'a Description) -> Self {
        let detail = serde_json::from_value(description.detail.clone()).unwrap_or_default();
        Self { session, description, detail }
    }

    fn select(&self) -> String {
        format!("SELECT {} FROM Opportunity", self.detail.columns.join(", "))
    }

    /// A query's first page, or the one at `next`.
    async fn query(
        &self,
        resource: &str,
        query: &str,
        next: Option<&str>,
    ) -> Result<Value, SourceError> {
        match next {
            Some(next) => self.session.get(next, &[]).await,
            None => self.session.get(resource, &[("q", query)]).await,
        }
    }

    async fn mark(&self) -> Result<Page, SourceError> {
        let query = "SELECT SystemModstamp FROM Opportunity ORDER BY SystemModstamp DESC LIMIT 1";
        let answer = self.query("query", query, None).await?;
        let newest = records(&answer).first().map(|record| value(record, "SystemModstamp"));
        let since = newest.map_or(0, |newest| microseconds(&newest));
        Ok(Page::empty(Self::bulk_of("Opportunity", since)))
    }

    fn bulk_of(object: &str, since: i64) -> Next {
        then(&Reading::Bulk { object: object.to_owned(), job: None, locator: None, since })
    }

    /// What comes after all rows of an object.
    fn after_bulk(&self, object: &str, since: i64) -> Next {
        let history = self.detail.history.then_some("OpportunityHistory");
        let objects = [Some("Opportunity"), history].into_iter().flatten();
        let mut objects = objects.chain(self.detail.activities.iter().map(String::as_str));
        objects.by_ref().find(|known| *known == object);
        match objects.next() {
            Some(object) => Self::bulk_of(object, since),
            None => Self::changes_since(since),
        }
    }

    fn changes_since(newest: i64) -> Next {
        let since = newest - OVERLAP;
        then(&Reading::Changes { since, from: since, next: None, newest })
    }

    async fn bulk(
        &self,
        object: String,
        job: Option<String>,
        locator: Option<String>,
        since: i64,
    ) -> Result<Page, SourceError> {
        let Some(job) = job else { return self.begin_bulk(object, since).await };
        let read = match bulk::wait(self.session, &job).await {
            Ok(()) => bulk::results(self.session, &job, locator.as_deref()).await,
            Err(error) => Err(error),
        };
        let results = match read {
            // The job is over or forgotten; its rows are read again, and known by their ids.
            Err(error) if error.cause == Cause::Expired && locator.is_some() => {
                return Ok(Page::empty(Self::bulk_of(&object, since)));
            }
            read => read?,
        };
        let following = match &results.locator {
            Some(_) => {
                let (object, job) = (object.clone(), Some(job.clone()));
                then(&Reading::Bulk { object, job, locator: results.locator.clone(), since })
            }
            None => self.after_bulk(&object, since),
        };
        let mut page = Page { whole: false, ..Page::empty(following) };
        for row in &results.rows {
            let value = |column: &str| results.value(row, column);
            match object.as_str() {
                "Opportunity" => add_deal(&mut page, &self.description.columns, value),
                "OpportunityHistory" => add_event(&mut page, value),
                object => add_activity(&mut page, object, value),
            }
        }
        if results.locator.is_none() {
            bulk::forget(self.session, &job).await;
        }
        Ok(page)
    }

    async fn begin_bulk(&self, object: String, since: i64) -> Result<Page, SourceError> {
        let query = match object.as_str() {
            "Opportunity" => self.select(),
            "OpportunityHistory" => format!("SELECT {HISTORY} FROM OpportunityHistory"),
            object => format!("SELECT {} FROM {object}", activity_columns(object)),
        };
        match bulk::begin(self.session, &query).await {
            Ok(job) => {
                let reading = Reading::Bulk { object, job: Some(job), locator: None, since };
                Ok(Page::empty(then(&reading)))
            }
            // Everything ever changed is everything.
            Err(error) if bulk::is_missing(&error) && object == "Opportunity" => {
                tracing::info!(%error, "no bulk queries here, reading by ordinary ones");
                Ok(Page::empty(Self::changes_since(0)))
            }
            Err(error) => Err(error),
        }
    }

    async fn changes(
        &self,
        since: i64,
        from: i64,
        next: Option<String>,
        newest: i64,
    ) -> Result<Page, SourceError> {
        let query = format!(
            "{} WHERE SystemModstamp >= {} ORDER BY SystemModstamp, Id",
            self.select(),
            soql::instant(from)
        );
        let answer = match self.query("queryAll", &query, next.as_deref()).await {
            Err(error) if error.cause == Cause::Expired && next.is_some() => {
                let from = from.max(newest - OVERLAP);
                return Ok(Page::empty(then(&Reading::Changes {
                    since,
                    from,
                    next: None,
                    newest,
                })));
            }
            read => read?,
        };
        let times = records(&answer).iter().map(|record| value(record, "SystemModstamp"));
        let newest = times.map(|time| microseconds(&time)).fold(newest, i64::max);
        let mut page = Page::empty(match next_url(&answer) {
            Some(url) => then(&Reading::Changes { since, from, next: Some(url), newest }),
            None if since > 0 => then(&Reading::Parents { since, next: None, newest }),
            None => end(newest),
        });
        self.add(&mut page, &answer).await?;
        Ok(page)
    }

    async fn parents(
        &self,
        since: i64,
        next: Option<String>,
        newest: i64,
    ) -> Result<Page, SourceError> {
        let following = match self.detail.activities.first() {
            Some(object) => {
                let object = object.clone();
                then(&Reading::Activities { since, object, next: None, newest })
            }
            None => end(newest),
        };
        if self.detail.parents.is_empty() {
            return Ok(Page::empty(following));
        }
        let instant = soql::instant(since);
        let changed = self.detail.parents.iter();
        let changed: Vec<_> =
            changed.map(|path| format!("{path}.SystemModstamp >= {instant}")).collect();
        let query = format!("{} WHERE {} ORDER BY Id", self.select(), changed.join(" OR "));
        let answer = match self.query("query", &query, next.as_deref()).await {
            Err(error) if error.cause == Cause::Expired && next.is_some() => {
                return Ok(Page::empty(then(&Reading::Parents { since, next: None, newest })));
            }
            read => read?,
        };
        let mut page = Page::empty(match next_url(&answer) {
            Some(url) => then(&Reading::Parents { since, next: Some(url), newest }),
            None => following,
        });
        self.add(&mut page, &answer).await?;
        Ok(page)
    }

    async fn activities(
        &self,
        since: i64,
        object: &str,
        next: Option<String>,
        newest: i64,
    ) -> Result<Page, SourceError> {
        let query = format!(
            "SELECT Id, WhatId, SystemModstamp FROM {object} WHERE SystemModstamp >= {} ORDER BY \
             SystemModstamp, Id",
            soql::instant(since)
        );
        let reading = |object: &str, next| {
            then(&Reading::Activities { since, object: object.to_owned(), next, newest })
        };
        let answer = match self.query("queryAll", &query, next.as_deref()).await {
            Err(error) if error.cause == Cause::Expired && next.is_some() => {
                return Ok(Page::empty(reading(object, None)));
            }
            read => read?,
        };
        let mut objects = self.detail.activities.iter();
        objects.by_ref().find(|known| *known == object);
        let mut page = Page::empty(match (next_url(&answer), objects.next()) {
            (Some(url), _) => reading(object, Some(url)),
            (None, Some(object)) => reading(object, None),
            (None, None) => end(newest),
        });
        let about = records(&answer).iter().map(|record| value(record, "WhatId"));
        let deals: BTreeSet<String> = about.filter(|id| id.starts_with("006")).collect();
        let deals: Vec<_> = deals.into_iter().collect();
        self.add_by_id(&mut page, &deals).await?;
        Ok(page)
    }

    /// Adds opportunities by their ids; those that are not there any more are gone.
    async fn add_by_id(&self, page: &mut Page, ids: &[String]) -> Result<(), SourceError> {
        for ids in ids.chunks(IDS) {
            let query = format!("{} WHERE Id IN {}", self.select(), soql::ids(ids));
            let answer = self.query("queryAll", &query, None).await?;
            let read: BTreeSet<_> = records(&answer).iter().map(|deal| value(deal, "Id")).collect();
            let gone = ids.iter().filter(|id| !read.contains(*id));
            page.deleted.extend(gone.map(|id| Deletion { deal: id.clone(), at: 0 }));
            self.add(page, &answer).await?;
        }
        Ok(())
    }

    /// Adds the opportunities of an answer with their histories and activities.
    async fn add(&self, page: &mut Page, answer: &Value) -> Result<(), SourceError> {
        let before = page.deals.rows.len();
        for record in records(answer) {
            add_deal(page, &self.description.columns, |column| value(record, column));
        }
        let added = &page.deals.rows[before..];
        let ids: Vec<String> = added.iter().map(|deal| deal.deal.clone()).collect();
        for ids in ids.chunks(IDS) {
            let ids = soql::ids(ids);
            if self.detail.history {
                let query = format!(
                    "SELECT {HISTORY} FROM OpportunityHistory WHERE OpportunityId IN {ids} ORDER BY \
                     OpportunityId, CreatedDate, Id"
                );
                for record in self.all(&query).await? {
                    add_event(page, |column| value(&record, column));
                }
            }
            for object in &self.detail.activities {
                let columns = activity_columns(object);
                let query = format!("SELECT {columns} FROM {object} WHERE WhatId IN {ids}");
                for record in self.all(&query).await? {
                    add_activity(page, object, |column| value(&record, column));
                }
            }
        }
        Ok(())
    }

    /// All records of a query.
    async fn all(&self, query: &str) -> Result<Vec<Value>, SourceError> {
        let mut all = Vec::new();
        let mut next = None;
        loop {
            let answer = self.query("query", query, next.as_deref()).await?;
            all.extend(records(&answer).iter().cloned());
            next = next_url(&answer);
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}

const HISTORY: &str = "Id, OpportunityId, StageName, CreatedDate";

fn activity_columns(object: &str) -> &'static str {
    if object == "Task" {
        "Id, WhatId, ActivityDate, CreatedDate, TaskSubtype"
    } else {
        "Id, WhatId, ActivityDate, CreatedDate"
    }
}

fn next_url(answer: &Value) -> Option<String> {
    answer["nextRecordsUrl"].as_str().map(str::to_owned)
}

fn end(newest: i64) -> Next {
    Next::End(Cursor::of(&Since { microseconds: newest }))
}
