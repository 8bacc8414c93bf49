//! What Salesforce says about itself: versions, resources, limits, objects and their fields.

use serde_json::{Value as Json, json};

use super::error::Refusal;
use super::schema::{Field, FieldType, Object};
use super::{Changes, VERSIONS, objects};
use crate::world::{STAGES, World};

pub(super) fn versions() -> Json {
    let versions = VERSIONS.iter().map(|(version, label)| {
        json!({ "label": label, "url": format!("/services/data/v{version}"), "version": version })
    });
    versions.collect()
}

pub(super) fn resources(version: &str) -> Json {
    let names = ["limits", "query", "queryAll", "sobjects"];
    let resource = |name: &&str| ((*name).to_owned(), format!("/services/data/{version}/{name}"));
    let mut resources: std::collections::BTreeMap<String, String> =
        names.iter().map(resource).collect();
    resources.insert("jobs".to_owned(), format!("/services/data/{version}/jobs"));
    json!(resources)
}

pub(super) fn limits(most: u64, left: u64) -> Json {
    json!({
        "DailyApiRequests": { "Max": most, "Remaining": left },
        "DailyBulkV2QueryJobs": { "Max": 10_000, "Remaining": 9_990 },
        "DailyBulkV2QueryFileStorageMB": { "Max": 976_562, "Remaining": 976_562 },
    })
}

pub(super) fn all(version: &str, changes: &Changes) -> Json {
    let visible = objects().iter().filter(|object| !changes.is_hidden(object.name));
    let described: Vec<Json> = visible.map(|object| header(object, version)).collect();
    json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": described })
}

fn header(object: &Object, version: &str) -> Json {
    let url = format!("/services/data/{version}/sobjects/{}", object.name);
    json!({
        "name": object.name,
        "label": object.name,
        "labelPlural": format!("{}s", object.name),
        "keyPrefix": object.prefix,
        "custom": false,
        "customSetting": false,
        "queryable": true,
        "retrieveable": true,
        "searchable": true,
        "createable": false,
        "updateable": false,
        "deletable": false,
        "undeletable": false,
        "replicateable": true,
        "urls": {
            "sobject": url,
            "describe": format!("{url}/describe"),
            "rowTemplate": format!("{url}/{{ID}}"),
        },
    })
}

pub(super) fn one(
    world: &World,
    version: &str,
    name: &str,
    changes: &Changes,
) -> Result<Json, Refusal> {
    let object = objects().iter().find(|it| it.name.eq_ignore_ascii_case(name));
    let object = object.filter(|it| !changes.is_hidden(it.name)).ok_or_else(Refusal::not_found)?;
    let mut description = header(object, version);
    let visible = object.fields.iter().filter(|field| !changes.is_removed(object.name, field.name));
    let fields = visible.map(|field| describe(world, object, field, changes));
    description["fields"] = fields.collect();
    description["childRelationships"] = json!([]);
    let record_types = world.pipelines.iter().zip(1..).filter(|_| object.name == "Opportunity");
    let record_types = record_types.map(|(pipeline, number)| {
        let developer_name = if number > 1 { "Expansion" } else { "Sales" };
        json!({
            "active": true,
            "available": true,
            "defaultRecordTypeMapping": number == 1,
            "master": false,
            "name": pipeline.label,
            "developerName": developer_name,
            "recordTypeId": super::id::record_id("012", number),
        })
    });
    description["recordTypeInfos"] = record_types.collect();
    Ok(description)
}

fn describe(world: &World, object: &Object, field: &Field, changes: &Changes) -> Json {
    let kind =
        if changes.is_retyped(object.name, field.name) { FieldType::Text } else { field.kind };
    let (targets, relationship) = match kind {
        FieldType::Reference(target, relationship) => (vec![target], Some(relationship)),
        _ => (vec![], None),
    };
    let values = if kind == FieldType::Picklist { values(world, field.name) } else { vec![] };
    let values = values.into_iter().map(|(value, label)| {
        json!({ "active": true, "defaultValue": false, "label": label, "validFor": null,
            "value": value })
    });
    let (precision, scale) = match kind {
        FieldType::Currency => (18, 2),
        FieldType::Number => (18, 6),
        FieldType::Percent => (3, 0),
        _ => (0, 0),
    };
    let length = match kind {
        FieldType::Id | FieldType::Reference(..) => 18,
        FieldType::Text | FieldType::Picklist => 255,
        _ => 0,
    };
    json!({
        "name": field.name,
        "label": field.name.trim_end_matches("__c").replace('_', " "),
        "type": kind.name(),
        "length": length,
        "precision": precision,
        "scale": scale,
        "custom": field.name.ends_with("__c"),
        "nillable": !matches!(kind, FieldType::Id | FieldType::Boolean),
        "calculated": false,
        "filterable": true,
        "sortable": true,
        "groupable": !matches!(kind, FieldType::DateTime | FieldType::Currency),
        "createable": false,
        "updateable": false,
        "unique": false,
        "referenceTo": targets,
        "relationshipName": relationship,
        "picklistValues": values.collect::<Vec<Json>>(),
    })
}

/// The values of a picklist, and their labels.
fn values(world: &World, field: &str) -> Vec<(String, String)> {
    let plain = |values: &[std::sync::Arc<str>]| -> Vec<(String, String)> {
        values.iter().map(|value| (value.to_string(), value.to_string())).collect()
    };
    match field {
        "StageName" => {
            let stages = world.stages.iter().take(STAGES);
            stages.map(|stage| (stage.name.to_owned(), stage.label.clone())).collect()
        }
        "Region__c" => plain(&world.regions),
        "Product__c" => plain(&world.products),
        "LeadSource" => plain(&world.lead_sources),
        "CurrencyIsoCode" => {
            world.currencies.iter().map(|it| (it.code.clone(), it.code.clone())).collect()
        }
        _ => vec![],
    }
}
