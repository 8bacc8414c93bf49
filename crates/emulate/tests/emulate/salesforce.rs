//! Salesforce's interface: the query language, pages, jobs, errors.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use winsight_emulate::{Command, DealTruth, Kind, Options};

use crate::http::{get, post, query, send, sign_in};
use crate::{options, start};

fn texts(records: &[Json], field: &str) -> Vec<String> {
    records.iter().map(|it| it[field].as_str().unwrap_or("").to_owned()).collect()
}

/// Which of the deals a condition is about.
type Wanted = fn(&DealTruth) -> bool;

#[tokio::test]
async fn queries_choose_sort_and_cut() {
    let emulator = start(options(Kind::Salesforce, 400)).await;
    let token = sign_in(&emulator).await;
    let truth = emulator.truth();
    let cases: [(&str, Wanted); 9] = [
        ("IsWon = true", |it| it.outcome == "won"),
        ("IsClosed = false AND Region__c != 'EMEA'", |it| {
            it.outcome == "open" && it.region.as_deref() != Some("EMEA")
        }),
        ("StageName IN ('Closed Won','Demo') OR Amount > 100000.5", |it| {
            let amount: f64 = it.amount.as_deref().map_or(0.0, |it| it.parse().unwrap_or(0.0));
            ["Closed Won", "Demo"].contains(&it.stage.as_str()) || amount > 100_000.5
        }),
        ("NOT (IsWon = true) AND StageName NOT IN ('Demo')", |it| {
            it.outcome != "won" && it.stage != "Demo"
        }),
        ("Name LIKE '%Core%'", |it| it.name.to_lowercase().contains("core")),
        ("CloseDate >= 2026-01-01 AND CloseDate < 2026-02-01", |it| {
            it.close_date.starts_with("2026-01")
        }),
        ("Owner.UserRole.Name = 'Aurora'", |it| it.team == "Aurora"),
        ("CreatedDate >= 2025-06-01T00:00:00Z", |it| it.created_at.as_str() >= "2025-06-01"),
        ("Loss_Reason__c = null", |it| it.loss_reason.is_none()),
    ];
    for (condition, wanted) in cases {
        let text = format!("SELECT Id FROM Opportunity WHERE {condition}");
        let found: BTreeSet<String> =
            texts(&query(&emulator, &token, &text).await, "Id").into_iter().collect();
        let wanted: BTreeSet<String> =
            truth.deals.iter().filter(|it| wanted(it)).map(|it| it.id.clone()).collect();
        assert!(!wanted.is_empty(), "{condition} is about no deal");
        assert_eq!(found, wanted, "{condition}");
    }
    let sorted = "SELECT Id, StageName, Amount FROM Opportunity \
                  ORDER BY StageName DESC, Amount ASC NULLS LAST, Id LIMIT 50 OFFSET 10";
    let found = query(&emulator, &token, sorted).await;
    let amounts: Vec<f64> = found
        .iter()
        .filter(|it| it["StageName"] == found[0]["StageName"])
        .filter_map(|it| it["Amount"].as_f64())
        .collect();
    assert_eq!(found.len(), 50);
    assert!(amounts.is_sorted(), "{amounts:?}");
}

#[tokio::test]
async fn pages_show_the_moment_of_the_query() {
    let emulator = start(Options { page_size: 100, ..options(Kind::Salesforce, 450) }).await;
    let token = sign_in(&emulator).await;
    let before = emulator.truth();
    let path = "/services/data/v62.0/query?q=SELECT+Id,Name,StageName+FROM+Opportunity";
    let first = get(&emulator, path, &token).await.json();
    emulator.execute(Command::LiveDays { days: 3 }).await.expect("days pass");
    let mut stages = first["records"].as_array().expect("records").clone();
    let mut next = first["nextRecordsUrl"].as_str().map(str::to_owned);
    while let Some(path) = next {
        // A page can be asked for again.
        let page = get(&emulator, &path, &token).await.json();
        assert_eq!(page, get(&emulator, &path, &token).await.json());
        stages.extend(page["records"].as_array().expect("records").iter().cloned());
        next = page["nextRecordsUrl"].as_str().map(str::to_owned);
    }
    let wanted: Vec<String> = before.deals.iter().map(|it| it.stage.clone()).collect();
    assert_eq!(texts(&stages, "StageName"), wanted);
    assert_ne!(before, emulator.truth());
}

