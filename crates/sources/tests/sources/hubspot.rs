mod described;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};
use winsight_sources::{Cause, Credentials, Kind, Page, Source, connect};

use crate::server::{Answer, Asked, Server, deals, json, read_all, surroundings};

/// Deals by id: when they last changed, in milliseconds, and their stage.
type Deals = Arc<Mutex<Objects>>;
type Objects = BTreeMap<u64, (i64, &'static str)>;

fn stamp(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).expect("an instant").to_string()
}

fn deal(id: u64, (at, stage): (i64, &str)) -> Value {
    json!({
        "id": id.to_string(),
        "properties": {
            "hs_object_id": id.to_string(), "dealname": format!("Deal {id}"), "dealstage": stage,
            "pipeline": "default", "createdate": stamp(0), "closedate": stamp(at),
            "amount": "1200.50", "hs_lastmodifieddate": stamp(at), "hubspot_owner_id": "7",
        },
        "propertiesWithHistory": { "dealstage": [
            { "value": stage, "timestamp": stamp(at) }, { "value": "new", "timestamp": stamp(0) },
        ]},
        "associations": { "companies": { "results": [
            { "id": "800", "type": "deal_to_company_unlabeled" },
            { "id": "900", "type": "deal_to_company" },
            { "id": "900", "type": "deal_to_company_unlabeled" },
        ]}},
        "archived": false,
    })
}

fn answer(known: &Deals, companies: &Objects, asked: &Asked) -> Answer {
    let known = known.lock().unwrap().clone();
    let results = |results: Vec<Value>| json(&json!({ "results": results }));
    let named = |name: &str| json!({ "name": name });
    match (asked.method.as_str(), asked.path.as_str()) {
        (_, "/crm/v3/properties/deals") => results(
            ["dealname", "dealstage", "pipeline", "createdate", "closedate", "amount"]
                .iter()
                .chain(&["hs_lastmodifieddate", "hubspot_owner_id", "hs_merged_object_ids"])
                .map(|name| named(name))
                .collect(),
        ),
        (_, "/crm/v3/pipelines/deals") => {
            let stage = |id: &str, label: &str, closed: &str, probability: &str| {
                let metadata = json!({ "isClosed": closed, "probability": probability });
                json!({ "id": id, "label": label, "metadata": metadata })
            };
            let stages = [
                stage("new", "New", "false", "0.2"),
                stage("won", "Signed", "true", "1.0"),
                stage("lost", "Gone", "true", "0.0"),
            ];
            results(vec![json!({ "id": "default", "label": "Sales", "stages": stages })])
        }
        (_, "/crm/v3/owners") => results(match asked.query("archived") {
            Some("true") => vec![],
            _ => vec![json!({ "id": "7", "firstName": "Ann", "lastName": "Lee",
                "teams": [{ "id": "3", "name": "North", "primary": true }] })],
        }),
        ("GET", "/crm/v3/objects/deals") if asked.query("archived") == Some("true") => {
            results(Vec::new())
        }
        ("GET", "/crm/v3/objects/deals") => {
            let after: u64 = asked.query("after").map_or(0, |after| after.parse().unwrap());
            let limit: usize = asked.query("limit").unwrap().parse().unwrap();
            let page: Vec<_> = known.range(after + 1..).take(limit).collect();
            let next = page.last().filter(|_| page.len() == limit).map(|(id, _)| id.to_string());
            let listed: Vec<_> = page.iter().map(|(id, state)| deal(**id, **state)).collect();
            let paging = next.map(|after| json!({ "next": { "after": after } }));
            json(&json!({ "results": listed, "paging": paging }))
        }
        (_, "/crm/v3/objects/deals/search") => results(search(&known, &asked.json())),
        (_, "/crm/v3/objects/deals/batch/read") => {
            let wanted = asked.json()["inputs"].as_array().unwrap().clone();
            let ids = wanted.iter().map(|input| input["id"].as_str().unwrap().parse().unwrap());
            results(ids.filter_map(|id| Some(deal(id, *known.get(&id)?))).collect())
        }
        (_, "/crm/v4/associations/deals/companies/batch/read") => {
            let inputs = asked.json()["inputs"].as_array().unwrap().clone();
            let kind = |id: u64| json!({ "category": "HUBSPOT_DEFINED", "typeId": id });
            let to = json!([
                { "toObjectId": 800, "associationTypes": [kind(341)] },
                { "toObjectId": 900, "associationTypes": [kind(341), kind(5)] },
            ]);
            results(inputs.iter().map(|from| json!({ "from": from, "to": to })).collect())
        }
        (_, "/crm/v3/objects/companies/batch/read") => results(
            [("800", "Advisor"), ("900", "Acme")]
                .map(|(id, name)| json!({ "id": id, "properties": { "name": name } }))
                .into(),
        ),
        (_, "/crm/v3/objects/companies/search") => results(search(companies, &asked.json())),
        (_, "/crm/v4/associations/companies/deals/batch/read") => {
            let inputs = asked.json()["inputs"].as_array().unwrap().clone();
            results(inputs.iter().filter_map(|input| links(&known, companies, input)).collect())
        }
        (_, path) if path.contains("companies") => results(Vec::new()),
        _ => (404, vec![("content-type", "application/json".to_owned())], "{}".to_owned()),
    }
}

