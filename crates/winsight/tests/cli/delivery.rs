//! Alerts on their way to people: each arrives once, at those who may see it, whatever fails.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Requests, Sender, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::home::{FAILED, TestHome, USAGE, text};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TODAY: &str = "2024-07-21";

/// A receiver of webhooks. `answers` to the first requests; later ones get the last again. "hold"
/// never answers.
struct Receiver {
    url: String,
    requests: Requests<(String, Value)>,
}

impl Receiver {
    fn new(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("has one"));
        let (seen, requests) = channel();
        thread::spawn(move || {
            let mut answers = answers.iter().copied();
            let mut answer = "";
            for stream in listener.incoming() {
                answer = answers.next().unwrap_or(answer);
                let seen = seen.clone();
                thread::spawn(move || serve(stream.expect("connects"), answer, &seen));
            }
        });
        Self { url, requests }
    }

    /// The requests so far: the id of each message and its body.
    fn seen(&self) -> Vec<(String, Value)> {
        self.requests.try_iter().collect()
    }
}

fn serve(mut stream: TcpStream, answer: &str, seen: &Sender<(String, Value)>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut buffer).unwrap_or_default();
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..count]);
        let all = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = all.split_once("\r\n\r\n") else { continue };
        if body.len() >= value(head, "content-length").parse().unwrap_or(0usize) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let body = serde_json::from_str(&body).expect("JSON");
    let _ = seen.send((value(&head, "webhook-id").to_owned(), body));
    if answer == "hold" {
        thread::park();
    }
    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes());
}

fn value<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, it)| it)
}

/// Open Enterprise deals that have been open for too long: two of Ana's, three of Bob's.
fn with_risky_deals() -> TestHome {
    let home = TestHome::new();
    let mut file = "deal_id,created_date,closed_date,outcome,deal_amount,region,rep\n".to_owned();
    for (number, (rep, amount)) in
        [("Ana", 60_000), ("Ana", 70_000), ("Bob", 80_000), ("Bob", 90_000), ("Bob", 100_000)]
            .into_iter()
            .enumerate()
    {
        writeln!(file, "open{number},2024-01-02,,Open,{amount},EU,{rep}").expect("text can grow");
    }
    for number in 0..40 {
        let outcome = if number % 2 == 0 { "Won" } else { "Lost" };
        writeln!(file, "d{number},2024-06-01,2024-07-20,{outcome},1000,EU,Ana")
            .expect("text can grow");
    }
    home.import(&home.file("deals.csv", file));
    home
}

fn add_webhook(home: &TestHome, name: &str, url: &str, more: &[&str]) {
    let secret = home.file("secret", KEY);
    let mut arguments = vec!["channels", "add", name, "--kind", "webhook", "--url", url];
    arguments.extend(["--secret-file", text(&secret)]);
    arguments.extend(if more.is_empty() { &["--sees", "all"] } else { more });
    home.json(arguments);
}

fn states(home: &TestHome) -> Vec<(String, String)> {
    let ledger = home.json(["deliveries"]);
    let rows = ledger.as_array().expect("a list").iter().map(|row| {
        let text = |field: &str| row[field].as_str().expect("text").to_owned();
        (text("channel"), text("state"))
    });
    rows.collect()
}

fn row(channel: &str, state: &str) -> (String, String) {
    (channel.to_owned(), state.to_owned())
}

#[test]
fn an_alert_arrives_once_and_its_end_once() {
    let home = with_risky_deals();
    let receiver = Receiver::new(&["200 OK"]);
    add_webhook(&home, "hook", &receiver.url, &[]);
    for _ in 0..2 {
        home.json(["--as-of", TODAY, "run", "daily"]);
    }
    let [(id, body)] = &receiver.seen()[..] else { panic!("one message") };
    assert!(id.starts_with("msg_"), "{id}");
    assert_eq!(body["type"], "alert.opened");
    assert_eq!(body["data"]["alerts"][0]["rule"], "high_risk_deals");
    assert_eq!(states(&home), [row("hook", "sent")]);
    let alert = home.json(["alerts"])[0]["id"].as_str().expect("an id").to_owned();
    home.json(["--as-of", TODAY, "alerts", "resolve", &alert]);
    assert_eq!(home.json(["--as-of", TODAY, "deliver"])["sent"], 1);
    let [(_, body)] = &receiver.seen()[..] else { panic!("one message") };
    assert_eq!(body["type"], "alert.resolved");
    assert_eq!(home.json(["--as-of", TODAY, "deliver"])["sent"], 0);
}

#[test]
fn a_server_evaluates_what_another_process_loads() {
    let home = with_risky_deals();
    let receiver = Receiver::new(&["200 OK"]);
    add_webhook(&home, "hook", &receiver.url, &[]);
    let mut server = home.spawn(&["--as-of", TODAY, "serve", "--listen", "127.0.0.1:0"]);
    let arrived = |what: &str| {
        let arrived = receiver.requests.recv_timeout(Duration::from_mins(2));
        let (_, body) = arrived.unwrap_or_else(|error| panic!("{what}: {error}"));
        body["type"].as_str().expect("text").to_owned()
    };
    assert_eq!(arrived("what was there when it began"), "alert.opened");
    // All of them are lost: none is at risk any more.
    let head = "deal_id,created_date,closed_date,outcome,deal_amount,region,rep\n".to_owned();
    let file = (0..5).fold(head, |file, number| {
        file + &format!("open{number},2024-01-02,2024-07-20,Lost,60000,EU,Ana\n")
    });
    home.import(&home.file("later.csv", file));
    assert_eq!(arrived("what was loaded meanwhile"), "alert.resolved");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
}

