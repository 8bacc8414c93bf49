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

use super::describe::{History, records};
use super::place::Place;
use super::reader::{Reader, next_url};
use super::rows::{add_activity, add_deal, add_event, of_type, value};
use super::session::Session;
use super::{bulk, soql};
use crate::text::microseconds;
use crate::{Cause, Cursor, Description, Next, Page, Position, SourceError};

/// Changes are looked for from this long before the newest one seen, in microseconds.
const OVERLAP: i64 = 5 * 60 * 1_000_000;

/// Where a reading stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum Reading {
    /// Looks for the newest change, from which on changes are caught up with after the bulk queries.
    Mark,
    /// Reads every row of an object.
    Bulk { object: String, job: Option<String>, locator: Option<String>, since: i64 },
    /// Reads the opportunities that changed.
    Changes { since: i64, place: Place, newest: i64 },
    /// Reads again the opportunities whose account, owner or role changed.
    Parents { since: i64, place: Place, newest: i64 },
    /// Reads again the opportunities whose tasks or events changed.
    Activities { since: i64, object: String, place: Place, newest: i64 },
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
            Reading::Changes { since, place: Place::beginning(since), newest }
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
        Reading::Changes { since, place, newest } => reader.changes(since, place, newest).await,
        Reading::Parents { since, place, newest } => reader.parents(since, place, newest).await,
        Reading::Activities { since, object, place, newest } => {
            reader.activities(since, &object, place, newest).await
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

fn then(reading: &Reading) -> Next {
    Next::Page(Position::of(reading))
}

impl Reader<'_> {
    async fn mark(&self) -> Result<Page, SourceError> {
        let query = "SELECT SystemModstamp FROM Opportunity ORDER BY SystemModstamp DESC LIMIT 1";
        let answer = self.query("query", query, None).await?;
        let newest = records(&answer).first().map(|record| value(record, "SystemModstamp"));
        let since = newest.map_or(0, |newest| microseconds(&newest));
        if self.detail.history == History::Tracked {
            // Where a deal began is told by its own row, so the two come together.
            return Ok(Page::empty(Self::all_ever_changed(since)));
        }
        Ok(Page::empty(Self::bulk_of("Opportunity", since)))
    }

    fn bulk_of(object: &str, since: i64) -> Next {
        then(&Reading::Bulk { object: object.to_owned(), job: None, locator: None, since })
    }

    /// What comes after all rows of an object.
    fn after_bulk(&self, object: &str, since: i64) -> Next {
        let mut objects = vec!["Opportunity"];
        objects.extend(self.detail.history.object());
        objects.extend(self.detail.activities.iter().map(String::as_str));
        // What is hidden by now was not the first.
        let place = objects.iter().position(|known| *known == object).unwrap_or(0);
        match objects.get(place + 1) {
            Some(object) => Self::bulk_of(object, since),
            None => Self::changes_since(since),
        }
    }

    fn changes_since(newest: i64) -> Next {
        let since = newest - OVERLAP;
        then(&Reading::Changes { since, place: Place::beginning(since), newest })
    }

    /// Everything without bulk queries: whatever changed once is all that there is.
    fn all_ever_changed(newest: i64) -> Next {
        let since = newest - OVERLAP;
        then(&Reading::Changes { since, place: Place::beginning(0), newest })
    }

    async fn bulk(
        &self,
        object: String,
        job: Option<String>,
        locator: Option<String>,
        since: i64,
    ) -> Result<Page, SourceError> {
        match self.detail.history {
            // It was hidden meanwhile.
            History::Tracked => return Ok(Page::empty(Self::all_ever_changed(since))),
            History::None if object == "OpportunityHistory" => {
                return Ok(Page::empty(self.after_bulk(&object, since)));
            }
            _ => {}
        }
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
                "Opportunity" => add_deal(&mut page, &self.description.columns, |column| {
                    of_type(self.description.types.get(column), value(column))
                }),
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
            object => format!("SELECT {} FROM {object}", self.further(object)),
        };
        match bulk::begin(self.session, &query).await {
            Ok(job) => {
                let reading = Reading::Bulk { object, job: Some(job), locator: None, since };
                Ok(Page::empty(then(&reading)))
            }
            Err(error) if bulk::is_missing(&error) && object == "Opportunity" => {
                tracing::info!(%error, "no bulk queries here, reading by ordinary ones");
                Ok(Page::empty(Self::all_ever_changed(since)))
            }
            Err(error) => Err(error),
        }
    }

    async fn changes(&self, since: i64, place: Place, newest: i64) -> Result<Page, SourceError> {
        let query =
            format!("{} WHERE {} ORDER BY SystemModstamp, Id", self.select(), place.later());
        let reading = |place, newest| then(&Reading::Changes { since, place, newest });
        let answer = match self.query("queryAll", &query, place.next.as_deref()).await {
            Err(error) if error.cause == Cause::Expired && place.next.is_some() => {
                return Ok(Page::empty(reading(place.anew(), newest)));
            }
            read => read?,
        };
        let times = records(&answer).iter().map(|record| value(record, "SystemModstamp"));
        let newest = times.map(|time| microseconds(&time)).fold(newest, i64::max);
        let mut page = Page::empty(match next_url(&answer) {
            Some(url) => reading(place.following(&answer, url), newest),
            None if since > 0 => then(&Reading::Parents { since, place: Place::default(), newest }),
            None => end(newest),
        });
        self.add(&mut page, records(&answer)).await?;
        Ok(page)
    }

    async fn parents(&self, since: i64, place: Place, newest: i64) -> Result<Page, SourceError> {
        let following = match self.detail.activities.first() {
            Some(object) => {
                let (object, place) = (object.clone(), Place::beginning(since));
                then(&Reading::Activities { since, object, place, newest })
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
        let after = place.after.as_ref().filter(|id| soql::is_id(id));
        let after = after.map_or_else(String::new, |id| format!(" AND Id > '{id}'"));
        let query =
            format!("{} WHERE ({}){after} ORDER BY Id", self.select(), changed.join(" OR "));
        let reading = |place| then(&Reading::Parents { since, place, newest });
        let answer = match self.query("query", &query, place.next.as_deref()).await {
            Err(error) if error.cause == Cause::Expired && place.next.is_some() => {
                return Ok(Page::empty(reading(place.anew())));
            }
            read => read?,
        };
        let mut page = Page::empty(match next_url(&answer) {
            Some(url) => reading(place.following(&answer, url)),
            None => following,
        });
        self.add(&mut page, records(&answer)).await?;
        Ok(page)
    }

    async fn activities(
        &self,
        since: i64,
        object: &str,
        place: Place,
        newest: i64,
    ) -> Result<Page, SourceError> {
        let query = format!(
            "SELECT Id, WhatId, SystemModstamp FROM {object} WHERE {} ORDER BY SystemModstamp, Id",
            place.later()
        );
        let reading = |object: &str, place| {
            then(&Reading::Activities { since, object: object.to_owned(), place, newest })
        };
        let answer = match self.query("queryAll", &query, place.next.as_deref()).await {
            Err(error) if error.cause == Cause::Expired && place.next.is_some() => {
                return Ok(Page::empty(reading(object, place.anew())));
            }
            read => read?,
        };
        let mut objects = self.detail.activities.iter();
        objects.by_ref().find(|known| *known == object);
        let mut page = Page::empty(match (next_url(&answer), objects.next()) {
            (Some(url), _) => reading(object, place.following(&answer, url)),
            (None, Some(object)) => reading(object, Place::beginning(since)),
            (None, None) => end(newest),
        });
        let about = records(&answer).iter().map(|record| value(record, "WhatId"));
        let deals: BTreeSet<String> = about.filter(|id| id.starts_with("006")).collect();
        let deals: Vec<_> = deals.into_iter().collect();
        self.add_by_id(&mut page, &deals).await?;
        Ok(page)
    }
}

fn end(newest: i64) -> Next {
    Next::End(Cursor::of(&Since { microseconds: newest }))
}