/// The deals of a company, 100 at once: the last company has all of them, the others have none.
fn links(known: &Objects, companies: &Objects, input: &Value) -> Option<Value> {
    let last = companies.last_key_value().map(|(last, _)| last.to_string())?;
    let after: u64 = input["after"].as_str().map_or(0, |after| after.parse().unwrap());
    let page: Vec<_> = known.range(after + 1..).take(100).map(|(id, _)| *id).collect();
    let next = page.last().filter(|_| page.len() == 100).map(u64::to_string);
    let to: Vec<_> = page.iter().map(|id| json!({ "toObjectId": id })).collect();
    let paging = next.map(|after| json!({ "next": { "after": after } }));
    (input["id"] == last)
        .then(|| json!({ "from": { "id": input["id"] }, "to": to, "paging": paging }))
}

fn search(known: &Objects, asked: &Value) -> Vec<Value> {
    let filters = asked["filterGroups"][0]["filters"].as_array().cloned().unwrap_or_default();
    let passes = |id: u64, at: i64| {
        filters.iter().all(|filter| {
            let bound: i64 = filter["value"].as_str().unwrap_or("0").parse().unwrap();
            let value = match filter["propertyName"].as_str().unwrap() {
                "hs_lastmodifieddate" => at,
                _ => i64::try_from(id).unwrap(),
            };
            match filter["operator"].as_str().unwrap() {
                "GTE" => value >= bound,
                "GT" => value > bound,
                "EQ" => value == bound,
                _ => false,
            }
        })
    };
    let mut found: Vec<_> = known.iter().filter(|(id, (at, _))| passes(**id, *at)).collect();
    let sort = &asked["sorts"][0];
    if sort["propertyName"] == "hs_lastmodifieddate" {
        found.sort_by_key(|(_, (at, _))| *at);
    }
    if sort["direction"] == "DESCENDING" {
        found.reverse();
    }
    let limit = usize::try_from(asked["limit"].as_u64().unwrap()).unwrap();
    found.into_iter().take(limit).map(|(id, state)| deal(*id, *state)).collect()
}

async fn account(count: u64) -> (Deals, Server, Box<dyn Source>) {
    account_with(count, Objects::new()).await
}

async fn account_with(count: u64, companies: Objects) -> (Deals, Server, Box<dyn Source>) {
    let known: Deals = Arc::default();
    for id in 1..=count {
        let at = i64::try_from(id).unwrap() * 60_000;
        known.lock().unwrap().insert(id, (at, "won"));
    }
    let shared = Arc::clone(&known);
    let server = Server::start(move |asked| answer(&shared, &companies, asked)).await;
    let text = format!("host = \"{}\"\ntoken = \"pat-secret\"", server.url);
    let credentials = Credentials::from_toml(&text).expect("credentials");
    let source = connect(Kind::HubSpot, credentials, surroundings()).expect("connects");
    (known, server, source)
}

/// A value of the first deal on a page.
fn first_of<'a>(page: &'a Page, column: &str) -> &'a str {
    let place = page.deals.columns.iter().position(|known| known == column);
    page.deals.rows[0].fields[place.expect("a column")].as_str()
}

#[tokio::test]
async fn a_listing_has_every_deal_with_names_instead_of_ids() {
    let (_, server, source) = account(120).await;
    let description = source.describe().await.expect("described");
    assert_eq!(description.stages["Signed"], "won");
    assert_eq!(description.stages["New"], "open");
    let (pages, _) = read_all(source.as_ref(), &description, None).await;
    assert_eq!(deals(&pages).len(), 120);
    let listed = pages.iter().find(|page| !page.deals.rows.is_empty()).expect("deals");
    let value = |column: &str| first_of(listed, column);
    assert_eq!(value("dealstage"), "Signed");
    assert_eq!(value("Deal owner"), "Ann Lee");
    assert_eq!(value("HubSpot Team"), "North");
    assert_eq!(value("Associated Company"), "Acme");
    assert_eq!(value("hs_is_closed_won"), "true");
    assert_eq!(value("amount"), "1200.50");
    assert_eq!(value("pipeline"), "Sales");
    let stages: Vec<_> =
        listed.events.rows.iter().take(2).map(|event| event.fields[2].as_str()).collect();
    assert_eq!(stages, ["New", "Signed"], "oldest first");
    assert!(
        server.asked.lock().unwrap().iter().all(|asked| asked.authorization == "Bearer pat-secret")
    );
}

