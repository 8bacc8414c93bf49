//! Deals and companies as HubSpot shows them: records of named properties.

use serde_json::{Map, Value as Json, json};

use super::Changes;
use crate::value::{Value, hubspot_time};
use crate::world::{Account, Deal, Moment, World};

/// A property of deals.
pub(super) struct Property {
    pub(super) name: &'static str,
    /// Type and form field, by HubSpot's names.
    pub(super) kind: (&'static str, &'static str),
    pub(super) get: fn(&World, &Deal) -> Value,
    /// Its value at some moment of the past, where a history is kept.
    pub(super) past: Option<fn(&World, &Moment) -> Value>,
}

const FIRST_DEAL: u64 = 17_000_000_000;
const FIRST_COMPANY: u64 = 9_000_000_000;
const FIRST_OWNER: u64 = 61_000_000;

/// What a list shows when it is not told.
pub(super) const USUAL: [&str; 8] = [
    "amount",
    "closedate",
    "createdate",
    "dealname",
    "dealstage",
    "hs_lastmodifieddate",
    "hs_object_id",
    "pipeline",
];

pub(super) const USUAL_OF_COMPANIES: [&str; 5] =
    ["createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"];

pub(crate) fn deal_id(number: u32) -> String {
    (FIRST_DEAL + u64::from(number)).to_string()
}

pub(super) fn deal_number(id: &str) -> Option<u32> {
    u32::try_from(id.parse::<u64>().ok()?.checked_sub(FIRST_DEAL)?).ok()
}

pub(super) fn company_id(place: u32) -> String {
    (FIRST_COMPANY + u64::from(place)).to_string()
}

pub(super) fn company_place(id: &str) -> Option<usize> {
    usize::try_from(id.parse::<u64>().ok()?.checked_sub(FIRST_COMPANY)?).ok()
}

pub(super) fn owner_id(place: u32) -> String {
    (FIRST_OWNER + u64::from(place)).to_string()
}

const TEXT: (&str, &str) = ("string", "text");
const CHOICE: (&str, &str) = ("enumeration", "select");
const FLAG: (&str, &str) = ("enumeration", "booleancheckbox");
const NUMBER: (&str, &str) = ("number", "number");
const TIME: (&str, &str) = ("datetime", "date");

const fn property(
    name: &'static str,
    kind: (&'static str, &'static str),
    get: fn(&World, &Deal) -> Value,
) -> Property {
    Property { name, kind, get, past: None }
}

fn midnight(date: jiff::civil::Date) -> Value {
    Value::Time(crate::clock::midnight(date))
}

fn stage_id(world: &World, stage: u16) -> Value {
    Value::text(&world.stage(stage).id)
}

fn pipeline_id(world: &World, stage: u16) -> Value {
    Value::text(world.pipelines[world.stage(stage).pipeline].id)
}

fn activities(deal: &Deal) -> Value {
    Value::Integer(i64::try_from(deal.activities.len()).unwrap_or(i64::MAX))
}

fn cents(amount: Option<i64>) -> Value {
    amount.map_or(Value::Null, Value::Cents)
}

/// The kinds of deals: their values, and what people see.
pub(super) const DEAL_TYPES: [(&str, &str); 2] =
    [("newbusiness", "New Business"), ("existingbusiness", "Existing Business")];

/// The kind of a deal, and what people see.
pub(crate) fn deal_type(deal: &Deal) -> (&'static str, &'static str) {
    DEAL_TYPES[usize::from(&*deal.kind != "New Business")]
}

