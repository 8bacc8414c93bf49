//! Deals with all that goes with them, onto a page.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::DEALS;
use super::names::Names;
use crate::hubspot::describe::{Detail, list, text};
use crate::hubspot::rows::add_deals;
use crate::hubspot::session::Session;
use crate::text::instant;
use crate::{Deletion, Description, Page, SourceError};

/// The property with the time of the last change.
pub(super) const MODIFIED: &str = "hs_lastmodifieddate";
/// Most deals of a list or batch with the history of a property.
pub(super) const WITH_HISTORY: usize = 50;

pub(super) struct Reader<'a> {
    pub(super) session: &'a Session,
    pub(super) description: &'a Description,
    pub(super) detail: Detail,
    pub(super) names: Names,
}

/// A condition of a search.
pub(super) fn filter(property: &str, operator: &str, value: &impl ToString) -> Value {
    json!({ "propertyName": property, "operator": operator, "value": value.to_string() })
}

impl<'a> Reader<'a> {
    pub(super) fn new(session: &'a Session, description: &'a Description, names: Names) -> Self {
        Self { session, description, detail: detail(description), names }
    }

    pub(super) async fn search(
        &self,
        object: &str,
        filters: &[Value],
        sort: (&str, &str),
        limit: usize,
    ) -> Result<Vec<Value>, SourceError> {
        let groups = if filters.is_empty() { json!([]) } else { json!([{ "filters": filters }]) };
        let body = json!({
            "filterGroups": groups,
            "sorts": [{ "propertyName": sort.0, "direction": sort.1 }],
            "properties": [MODIFIED, "hs_object_id"],
            "limit": limit,
        });
        let answer = self.session.post(&format!("/crm/v3/objects/{object}/search"), &body).await?;
        Ok(list(&answer).to_vec())
    }

    /// Reads deals and adds them to a page. Those that are not there any more are gone, archived
    /// or merged into another one.
    pub(super) async fn add(&self, page: &mut Page, ids: &[String]) -> Result<(), SourceError> {
        for ids in ids.chunks(WITH_HISTORY) {
            let inputs: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
            let body = json!({
                "properties": self.detail.properties,
                "propertiesWithHistory": self.detail.histories(),
                "inputs": inputs,
            });
            let answer = self.session.post(&format!("{DEALS}/batch/read"), &body).await?;
            let mut deals = list(&answer).to_vec();
            let found = self.associated("deals", "companies", ids).await?;
            for deal in &mut deals {
                let companies = found.get(&text(&deal["id"])).cloned().unwrap_or_default();
                let results: Vec<_> = companies.iter().map(|id| json!({ "id": id })).collect();
                deal["associations"] = json!({ "companies": { "results": results } });
            }
            let read: BTreeSet<_> = deals.iter().map(|deal| text(&deal["id"])).collect();
            let gone = ids.iter().filter(|id| !read.contains(*id));
            page.deleted.extend(gone.map(|id| Deletion { deal: id.clone(), at: 0 }));
            self.add_read(page, &deals).await?;
        }
        Ok(())
    }

    pub(super) async fn add_read(
        &self,
        page: &mut Page,
        deals: &[Value],
    ) -> Result<(), SourceError> {
        let companies = self.companies_of(deals).await?;
        for deal in deals {
            let id = text(&deal["id"]);
            let merged = text(&deal["properties"]["hs_merged_object_ids"]);
            let merged = merged.split(';').map(str::trim).filter(|gone| !gone.is_empty());
            let gone = merged.filter(|gone| *gone != id);
            page.deleted.extend(gone.map(|gone| Deletion { deal: gone.to_owned(), at: 0 }));
        }
        add_deals(page, deals, &companies, &self.detail, &self.description.columns);
        Ok(())
    }
}

pub(super) fn detail(description: &Description) -> Detail {
    serde_json::from_value(description.detail.clone()).unwrap_or_default()
}

pub(super) fn ids(found: &[Value]) -> Vec<String> {
    found.iter().map(|object| text(&object["id"])).collect()
}

pub(super) fn number(object: &Value) -> u64 {
    text(&object["id"]).parse().unwrap_or_default()
}

pub(super) fn modified(object: &Value) -> i64 {
    milliseconds(&text(&object["properties"][MODIFIED]))
}

pub(super) fn milliseconds(text: &str) -> i64 {
    instant(text).map_or(0, Timestamp::as_millisecond)
}
