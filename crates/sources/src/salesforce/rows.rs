//! Records as Salesforce answers them, into rows as it exports them.

use serde_json::Value;

use crate::text::{clean, microseconds, written, written_out};
use crate::{Deletion, Page, Record};

/// The value of a column such as `Owner.UserRole.Name` in a record.
pub(super) fn value(record: &Value, column: &str) -> String {
    let value = column.split('.').fold(record, |value, name| &value[name]);
    match value {
        Value::String(text) => clean(text),
        Value::Number(number) => plain(number),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// A number without an exponent, which large amounts would have.
fn plain(number: &serde_json::Number) -> String {
    match (number.is_f64(), number.as_f64()) {
        (true, Some(number)) => format!("{number}"),
        _ => number.to_string(),
    }
}

/// A value of a bulk query, whose large numbers have an exponent. A text may look like one, and stays.
pub(super) fn of_type(kind: Option<&String>, value: String) -> String {
    let is_number = ["currency", "double", "percent", "int"].contains(&kind.map_or("", |it| it));
    is_number.then(|| written_out(&value)).flatten().unwrap_or(value)
}

/// Adds an opportunity to a page: as a row, or as deleted.
pub(super) fn add_deal(page: &mut Page, columns: &[String], value: impl Fn(&str) -> String) {
    let deal = value("Id");
    let at = microseconds(&value("SystemModstamp"));
    if value("IsDeleted") == "true" {
        page.deleted.push(Deletion { deal, at });
        return;
    }
    page.deals.columns = columns.to_vec();
    let fields = columns
        .iter()
        .map(|column| match column.as_str() {
            "CreatedDate" | "SystemModstamp" => written(&value(column)),
            column => value(column),
        })
        .collect();
    page.deals.rows.push(Record { deal, id: String::new(), at, fields });
}

/// Adds an entry of the history of an opportunity: the stage it was in from then on.
pub(super) fn add_event(page: &mut Page, value: impl Fn(&str) -> String) {
    page.events.columns = ["deal_id", "date", "stage"].map(str::to_owned).to_vec();
    let (deal, instant, stage) = (value("OpportunityId"), value("CreatedDate"), value("StageName"));
    if deal.is_empty() || stage.is_empty() {
        return;
    }
    let at = microseconds(&instant);
    let fields = vec![deal.clone(), written(&instant), stage];
    page.events.rows.push(Record { deal, id: value("Id"), at, fields });
}

/// Adds a task or event of an opportunity.
pub(super) fn add_activity(page: &mut Page, object: &str, value: impl Fn(&str) -> String) {
    page.activities.columns = ["deal_id", "date", "kind"].map(str::to_owned).to_vec();
    let deal = value("WhatId");
    let day = match value("ActivityDate") {
        day if day.is_empty() => written(&value("CreatedDate")),
        day => day,
    };
    // Ids of opportunities begin with 006; tasks are also about accounts and more.
    if !deal.starts_with("006") || day.is_empty() || value("IsDeleted") == "true" {
        return;
    }
    let kind = match (object, value("TaskSubtype")) {
        ("Event", _) => "meeting".to_owned(),
        (_, kind) if kind.is_empty() => "task".to_owned(),
        (_, kind) => kind.to_lowercase(),
    };
    let at = microseconds(&value("CreatedDate"));
    let fields = vec![deal.clone(), day, kind];
    page.activities.rows.push(Record { deal, id: value("Id"), at, fields });
}