/// Every property of deals.
pub(super) const PROPERTIES: [Property; 27] = [
    property("hs_object_id", NUMBER, |_, it| Value::text(deal_id(it.number))),
    property("dealname", TEXT, |_, it| Value::text(&it.name)),
    Property {
        name: "amount",
        kind: NUMBER,
        get: |_, it| cents(it.amount),
        past: Some(|_, moment| cents(moment.amount)),
    },
    property("amount_in_home_currency", NUMBER, |world, it| {
        let rate = world.currencies[usize::from(it.currency)].per_unit_millionths;
        it.amount.map_or(Value::Null, |amount| Value::Cents(amount * 1_000_000 / rate))
    }),
    property("deal_currency_code", CHOICE, |world, it| {
        Value::text(&world.currencies[usize::from(it.currency)].code)
    }),
    Property {
        name: "closedate",
        kind: TIME,
        get: |_, it| midnight(it.close_date),
        past: Some(|_, moment| midnight(moment.close_date)),
    },
    property("createdate", TIME, |_, it| Value::Time(it.created)),
    property("hs_createdate", TIME, |_, it| Value::Time(it.created)),
    property("hs_lastmodifieddate", TIME, |_, it| Value::Time(it.modified)),
    Property {
        name: "dealstage",
        kind: ("enumeration", "radio"),
        get: |world, it| stage_id(world, it.stage),
        past: Some(|world, moment| stage_id(world, moment.stage)),
    },
    Property {
        name: "pipeline",
        kind: CHOICE,
        get: |world, it| pipeline_id(world, it.stage),
        past: Some(|world, moment| pipeline_id(world, moment.stage)),
    },
    Property {
        name: "hubspot_owner_id",
        kind: CHOICE,
        get: |_, it| Value::text(owner_id(it.owner)),
        past: Some(|_, moment| Value::text(owner_id(moment.owner))),
    },
    property("hubspot_team_id", CHOICE, |world, it| {
        Value::text((world.person(it.owner).team + 1).to_string())
    }),
    property("hs_is_closed", FLAG, |world, it| Value::Bool(world.stage(it.stage).closed)),
    property("hs_is_closed_won", FLAG, |world, it| Value::Bool(world.stage(it.stage).won)),
    property("hs_is_closed_lost", FLAG, |world, it| {
        let stage = world.stage(it.stage);
        Value::Bool(stage.closed && !stage.won)
    }),
    property("hs_deal_stage_probability", NUMBER, |world, it| {
        Value::Cents(i64::from(world.stage(it.stage).percent))
    }),
    property("closed_lost_reason", TEXT, |_, it| Value::maybe_text(it.loss_reason)),
    property("dealtype", CHOICE, |_, it| Value::text(deal_type(it).0)),
    property("hs_merged_object_ids", ("enumeration", "checkbox"), |_, it| {
        let ids: Vec<String> = it.absorbed.iter().map(|number| deal_id(*number)).collect();
        if ids.is_empty() { Value::Null } else { Value::text(ids.join(";")) }
    }),
    property("num_notes", NUMBER, |_, it| activities(it)),
    property("num_contacted_notes", NUMBER, |_, it| activities(it)),
    property("notes_last_contacted", TIME, |_, it| {
        it.activities.last().map_or(Value::Null, |last| Value::Time(last.at))
    }),
    property("notes_last_updated", TIME, |_, it| {
        it.activities.last().map_or(Value::Null, |last| Value::Time(last.at))
    }),
    property("region", CHOICE, |_, it| Value::maybe_text(it.region.as_deref())),
    property("product", CHOICE, |_, it| Value::maybe_text(it.product.as_deref())),
    property("lead_source", CHOICE, |_, it| Value::maybe_text(it.lead_source.as_deref())),
];

pub(super) fn find_property(name: &str, changes: &Changes) -> Option<&'static Property> {
    let found = PROPERTIES.iter().find(|property| property.name == name);
    found.filter(|_| !changes.is_removed("deals", name))
}

/// The value of a property, as it is written.
pub(super) fn value_of(world: &World, deal: &Deal, name: &str, changes: &Changes) -> Value {
    let value = find_property(name, changes).map_or(Value::Null, |it| (it.get)(world, deal));
    match value {
        Value::Null => Value::Null,
        value if changes.is_retyped("deals", name) => {
            Value::Text(format!("≈ {}", value.to_property().unwrap_or_default()))
        }
        value => value,
    }
}

/// What of a record is asked for.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) properties: Vec<String>,
    pub(super) history: Vec<String>,
    pub(super) companies: bool,
}

