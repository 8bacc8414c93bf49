//! What a HubSpot account shows: properties, pipelines, owners.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::properties::{COUNT, CURRENCY, choose_properties};
use super::rows::COLUMNS;
use super::session::Session;
use crate::text::clean;
use crate::{Cause, Description, Finding, SourceError};

/// What the rows need of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Detail {
    /// Properties to ask for.
    pub(super) properties: Vec<String>,
    /// Those of them that become columns under their own names.
    pub(super) custom: Vec<String>,
    pub(super) owners: BTreeMap<String, Owner>,
    pub(super) teams: BTreeMap<String, String>,
    pub(super) pipelines: BTreeMap<String, String>,
    pub(super) stages: BTreeMap<String, Stage>,
    /// The labels of the choices of a property: what people see, and what exports have.
    pub(super) choices: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether companies may be read.
    pub(super) companies: bool,
}

impl Detail {
    /// The properties whose history is read: stages entered, and activities counted.
    pub(super) fn histories(&self) -> Vec<&str> {
        let counted = self.properties.iter().any(|property| property == COUNT);
        ["dealstage"].into_iter().chain(counted.then_some(COUNT)).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Owner {
    pub(super) name: String,
    pub(super) team: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stage {
    pub(super) label: String,
    pub(super) pipeline: String,
    /// `won`, `lost` or `open`.
    pub(super) outcome: String,
}

pub(super) async fn describe(
    session: &Session,
    fields: &[String],
) -> Result<Description, SourceError> {
    let mut description = Description::default();
    let mut detail = Detail::default();
    choose_properties(session, fields, &mut detail, &mut description).await?;
    // The properties and stages of deals may be shown to an app that may not read deals.
    session.post("/crm/v3/objects/deals/search", &json!({ "limit": 1 })).await?;
    read_pipelines(session, &mut detail).await?;
    if detail.stages.is_empty() {
        description.findings.push(Finding {
            missing: "pipelines of deals".to_owned(),
            effect: "no deal has a stage with a name, and outcomes may be unknown".to_owned(),
            remedy: "see whether HubSpot shows pipelines of deals to the user of the app"
                .to_owned(),
        });
    }
    description.stages =
        detail.stages.values().map(|stage| (stage.label.clone(), stage.outcome.clone())).collect();
    let findings = &mut description.findings;
    for archived in ["false", "true"] {
        let effect = "reps and teams are unknown";
        let read = read_owners(session, archived, &mut detail).await;
        let owners = allowed(session, read, "crm.objects.owners.read", effect, findings)?;
        if owners.is_none() {
            break;
        }
        // What the rows draw on beside properties: once it can be read again, all of them are.
        description.types.insert("associations.owners".to_owned(), "object".to_owned());
    }
    let companies = session.get("/crm/v3/objects/companies", &[("limit", "1")]).await;
    let effect = "accounts, industries and countries are unknown";
    let companies = allowed(session, companies, "crm.objects.companies.read", effect, findings)?;
    detail.companies = companies.is_some();
    if detail.companies {
        description.types.insert("associations.companies".to_owned(), "object".to_owned());
    }
    let effect = "webhooks are refused when it is more than five minutes off";
    description.findings.extend(session.client.clock_finding(effect));
    let has_currencies = detail.properties.iter().any(|property| property == CURRENCY);
    describe_account(session, has_currencies, &mut description).await?;
    let custom = detail.custom.iter().cloned();
    description.columns = COLUMNS.iter().map(ToString::to_string).chain(custom).collect();
    description.detail = serde_json::to_value(&detail).unwrap_or_default();
    Ok(description)
}

/// What was read, or `None` and a finding where a scope is missing.
fn allowed<T>(
    session: &Session,
    read: Result<T, SourceError>,
    scope: &str,
    effect: &str,
    findings: &mut Vec<Finding>,
) -> Result<Option<T>, SourceError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.cause == Cause::Permission => {
            findings.push(Finding {
                missing: format!("scope {scope}"),
                effect: effect.to_owned(),
                remedy: session.remedy_for(&format!("scope {scope}")),
            });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn read_pipelines(session: &Session, detail: &mut Detail) -> Result<(), SourceError> {
    let answer = session.get("/crm/v3/pipelines/deals", &[]).await?;
    let mut labels: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pipeline in list(&answer) {
        let label = text(&pipeline["label"]);
        detail.pipelines.insert(text(&pipeline["id"]), label.clone());
        for stage in pipeline["stages"].as_array().into_iter().flatten() {
            let stage_label = text(&stage["label"]);
            let outcome = outcome(&stage["metadata"]);
            labels.entry(stage_label.clone()).or_default().push(outcome.to_owned());
            let stage_of =
                Stage { label: stage_label, pipeline: label.clone(), outcome: outcome.to_owned() };
            detail.stages.insert(text(&stage["id"]), stage_of);
        }
    }
    // A label that means different things in two pipelines is told apart by the pipeline.
    for stage in detail.stages.values_mut() {
        let outcomes = labels.get(&stage.label).map_or(&[][..], Vec::as_slice);
        if outcomes.iter().any(|outcome| *outcome != stage.outcome) {
            stage.label = format!("{} ({})", stage.label, stage.pipeline);
        }
    }
    Ok(())
}

/// HubSpot marks closed stages, and gives won ones a probability of 1.
fn outcome(metadata: &Value) -> &'static str {
    let probability = number(&metadata["probability"]);
    let is_closed = match &metadata["isClosed"] {
        Value::String(text) => text == "true",
        Value::Bool(is_closed) => *is_closed,
        _ => probability.is_some_and(|probability| probability <= 0.0 || probability >= 1.0),
    };
    match (is_closed, probability) {
        (true, Some(probability)) if probability >= 1.0 => "won",
        (true, _) => "lost",
        (false, _) => "open",
    }
}

async fn read_owners(
    session: &Session,
    archived: &str,
    detail: &mut Detail,
) -> Result<(), SourceError> {
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("limit", "100"), ("archived", archived)];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let answer = session.get("/crm/v3/owners", &query).await?;
        for owner in list(&answer) {
            let names = [text(&owner["firstName"]), text(&owner["lastName"])];
            let name = names.join(" ").trim().to_owned();
            let name = if name.is_empty() { text(&owner["email"]) } else { name };
            let teams = owner["teams"].as_array().map_or(&[][..], Vec::as_slice);
            for team in teams {
                detail.teams.insert(text(&team["id"]), text(&team["name"]));
            }
            let primary = teams.iter().find(|team| team["primary"] == true).or(teams.first());
            let team = primary.map(|team| text(&team["name"])).unwrap_or_default();
            detail.owners.entry(text(&owner["id"])).or_insert(Owner { name, team });
        }
        after = next(&answer);
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The account's name, currency and rates, where it tells them.
async fn describe_account(
    session: &Session,
    has_currencies: bool,
    description: &mut Description,
) -> Result<(), SourceError> {
    "HubSpot".clone_into(&mut description.account);
    let findings = &mut description.findings;
    let account = session.get("/account-info/v3/details", &[]).await;
    let effect = "deals of another account would not be told from those of this one, and the account's \
                  currency is unknown: give default_currency and [currency_rates] in the mapping";
    if let Some(account) = told(allowed(session, account, "oauth", effect, findings))? {
        description.account_id = text(&account["portalId"]);
        description.account = format!("HubSpot account {}", description.account_id);
        description.currency = account["companyCurrency"].as_str().map(str::to_owned);
    }
    let rates = session.get("/settings/v3/currencies/exchange-rates/current", &[]).await;
    let effect = "deals in other currencies than the account's cannot be converted, unless the \
                  mapping has rates under [currency_rates]";
    let findings = &mut description.findings;
    let rates = if has_currencies {
        told(allowed(session, rates, "settings.currencies.read", effect, findings))?
    } else {
        // With one currency nobody misses them, and no sync may fail for them.
        rates.ok()
    };
    for rate in rates.iter().flat_map(list) {
        let to = rate["toCurrencyCode"].as_str();
        if to.is_some() && to == description.currency.as_deref() {
            let value = text(&rate["conversionRate"]);
            description.rates.insert(text(&rate["fromCurrencyCode"]), value);
        }
    }
    if !has_currencies && !description.rates.is_empty() {
        description.findings.push(Finding {
            missing: format!("property {CURRENCY} of deals"),
            effect: "amounts in other currencies are taken for amounts in the account's".to_owned(),
            remedy: format!("let the app see the property {CURRENCY} of deals"),
        });
    }
    Ok(())
}

/// What was read; nothing where the account has no such thing to tell.
fn told(read: Result<Option<Value>, SourceError>) -> Result<Option<Value>, SourceError> {
    match read {
        Err(error) if matches!(error.cause, Cause::Answer | Cause::WrongHost) => Ok(None),
        read => read,
    }
}

/// The list that answers hold their results in.
pub(super) fn list(answer: &Value) -> &[Value] {
    answer["results"].as_array().map_or(&[], Vec::as_slice)
}

/// Where the next page of a list begins.
pub(super) fn next(answer: &Value) -> Option<String> {
    match &answer["paging"]["next"]["after"] {
        Value::Null => None,
        after => Some(text(after)),
    }
}

/// Texts and numbers as text, everything else as nothing.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    }
}
