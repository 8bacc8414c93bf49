//! A reading of HubSpot, page by page.
//!
//! Everything is read by listing, which goes by id and so misses no deal that exists all the while.
//! Changes are searched for by the time of the last change, in its order. A page begins at the time at which
//! the one before it ended, never at a count of results: a deal that changes meanwhile moves to the end,
//! and would shift the others past the reader. So no search goes near the 10,000 results that HubSpot
//! gives at most. Where a whole page has one time, its deals are read in the order of their ids.
//!
//! Owners, teams, stages and choices are renamed without a change of the deals that name them. So a
//! reading carries the names with which it began. What is called otherwise when it is taken up again
//! counts as unknown from then on, and the next reading fetches the deals that name it. Deals that were
//! in a stage before cannot be searched for: a stage that is renamed has every deal listed.

mod companies;
mod names;
mod records;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::describe::{list, next, text};
use super::session::Session;
use crate::{Cursor, Deletion, Description, Next, Page, Position, SourceError};
use names::{Names, Touched, keep_same, names, touched};
use records::{
    MODIFIED, Reader, WITH_HISTORY, detail, filter, ids, milliseconds, modified, number,
};

/// Most results of a page of a search.
const RESULTS: usize = 200;
/// Most values of a filter.
const VALUES: usize = 100;
/// Changes are looked for from this long before the last one seen: the search lags behind.
const OVERLAP_MS: i64 = 5 * 60 * 1_000;

pub(super) const DEALS: &str = "/crm/v3/objects/deals";

/// Where a reading stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum Reading {
    /// Looks for the newest change, from which on changes are caught up with after the listing.
    Mark {
        /// From when on deals may have been archived, if there was a reading before.
        #[serde(default)]
        gone_since: Option<i64>,
    },
    /// Lists every deal.
    List {
        after: Option<String>,
        since: i64,
        #[serde(default)]
        gone_since: Option<i64>,
    },
    /// Searches for changes since an instant, in milliseconds.
    Changes { since: i64, from: i64, tie: Option<u64>, newest: i64, touched: Vec<Touched> },
    /// Reads again the deals that name something that was renamed.
    Touched { since: i64, newest: i64, touched: Vec<Touched>, last: u64 },
    /// Reads again the deals of companies that changed.
    Companies {
        since: i64,
        from: i64,
        #[serde(default)]
        tie: Option<u64>,
        newest: i64,
    },
    /// Lists the deals that were archived.
    Archived { after: Option<String>, since: i64, newest: i64 },
}

/// Where a reading stands, and the names that its rows were written with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    reading: Reading,
    names: Names,
}

/// What the next reading needs.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Since {
    milliseconds: i64,
    /// The names with which all deals are written.
    names: Names,
}

pub(super) fn begin(since: Option<&Cursor>, description: &Description) -> Place {
    let names = names(&detail(description));
    let reading = match since.and_then(Cursor::read::<Since>) {
        Some(since) => changes_since(&since, &names),
        None => Reading::Mark { gone_since: None },
    };
    Place { reading, names }
}

fn changes_since(since: &Since, now: &Names) -> Reading {
    let from = since.milliseconds - OVERLAP_MS;
    match touched(&since.names, now) {
        Some(touched) => {
            Reading::Changes { since: from, from, tie: None, newest: since.milliseconds, touched }
        }
        None => Reading::Mark { gone_since: Some(from) },
    }
}

pub(super) async fn page(
    session: &Session,
    place: Place,
    description: &Description,
) -> Result<Page, SourceError> {
    let mut reader = Reader::new(session, description, place.names);
    keep_same(&mut reader.names, &names(&reader.detail));
    match place.reading {
        Reading::Mark { gone_since } => reader.mark(gone_since).await,
        Reading::List { after, since, gone_since } => reader.list(after, since, gone_since).await,
        Reading::Changes { since, from, tie, newest, touched } => {
            reader.changes(since, from, tie, newest, touched).await
        }
        Reading::Touched { since, newest, touched, last } => {
            reader.touched(since, newest, touched, last).await
        }
        Reading::Companies { since, from, tie, newest } => {
            reader.companies(since, from, tie, newest).await
        }
        Reading::Archived { after, since, newest } => reader.archived(after, since, newest).await,
    }
}

pub(super) async fn deals(
    session: &Session,
    ids: &[String],
    description: &Description,
) -> Result<Page, SourceError> {
    let reader = Reader::new(session, description, Names::new());
    let mut page = Page::empty(Next::End(Cursor(Value::Null)));
    reader.add(&mut page, ids).await?;
    Ok(page)
}

