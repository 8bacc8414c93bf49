//! Each fault does what its name says, and lets its readers through in the end.

use std::time::Duration;

use serde_json::Value as Json;
use winsight_emulate::{Command, Emulator, Fault, FaultRule, Kind, Options, RequestClass};

use crate::http::{Reply, get, sign_in};
use crate::{options, start};

const QUERY: &str = "/services/data/v62.0/query?q=SELECT+Id,Name+FROM+Opportunity+ORDER+BY+Id";

async fn with(emulator: &Emulator, rule: FaultRule) {
    let command = Command::Faults { rules: vec![rule], seed: 5, edits: 3 };
    emulator.execute(command).await.expect("it is set");
}

/// What a fault looks like to its reader.
type Check = fn(&Reply) -> bool;

#[tokio::test]
async fn each_fault_shows_once_and_passes() {
    let emulator = start(options(Kind::Salesforce, 300)).await;
    let token = sign_in(&emulator).await;
    let cases: [(Fault, Check); 9] = [
        (Fault::ServerError, |it| (500..=503).contains(&it.status)),
        (Fault::RateLimit, |it| it.status == 429 && it.header("Retry-After") == Some("1")),
        (Fault::DailyLimit, |it| it.json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"),
        (Fault::LockedRow, |it| it.json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"),
        (Fault::QueryTimeout, |it| it.json()[0]["errorCode"] == "QUERY_TIMEOUT"),
        (Fault::Reset, |it| it.status == 200 && !it.complete),
        (Fault::Truncate, |it| it.status == 200 && it.complete && it.json() == Json::Null),
        (Fault::ContentType, |it| it.header("Content-Type") == Some("text/html")),
        (Fault::ExpireToken, |it| it.status == 401),
    ];
    for (fault, shows) in cases {
        let rule = FaultRule::new(fault, 1.0).on(&[RequestClass::Query]).times(1);
        with(&emulator, rule).await;
        let token =
            if fault == Fault::ExpireToken { sign_in(&emulator).await } else { token.clone() };
        let reply = get(&emulator, QUERY, &token).await;
        assert!(shows(&reply), "{fault:?}: {} {}", reply.status, reply.body);
        let token = sign_in(&emulator).await;
        assert_eq!(get(&emulator, QUERY, &token).await.status, 200, "{fault:?} passes");
    }
    assert_eq!(emulator.requests().faults, 1);
}

#[tokio::test]
async fn a_request_that_hangs_is_never_answered() {
    let emulator = start(options(Kind::Salesforce, 100)).await;
    let token = sign_in(&emulator).await;
    with(&emulator, FaultRule::new(Fault::Timeout, 1.0).times(1)).await;
    let short = Duration::from_millis(50);
    assert!(tokio::time::timeout(short, get(&emulator, QUERY, &token)).await.is_err());
    assert_eq!(get(&emulator, QUERY, &token).await.status, 200);
}

#[tokio::test]
async fn faults_do_not_strike_more_often_in_a_row_than_allowed() {
    let emulator = start(options(Kind::Salesforce, 100)).await;
    let token = sign_in(&emulator).await;
    with(&emulator, FaultRule::new(Fault::ServerError, 1.0)).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(get(&emulator, QUERY, &token).await.status < 300);
    }
    assert_eq!(statuses, [false, false, true, false, false, true]);
}

#[tokio::test]
async fn rows_repeat_and_records_change_while_pages_are_read() {
    let options = Options { page_size: 100, ..options(Kind::Salesforce, 250) };
    let emulator = start(options).await;
    let token = sign_in(&emulator).await;
    let before = emulator.truth();
    with(&emulator, FaultRule::new(Fault::Duplicate, 1.0).on(&[RequestClass::More])).await;
    let found = crate::http::query(&emulator, &token, "SELECT Id FROM Opportunity").await;
    assert_eq!(found.len(), 252);
    with(&emulator, FaultRule::new(Fault::Edit, 1.0)).await;
    let found = crate::http::query(&emulator, &token, "SELECT Id FROM Opportunity").await;
    assert!(found.len() >= 240);
    assert_ne!(before, emulator.truth());
}

#[tokio::test]
async fn a_revoked_connection_stays_refused_and_a_skewed_clock_refuses_assertions_only() {
    let emulator = start(options(Kind::Salesforce, 100)).await;
    let token = sign_in(&emulator).await;
    emulator.execute(Command::Revoke { revoked: true }).await.expect("it is revoked");
    assert_eq!(get(&emulator, QUERY, &token).await.status, 401);
    emulator.execute(Command::Revoke { revoked: false }).await.expect("it is given back");
    for minutes in [5, -5, 0] {
        emulator.execute(Command::Skew { minutes }).await.expect("the clock is off");
        assert_eq!(get(&emulator, QUERY, &token).await.status, 200);
    }
}
