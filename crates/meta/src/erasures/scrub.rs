//! Names out of every text of the metadata of a workspace.

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    ModelTrait, QueryFilter, Set,
};
use serde_json::Value;
use winsight_alert::Finding;
use winsight_model::WorkspaceId;
use winsight_vault::ErasedNames;

use crate::entity::{
    alert, alert_event, delivery, insight, load, mapping, quarantine_reason, quarantine_row,
    recipient, rule_file, run, source,
};
use crate::quarantine::row_key;
use crate::stored::read_instant;

type Counts = BTreeMap<String, u64>;

/// Replaces names in a text. Returns whether there were any.
pub(crate) fn scrub_text(names: &ErasedNames, text: &mut String) -> bool {
    let replaced = names.text(text);
    let is_changed = replaced.is_some();
    if let Some(replaced) = replaced {
        *text = replaced.text;
    }
    is_changed
}

/// Replaces names in every text of a JSON value, names of fields included.
pub(crate) fn scrub_json(names: &ErasedNames, value: &mut Value) -> bool {
    match value {
        Value::String(text) => scrub_text(names, text),
        Value::Array(items) => {
            items.iter_mut().fold(false, |changed, item| scrub_json(names, item) | changed)
        }
        Value::Object(fields) => {
            let mut is_changed = false;
            let scrubbed = std::mem::take(fields).into_iter().map(|(mut name, mut value)| {
                is_changed |= scrub_text(names, &mut name);
                is_changed |= scrub_json(names, &mut value);
                (name, value)
            });
            *fields = scrubbed.collect();
            is_changed
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Replaces names in every row of the workspace; returns how many rows had any, by table.
pub(super) async fn scrub(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
) -> Result<Counts, DbErr> {
    let mut counts = Counts::new();
    if !names.is_empty() {
        loads(transaction, workspace, names, &mut counts).await?;
        quarantine(transaction, workspace, names, &mut counts).await?;
        insights(transaction, workspace, names, &mut counts).await?;
        alerts(transaction, workspace, names, &mut counts).await?;
        alert_events(transaction, workspace, names, &mut counts).await?;
        deliveries(transaction, workspace, names, &mut counts).await?;
        mappings(transaction, workspace, names, &mut counts).await?;
        rules(transaction, workspace, names, &mut counts).await?;
        sources(transaction, workspace, names, &mut counts).await?;
    }
    Ok(counts)
}

fn add(counts: &mut Counts, table: &str) {
    *counts.entry(table.to_owned()).or_default() += 1;
}

async fn loads(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = load::Column::Workspace.eq(workspace.as_str());
    for row in load::Entity::find().filter(of_workspace).all(transaction).await? {
        let mut scrubbed = row.clone();
        scrub_json(names, &mut scrubbed.files);
        scrub_json(names, &mut scrubbed.report);
        scrub_text(names, &mut scrubbed.mapping_toml);
        if let Some(failure) = &mut scrubbed.failure {
            scrub_text(names, failure);
        }
        if scrubbed != row {
            let mut changed = row.into_active_model();
            changed.files = Set(scrubbed.files);
            changed.report = Set(scrubbed.report);
            changed.mapping_toml = Set(scrubbed.mapping_toml);
            changed.failure = Set(scrubbed.failure);
            changed.update(transaction).await?;
            add(counts, "loads");
        }
    }
    Ok(())
}

async fn quarantine(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = quarantine_row::Column::Workspace.eq(workspace.as_str());
    for row in quarantine_row::Entity::find().filter(of_workspace).all(transaction).await? {
        let mut is_changed = false;
        let reasons = quarantine_reason::Entity::find()
            .filter(quarantine_reason::Column::LoadId.eq(row.load_id))
            .filter(quarantine_reason::Column::Position.eq(row.position));
        for reason in reasons.all(transaction).await? {
            let mut message = reason.message.clone();
            if scrub_text(names, &mut message) {
                is_changed = true;
                let mut changed = reason.into_active_model();
                changed.message = Set(message);
                changed.update(transaction).await?;
            }
        }
        let (mut raw, mut file) = (row.raw.clone(), row.file.clone());
        if scrub_text(names, &mut raw) | scrub_text(names, &mut file) {
            is_changed = true;
            let key = row_key(row.deal_id.as_deref(), &raw);
            let mut changed = row.into_active_model();
            changed.row_key = Set(key);
            changed.raw = Set(raw);
            changed.file = Set(file);
            changed.update(transaction).await?;
        }
        if is_changed {
            add(counts, "quarantine");
        }
    }
    Ok(())
}

async fn insights(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = run::Column::Workspace.eq(workspace.as_str());
    for run in run::Entity::find().filter(of_workspace).all(transaction).await? {
        let of_run = insight::Column::RunId.eq(run.id);
        for row in insight::Entity::find().filter(of_run).all(transaction).await? {
            let mut said = row.insight.clone();
            if scrub_json(names, &mut said) {
                let mut changed = row.into_active_model();
                changed.insight = Set(said);
                changed.update(transaction).await?;
                add(counts, "insights");
            }
        }
    }
    Ok(())
}

/// An alert's id is made of what it is about, so that it is made anew.
async fn alerts(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = alert::Column::Workspace.eq(workspace.as_str());
    for row in alert::Entity::find().filter(of_workspace).all(transaction).await? {
        let (mut finding, mut life) = (row.finding.clone(), row.life.clone());
        let named_in_life = life.as_mut().is_some_and(|life| scrub_json(names, life));
        if !scrub_json(names, &mut finding) && !named_in_life {
            continue;
        }
        let unreadable = |error: &dyn std::fmt::Display| DbErr::Json(error.to_string());
        let read: Finding =
            serde_json::from_value(finding.clone()).map_err(|error| unreadable(&error))?;
        let opened_at = read_instant(row.opened_at).map_err(|error| unreadable(&error))?;
        let segment = finding["segment"].to_string();
        let is_about_the_name = segment != row.segment;
        let mut changed = row.clone();
        changed.segment = segment;
        changed.finding = finding;
        changed.life = life;
        if is_about_the_name {
            changed.id = winsight_alert::alert_id(&read, opened_at);
        }
        if changed.id != row.id {
            delivery::Entity::update_many()
                .col_expr(delivery::Column::Alert, Expr::value(changed.id.as_str()))
                .filter(delivery::Column::Workspace.eq(workspace.as_str()))
                .filter(delivery::Column::Alert.eq(row.id.as_str()))
                .exec(transaction)
                .await?;
            alert_event::Entity::update_many()
                .col_expr(alert_event::Column::Alert, Expr::value(changed.id.as_str()))
                .filter(alert_event::Column::Workspace.eq(workspace.as_str()))
                .filter(alert_event::Column::Alert.eq(row.id.as_str()))
                .exec(transaction)
                .await?;
        }
        row.delete(transaction).await?;
        alert::Entity::insert(changed.into_active_model().reset_all())
            .exec_without_returning(transaction)
            .await?;
        add(counts, "alerts");
    }
    Ok(())
}

/// What people did with alerts, and wrote below them.
async fn alert_events(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = alert_event::Column::Workspace.eq(workspace.as_str());
    for row in alert_event::Entity::find().filter(of_workspace).all(transaction).await? {
        let mut scrubbed = row.clone();
        scrub_text(names, &mut scrubbed.who);
        if let Some(text) = &mut scrubbed.text {
            scrub_text(names, text);
        }
        if scrubbed != row {
            let mut changed = row.into_active_model();
            changed.who = Set(scrubbed.who);
            changed.text = Set(scrubbed.text);
            changed.update(transaction).await?;
            add(counts, "alert_events");
        }
    }
    Ok(())
}

/// What was, or is to be, said about somebody, and whose deals recipients may see. An address is
/// left as it is: only a recipient that is removed has none.
async fn deliveries(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = delivery::Column::Workspace.eq(workspace.as_str());
    for row in delivery::Entity::find().filter(of_workspace).all(transaction).await? {
        let mut notice = row.notice.clone();
        let is_renamed = notice["alert"] != row.alert.as_str();
        notice["alert"] = row.alert.as_str().into();
        if scrub_json(names, &mut notice) | is_renamed {
            let mut changed = row.into_active_model();
            changed.notice = Set(notice);
            changed.update(transaction).await?;
            add(counts, "deliveries");
        }
    }
    let of_workspace = recipient::Column::Workspace.eq(workspace.as_str());
    for row in recipient::Entity::find().filter(of_workspace).all(transaction).await? {
        let (mut sight, mut routing) = (row.sight.clone(), row.routing.clone());
        if scrub_json(names, &mut sight) | scrub_json(names, &mut routing) {
            let mut changed = row.into_active_model();
            changed.sight = Set(sight);
            changed.routing = Set(routing);
            changed.update(transaction).await?;
            add(counts, "recipients");
        }
    }
    Ok(())
}

async fn mappings(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = mapping::Column::Workspace.eq(workspace.as_str());
    for row in mapping::Entity::find().filter(of_workspace).all(transaction).await? {
        let mut toml = row.toml.clone();
        if scrub_text(names, &mut toml) {
            let mut changed = row.into_active_model();
            changed.toml = Set(toml);
            changed.update(transaction).await?;
            add(counts, "mappings");
        }
    }
    Ok(())
}

async fn rules(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = rule_file::Column::Workspace.eq(workspace.as_str());
    for row in rule_file::Entity::find().filter(of_workspace).all(transaction).await? {
        let (mut toml, mut failures) = (row.toml.clone(), row.failures.clone());
        let failed = failures.as_mut().is_some_and(|failures| scrub_json(names, failures));
        if scrub_text(names, &mut toml) | failed {
            let mut changed = row.into_active_model();
            changed.toml = Set(toml);
            changed.failures = Set(failures);
            changed.update(transaction).await?;
            add(counts, "rule_files");
        }
    }
    Ok(())
}

/// How the deals of a source are read, and what went wrong there. What of it was read but not loaded
/// yet is dropped by whoever holds the pages.
async fn sources(
    transaction: &impl ConnectionTrait,
    workspace: &WorkspaceId,
    names: &ErasedNames,
    counts: &mut Counts,
) -> Result<(), DbErr> {
    let of_workspace = source::Column::Workspace.eq(workspace.as_str());
    for row in source::Entity::find().filter(of_workspace).all(transaction).await? {
        let (mut mapping, mut health) = (row.mapping.clone(), row.health.clone());
        let mapped = mapping.as_mut().is_some_and(|mapping| scrub_text(names, mapping));
        if mapped | scrub_json(names, &mut health) {
            let mut changed = row.into_active_model();
            changed.mapping = Set(mapping);
            changed.health = Set(health);
            changed.update(transaction).await?;
            add(counts, "sources");
        }
    }
    Ok(())
}