#[tokio::test]
async fn a_second_reading_has_what_changed() {
    let (known, _, source) = account(300).await;
    let description = source.describe().await.expect("described");
    let (_, cursor) = read_all(source.as_ref(), &description, None).await;
    known.lock().unwrap().insert(17, (100_000_000, "lost"));
    let (pages, cursor) = read_all(source.as_ref(), &description, Some(&cursor)).await;
    let changed = deals(&pages);
    assert!(changed.contains("17"));
    assert!(changed.len() < 10, "those of the last minutes are read again: {}", changed.len());
    let page = pages.iter().find(|page| !page.deals.rows.is_empty()).expect("deals");
    assert_eq!(first_of(page, "Associated Company"), "Acme", "the primary one");
    let (pages, _) = read_all(source.as_ref(), &description, Some(&cursor)).await;
    assert_eq!(deals(&pages).into_iter().collect::<Vec<_>>(), ["17"]);
}

#[tokio::test]
async fn a_mass_edit_within_one_moment_loses_no_deal() {
    let (known, _, source) = account(700).await;
    let description = source.describe().await.expect("described");
    let (_, cursor) = read_all(source.as_ref(), &description, None).await;
    for id in 1..=650 {
        known.lock().unwrap().insert(id, (100_000_000, "lost"));
    }
    let (pages, _) = read_all(source.as_ref(), &description, Some(&cursor)).await;
    assert!((1..=650).all(|id| deals(&pages).contains(&id.to_string())));
}

#[tokio::test]
async fn every_deal_of_companies_saved_at_one_moment_is_read_again() {
    let companies = (900..1_150).map(|id| (id, (300_000_000, ""))).collect();
    let (_, _, source) = account_with(320, companies).await;
    let description = source.describe().await.expect("described");
    let (_, cursor) = read_all(source.as_ref(), &description, None).await;
    let (pages, _) = read_all(source.as_ref(), &description, Some(&cursor)).await;
    assert!((1..=320).all(|id| deals(&pages).contains(&id.to_string())));
}

#[tokio::test]
async fn a_deal_that_changes_while_pages_are_read_hides_no_other() {
    let (known, _, source) = account(900).await;
    let description = source.describe().await.expect("described");
    let mut position = source.begin(None, &description);
    let (mut pages, mut moved) = (Vec::new(), 0);
    loop {
        let page = source.read(&position, &description).await.expect("a page");
        // Between any two pages the deal that changed longest ago changes.
        moved += 1;
        let later = 200_000_000 + i64::try_from(moved).unwrap() * 1_000;
        known.lock().unwrap().insert(moved, (later, "lost"));
        let next = page.next.clone();
        pages.push(page);
        match next {
            winsight_sources::Next::Page(next) if moved < 400 => position = next,
            _ => break,
        }
    }
    assert!((1..=900).all(|id| deals(&pages).contains(&id.to_string())));
}

#[tokio::test]
async fn deals_that_are_gone_when_asked_for_are_deleted() {
    let (known, _, source) = account(10).await;
    let description = source.describe().await.expect("described");
    known.lock().unwrap().remove(&4);
    let page = source.deals(&["3".to_owned(), "4".to_owned()], &description).await.expect("read");
    assert_eq!(page.deals.rows.len(), 1);
    assert_eq!(page.deleted[0].deal, "4");
}

#[tokio::test]
async fn deals_that_could_not_be_read_are_asked_for_again() {
    let (_, server, source) = account(3).await;
    let description = source.describe().await.expect("described");
    let in_part = |category: &str| {
        let errors = json!([{ "status": "error", "category": category, "message": "not now" }]);
        let kind = vec![("content-type", "application/json".to_owned())];
        (207, kind, json!({ "results": [], "numErrors": 1, "errors": errors }).to_string())
    };
    server.fail([in_part("INTERNAL_ERROR")]);
    let ids = ["1", "2"].map(str::to_owned);
    let page = source.deals(&ids, &description).await.expect("read");
    assert_eq!((page.deals.rows.len(), page.deleted.len()), (2, 0));
    server.fail([in_part("OBJECT_NOT_FOUND")]);
    let page = source.deals(&ids, &description).await.expect("read");
    assert_eq!((page.deals.rows.len(), page.deleted.len()), (0, 2));
}