#[test]
fn a_rep_is_told_about_their_own_deals_and_nothing_else() {
    let home = with_risky_deals();
    let (ana, bob, none) =
        (Receiver::new(&["200 OK"]), Receiver::new(&["200 OK"]), Receiver::new(&["200 OK"]));
    add_webhook(&home, "ana", &ana.url, &["--rep", "Ana"]);
    add_webhook(&home, "bob", &bob.url, &["--rep", "Bob"]);
    add_webhook(&home, "eve", &none.url, &["--rep", "Eve"]);
    home.json(["--as-of", TODAY, "run", "daily"]);
    for (receiver, deals, amount) in [(&ana, 2, "130000.00"), (&bob, 3, "270000.00")] {
        let [(_, body)] = &receiver.seen()[..] else { panic!("one message") };
        let alert = &body["data"]["alerts"][0];
        assert_eq!(alert["impact_amount"], amount, "{alert}");
        let words = alert["text"].as_str().expect("text");
        assert!(words.contains(&format!("{deals} deals")), "{words}");
        assert!(!words.contains("5 deals") && !words.contains("400"), "{words}");
    }
    assert!(none.seen().is_empty());
}

#[test]
fn what_fails_is_tried_again_as_the_same_message_and_delays_no_other_channel() {
    let home = with_risky_deals();
    let flaky = Receiver::new(&["500 Oops", "429 Slow Down", "200 OK"]);
    let well = Receiver::new(&["200 OK"]);
    let gone = Receiver::new(&["410 Gone"]);
    add_webhook(&home, "flaky", &flaky.url, &[]);
    add_webhook(&home, "gone", &gone.url, &[]);
    add_webhook(&home, "well", &well.url, &[]);
    // Nobody listens there.
    add_webhook(&home, "absent", "http://127.0.0.1:1/hook", &[]);
    home.json(["--as-of", TODAY, "run", "daily"]);
    assert_eq!(well.seen().len(), 1);
    let mut found = states(&home);
    found.sort();
    let expected =
        [("absent", "pending"), ("flaky", "pending"), ("gone", "dead"), ("well", "sent")];
    assert_eq!(found, expected.map(|(channel, state)| row(channel, state)));
    for later in ["2024-07-22", "2024-07-23"] {
        home.json(["--as-of", later, "deliver"]);
    }
    let ids: Vec<_> = flaky.seen().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(well.seen().len(), 0, "what was taken is not sent again");
    let dead = home.json(["deliveries", "--state", "dead"]);
    let failure = dead[0]["failure"].as_str().expect("says why");
    assert!(failure.contains("410") && failure.contains("add the channel again"), "{failure}");
    let id = dead[0]["id"].to_string();
    assert_eq!(home.json(["deliveries", "resend", &id]), json!({ "resent": 1 }));
    home.json(["deliver"]);
    assert_eq!(gone.seen().len(), 2);
}

#[test]
fn a_worker_killed_while_it_sends_loses_nothing_and_nobody_sends_beside_it() {
    let home = with_risky_deals();
    let receiver = Receiver::new(&["hold"]);
    add_webhook(&home, "hook", &receiver.url, &[]);
    let mut run = home.spawn(&["--as-of", TODAY, "run", "daily"]);
    let (id, _) = receiver.requests.recv().expect("the message arrives");
    // The alert and its delivery are written before anything is sent.
    assert_eq!(home.json(["alerts"]).as_array().map(Vec::len), Some(1));
    assert_eq!(home.json(["--as-of", TODAY, "deliver"])["sent"], 0, "another worker has it");
    run.kill().expect("it can be killed");
    run.wait().expect("it ends");
    let ledger = home.json(["deliveries"]);
    assert_eq!(ledger[0]["state"], "sending");
    assert_eq!(ledger[0]["message"], id.as_str(), "it will be sent as this message again");
    assert!(receiver.seen().is_empty());
}

#[test]
fn two_workers_at_once_send_each_message_once() {
    let home = with_risky_deals();
    let receiver = Receiver::new(&["200 OK"]);
    // As many recipients as it takes to keep two workers busy.
    let names: Vec<_> = (0..12).map(|number| format!("hook{number}")).collect();
    for name in &names {
        add_webhook(&home, name, "http://127.0.0.1:1/hook", &[]);
    }
    home.json(["--as-of", TODAY, "run", "daily"]);
    for name in &names {
        add_webhook(&home, name, &receiver.url, &[]);
    }
    let mut workers: Vec<_> =
        (0..3).map(|_| home.spawn(&["--as-of", "2024-07-25", "deliver"])).collect();
    for worker in &mut workers {
        assert!(worker.wait().expect("it ends").success());
    }
    let mut ids: Vec<_> = receiver.seen().into_iter().map(|(id, _)| id).collect();
    ids.sort();
    assert_eq!(ids.len(), 12);
    ids.dedup();
    assert_eq!(ids.len(), 12, "none twice");
}

