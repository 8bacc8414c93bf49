//! What a CRM holds against what the store holds.

use std::collections::BTreeMap;
use std::path::Path;

use winsight_emulate::{DealTruth, Truth};

/// A row by its columns.
type Row = BTreeMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

/// Whitespace within a text is one space in the store.
fn clean(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn wanted(deal: &DealTruth) -> Vec<(&'static str, String)> {
    let is_open = deal.outcome == "open";
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let closed = if is_open { String::new() } else { deal.close_date.clone() };
    let mut columns = vec![
        ("name", clean(&deal.name)),
        ("account", deal.account.clone()),
        ("outcome", deal.outcome.clone()),
        ("stage", deal.stage.clone()),
        ("created_date", deal.created_at[..10].to_owned()),
        ("closed_date", closed),
        ("amount_original", text(&deal.amount)),
        ("currency", deal.currency.clone()),
        ("industry", deal.industry.clone()),
        ("region", text(&deal.region)),
        ("product", text(&deal.product)),
        ("rep", deal.owner.clone()),
        ("team", deal.team.clone()),
        ("lead_source", text(&deal.lead_source)),
        ("deal_type", deal.deal_type.clone()),
    ];
    if is_open {
        columns.push(("expected_close_date", deal.close_date.clone()));
    }
    columns
}

/// The stages that a deal entered: day and stage, in their order.
fn entered(events: &[Row]) -> BTreeMap<&str, Vec<(String, String)>> {
    let place = |row: &Row| (row["date"].clone(), row["position"].parse::<u32>().unwrap_or(0));
    let mut sorted: Vec<_> = events.iter().collect();
    sorted.sort_by_key(|row| place(row));
    let mut entered: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for row in sorted {
        let stages = entered.entry(row["deal_id"].as_str()).or_default();
        stages.push((row["date"].clone(), row["stage"].clone()));
    }
    entered
}

/// What differs, in words.
pub(crate) fn differences(truth: &Truth, export: &Path) -> Vec<String> {
    let deals = rows(&export.join("deals.csv"));
    let held: BTreeMap<&str, &Row> =
        deals.iter().map(|row| (row["deal_id"].as_str(), row)).collect();
    let events = rows(&export.join("stage_events.csv"));
    let mut entered = entered(&events);
    let mut found = Vec::new();
    if held.len() != deals.len() {
        found.push("a deal is there twice".to_owned());
    }
    for deal in &truth.deals {
        let Some(row) = held.get(deal.id.as_str()) else {
            found.push(format!("{} is missing", deal.id));
            continue;
        };
        for (column, wanted) in wanted(deal) {
            let held = clean(&row[column]);
            if held != wanted {
                found.push(format!("{} {column}: {held:?}, not {wanted:?}", deal.id));
            }
        }
        let wanted = deal.stages.iter().map(|(at, stage)| (at[..10].to_owned(), stage.clone()));
        let wanted: Vec<_> = wanted.collect();
        let stages = entered.remove(deal.id.as_str()).unwrap_or_default();
        if stages != wanted {
            found.push(format!("{} stages: {stages:?}, not {wanted:?}", deal.id));
        }
    }
    let known: std::collections::BTreeSet<&str> =
        truth.deals.iter().map(|deal| deal.id.as_str()).collect();
    let more = held.keys().filter(|deal| !known.contains(*deal));
    found.extend(more.map(|deal| format!("{deal} is too many")));
    found
}
