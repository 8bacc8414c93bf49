//! Records as Salesforce answers them, into rows as it exports them.

use std::collections::BTreeMap;

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
    if deal.is_empty() || stage.is_empty() || instant.is_empty() {
        return;
    }
    let at = microseconds(&instant);
    let fields = vec![deal.clone(), written(&instant), stage];
    page.events.rows.push(Record { deal, id: value("Id"), at, fields });
}

/// Adds the stages of opportunities from the changes of theirs that were tracked. Only of a deal whose
/// creation was tracked is it known in which stage it began: in that before the first change, or in the
/// present one. A deal does not begin in a closed stage: then the stage was not tracked yet.
pub(super) fn add_tracked(
    page: &mut Page,
    deals: &[Value],
    changes: &[Value],
    stages: &BTreeMap<String, String>,
) {
    let is_open = |stage: &String| stages.get(stage).is_none_or(|outcome| outcome == "open");
    for deal in deals.iter().filter(|deal| value(deal, "IsDeleted") != "true") {
        let id = value(deal, "Id");
        let of_deal = changes.iter().filter(|change| value(change, "OpportunityId") == id);
        let (created, entered): (Vec<_>, Vec<_>) =
            of_deal.partition(|change| value(change, "Field") == "created");
        let present = || value(deal, "StageName");
        let first = entered.first().map_or_else(present, |change| value(change, "OldValue"));
        let is_closed = entered.is_empty() && value(deal, "IsClosed") == "true";
        if !created.is_empty() && !is_closed && is_open(&first) {
            add_event(page, |column| match column {
                "OpportunityId" => id.clone(),
                "CreatedDate" => value(deal, "CreatedDate"),
                "StageName" => first.clone(),
                _ => String::new(),
            });
        }
        for change in entered {
            add_event(page, |column| match column {
                "StageName" => value(change, "NewValue"),
                column => value(change, column),
            });
        }
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::add_tracked;
    use crate::{Cursor, Next, Page};

    fn entered(present: &str, changes: &[(&str, &str, &str)]) -> Vec<(String, String)> {
        let deal = json!({
            "Id": "006A", "CreatedDate": "2024-01-02T10:00:00.000+0000", "StageName": present,
        });
        let days = ["2024-01-02", "2024-02-03", "2024-03-04"].into_iter();
        let row = |((field, old, new), day): (&(&str, &str, &str), &str)| {
            json!({
                "OpportunityId": "006A", "Field": field, "OldValue": old, "NewValue": new,
                "CreatedDate": format!("{day}T10:00:00.000+0000"),
            })
        };
        let changes: Vec<Value> = changes.iter().zip(days).map(row).collect();
        let stages = [("New", "open"), ("Won", "won")];
        let stages: BTreeMap<_, _> =
            stages.map(|(stage, outcome)| (stage.to_owned(), outcome.to_owned())).into();
        let mut page = Page::empty(Next::End(Cursor(Value::Null)));
        add_tracked(&mut page, &[deal], &changes, &stages);
        let fields = page.events.rows.into_iter().map(|row| row.fields);
        fields.map(|fields| (fields[1][..10].to_owned(), fields[2].clone())).collect()
    }

    #[test]
    fn a_deal_begins_in_no_stage_that_nobody_tracked() {
        let created = ("created", "", "");
        let at = |day: &str, stage: &str| (day.to_owned(), stage.to_owned());
        assert_eq!(entered("New", &[created]), [at("2024-01-02", "New")]);
        let won = [created, ("StageName", "New", "Won")];
        assert_eq!(entered("Won", &won), [at("2024-01-02", "New"), at("2024-02-03", "Won")]);
        // The stage was tracked later than the creation, later than the deal, or not at all.
        assert_eq!(entered("Won", &[created]), []);
        assert_eq!(entered("Won", &[("StageName", "New", "Won")]), [at("2024-01-02", "Won")]);
        assert_eq!(entered("New", &[]), []);
    }
}
