mod sign_in;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use winsight_sources::{Cause, Credentials, Kind, Source, connect};

use crate::server::{Answer, Asked, Server, deals, json, read_all, surroundings};

const FIELDS: [&str; 14] = [
    "Id",
    "Name",
    "CreatedDate",
    "CloseDate",
    "LastActivityDate",
    "SystemModstamp",
    "StageName",
    "IsWon",
    "IsClosed",
    "IsDeleted",
    "Amount",
    "LeadSource",
    "Type",
    "Region__c",
];

/// What happened to an opportunity: id, time, whether it is deleted.
type Deals = Arc<Mutex<Vec<(String, String, bool)>>>;

fn record(id: &str, at: &str, deleted: bool) -> Value {
    json!({
        "Id": id, "Name": "Steel", "CreatedDate": "2024-01-02T10:00:00.000+0000",
        "CloseDate": "2024-03-01", "SystemModstamp": at, "StageName": "Closed Won",
        "IsWon": true, "IsClosed": true, "IsDeleted": deleted, "Amount": 1200.5,
        "Account": { "Name": "Acme" }, "Owner": { "Name": "Ann Lee", "UserRole": null },
    })
}

fn csv(rows: &[String], header: &str, locator: &str) -> Answer {
    let headers = vec![
        ("content-type", "text/csv".to_owned()),
        ("sforce-numberofrecords", rows.len().to_string()),
        ("sforce-locator", locator.to_owned()),
    ];
    (200, headers, format!("{header}\n{}\n", rows.join("\n")))
}

fn answer(known: &Deals, url: &str, asked: &Asked) -> Answer {
    let known = known.lock().unwrap().clone();
    let found = |records: Vec<Value>| {
        json(&json!({ "totalSize": records.len(), "done": true, "records": records }))
    };
    let path = asked.path.trim_start_matches("/services/data/v62.0/");
    match path {
        "/services/oauth2/token" => {
            json(&json!({ "access_token": "00D-token", "instance_url": url }))
        }
        "/services/data" => json(&json!([
            { "version": "61.0", "url": "/services/data/v61.0" },
            { "version": "62.0", "url": "/services/data/v62.0" },
        ])),
        "jobs/query" => {
            json(&json!({ "id": if asked.body.contains("History") { "750H" } else { "750D" } }))
        }
        "jobs/query/750D" | "jobs/query/750H" => json(&json!({ "state": "JobComplete" })),
        "jobs/query/750D/results" => {
            let (first, second) = known.split_at(known.len() / 2);
            let (rows, locator) =
                if asked.query("locator").is_some() { (second, "null") } else { (first, "next") };
            let rows: Vec<_> = rows
                .iter()
                .map(|(id, at, _)| format!("{id},{at},Closed Won,1.65255E7,1.5E7"))
                .collect();
            csv(&rows, "Id,SystemModstamp,StageName,Amount,Name", locator)
        }
        "jobs/query/750H/results" => {
            let rows: Vec<_> = known
                .iter()
                .map(|(id, ..)| format!("H{id},{id},Closed Won,2024-03-01T10:00:00.000Z"))
                .collect();
            csv(&rows, "Id,OpportunityId,StageName,CreatedDate", "null")
        }
        "query" | "queryAll" => {
            let query = asked.query("q").unwrap_or_default();
            if query.contains("FROM OpportunityHistory") {
                return found(vec![json!({
                    "Id": "H1", "OpportunityId": "006A", "StageName": "Closed Won",
                    "CreatedDate": "2024-03-01T10:00:00.000+0000",
                })]);
            }
            if query.contains("DESC LIMIT 1") {
                let newest = known.iter().map(|(_, at, _)| at).max().cloned();
                return found(vec![json!({ "SystemModstamp": newest })]);
            }
            let since =
                query.split("SystemModstamp >= ").nth(1).and_then(|rest| rest.split(' ').next());
            let Some(since) =
                since.filter(|_| query.contains("FROM Opportunity WHERE SystemModstamp"))
            else {
                return found(Vec::new());
            };
            let changed = known.iter().filter(|(_, at, _)| at.as_str() >= since);
            found(changed.map(|(id, at, deleted)| record(id, at, *deleted)).collect())
        }
        path if path.ends_with("/describe") => {
            let fields: &[&str] = match path.split('/').nth(1) {
                Some("Opportunity") => &FIELDS,
                Some("Account") => &["Id", "Name", "Industry", "BillingCountry"],
                Some("User") => &["Id", "Name"],
                Some("OpportunityHistory") => &["Id", "OpportunityId", "StageName", "CreatedDate"],
                _ => {
                    let refusal = json!([{ "errorCode": "NOT_FOUND", "message": "not there" }]);
                    let kind = vec![("content-type", "application/json".to_owned())];
                    return (404, kind, refusal.to_string());
                }
            };
            let kind = |name| if name == "Amount" { "currency" } else { "string" };
            let fields: Vec<_> =
                fields.iter().map(|name| json!({ "name": name, "type": kind(*name) })).collect();
            json(&json!({ "queryable": true, "fields": fields }))
        }
        _ => (204, Vec::new(), String::new()),
    }
}