#[tokio::test]
async fn trouble_is_named_with_its_remedy_and_without_the_token() {
    let (_, server, source) = account(1).await;
    let refusals = [
        (
            401,
            json!({ "category": "INVALID_AUTHENTICATION", "message": "bad" }),
            Cause::Credentials,
        ),
        (
            403,
            json!({ "category": "MISSING_SCOPES", "message": "no", "errors": [
            { "context": { "requiredGranularScopes": ["crm.schemas.deals.read"] } }] }),
            Cause::Permission,
        ),
        (429, json!({ "policyName": "DAILY", "message": "enough" }), Cause::Budget),
        (404, json!({}), Cause::WrongHost),
        (302, json!({}), Cause::WrongHost),
        (405, json!({}), Cause::WrongHost),
        (407, json!({}), Cause::WrongHost),
    ];
    for (status, body, cause) in refusals {
        let kind = vec![("content-type", "application/json".to_owned())];
        server.fail([(status, kind, body.to_string())]);
        let error = source.describe().await.expect_err("refused");
        assert_eq!(error.cause, cause, "{error}");
        assert!(!error.to_string().contains("pat-secret") && error.to_string().contains(';'));
    }
}

#[tokio::test]
async fn companies_that_can_be_read_again_are_new() {
    let lost = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (known, is_lost) = (Deals::default(), Arc::clone(&lost));
    let server = Server::start(move |asked| {
        let is_companies = asked.path == "/crm/v3/objects/companies";
        if is_companies && is_lost.load(std::sync::atomic::Ordering::Relaxed) {
            let body = json!({ "category": "MISSING_SCOPES", "message": "no" }).to_string();
            return (403, vec![("content-type", "application/json".to_owned())], body);
        }
        answer(&known, &Objects::new(), asked)
    })
    .await;
    let text = format!("host = \"{}\"\ntoken = \"pat\"", server.url);
    let credentials = Credentials::from_toml(&text).expect("credentials");
    let source = connect(Kind::HubSpot, credentials, surroundings()).expect("connects");
    let without = source.describe().await.expect("described");
    lost.store(false, std::sync::atomic::Ordering::Relaxed);
    let with = source.describe().await.expect("described");
    let new = with.types.keys().filter(|name| !without.types.contains_key(*name));
    assert_eq!(new.collect::<Vec<_>>(), ["associations.companies"]);
}

#[tokio::test]
async fn a_property_without_which_no_sync_works_is_an_error() {
    let (_, server, source) = account(1).await;
    let names = ["dealname", "dealstage"].map(|name| json!({ "name": name }));
    server.fail([json(&json!({ "results": names }))]);
    let error = source.describe().await.expect_err("changes cannot be found");
    assert_eq!(error.cause, Cause::Permission);
    assert!(error.to_string().contains("hs_lastmodifieddate"), "{error}");
}

#[tokio::test]
async fn a_lead_source_that_another_property_holds_is_not_missing() {
    let (_, server, source) = account(1).await;
    let described = source.describe().await.expect("described");
    let is_told = |findings: &[winsight_sources::Finding]| {
        findings.iter().any(|finding| finding.missing.contains("hs_analytics_source"))
    };
    assert!(is_told(&described.findings));
    let names = ["hs_lastmodifieddate", "lead_source"].map(|name| json!({ "name": name }));
    server.fail([json(&json!({ "results": names }))]);
    assert!(!is_told(&source.describe().await.expect("described").findings));
}

#[tokio::test]
async fn refused_refresh_tokens_name_what_is_wrong() {
    let oauth = "client_id = \"id\"\nclient_secret = \"hush\"\nrefresh_token = \"r\"";
    for (said, word) in [
        ("missing or unknown client id", "check client_id"),
        ("missing or invalid client secret", "check client_secret"),
        ("missing or invalid refresh token", "install the app in HubSpot again"),
    ] {
        let body = json!({ "message": said }).to_string();
        let server = Server::start(move |_| {
            (400, vec![("content-type", "application/json".to_owned())], body.clone())
        })
        .await;
        let text = format!("host = \"{}\"\n{oauth}", server.url);
        let credentials = Credentials::from_toml(&text).expect("credentials");
        let source = connect(Kind::HubSpot, credentials, surroundings()).expect("connects");
        let error = source.describe().await.expect_err("refused");
        assert!(error.remedy.contains(word), "{error}");
    }
}

#[test]
fn credentials_that_were_copied_badly_are_refused_without_being_repeated() {
    for broken in ["pat-\\nna1", "pat na1", "\\tpat-na1"] {
        let refused = Credentials::from_toml(&format!("token = \"{broken}\""));
        let said = refused.expect_err("refused").to_string();
        assert!(said.contains("token has a space or a line break"), "{said}");
        assert!(!said.contains("na1"), "{said}");
    }
    for (line, word) in [
        ("token = \"\"", "token is empty"),
        ("client_id = \"app\\n\"", "client_id has a space or a line break"),
        ("username = \"me@acme.example \"", "username has a space or a line break"),
    ] {
        let said = Credentials::from_toml(line).expect_err("refused").to_string();
        assert!(said.contains(word), "{said}");
    }
}
