//! The companies of deals, and the deals of companies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::describe::{list, next, text};
use super::super::rows::{Companies, Company};
use super::VALUES;
use super::records::Reader;
use crate::{Cause, SourceError};

impl Reader<'_> {
    /// The objects that each of `ids` is associated with.
    pub(super) async fn associated(
        &self,
        from: &str,
        to: &str,
        ids: &[String],
    ) -> Result<BTreeMap<String, Vec<String>>, SourceError> {
        if ids.is_empty() || !self.detail.companies {
            return Ok(BTreeMap::new());
        }
        let path = format!("/crm/v4/associations/{from}/{to}/batch/read");
        let mut inputs: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        let mut found: BTreeMap<String, Vec<(bool, String)>> = BTreeMap::new();
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        while !inputs.is_empty() {
            let answer = self.session.post(&path, &json!({ "inputs": inputs })).await?;
            inputs.clear();
            for result in list(&answer) {
                let id = text(&result["from"]["id"]);
                // What has more links than an answer holds is asked for again, from there on.
                if let Some(after) = next(result) {
                    if places.insert(id.clone(), after.clone()).as_ref() == Some(&after) {
                        return Err(SourceError::new(
                            Cause::Answer,
                            format!(
                                "HubSpot answers with the same links of {from} {id} again and again"
                            ),
                            "sync again later; if it stays so, report it to HubSpot",
                        ));
                    }
                    inputs.push(json!({ "id": id, "after": after }));
                }
                let to = result["to"].as_array().into_iter().flatten();
                let to = to.map(|to| (!is_primary(to), text(&to["toObjectId"])));
                found.entry(id).or_default().extend(to);
            }
        }
        let primary_first = |(id, mut to): (String, Vec<(bool, String)>)| {
            to.sort_by_key(|(is_other, _)| *is_other);
            (id, to.into_iter().map(|(_, id)| id).collect())
        };
        Ok(found.into_iter().map(primary_first).collect())
    }

    /// The primary company of each deal; without one the first.
    pub(super) async fn companies_of(&self, deals: &[Value]) -> Result<Companies, SourceError> {
        let first = |deal: &Value| {
            let results = deal["associations"]["companies"]["results"].as_array();
            let results = results.map_or(&[][..], Vec::as_slice);
            let primary = results.iter().find(|company| company["type"] == "deal_to_company");
            primary.or(results.first()).map(|company| text(&company["id"]))
        };
        let by_deal: BTreeMap<String, String> =
            deals.iter().filter_map(|deal| Some((text(&deal["id"]), first(deal)?))).collect();
        let wanted: BTreeSet<&String> = by_deal.values().collect();
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut companies = BTreeMap::new();
        for ids in wanted.chunks(VALUES).filter(|_| self.detail.companies) {
            let inputs: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
            let properties = ["name", "industry", "country"];
            let body = json!({ "properties": properties, "inputs": inputs });
            let path = "/crm/v3/objects/companies/batch/read";
            let answer = self.session.post(path, &body).await?;
            for company in list(&answer) {
                let property = |name: &str| text(&company["properties"][name]);
                let (name, industry) = (property("name"), property("industry"));
                let country = property("country");
                companies.insert(text(&company["id"]), Company { name, country, industry });
            }
        }
        let named =
            |(deal, company): (String, String)| Some((deal, companies.get(&company)?.clone()));
        Ok(by_deal.into_iter().filter_map(named).collect())
    }
}

/// HubSpot's number for the link from a deal to its primary company.
const PRIMARY: u64 = 5;

fn is_primary(to: &Value) -> bool {
    let mut types = to["associationTypes"].as_array().into_iter().flatten();
    types.any(|kind| kind["category"] == "HUBSPOT_DEFINED" && kind["typeId"] == PRIMARY)
}
