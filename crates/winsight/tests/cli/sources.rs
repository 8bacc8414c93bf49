//! Deals that are pulled out of a CRM: a small server answers like `HubSpot`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::home::{FAILED, REFUSED, TODAY, TestHome, USAGE, text};

const TOKEN: &str = "pat-eu1-never-to-be-seen";

/// What the account holds, and how it behaves.
#[derive(Default)]
struct Account {
    /// Deals by id: minute of the last change, and stage.
    deals: BTreeMap<u64, (i64, &'static str)>,
    /// Ids that were archived.
    archived: Vec<u64>,
    /// Lists that it still answers before it says that the day's requests are used up.
    lists: Option<u64>,
    /// Whether it takes the token.
    revoked: bool,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Account>>;

fn stamp(minute: i64) -> String {
    let day = 1 + minute / 1_440;
    format!("2024-05-{day:02}T{:02}:{:02}:00Z", minute / 60 % 24, minute % 60)
}

fn deal(id: u64, (minute, stage): (i64, &str)) -> Value {
    json!({
        "id": id.to_string(),
        "properties": {
            "dealname": format!("Deal {id}"), "dealstage": stage, "pipeline": "default",
            "createdate": "2024-02-01T09:00:00Z", "closedate": stamp(minute),
            "amount": "1000.25", "hs_lastmodifieddate": stamp(minute),
        },
        "propertiesWithHistory": { "dealstage": [{ "value": stage, "timestamp": stamp(minute) }] },
    })
}

fn answer(account: &mut Account, path: &str, query: &str, body: &Value) -> (u16, Value) {
    let results = |results: Vec<Value>| (200, json!({ "results": results }));
    if account.revoked {
        return (401, json!({ "category": "INVALID_AUTHENTICATION", "message": "no" }));
    }
    match path {
        "/crm/v3/properties/deals" => results(
            ["dealname", "dealstage", "pipeline", "createdate", "closedate", "amount"]
                .iter()
                .chain(&["hs_lastmodifieddate"])
                .map(|name| json!({ "name": name }))
                .collect(),
        ),
        "/crm/v3/pipelines/deals" => {
            let stage = |id: &str, label: &str, closed: bool, probability: &str| {
                let metadata = json!({ "isClosed": closed, "probability": probability });
                json!({ "id": id, "label": label, "metadata": metadata })
            };
            let stages = [
                stage("1", "Talking", false, "0.2"),
                stage("2", "Signed", true, "1.0"),
                stage("3", "Declined", true, "0.0"),
            ];
            results(vec![json!({ "id": "default", "label": "Sales", "stages": stages })])
        }
        "/crm/v3/owners" | "/crm/v3/objects/companies" => {
            (403, json!({ "category": "MISSING_SCOPES", "message": "no scope" }))
        }
        "/crm/v3/objects/deals" if query.contains("archived=true") => {
            let gone = account.archived.iter();
            let at = "2024-06-30T10:00:00Z";
            results(gone.map(|id| json!({ "id": id.to_string(), "archivedAt": at })).collect())
        }
        "/crm/v3/objects/deals" => {
            if account.lists == Some(0) {
                return (429, json!({ "policyName": "DAILY", "message": "enough" }));
            }
            account.lists = account.lists.map(|left| left - 1);
            let after = query.split("after=").nth(1).and_then(|rest| rest.split('&').next());
            let after: u64 = after.map_or(0, |after| after.parse().expect("a number"));
            let page: Vec<_> = account.deals.range(after + 1..).take(50).collect();
            let next = page.last().filter(|_| page.len() == 50).map(|(id, _)| id.to_string());
            let listed: Vec<_> = page.iter().map(|(id, state)| deal(**id, **state)).collect();
            (200, json!({ "results": listed, "paging": { "next": { "after": next } } }))
        }
        "/crm/v3/objects/deals/search" => {
            let since = body["filterGroups"][0]["filters"][0]["value"].as_str().unwrap_or("0");
            let since: jiff::Timestamp =
                jiff::Timestamp::from_millisecond(since.parse().expect("a number"))
                    .expect("a time");
            let mut found: Vec<_> = account.deals.iter().collect();
            found.retain(|(_, (minute, _))| {
                stamp(*minute).parse::<jiff::Timestamp>().expect("a time") >= since
            });
            found.sort_by_key(|(_, (minute, _))| *minute);
            if body["sorts"][0]["direction"] == "DESCENDING" {
                found.reverse();
            }
            let total = found.len();
            let found = found.into_iter().take(200);
            let found: Vec<_> = found.map(|(id, state)| deal(*id, *state)).collect();
            (200, json!({ "total": total, "results": found }))
        }
        "/crm/v3/objects/deals/batch/read" => {
            let inputs = body["inputs"].as_array().cloned().unwrap_or_default();
            let ids = inputs.iter().filter_map(|input| input["id"].as_str()?.parse().ok());
            results(ids.filter_map(|id| Some(deal(id, *account.deals.get(&id)?))).collect())
        }
        _ => (404, json!({ "category": "OBJECT_NOT_FOUND", "message": "not there" })),
    }
}

fn respond(account: &Shared, mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut header) = (0, String::new());
    while reader.read_line(&mut header)? > 2 {
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        header.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut account = account.lock().expect("the account");
    account.asked.push(target.clone());
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let (status, answer) = answer(&mut account, path, query, &body);
    let answer = answer.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{answer}",
        answer.len()
    )
}

/// A home with a source `crm` whose account holds `count` deals.
fn connected(count: u64) -> (TestHome, Shared) {
    let account = Shared::default();
    for id in 1..=count {
        let stage = if id.is_multiple_of(2) { "2" } else { "3" };
        let minute = i64::try_from(id).expect("small") * 20;
        account.lock().expect("the account").deals.insert(id, (minute, stage));
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served = Arc::clone(&account);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = respond(&served, stream);
        }
    });
    let home = TestHome::new();
    let credentials = format!("host = \"{url}\"\ntoken = \"{TOKEN}\"\n");
    let file = home.file("token.toml", credentials);
    home.json(["source", "add", "hubspot", "--name", "crm", "--credentials", text(&file)]);
    std::fs::remove_file(file).expect("removed");
    (home, account)
}

