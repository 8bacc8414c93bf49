//! Deals as HubSpot answers them, into rows as HubSpot exports them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::describe::{Detail, text};
use super::properties::COUNT;
use crate::text::{microseconds, written};
use crate::{Page, Record, Table};

/// The columns of a deal, in the words of the mapping of HubSpot.
pub(super) const COLUMNS: [&str; 19] = [
    "hs_object_id",
    "dealname",
    "Associated Company",
    "createdate",
    "closedate",
    "notes_last_updated",
    "hs_lastmodifieddate",
    "dealstage",
    "hs_is_closed_won",
    "hs_is_closed",
    "amount",
    "deal_currency_code",
    "Country/Region",
    "industry",
    "hs_analytics_source",
    "Deal owner",
    "HubSpot Team",
    "dealtype",
    "pipeline",
];

/// What is read of a company.
#[derive(Clone, Debug, Default)]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) country: String,
    pub(super) industry: String,
}

/// The companies of the deals on a page, by deal.
pub(super) type Companies = BTreeMap<String, Company>;

/// Most activities that a count may rise by at once and still be believed.
const MOST_AT_ONCE: u64 = 100;

/// Adds deals, the history of their stages, and their activities to a page.
pub(super) fn add_deals(
    page: &mut Page,
    deals: &[Value],
    companies: &Companies,
    detail: &Detail,
    columns: &[String],
) {
    page.deals.columns = columns.to_vec();
    page.events.columns = ["deal_id", "date", "stage"].map(str::to_owned).to_vec();
    page.activities.columns = ["deal_id", "date", "kind"].map(str::to_owned).to_vec();
    for deal in deals {
        let id = text(&deal["id"]);
        let company = companies.get(&id).cloned().unwrap_or_default();
        page.deals.rows.push(row(&id, deal, &company, detail));
        add_history(&mut page.events, &id, deal, detail);
        add_activities(&mut page.activities, &id, deal);
    }
}

fn row(id: &str, deal: &Value, company: &Company, detail: &Detail) -> Record {
    let property = |name: &str| text(&deal["properties"][name]);
    // Several choices are joined by semicolons.
    let choice = |name: &str| match (detail.choices.get(name), property(name)) {
        (Some(labels), value) if !value.is_empty() => {
            let label = |value: &str| labels.get(value).map_or(value, String::as_str).to_owned();
            value.split(';').map(label).collect::<Vec<_>>().join(";")
        }
        (_, value) => value,
    };
    let stage_id = property("dealstage");
    let stage = detail.stages.get(&stage_id);
    let owner = detail.owners.get(&property("hubspot_owner_id"));
    let of_stage = |name: &str, when: &[&str]| match (property(name), stage) {
        (said, _) if !said.is_empty() => said,
        (_, Some(stage)) => when.contains(&stage.outcome.as_str()).to_string(),
        (_, None) => String::new(),
    };
    // That of the owner as the reading has it: the deal's own changes with it, and may do so twice
    // while pages are read.
    let team = match owner.map(|owner| &owner.team).filter(|team| !team.is_empty()) {
        Some(team) => team.clone(),
        None => detail.teams.get(&property("hubspot_team_id")).cloned().unwrap_or_default(),
    };
    let rep = match owner {
        Some(owner) => owner.name.clone(),
        None => property("hubspot_owner_id"),
    };
    let pipeline = property("pipeline");
    let mut fields = vec![
        id.to_owned(),
        property("dealname"),
        company.name.clone(),
        written(&property("createdate")),
        written(&property("closedate")),
        written(&property("notes_last_updated")),
        written(&property("hs_lastmodifieddate")),
        stage.map_or(stage_id, |stage| stage.label.clone()),
        of_stage("hs_is_closed_won", &["won"]),
        of_stage("hs_is_closed", &["won", "lost"]),
        property("amount"),
        property("deal_currency_code"),
        company.country.clone(),
        company.industry.clone(),
        choice("hs_analytics_source"),
        rep,
        team,
        choice("dealtype"),
        detail.pipelines.get(&pipeline).cloned().unwrap_or(pipeline),
    ];
    fields.extend(detail.custom.iter().map(|name| choice(name)));
    let at = microseconds(&property("hs_lastmodifieddate"));
    Record { deal: id.to_owned(), id: String::new(), at, fields }
}

/// HubSpot counts the activities of a deal; each rise of the count is as many of them at that time.
/// Those before the history begins have no time and are left out.
fn add_activities(activities: &mut Table, id: &str, deal: &Value) {
    let history = deal["propertiesWithHistory"][COUNT].as_array();
    let mut entries: Vec<_> = history
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let count: u64 = text(&entry["value"]).parse().ok()?;
            Some((microseconds(&text(&entry["timestamp"])), count, text(&entry["timestamp"])))
        })
        .collect();
    entries.sort();
    let mut before = entries.first().map_or(0, |(_, count, _)| count.saturating_sub(1));
    for (at, count, instant) in entries {
        for number in before..count.min(before + MOST_AT_ONCE) {
            activities.rows.push(Record {
                deal: id.to_owned(),
                id: (number + 1).to_string(),
                at,
                fields: vec![id.to_owned(), written(&instant), "activity".to_owned()],
            });
        }
        before = before.max(count);
    }
}

/// HubSpot lists the newest value first, and repeats one that was set again.
fn add_history(events: &mut Table, id: &str, deal: &Value, detail: &Detail) {
    let history = deal["propertiesWithHistory"]["dealstage"].as_array();
    let mut entries: Vec<_> = history.into_iter().flatten().collect();
    entries.sort_by_key(|entry| microseconds(&text(&entry["timestamp"])));
    let mut before = String::new();
    for entry in entries {
        let stage_id = text(&entry["value"]);
        if stage_id.is_empty() || stage_id == before {
            continue;
        }
        let instant = text(&entry["timestamp"]);
        let stage = detail.stages.get(&stage_id);
        let label = stage.map_or_else(|| stage_id.clone(), |stage| stage.label.clone());
        events.rows.push(Record {
            deal: id.to_owned(),
            id: String::new(),
            at: microseconds(&instant),
            fields: vec![id.to_owned(), written(&instant), label],
        });
        before = stage_id;
    }
}
