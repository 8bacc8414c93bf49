//! The properties of deals that are read, and what will not work without each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::USUAL_HOST;
use super::describe::{Detail, list, text};
use super::rows::COLUMNS;
use super::session::Session;
use crate::{Cause, Description, Finding, SourceError};

/// The properties of a deal that are read, and what will not work without each.
const PROPERTIES: [(&str, &str); 16] = [
    ("dealname", "deals have no names"),
    ("dealstage", "no deal has a stage or an outcome"),
    ("pipeline", "pipelines cannot be told apart"),
    ("createdate", "sales cycles cannot be computed"),
    ("closedate", "closed deals cannot be dated"),
    ("amount", "no amounts, and so no revenue"),
    ("hs_lastmodifieddate", "changes cannot be found: every sync would have to be a full one"),
    ("hubspot_owner_id", "reps are unknown"),
    ("dealtype", "deal types are unknown"),
    ("hs_analytics_source", "lead sources are unknown"),
    ("hs_is_closed", "whether a deal is closed is taken from its stage"),
    ("hs_is_closed_won", "whether a deal is won is taken from its stage"),
    ("notes_last_updated", "the last activity of a deal is unknown"),
    ("hs_merged_object_ids", "merged deals are found by a full sync only"),
    ("hubspot_team_id", "teams are those of the owners"),
    ("num_notes", "activities are not counted"),
];

/// The property that counts calls, mails, meetings, notes and tasks.
pub(super) const COUNT: &str = "num_notes";

/// The property without which changes are not found.
const REQUIRED: &str = "hs_lastmodifieddate";

/// The property that accounts with one currency do not have.
pub(super) const CURRENCY: &str = "deal_currency_code";

/// Properties that many accounts add to deals under these names.
const USUAL: [&str; 6] =
    ["region", "territory", "product", "product_family", "lead_source", "business_unit"];

/// Whether nobody misses a property: few accounts have it, or another one fills its column.
fn is_filled_otherwise(property: &str, known: &BTreeSet<&str>) -> bool {
    match property {
        "hs_merged_object_ids" | COUNT => true,
        "hs_analytics_source" => known.contains("lead_source"),
        _ => false,
    }
}

pub(super) async fn choose_properties(
    session: &Session,
    fields: &[String],
    detail: &mut Detail,
    description: &mut Description,
) -> Result<(), SourceError> {
    let answer = session.get("/crm/v3/properties/deals", &[]).await?;
    if !answer["results"].is_array() {
        let why = "its list of properties has no results";
        return Err(SourceError::foreign("HubSpot", why, USUAL_HOST));
    }
    let known: BTreeSet<&str> =
        list(&answer).iter().filter_map(|property| property["name"].as_str()).collect();
    for (property, effect) in PROPERTIES {
        if known.contains(property) {
            detail.properties.push(property.to_owned());
        } else if REQUIRED == property {
            return Err(SourceError::new(
                Cause::Permission,
                format!(
                    "HubSpot does not show us the property {property} of deals, without which \
                         no sync works"
                ),
                "let the app read it (scope crm.schemas.deals.read), and see whether it is \
                 kept from its user in HubSpot",
            ));
        } else if !is_filled_otherwise(property, &known) {
            description.findings.push(Finding {
                missing: format!("property {property} of deals"),
                effect: effect.to_owned(),
                remedy: "let the app read it (scope crm.schemas.deals.read), or restore \
                         it in HubSpot"
                    .to_owned(),
            });
        }
    }
    detail.properties.extend(known.get(CURRENCY).map(|property| (*property).to_owned()));
    for usual in USUAL.into_iter().filter(|property| known.contains(property)) {
        detail.custom.push(usual.to_owned());
        detail.properties.push(usual.to_owned());
    }
    for field in fields {
        let is_new = !detail.properties.contains(field) && !COLUMNS.contains(&field.as_str());
        if is_new && known.contains(field.as_str()) {
            detail.custom.push(field.clone());
            detail.properties.push(field.clone());
        } else if is_new {
            let is_like = |property: &&Value| {
                ["label", "name"].iter().any(|word| {
                    property[word].as_str().is_some_and(|word| word.eq_ignore_ascii_case(field))
                })
            };
            let meant = list(&answer).iter().find(is_like).map(|property| text(&property["name"]));
            description.findings.push(Finding {
                missing: format!("property {field} of deals"),
                effect: "the mapping names it; the usual property is read instead, where there is \
                         one"
                .to_owned(),
                remedy: match meant {
                    Some(name) => format!("use its internal name {name} in the mapping"),
                    None => "correct the mapping, or create the property in HubSpot".to_owned(),
                },
            });
        }
    }
    note_choices(list(&answer), detail, description);
    Ok(())
}

/// Takes down the types of the properties that are read, and the labels of their choices.
fn note_choices(properties: &[Value], detail: &mut Detail, description: &mut Description) {
    for property in properties {
        let name = text(&property["name"]);
        if !detail.properties.contains(&name) {
            continue;
        }
        description.types.insert(name.clone(), text(&property["type"]));
        let options = property["options"].as_array().map_or(&[][..], Vec::as_slice);
        let labels = options.iter().map(|option| (text(&option["value"]), text(&option["label"])));
        let labels: BTreeMap<_, _> = labels.filter(|(_, label)| !label.is_empty()).collect();
        // These are told with more than their labels.
        let is_told = ["hubspot_owner_id", "hubspot_team_id", "dealstage", "pipeline"];
        if !labels.is_empty() && !is_told.contains(&name.as_str()) {
            detail.choices.insert(name, labels);
        }
    }
}