fn sync(home: &TestHome, more: &[&str]) -> Value {
    let arguments = ["--as-of", TODAY, "sync", "crm"];
    home.json(arguments.iter().chain(more))
}

#[test]
fn a_sync_brings_everything_at_first_and_then_what_changed() {
    let (home, account) = connected(120);
    let report = sync(&home, &[]);
    assert_eq!([&report["inserted"], &report["quarantined"]], [&json!(120), &json!(0)]);
    assert_eq!(report["sources"][0]["full"], true);
    let missing = report["sources"][0]["missing"].to_string();
    assert!(missing.contains("scope crm.objects.owners.read"), "{missing}");
    let metrics = home.json(["metrics", "--from", "2024-05-01", "--to", "2024-06-01"]);
    assert_eq!([&metrics["won"], &metrics["lost"]], [60, 60]);

    let report = sync(&home, &[]);
    assert_eq!([&report["inserted"], &report["updated"], &report["deleted"]], [0, 0, 0]);
    assert_eq!(report["new_version"], false);

    {
        let mut account = account.lock().expect("the account");
        account.deals.insert(7, (3_000, "2"));
        account.deals.insert(121, (3_010, "1"));
        account.deals.remove(&9);
        account.archived.push(9);
    }
    let report = sync(&home, &[]);
    assert_eq!([&report["inserted"], &report["updated"], &report["deleted"]], [1, 1, 1]);
    assert_eq!(report["sources"][0]["full"], false);
    let metrics = home.json(["metrics", "--from", "2024-05-01", "--to", "2024-06-01"]);
    assert_eq!([&metrics["won"], &metrics["lost"]], [61, 58]);
}

#[test]
fn a_full_sync_repairs_what_was_missed() {
    let (home, account) = connected(60);
    sync(&home, &[]);
    // Gone without a trace, and changed without a new time.
    account.lock().expect("the account").deals.remove(&5);
    account.lock().expect("the account").deals.insert(6, (120, "3"));
    let report = sync(&home, &[]);
    assert_eq!([&report["updated"], &report["deleted"]], [0, 1], "every sync compares the ids");
    let report = sync(&home, &["--full"]);
    assert_eq!([&report["updated"], &report["deleted"]], [1, 0]);
}

