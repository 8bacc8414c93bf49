//! Opportunities with all that goes with them, onto a page.

use std::collections::BTreeSet;

use serde_json::Value;

use super::describe::{Detail, History, records};
use super::rows::{add_activity, add_deal, add_event, add_tracked, value};
use super::session::Session;
use super::soql;
use crate::{Deletion, Description, Page, SourceError};

/// Ids in one query: its address must stay below 16,000 letters.
const IDS: usize = 200;

pub(super) struct Reader<'a> {
    pub(super) session: &'a Session,
    pub(super) description: &'a Description,
    pub(super) detail: Detail,
}

impl<'a> Reader<'a> {
    pub(super) fn new(session: &'a Session, description: &'a Description) -> Self {
        let detail = serde_json::from_value(description.detail.clone()).unwrap_or_default();
        Self { session, description, detail }
    }

    pub(super) fn select(&self) -> String {
        format!("SELECT {} FROM Opportunity", self.detail.columns.join(", "))
    }

    /// The columns of a query for the history or for activities.
    pub(super) fn further(&self, object: &str) -> String {
        self.detail
            .further
            .get(object)
            .map_or_else(|| "Id".to_owned(), |columns| columns.join(", "))
    }

    /// A query's first page, or the one at `next`.
    pub(super) async fn query(
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

    /// Adds opportunities by their ids; those that are not there any more are gone.
    pub(super) async fn add_by_id(
        &self,
        page: &mut Page,
        ids: &[String],
    ) -> Result<(), SourceError> {
        let (ids, others): (Vec<_>, Vec<_>) = ids.iter().cloned().partition(|id| soql::is_id(id));
        page.deleted.extend(others.into_iter().map(|deal| Deletion { deal, at: 0 }));
        for ids in ids.chunks(IDS) {
            let query = format!("{} WHERE Id IN {}", self.select(), soql::ids(ids));
            let found = self.all("queryAll", &query).await?;
            let read: BTreeSet<_> = found.iter().map(|deal| value(deal, "Id")).collect();
            let gone = ids.iter().filter(|id| !read.contains(*id));
            page.deleted.extend(gone.map(|id| Deletion { deal: id.clone(), at: 0 }));
            self.add(page, &found).await?;
        }
        Ok(())
    }

    /// Adds opportunities with their histories and activities.
    pub(super) async fn add(&self, page: &mut Page, found: &[Value]) -> Result<(), SourceError> {
        for found in found.chunks(IDS) {
            let before = page.deals.rows.len();
            for record in found {
                add_deal(page, &self.description.columns, |column| value(record, column));
            }
            let ids: Vec<_> = page.deals.rows[before..].iter().map(|deal| &deal.deal).collect();
            if ids.is_empty() {
                continue;
            }
            let ids = soql::ids(ids);
            if let Some(object) = self.detail.history.object() {
                let (columns, of_stages) = (self.further(object), self.detail.history.condition());
                let query = format!(
                    "SELECT {columns} FROM {object} WHERE OpportunityId IN {ids}{of_stages} ORDER \
                     BY OpportunityId, CreatedDate, Id"
                );
                let history = self.all("query", &query).await?;
                if self.detail.history == History::Tracked {
                    add_tracked(page, found, &history, &self.description.stages);
                } else {
                    for record in &history {
                        add_event(page, |column| value(record, column));
                    }
                }
            }
            for object in &self.detail.activities {
                let columns = self.further(object);
                let query = format!("SELECT {columns} FROM {object} WHERE WhatId IN {ids}");
                for record in self.all("query", &query).await? {
                    add_activity(page, object, |column| value(&record, column));
                }
            }
        }
        Ok(())
    }

    /// All records of a query.
    async fn all(&self, resource: &str, query: &str) -> Result<Vec<Value>, SourceError> {
        let mut all = Vec::new();
        let mut next = None;
        loop {
            let answer = self.query(resource, query, next.as_deref()).await?;
            all.extend(records(&answer).iter().cloned());
            next = next_url(&answer);
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}

/// Where the next records of a query are.
pub(super) fn next_url(answer: &Value) -> Option<String> {
    answer["nextRecordsUrl"].as_str().map(str::to_owned)
}