async fn organisation(credentials: &str) -> (Deals, Server, Box<dyn Source>) {
    organisation_where(credentials, |_| None).await
}

/// An organisation that answers some requests otherwise.
async fn organisation_where(
    credentials: &str,
    otherwise: impl Fn(&Asked) -> Option<Answer> + Clone + Send + Sync + 'static,
) -> (Deals, Server, Box<dyn Source>) {
    let known: Deals = Arc::default();
    let deal = |id: &str, at: &str| (id.to_owned(), at.to_owned(), false);
    known.lock().unwrap().extend([
        deal("006A", "2024-03-01T10:00:00.000Z"),
        deal("006B", "2024-03-02T10:00:00.000Z"),
        deal("006C", "2024-03-03T10:00:00.000Z"),
    ]);
    let (shared, address) = (Arc::clone(&known), Arc::new(Mutex::new(String::new())));
    let own = Arc::clone(&address);
    let usual = move |asked: &Asked| answer(&shared, &own.lock().unwrap().clone(), asked);
    let server = Server::start(move |asked| otherwise(asked).unwrap_or_else(|| usual(asked))).await;
    address.lock().unwrap().clone_from(&server.url);
    let text = format!("host = \"{}\"\nclient_id = \"app\"\n{credentials}", server.url);
    let credentials = Credentials::from_toml(&text).expect("credentials");
    let fields = ["amount", "Owner.Email", "Account.Size__c"].map(str::to_owned).to_vec();
    let surroundings = winsight_sources::Surroundings { fields, ..surroundings() };
    let source = connect(Kind::Salesforce, credentials, surroundings).expect("connects");
    (known, server, source)
}

#[tokio::test]
async fn what_the_permission_set_lacks_is_known_before_the_first_deal() {
    let (_, _, source) = organisation("client_secret = \"s\"").await;
    let description = source.describe().await.expect("described");
    let missing = description.findings.iter().map(|finding| finding.missing.as_str());
    let missing: Vec<_> = missing.filter(|it| !it.starts_with("field")).collect();
    let (clock, missing) = missing.split_last().expect("findings");
    assert_eq!(missing, ["object UserRole", "object Task", "object Event"]);
    assert!(clock.contains("this machine's clock is"), "a test lives in another time: {clock}");
    assert!(description.columns.contains(&"Region__c".to_owned()), "a custom field");
    assert!(!description.columns.contains(&"Owner.UserRole.Name".to_owned()));
    assert!(description.types.contains_key("OpportunityHistory"), "rows draw on it");
    assert!(!description.types.contains_key("Task"), "once it is shown, everything is read again");
}

#[tokio::test]
async fn everything_comes_by_bulk_and_then_what_changed() {
    let (known, server, source) = organisation("client_secret = \"s\"").await;
    let description = source.describe().await.expect("described");
    let (pages, cursor) = read_all(source.as_ref(), &description, None).await;
    assert_eq!(deals(&pages).into_iter().collect::<Vec<_>>(), ["006A", "006B", "006C"]);
    assert_eq!(server.count("750D/results"), 2, "a page for each locator");
    for (column, value) in [("Amount", "16525500"), ("Name", "1.5E7")] {
        let place = description.columns.iter().position(|known| known == column).expect("read");
        let rows = pages.iter().filter(|page| !page.whole).flat_map(|page| &page.deals.rows);
        assert!(rows.map(|row| &row.fields[place]).all(|it| it == value), "{column}");
    }
    let history: usize =
        pages.iter().filter(|page| !page.whole).map(|page| page.events.rows.len()).sum();
    assert_eq!(history, 3);
    let deletion = ("006B".to_owned(), "2024-03-04T10:00:00.000Z".to_owned(), true);
    known.lock().unwrap()[1] = deletion;
    let (pages, _) = read_all(source.as_ref(), &description, Some(&cursor)).await;
    let gone: Vec<_> = pages.iter().flat_map(|page| &page.deleted).collect();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].deal, "006B");
    assert_eq!(deals(&pages).into_iter().collect::<Vec<_>>(), ["006C"], "within the overlap");
}