#[test]
fn quiet_hours_and_digests_are_kept_in_the_time_zone_of_the_recipient() {
    let home = with_risky_deals();
    let receiver = Receiver::new(&["200 OK"]);
    let options = ["--sees", "all", "--time-zone", "America/New_York", "--quiet", "20:00-08:00"];
    add_webhook(&home, "hook", &receiver.url, &options);
    // Two in the morning there.
    home.json(["--as-of", "2024-07-21T06:00:00Z", "run", "daily"]);
    assert_eq!(home.json(["deliveries"])[0]["due_at"], "2024-07-21T12:00:00Z");
    home.json(["--as-of", "2024-07-21T11:59:59Z", "deliver"]);
    assert!(receiver.seen().is_empty());
    home.json(["--as-of", "2024-07-21T12:00:00Z", "deliver"]);
    assert_eq!(receiver.seen().len(), 1);
}

#[test]
fn a_channel_is_tried_on_request_and_its_secret_is_never_shown() {
    let home = TestHome::new();
    let receiver = Receiver::new(&["200 OK", "403 Forbidden"]);
    let secret = home.file("secret", receiver.url.replace("/hook", "/hunter2"));
    let add = ["channels", "add", "team", "--kind", "slack", "--sees", "all", "--secret-file"];
    let added = home.run(add.into_iter().chain([text(&secret)]));
    assert_eq!(added.code, Some(0), "{added:#?}");
    let taken = home.run(["channels", "test", "team"]);
    assert_eq!((taken.code, taken.stdout.trim()), (Some(0), "team: taken"));
    let [(_, body)] = &receiver.seen()[..] else { panic!("one message") };
    assert_eq!(body["blocks"][0]["text"]["text"], "🔧 TEST: This channel works");
    let refused = home.run(["channels", "test", "team"]);
    assert_eq!(refused.code, Some(FAILED));
    assert!(refused.stdout.contains("403"), "{refused:#?}");
    let listed = home.run(["channels", "list"]);
    let json = home.run(["--json", "channels", "list"]);
    for answer in [&added, &taken, &refused, &listed, &json] {
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert!(!said.contains("hunter2"), "{said}");
    }
    let database = std::fs::read(home.path("home/winsight.db")).expect("readable");
    assert!(!database.windows(7).any(|bytes| bytes == b"hunter2"), "sealed at rest");
}

#[test]
fn what_is_wrong_with_a_channel_is_said_and_nothing_is_stored() {
    let home = TestHome::new();
    let secret = home.file("secret", "hunter2");
    let empty = home.file("empty", "\n");
    let (secret, empty) = (text(&secret), text(&empty));
    let url = "https://example.com/hook";
    let cases: &[(&[&str], &str)] = &[
        (&["--kind", "slack", "--sees", "all"], "give the address"),
        (&["--kind", "slack", "--sees", "all", "--secret-file", secret], "not an https address"),
        (&["--kind", "slack", "--sees", "all", "--secret-file", empty], "is empty"),
        (&["--kind", "slack", "--secret-file", secret], "say what the recipient may see"),
        (&["--kind", "webhook", "--url", url, "--sees", "all", "--secret-file", secret], "whsec_"),
        (&["--kind", "slack-bot", "--sees", "all", "--secret-file", secret], "xoxb-"),
        (&["--kind", "slack", "--rep", "Ana", "--quiet", "8-9"], "08:30"),
        (&["--kind", "slack", "--sees", "all", "--segment", "regoin=EU"], "did you mean"),
        (
            &["--kind", "email", "--host", "localhost", "--from", "nobody", "--sees", "all"],
            "is no sender",
        ),
        (
            &[
                "--kind",
                "email",
                "--host",
                "mail.example.com",
                "--from",
                "a@example.com",
                "--security",
                "none",
                "--sees",
                "all",
            ],
            "would go in clear",
        ),
        (
            &[
                "--kind",
                "email",
                "--host",
                "localhost",
                "--from",
                "a@example.com",
                "--sees",
                "all",
                "--to",
                "ana",
            ],
            "is no address for email",
        ),
    ];
    for (arguments, says) in cases {
        let answer = home.run(["channels", "add", "new"].iter().chain(arguments.iter()));
        assert_eq!(answer.code, Some(USAGE), "{arguments:?} {answer:#?}");
        assert!(answer.stderr.contains(says), "{arguments:?} {answer:#?}");
        assert!(!answer.stderr.contains("hunter2"), "{answer:#?}");
    }
    assert_eq!(home.json(["channels", "list"]), json!([]));
    let unknown = home.run(["channels", "test", "nowhere"]);
    assert_eq!(unknown.is_failure(FAILED, &["no channel \"nowhere\"", "channels list"]), Ok(()));
}