#[tokio::test]
async fn jobs_are_polled_and_read_in_pages() {
    let emulator = start(options(Kind::Salesforce, 300)).await;
    let token = sign_in(&emulator).await;
    let jobs = "/services/data/v62.0/jobs/query";
    let body = json!({ "operation": "query", "query": "SELECT Id, Owner.Name FROM Opportunity" });
    let job = post(&emulator, jobs, &token, &body).await.json();
    let path = format!("{jobs}/{}", job["id"].as_str().expect("an id"));
    assert_eq!(job["state"], "UploadComplete");
    let early = get(&emulator, &format!("{path}/results"), &token).await;
    assert_eq!(early.status, 400);
    let mut state = job;
    while state["state"] != "JobComplete" {
        state = get(&emulator, &path, &token).await.json();
    }
    assert_eq!(state["numberRecordsProcessed"], 300);
    let (mut ids, mut locator) = (Vec::new(), String::new());
    while locator != "null" {
        let page = format!("{path}/results?maxRecords=128&locator={locator}");
        let page = get(&emulator, &page, &token).await;
        let rows: Vec<&str> = page.body.lines().skip(1).collect();
        assert_eq!(page.header("Sforce-NumberOfRecords"), Some(rows.len().to_string().as_str()));
        ids.extend(rows.iter().map(|row| row[1..19].to_owned()));
        page.header("Sforce-Locator").expect("a locator").clone_into(&mut locator);
    }
    let wanted: Vec<String> = emulator.truth().deals.into_iter().map(|it| it.id).collect();
    assert_eq!(ids, wanted);
    assert_eq!(send(&emulator, "DELETE", &path, &token, ("text/plain", "")).await.status, 204);
    assert_eq!(get(&emulator, &path, &token).await.status, 404);
}

#[tokio::test]
async fn what_is_gone_shows_in_query_all_until_the_bin_is_emptied() {
    let emulator = start(options(Kind::Salesforce, 500)).await;
    emulator.execute(Command::LiveDays { days: 20 }).await.expect("days pass");
    let token = sign_in(&emulator).await;
    let truth = emulator.truth();
    let all = "/services/data/v62.0/queryAll?q=SELECT+Id+FROM+Opportunity+WHERE+IsDeleted=true";
    let gone = get(&emulator, all, &token).await.json();
    assert!(!truth.deleted.is_empty());
    assert_eq!(texts(gone["records"].as_array().expect("records"), "Id"), truth.deleted);
    emulator.execute(Command::EmptyBin).await.expect("it is emptied");
    assert_eq!(get(&emulator, all, &token).await.json()["totalSize"], 0);
}

#[tokio::test]
async fn refusals_carry_salesforces_codes() {
    let emulator = start(options(Kind::Salesforce, 100)).await;
    let token = sign_in(&emulator).await;
    let removed =
        Command::RemoveField { object: "Opportunity".to_owned(), field: "Region__c".to_owned() };
    emulator.execute(removed).await.expect("it is removed");
    let cases = [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE Name = 'x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE (((Id = null", "MALFORMED_QUERY"),
        ("SELECT Region__c FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Nobody.Name FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contract", "INVALID_TYPE"),
    ];
    for (text, code) in cases {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let path = format!("/services/data/v62.0/query?q={text}");
        let reply = get(&emulator, &path, &token).await;
        assert_eq!((reply.status, &reply.json()[0]["errorCode"]), (400, &json!(code)), "{text}");
    }
    let path = "/services/data/v62.0/sobjects";
    let reply = get(&emulator, path, "wrong").await;
    assert_eq!(
        (reply.status, reply.json()[0]["errorCode"].clone()),
        (401, json!("INVALID_SESSION_ID"))
    );
    emulator.execute(Command::ExpireSessions).await.expect("they expire");
    assert_eq!(get(&emulator, path, &token).await.status, 401);
}