#[tokio::test]
async fn a_session_that_expires_is_renewed_in_the_middle() {
    let (_, server, source) = organisation("client_secret = \"s\"").await;
    let description = source.describe().await.expect("described");
    let expired = json!([{ "errorCode": "INVALID_SESSION_ID", "message": "Session expired" }]);
    let kind = || vec![("content-type", "application/json".to_owned())];
    let timeout = json!([{ "errorCode": "QUERY_TIMEOUT", "message": "took too long" }]);
    server.fail([(401, kind(), expired.to_string())]);
    source.deals(&["006A".to_owned()], &description).await.expect("read");
    assert_eq!(server.count("/oauth2/token"), 2);
    server.fail([(400, kind(), timeout.to_string())]);
    source.deals(&["006A".to_owned()], &description).await.expect("read at the second attempt");
}

#[tokio::test]
async fn a_field_without_which_no_sync_works_is_an_error() {
    let (_, server, source) = organisation("client_secret = \"s\"").await;
    let url = &server.url;
    server.fail([
        json(&json!({ "access_token": "00D-token", "instance_url": url })),
        json(&json!([{ "version": "62.0", "url": "/services/data/v62.0" }])),
        json(&json!({ "queryable": true, "fields": [{ "name": "Id" }, { "name": "CloseDate" }] })),
    ]);
    let error = source.describe().await.expect_err("changes cannot be found");
    assert_eq!(error.cause, Cause::Permission);
    assert!(error.remedy.contains("Opportunity.SystemModstamp"), "{error}");
}

#[tokio::test]
async fn what_is_not_salesforce_is_told_from_it() {
    let json_of = || vec![("content-type", "application/json".to_owned())];
    let page = || vec![("content-type", "text/html".to_owned())];
    for (status, headers, body) in [
        (200, json_of(), "{}"),
        (401, json_of(), "{\"message\": \"no\"}"),
        (302, page(), ""),
        (403, page(), "<html>forbidden</html>"),
        (405, page(), "<html>not allowed</html>"),
        (407, page(), ""),
    ] {
        let (_, server, source) = organisation("client_secret = \"s\"").await;
        server.fail(vec![(status, headers, body.to_owned()); 20]);
        let error = source.describe().await.expect_err("not Salesforce");
        assert_eq!(error.cause, Cause::WrongHost, "{status}: {error}");
    }
}

#[tokio::test]
async fn the_day_s_limit_stops_a_reading_at_once() {
    let (_, server, source) = organisation("client_secret = \"s\"").await;
    let description = source.describe().await.expect("described");
    let limit = json!([{ "errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests" }]);
    server.fail([(403, vec![("content-type", "application/json".to_owned())], limit.to_string())]);
    let error = source.deals(&["006A".to_owned()], &description).await.expect_err("refused");
    assert_eq!(error.cause, Cause::Budget);
    let usage = ("sforce-limit-info", "api-usage=4000/5000".to_owned());
    let headers = vec![("content-type", "application/json".to_owned()), usage];
    server.fail([(200, headers, json!({ "records": [] }).to_string())]);
    source.deals(&["006A".to_owned()], &description).await.expect("the last one allowed");
    let error = source.deals(&["006A".to_owned()], &description).await.expect_err("spent");
    assert!(error.to_string().contains("4000 of the 5000"), "{error}");
}

fn refused(status: u16, code: &str, message: &str) -> Answer {
    let body = json!([{ "errorCode": code, "message": message }]).to_string();
    (status, vec![("content-type", "application/json".to_owned())], body)
}

