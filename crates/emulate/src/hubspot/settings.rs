//! What surrounds deals: owners, pipelines, the list of properties, currencies, the account.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::error::Refusal;
use super::record::{DEAL_TYPES, PROPERTIES, Property, company_id, owner_id};
use super::{PORTAL, next};
use crate::call::Call;
use crate::salesforce::Changes;
use crate::value::{Value, hubspot_time};
use crate::world::{Pipeline, World};

const LONGEST_PAGE: usize = 500;
const USUAL_PAGE: usize = 100;

pub(super) fn owners(world: &World, call: &Call) -> Result<Json, Refusal> {
    let limit = call.parameter("limit").and_then(|it| it.parse().ok()).unwrap_or(USUAL_PAGE);
    if limit > LONGEST_PAGE {
        return Err(Refusal::validation("limit must be at most 500"));
    }
    let archived = call.parameter("archived") == Some("true");
    let after: usize = call.parameter("after").and_then(|it| it.parse().ok()).unwrap_or(0);
    let all: Vec<u32> = world
        .people
        .iter()
        .filter(|person| person.active != archived)
        .map(|person| person.place)
        .collect();
    let results: Vec<Json> =
        all.iter().skip(after).take(limit).map(|place| owner(world, *place)).collect();
    let mut answer = json!({ "results": results });
    if after + limit < all.len() {
        answer["paging"] = next(call, &(after + limit).to_string());
    }
    Ok(answer)
}

pub(super) fn owner_by_id(world: &World, id: &str) -> Result<Json, Refusal> {
    let found = world.people.iter().find(|person| owner_id(person.place) == id);
    found.map(|person| owner(world, person.place)).ok_or_else(Refusal::not_found)
}

fn owner(world: &World, place: u32) -> Json {
    let person = world.person(place);
    let (first, last) = person.names();
    json!({
        "id": owner_id(place),
        "email": person.email(),
        "type": "PERSON",
        "firstName": first,
        "lastName": last,
        "userId": place + 1,
        "userIdIncludingInactive": place + 1,
        "createdAt": hubspot_time(person.created),
        "updatedAt": hubspot_time(person.modified),
        "archived": !person.active,
        "teams": [{
            "id": (person.team + 1).to_string(),
            "name": world.teams[person.team as usize],
            "primary": true,
        }],
    })
}

pub(super) fn pipelines(world: &World, rest: &[&str]) -> Result<Json, Refusal> {
    let described = world.pipelines.iter().enumerate();
    let mut described = described.map(|(place, it)| pipeline(world, place, it));
    match rest {
        [] => Ok(json!({ "results": described.collect::<Vec<Json>>() })),
        [id, rest @ ..] => {
            let found = described.find(|it| it["id"] == *id).ok_or_else(Refusal::not_found)?;
            match rest {
                [] => Ok(found),
                _ => Ok(json!({ "results": found["stages"] })),
            }
        }
    }
}

fn pipeline(world: &World, place: usize, pipeline: &Pipeline) -> Json {
    let stages = world.stages.iter().filter(|stage| stage.pipeline == place).zip(0..);
    let stages = stages.map(|(stage, order)| {
        let probability = Value::Cents(i64::from(stage.percent)).to_property();
        json!({
            "id": stage.id,
            "label": stage.label,
            "displayOrder": order,
            "metadata": {
                "isClosed": stage.closed.to_string(),
                "probability": probability.map(|it| if it.contains('.') { it } else { it + ".0" }),
            },
            "archived": false,
            "createdAt": "2020-01-01T00:00:00Z",
            "updatedAt": "2020-01-01T00:00:00Z",
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        })
    });
    json!({
        "id": pipeline.id,
        "label": pipeline.label,
        "displayOrder": place,
        "stages": stages.collect::<Vec<Json>>(),
        "archived": false,
        "createdAt": "2020-01-01T00:00:00Z",
        "updatedAt": "2020-01-01T00:00:00Z",
    })
}