impl Reader<'_> {
    fn then(&self, reading: Reading) -> Next {
        Next::Page(Position::of(&Place { reading, names: self.names.clone() }))
    }

    async fn mark(&self, gone_since: Option<i64>) -> Result<Page, SourceError> {
        let sort = (MODIFIED, "DESCENDING");
        let newest = self.search("deals", &[], sort, 1).await?;
        let newest = newest.first().map_or(0, modified);
        Ok(Page::empty(self.then(Reading::List { after: None, since: newest, gone_since })))
    }

    async fn list(
        &self,
        after: Option<String>,
        since: i64,
        gone_since: Option<i64>,
    ) -> Result<Page, SourceError> {
        let properties = self.detail.properties.join(",");
        let histories = self.detail.histories().join(",");
        let limit = WITH_HISTORY.to_string();
        let mut query = vec![
            ("limit", limit.as_str()),
            ("properties", &properties),
            ("propertiesWithHistory", &histories),
            ("associations", "companies"),
        ];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let answer = self.session.get(DEALS, &query).await?;
        let after = next(&answer);
        let following = match after {
            Some(_) => Reading::List { after, since, gone_since },
            None => Reading::Changes {
                since: gone_since.unwrap_or(since - OVERLAP_MS),
                from: since - OVERLAP_MS,
                tie: None,
                newest: since,
                touched: Vec::new(),
            },
        };
        let mut page = Page::empty(self.then(following));
        self.add_read(&mut page, list(&answer)).await?;
        Ok(page)
    }

    async fn changes(
        &self,
        since: i64,
        from: i64,
        tie: Option<u64>,
        newest: i64,
        touched: Vec<Touched>,
    ) -> Result<Page, SourceError> {
        let (found, following) = self.changed("deals", from, tie, RESULTS).await?;
        let newest = found.iter().map(modified).fold(newest, i64::max);
        let next = match following {
            Some((from, tie)) => Reading::Changes { since, from, tie, newest, touched },
            None => Reading::Touched { since, newest, touched, last: 0 },
        };
        let mut page = Page::empty(self.then(next));
        self.add(&mut page, &ids(&found)).await?;
        Ok(page)
    }

    /// The next objects that changed, and where those after them begin.
    async fn changed(
        &self,
        object: &str,
        from: i64,
        tie: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<Value>, Option<(i64, Option<u64>)>), SourceError> {
        let found = match tie {
            None => {
                let filters = [filter(MODIFIED, "GTE", &from.max(0))];
                self.search(object, &filters, (MODIFIED, "ASCENDING"), limit).await?
            }
            Some(last) => {
                let filters = [filter(MODIFIED, "EQ", &from), filter("hs_object_id", "GT", &last)];
                self.search(object, &filters, ("hs_object_id", "ASCENDING"), limit).await?
            }
        };
        let last = found.last().map_or(from, modified);
        let following = match (tie, found.len() >= limit) {
            // Nothing but objects of one instant: they may be more than a page holds.
            (None, true) if last <= from => Some((last, Some(0))),
            (None, true) => Some((last, None)),
            (None, false) => None,
            (Some(_), true) => Some((from, found.iter().map(number).max())),
            (Some(_), false) => Some((from + 1, None)),
        };
        Ok((found, following))
    }

    async fn touched(
        &self,
        since: i64,
        newest: i64,
        mut touched: Vec<Touched>,
        last: u64,
    ) -> Result<Page, SourceError> {
        let Some(Touched { property, values }) = touched.first() else {
            let companies = Reading::Companies { since, from: since, tie: None, newest };
            return Ok(Page::empty(self.then(companies)));
        };
        let filters = [
            json!({ "propertyName": property, "operator": "IN", "values": values }),
            filter("hs_object_id", "GT", &last),
        ];
        let sort = ("hs_object_id", "ASCENDING");
        let found = self.search("deals", &filters, sort, RESULTS).await?;
        let last = if found.len() >= RESULTS {
            found.iter().map(number).max().unwrap_or_default()
        } else {
            touched.remove(0);
            0
        };
        let mut page = Page::empty(self.then(Reading::Touched { since, newest, touched, last }));
        self.add(&mut page, &ids(&found)).await?;
        Ok(page)
    }

    async fn companies(
        &self,
        since: i64,
        from: i64,
        tie: Option<u64>,
        newest: i64,
    ) -> Result<Page, SourceError> {
        let archived = self.then(Reading::Archived { after: None, since, newest });
        if !self.detail.companies {
            return Ok(Page::empty(archived));
        }
        let (found, following) = self.changed("companies", from, tie, VALUES).await?;
        let next = match following {
            Some((from, tie)) => self.then(Reading::Companies { since, from, tie, newest }),
            None => archived,
        };
        let mut page = Page::empty(next);
        let deals = self.associated("companies", "deals", &ids(&found)).await?;
        let deals: BTreeSet<String> = deals.into_values().flatten().collect();
        let deals: Vec<_> = deals.into_iter().collect();
        self.add(&mut page, &deals).await?;
        Ok(page)
    }

    async fn archived(
        &self,
        after: Option<String>,
        since: i64,
        newest: i64,
    ) -> Result<Page, SourceError> {
        let mut query = vec![("archived", "true"), ("limit", "100")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let answer = self.session.get(DEALS, &query).await?;
        let after = next(&answer);
        let next = if after.is_some() {
            self.then(Reading::Archived { after, since, newest })
        } else {
            Next::End(Cursor::of(&Since { milliseconds: newest, names: self.names.clone() }))
        };
        let mut page = Page::empty(next);
        for deal in list(&answer) {
            let at = milliseconds(&text(&deal["archivedAt"]));
            if at >= since {
                page.deleted.push(Deletion { deal: text(&deal["id"]), at: at * 1_000 });
            }
        }
        Ok(page)
    }
}