#[tokio::test]
async fn an_interface_that_is_closed_is_told_from_an_object_that_is_hidden() {
    let no_rest = "This session is not valid for use with the REST API";
    for (path, status, code, message, said) in [
        ("/describe", 403, "API_DISABLED_FOR_ORG", "Not enabled.", "the permission API Enabled"),
        ("/describe", 403, "API_CURRENTLY_DISABLED", "no", "the permission API Enabled"),
        ("/describe", 403, "FUNCTIONALITY_NOT_ENABLED", "no", "the permission API Enabled"),
        ("/describe", 404, "NOT_FOUND", "not there", "does not show us the object Opportunity"),
        ("/describe", 403, "INSUFFICIENT_ACCESS", "no", "does not show us the object Opportunity"),
        (
            "/data",
            401,
            "INVALID_SESSION_ID",
            no_rest,
            "OAuth scope 'Manage user data via APIs (api)'",
        ),
        ("/describe", 401, "INVALID_SESSION_ID", no_rest, "REST API; give the connected app the"),
        ("/describe", 401, "INVALID_SESSION_ID", "expired", "or see whether an IP range"),
    ] {
        let (_, _, source) = organisation_where("client_secret = \"s\"", move |asked| {
            asked.path.ends_with(path).then(|| refused(status, code, message))
        })
        .await;
        let error = source.describe().await.expect_err("refused");
        assert_eq!(error.cause, Cause::Permission, "{error}");
        assert!(error.to_string().contains(said), "{code}: {error}");
    }
}

#[tokio::test]
async fn a_hidden_field_of_another_object_is_told_and_the_rest_is_read() {
    for (hidden, is_read) in [
        ("", true),
        ("Task.TaskSubtype", true),
        ("Task.ActivityDate", true),
        ("Task.WhatId", false),
        ("Task.SystemModstamp", false),
    ] {
        let (_, server, source) = organisation_where("client_secret = \"s\"", move |asked| {
            let of_task =
                ["Id", "WhatId", "SystemModstamp", "ActivityDate", "CreatedDate", "TaskSubtype"];
            let shown = of_task.iter().filter(|field| hidden != format!("Task.{field}"));
            let fields: Vec<_> = shown.map(|field| json!({ "name": field })).collect();
            let described = json(&json!({ "queryable": true, "fields": fields }));
            asked.path.ends_with("/Task/describe").then_some(described)
        })
        .await;
        let description = source.describe().await.expect("described");
        let is_told = |finding: &winsight_sources::Finding| {
            finding.missing == format!("field {hidden}") && finding.remedy.contains(hidden)
        };
        assert_eq!(description.findings.iter().any(is_told), !hidden.is_empty(), "{hidden}");
        assert_eq!(description.types.contains_key("Task"), is_read, "{hidden}");
        source.deals(&["006A".to_owned()], &description).await.expect("read");
        let asked = server.asked.lock().unwrap();
        let queries = asked.iter().filter_map(|asked| asked.query("q"));
        let of_tasks: Vec<_> = queries.filter(|query| query.contains("FROM Task")).collect();
        let field = hidden.trim_start_matches("Task.");
        assert!(
            of_tasks.iter().all(|query| hidden.is_empty() || !query.contains(field)),
            "{hidden}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_mapped_is_told_with_what_can() {
    let (_, _, source) = organisation_where("client_secret = \"s\"", |asked| {
        let query = asked.query("q").unwrap_or_default();
        query.contains("OpportunityStage").then(|| refused(400, "INVALID_TYPE", "not supported"))
    })
    .await;
    let description = source.describe().await.expect("described");
    for (missing, remedy) in [
        ("field amount", "write it Amount in the mapping"),
        ("field Owner.Email", "only those of Opportunity and Account can be mapped"),
        ("field Account.Size__c", "give read access to Account.Size__c"),
        ("object OpportunityStage", "View Setup and Configuration"),
    ] {
        let finding = description.findings.iter().find(|finding| finding.missing == missing);
        let finding = finding.expect(missing);
        assert!(finding.remedy.contains(remedy), "{finding:?}");
    }
}

#[tokio::test]
async fn ids_are_taken_in_whatever_order_salesforce_has() {
    // As sorted whatever the case of their letters, two on a page.
    const SORTED: [&str; 5] = ["006a", "006b", "006C", "006D", "006e"];
    let (_, _, source) = organisation_where("client_secret = \"s\"", |asked| {
        let query = asked.query("q").filter(|query| query.contains("ORDER BY Id"))?;
        let after = query.split("Id > '").nth(1).and_then(|rest| rest.split('\'').next());
        let place = |id: &str| SORTED.iter().position(|sorted| *sorted == id);
        let rest = &SORTED[after.and_then(place).map_or(0, |place| place + 1)..];
        let records: Vec<_> = rest.iter().take(2).map(|id| json!({ "Id": id })).collect();
        Some(json(&json!({ "totalSize": records.len(), "done": true, "records": records })))
    })
    .await;
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let (ids, next) = source.ids(from.as_deref()).await.expect("listed");
        all.extend(ids);
        from = next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(all, SORTED);
}