/// A deal as a record.
pub(super) fn deal(world: &World, deal: &Deal, wanted: &Wanted, changes: &Changes) -> Json {
    let mut names: Vec<&str> = vec!["createdate", "hs_lastmodifieddate", "hs_object_id"];
    if wanted.properties.is_empty() {
        names.extend(USUAL);
    } else {
        names.extend(wanted.properties.iter().map(String::as_str));
    }
    let known = names.into_iter().filter(|name| find_property(name, changes).is_some());
    let properties: Map<String, Json> = known
        .map(|name| {
            let value = value_of(world, deal, name, changes).to_property();
            (name.to_owned(), value.map_or(Json::Null, Json::from))
        })
        .collect();
    let mut record = json!({
        "id": deal_id(deal.number),
        "properties": properties,
        "createdAt": hubspot_time(deal.created),
        "updatedAt": hubspot_time(deal.modified),
        "archived": deal.deleted.is_some(),
    });
    if let Some(at) = deal.deleted {
        record["archivedAt"] = hubspot_time(at).into();
    }
    if !wanted.history.is_empty() {
        let known = wanted.history.iter().filter_map(|name| find_property(name, changes));
        let histories = known.map(|it| (it.name.to_owned(), history(world, deal, it)));
        record["propertiesWithHistory"] = Json::Object(histories.collect());
    }
    if wanted.companies {
        let id = company_id(deal.account);
        record["associations"] = json!({ "companies": { "results": [
            { "id": id, "type": "deal_to_company" },
            { "id": id, "type": "deal_to_company_unlabeled" },
        ] } });
    }
    record
}

/// The values that a property had, newest first.
fn history(world: &World, deal: &Deal, property: &Property) -> Json {
    let entry = |value: Value, moment: &Moment| {
        json!({
            "value": value.to_property().unwrap_or_default(),
            "timestamp": hubspot_time(moment.at),
            "sourceType": "CRM_UI",
            "sourceId": format!("userId:{}", moment.by + 1),
            "updatedByUserId": moment.by + 1,
        })
    };
    if property.name == "num_notes" {
        let counted = deal.activities.iter().enumerate().rev();
        let counted = counted.map(|(before, activity)| {
            let count = i64::try_from(before).map_or(0, |before| before + 1);
            entry(Value::Integer(count), &deal.moment(activity.at, activity.by))
        });
        return counted.collect();
    }
    let Some(past) = property.past else {
        let first = deal.history.first();
        return first.map(|first| entry((property.get)(world, deal), first)).into_iter().collect();
    };
    let mut before = None;
    let mut entries = Vec::new();
    for moment in &deal.history {
        let value = past(world, moment);
        if before.as_ref() != Some(&value) {
            entries.push(entry(value.clone(), moment));
            before = Some(value);
        }
    }
    entries.into_iter().rev().collect()
}

/// Every property of companies.
const COMPANY_PROPERTIES: [&str; 7] =
    ["name", "industry", "country", "domain", "createdate", MODIFIED, "hs_object_id"];
const MODIFIED: &str = "hs_lastmodifieddate";

pub(super) fn is_company_property(name: &str) -> bool {
    COMPANY_PROPERTIES.contains(&name)
}

/// The value of a property of a company.
pub(super) fn company_value(account: &Account, name: &str) -> Value {
    match name {
        "name" => Value::text(&account.name),
        "industry" => Value::text(&account.industry),
        "country" => Value::text(&account.region),
        "domain" => Value::text(format!("{}.example.com", account.place)),
        "createdate" => Value::Time(account.created),
        MODIFIED => Value::Time(account.modified),
        "hs_object_id" => Value::text(company_id(account.place)),
        _ => Value::Null,
    }
}

/// A company as a record.
pub(super) fn company(account: &Account, wanted: &[String]) -> Json {
    let asked = |name: &&str| {
        let always = ["createdate", MODIFIED, "hs_object_id"].contains(name);
        let listed = wanted.iter().any(|it| it == name);
        always || listed || (wanted.is_empty() && USUAL_OF_COMPANIES.contains(name))
    };
    let shown = COMPANY_PROPERTIES.into_iter().filter(asked);
    let shown: Map<String, Json> = shown
        .map(|name| (name.to_owned(), company_value(account, name).to_property().into()))
        .collect();
    json!({
        "id": company_id(account.place),
        "properties": shown,
        "createdAt": hubspot_time(account.created),
        "updatedAt": hubspot_time(account.modified),
        "archived": false,
    })
}