#[test]
fn a_sync_that_is_stopped_goes_on_where_it_was_and_shows_nothing_until_then() {
    let (home, account) = connected(180);
    account.lock().expect("the account").lists = Some(2);
    let stopped = home.run(["--as-of", TODAY, "sync"]);
    stopped.is_failure(FAILED, &["HubSpot allows no more requests today"]).expect("says why");
    let listed = home.json(["source", "list"]);
    assert_eq!(
        [&listed[0]["unfinished"], &listed[0]["succeeded_at"]],
        [&json!(true), &json!(null)]
    );
    assert_eq!(listed[0]["failure"]["cause"], "budget");
    assert!(home.run(["metrics"]).stderr.contains("no deals have been loaded yet"));

    account.lock().expect("the account").lists = None;
    account.lock().expect("the account").asked.clear();
    let report = sync(&home, &[]);
    assert_eq!(report["inserted"], 180);
    assert_eq!(report["sources"][0]["resumed"], true);
    let asked = account.lock().expect("the account").asked.clone();
    let lists = asked.iter().filter(|asked| asked.starts_with("/crm/v3/objects/deals?"));
    let lists = lists.filter(|asked| !asked.contains("archived=true")).count();
    assert_eq!(lists, 2, "two pages were there already: {asked:#?}");
    let listed = home.json(["source", "list"]);
    assert_eq!([&listed[0]["unfinished"], &listed[0]["failure"]], [&json!(false), &json!(null)]);
}

#[test]
fn a_refused_token_is_told_with_its_remedy_and_never_shown() {
    let (home, account) = connected(10);
    sync(&home, &[]);
    account.lock().expect("the account").revoked = true;
    let failed = home.run(["--verbose", "--verbose", "sync"]);
    assert_eq!(failed.code, Some(FAILED), "{failed:#?}");
    assert!(
        failed.stderr.contains("refuses the token; make a new token in HubSpot"),
        "{failed:#?}"
    );
    let metrics = home.json(["metrics", "--from", "2024-05-01", "--to", "2024-06-01"]);
    assert_eq!(metrics["won"], 5, "the last good data serves");
    let tested = home.run(["source", "test", "crm"]);
    let listed = home.run(["source", "list"]);
    for answer in [&failed, &tested, &listed] {
        assert!(!answer.stdout.contains(TOKEN) && !answer.stderr.contains(TOKEN), "{answer:#?}");
    }
    let holds_token = |path: &std::path::Path| {
        let bytes = std::fs::read(path).expect("readable");
        bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes())
    };
    let mut folders = vec![home.path("home")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(!holds_token(&path), "{}", path.display());
            }
        }
    }
}

#[test]
fn a_folder_is_a_source_too() {
    let home = TestHome::in_clear();
    let folder = home.path("drops");
    std::fs::create_dir(&folder).expect("made");
    std::fs::write(
        folder.join("monday.csv"),
        crate::home::deals(&["d1,2024-01-01,2024-02-01,Won,100,EU"]),
    )
    .expect("written");
    home.json(["source", "add", "files", "--folder", text(&folder)]);
    let sync = || home.json(["--as-of", TODAY, "sync", "files"]);
    assert_eq!(sync()["inserted"], 1);
    assert_eq!(sync()["rows_read"], 0, "nothing new");
    std::fs::write(
        folder.join("tuesday.csv"),
        crate::home::deals(&["d2,2024-01-01,2024-02-02,Lost,100,EU"]),
    )
    .expect("written");
    assert_eq!(sync()["inserted"], 1);
    let metrics = home.json(["metrics", "--from", "2024-01-01", "--to", "2024-03-01"]);
    assert_eq!(metrics["deals"], 2);
}

#[test]
fn a_sync_that_finds_nothing_new_ends_the_alert_on_stale_data() {
    const LATER: &str = "2024-09-30";
    let home = TestHome::in_clear();
    let folder = home.path("drops");
    std::fs::create_dir(&folder).expect("made");
    let deals = crate::home::deals(&["d1,2024-01-01,2024-02-01,Won,100,EU"]);
    std::fs::write(folder.join("deals.csv"), deals).expect("written");
    home.json(["source", "add", "files", "--folder", text(&folder)]);
    home.json(["--as-of", TODAY, "sync", "files"]);
    home.json(["--as-of", LATER, "run", "daily"]);
    assert_eq!(home.json(["alerts"])[0]["rule"], "data_stale");
    home.json(["--as-of", LATER, "sync", "files"]);
    assert_eq!(home.json(["alerts"]), serde_json::json!([]));
}

