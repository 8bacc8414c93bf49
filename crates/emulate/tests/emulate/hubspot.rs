//! HubSpot's interface: lists, searches and their limits, merges, webhooks.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use winsight_emulate::{Command, Kind};

use crate::http::{get, post};
use crate::{options, start};

const DEALS: &str = "/crm/v3/objects/deals";

fn ids(page: &Json) -> Vec<String> {
    let results = page["results"].as_array().expect("results");
    results.iter().map(|it| it["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn lists_hold_every_deal_in_order() {
    let emulator = start(options(Kind::HubSpot, 450)).await;
    emulator.execute(Command::LiveDays { days: 10 }).await.expect("days pass");
    let token = emulator.credentials().access_token.clone().expect("a token");
    let truth = emulator.truth();
    for (archived, wanted) in [
        (false, truth.deals.iter().map(|it| it.id.clone()).collect::<Vec<_>>()),
        (true, truth.deleted.clone()),
    ] {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("{DEALS}?limit=100&archived={archived}&after={after}");
            let page = get(&emulator, &path, &token).await.json();
            found.extend(ids(&page));
            match page["paging"]["next"]["after"].as_str() {
                None => break,
                Some(next) => next.clone_into(&mut after),
            }
        }
        assert_eq!(found, wanted);
    }
    assert_eq!(get(&emulator, &format!("{DEALS}?limit=101"), &token).await.status, 400);
    let (gone, _) = truth.merged.first().expect("a merged deal");
    let one =
        get(&emulator, &format!("{DEALS}/{gone}?properties=hs_merged_object_ids"), &token).await;
    let absorbed = one.json()["properties"]["hs_merged_object_ids"].clone();
    assert!(absorbed.as_str().expect("ids").split(';').any(|id| id == gone));
}

#[tokio::test]
async fn searches_filter_sort_and_end_at_ten_thousand() {
    let emulator = start(options(Kind::HubSpot, 10_400)).await;
    let token = emulator.credentials().access_token.clone().expect("a token");
    emulator.execute(Command::EditMany { deals: 10_300, spread: 0 }).await.expect("edits");
    let search = |body: Json| {
        let (emulator, token) = (&emulator, &token);
        async move { post(emulator, &format!("{DEALS}/search"), token, &body).await }
    };
    let newest = emulator.truth().deals.iter().map(|it| it.modified_at.clone()).max();
    let same = json!({ "filterGroups": [{ "filters": [{
        "propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": newest,
    }] }], "limit": 200, "sorts": [{ "propertyName": "hs_object_id", "direction": "ASCENDING" }] });
    let page = search(same.clone()).await.json();
    assert_eq!(page["total"], 10_300);
    assert!(ids(&page).is_sorted());
    let mut last = same.clone();
    last["after"] = "9800".into();
    assert_eq!(search(last.clone()).await.status, 200);
    last["after"] = "10000".into();
    assert_eq!(search(last).await.status, 400);
    // The rest is reached by the id.
    let beyond = ids(&page).last().cloned();
    let mut rest = same;
    let filters = rest["filterGroups"][0]["filters"].as_array_mut().expect("filters");
    filters.push(json!({ "propertyName": "hs_object_id", "operator": "GT", "value": beyond }));
    assert_eq!(search(rest).await.json()["total"], 10_100);
    let too_many = json!({ "limit": 201 });
    assert_eq!(search(too_many).await.status, 400);
}

#[tokio::test]
async fn settings_and_links_are_complete() {
    let emulator = start(options(Kind::HubSpot, 300)).await;
    let token = emulator.credentials().access_token.clone().expect("a token");
    let truth = emulator.truth();
    let pipelines = get(&emulator, "/crm/v3/pipelines/deals", &token).await.json();
    let stages = pipelines["results"][0]["stages"].as_array().expect("stages").clone();
    assert_eq!(stages[5]["metadata"], json!({ "isClosed": "true", "probability": "1.0" }));
    let owners = get(&emulator, "/crm/v3/owners?limit=500", &token).await.json();
    let names: BTreeSet<String> = owners["results"]
        .as_array()
        .expect("owners")
        .iter()
        .map(|it| {
            format!(
                "{} {}",
                it["firstName"].as_str().unwrap_or(""),
                it["lastName"].as_str().unwrap_or("")
            )
        })
        .collect();
    assert!(truth.deals.iter().all(|deal| names.contains(&deal.owner)));
    let hidden = Command::HideObject { object: "owners".to_owned() };
    emulator.execute(hidden).await.expect("it is hidden");
    let refused = get(&emulator, "/crm/v3/owners", &token).await;
    assert_eq!(
        (refused.status, refused.json()["category"].clone()),
        (403, json!("MISSING_SCOPES"))
    );
    let inputs: Vec<Json> = truth.deals.iter().take(3).map(|it| json!({ "id": it.id })).collect();
    let links = "/crm/v4/associations/deals/companies/batch/read";
    let links = post(&emulator, links, &token, &json!({ "inputs": inputs })).await.json();
    assert_eq!(links["results"].as_array().map(Vec::len), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_signed() {
    let emulator = start(options(Kind::HubSpot, 300)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let subscriber = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a delivery");
        let mut text = String::new();
        let mut buffer = [0; 4096];
        // All of it is there when the list in the body is closed.
        while !text.ends_with(']') {
            let length = stream.read(&mut buffer).await.expect("it sends");
            text.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("it listens");
        text
    });
    emulator.execute(Command::LiveOn { changes: 20 }).await.expect("changes");
    let deliver = Command::Deliver { url: url.clone(), reversed: false, repeated: false };
    assert_eq!(emulator.execute(deliver).await.expect("it is accepted"), 1);
    let text = subscriber.await.expect("it came");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)).expect("the header");
        line.trim_start_matches(": ").to_owned()
    };
    let signed = format!("POST{url}{body}{}", header("X-HubSpot-Request-Timestamp"));
    let secret = emulator.credentials().client_secret.clone();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let signature = header("X-HubSpot-Signature-v3");
    let signature = data_encoding::BASE64.decode(signature.as_bytes()).expect("base64");
    aws_lc_rs::hmac::verify(&key, signed.as_bytes(), &signature).expect("it is genuine");
    let events: Json = serde_json::from_str(body).expect("JSON");
    assert!(events.as_array().is_some_and(|it| it.len() >= 10), "{events}");
}