pub(super) fn properties(world: &World, rest: &[&str], changes: &Changes) -> Result<Json, Refusal> {
    let visible = PROPERTIES.iter().filter(|it| !changes.is_removed("deals", it.name));
    let mut described = visible.map(|it| property(world, it, changes));
    match rest {
        [] => Ok(json!({ "results": described.collect::<Vec<Json>>() })),
        [name, ..] => described.find(|it| it["name"] == *name).ok_or_else(Refusal::not_found),
    }
}

fn property(world: &World, property: &Property, changes: &Changes) -> Json {
    let is_retyped = changes.is_retyped("deals", property.name);
    let (kind, field) = if is_retyped { ("string", "text") } else { property.kind };
    let plain = |values: &[Arc<str>]| -> Vec<Json> {
        let option = |it: &Arc<str>| json!({ "label": **it, "value": **it, "hidden": false });
        values.iter().map(option).collect()
    };
    let options = match property.name {
        "region" => plain(&world.regions),
        "product" => plain(&world.products),
        "lead_source" => plain(&world.lead_sources),
        "dealstage" => {
            let stages = world.stages.iter();
            stages.map(|it| json!({ "label": it.label, "value": it.id, "hidden": false })).collect()
        }
        "dealtype" => {
            let option =
                |(value, label)| json!({ "label": label, "value": value, "hidden": false });
            DEAL_TYPES.map(option).to_vec()
        }
        _ => vec![],
    };
    let own = ["region", "product", "lead_source"].contains(&property.name);
    json!({
        "name": property.name,
        "label": property.name.replace('_', " "),
        "type": kind,
        "fieldType": field,
        "description": "",
        "groupName": "dealinformation",
        "options": if kind == "enumeration" { options } else { vec![] },
        "displayOrder": -1,
        "calculated": false,
        "externalOptions": false,
        "hasUniqueValue": false,
        "hidden": false,
        "hubspotDefined": !own,
        "archived": false,
        "formField": false,
    })
}

pub(super) fn company_properties() -> Json {
    let names = ["name", "industry", "country", "domain", "createdate", "hs_lastmodifieddate"];
    let described = names.map(|name| {
        json!({ "name": name, "label": name, "type": "string", "fieldType": "text",
            "description": "", "groupName": "companyinformation", "options": [] })
    });
    json!({ "results": described })
}

/// The link to a deal's company.
pub(super) fn association(account: u32) -> Json {
    link(&company_id(account))
}

/// The link to a record.
pub(super) fn link(id: &str) -> Json {
    json!({
        "toObjectId": id.parse::<u64>().unwrap_or(0),
        "associationTypes": [
            { "category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary" },
            { "category": "HUBSPOT_DEFINED", "typeId": 341, "label": null },
        ],
    })
}

pub(super) fn account(world: &World) -> Json {
    let further = world.currencies.iter().skip(1).map(|it| it.code.clone());
    json!({
        "portalId": PORTAL,
        "accountType": "STANDARD",
        "timeZone": "UTC",
        "companyCurrency": world.currencies[0].code,
        "additionalCurrencies": further.collect::<Vec<String>>(),
        "utcOffset": "+00:00",
        "utcOffsetMilliseconds": 0,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    })
}

/// The account's currency, and what a unit of each other one is worth in it.
pub(super) fn currencies(world: &World, rest: &[&str]) -> Result<Json, Refusal> {
    let home = &world.currencies[0].code;
    match rest {
        ["company-currency"] => Ok(json!({ "currencyCode": home })),
        ["exchange-rates"] | ["exchange-rates", "current"] => {
            let others = world.currencies.iter().skip(1);
            let rates = others.map(|currency| {
                let rate = 1_000_000_000_000 / currency.per_unit_millionths;
                json!({
                    "id": currency.code,
                    "fromCurrencyCode": currency.code,
                    "toCurrencyCode": home,
                    "conversionRate": rate as f64 / 1_000_000.0,
                    "visibleInUI": true,
                })
            });
            Ok(json!({ "results": rates.collect::<Vec<Json>>() }))
        }
        _ => Err(Refusal::not_found()),
    }
}