#[test]
fn a_file_that_cannot_be_used_stops_no_other() {
    let home = TestHome::in_clear();
    let folder = home.path("drops");
    std::fs::create_dir(&folder).expect("made");
    let write = |name: &str, contents: &str| {
        std::fs::write(folder.join(name), contents).expect("written");
    };
    write("accounts.csv", "account,industry\nAcme,Retail\n");
    write("broken.csv", "colour,weight\nred,5\n");
    let row = "d1,2024-01-01,2024-02-01,Won,100,Acme";
    write(
        "monday.csv",
        &format!("deal_id,created_date,closed_date,outcome,amount,account\n{row}\n"),
    );
    home.json(["source", "add", "files", "--folder", text(&folder)]);
    let answer = home.run(["--as-of", TODAY, "sync", "files"]);
    assert_eq!(answer.code, Some(REFUSED), "{answer:#?}");
    for words in ["broken.csv", "loaded before it", "monday.csv", "taken out of the folder"] {
        assert!(answer.stderr.contains(words), "{words}: {answer:#?}");
    }
    let by = home.json(["--as-of", TODAY, "metrics", "--by", "industry"]);
    assert_eq!((&by[0]["value"], &by[0]["deals"]), (&"Retail".into(), &1.into()));
    let again = home.run(["--as-of", TODAY, "sync", "files"]);
    assert_eq!(again.code, Some(REFUSED), "it is still there: {again:#?}");
    assert_eq!(home.json(["alerts"])[0]["rule"], "sync_failed");
    let row = "d2,2024-01-01,2024-02-02,Lost,50,Acme";
    write(
        "broken.csv",
        &format!("deal_id,created_date,closed_date,outcome,amount,account\n{row}\n"),
    );
    let corrected = home.json(["--as-of", TODAY, "sync", "files"]);
    assert_eq!((&corrected["rows_read"], &corrected["inserted"]), (&1.into(), &1.into()));
    assert_eq!(home.json(["alerts"]), serde_json::json!([]));
}

#[test]
fn a_lookup_file_that_comes_after_the_deals_is_told_of() {
    let home = TestHome::in_clear();
    let folder = home.path("drops");
    std::fs::create_dir(&folder).expect("made");
    let write = |name: &str, contents: &str| {
        std::fs::write(folder.join(name), contents).expect("written");
    };
    let row = "d1,2024-01-01,2024-02-01,Won,100,Acme";
    let deals = format!("deal_id,created_date,closed_date,outcome,amount,account\n{row}\n");
    write("deals.csv", &deals);
    home.json(["source", "add", "files", "--folder", text(&folder)]);
    let missing = |how: &[&str]| {
        let report = home.json([&["--as-of", TODAY, "sync", "files"], how].concat());
        report["sources"][0]["missing"].clone()
    };
    let industry = || home.json(["--as-of", TODAY, "metrics", "--by", "industry"]);
    assert_eq!(missing(&[]), serde_json::json!([]));
    write("accounts.csv", "account,industry\nAcme,Retail\n");
    let late = missing(&[]);
    assert!(late[0]["missing"].to_string().contains("accounts.csv"), "{late}");
    assert!(late[0]["remedy"].to_string().contains("--full"), "{late}");
    assert_ne!(industry()[0]["value"], "Retail");
    assert_eq!(missing(&["--full"]), serde_json::json!([]));
    assert_eq!(industry()[0]["value"], "Retail");
    assert_eq!(missing(&[]), serde_json::json!([]), "they have it");
}

#[test]
fn credentials_are_refused_where_they_would_lie_in_clear() {
    let home = TestHome::in_clear();
    let file = home.file("token.toml", format!("token = \"{TOKEN}\""));
    let answer = home.run(["source", "add", "hubspot", "--credentials", text(&file)]);
    answer.is_failure(USAGE, &["credentials are not kept in clear"]).expect("says why");
    let home = TestHome::new();
    let file = home.file("token.toml", format!("tokn = \"{TOKEN}\""));
    let answer = home.run(["source", "add", "hubspot", "--credentials", text(&file)]);
    answer.is_failure(USAGE, &["line 1", "unknown field"]).expect("says why");
    assert!(!answer.stderr.contains(TOKEN));
}
