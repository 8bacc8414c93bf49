//! The ledger of deliveries: what is written with an alert, who takes it, and what a crash leaves.

use jiff::{SignedDuration, Timestamp};
use winsight_alert::{Custom, Finding, Rule, Severity, Transitions, reconcile};
use winsight_insight::Cadence;
use winsight_meta::{
    Delivery, DeliveryState, Leased, MetaError, Metadata, Outcome, OwnFindings, RunRow,
    StoredChannel, Worker,
};
use winsight_model::Segment;
use winsight_notify::{
    Breaker, ChannelSettings, Event, Form, Recipient, Rhythm, Role, Routing, Secret, Secrets, Sight,
};

use crate::data::{finding, instant, run, workspace};

const MONDAY: &str = "2024-07-01T06:00:00Z";
const TUESDAY: &str = "2024-07-02T06:00:00Z";

fn channel(name: &str) -> StoredChannel {
    StoredChannel {
        name: name.to_owned(),
        settings: ChannelSettings::Slack,
        secrets: Secrets { main: Some(Secret::new("hunter2")), signing: None },
        breaker: Breaker::default(),
        created_at: instant(MONDAY),
    }
}

fn recipient(channel: &str, address: &str, sight: Sight) -> Recipient {
    Recipient {
        channel: channel.to_owned(),
        address: address.to_owned(),
        role: Role::Leader,
        sight,
        routing: Routing::default(),
        rhythm: Rhythm::at_once("UTC"),
        token: format!("token of {address}"),
        unsubscribed_at: None,
    }
}

async fn with(recipients: Vec<Recipient>) -> Metadata {
    let metadata = Metadata::in_memory().await.expect("opens");
    for recipient in recipients {
        metadata.put_channel(&workspace("acme"), &channel(&recipient.channel)).await.expect("adds");
        let put = metadata.put_recipient(&workspace("acme"), &recipient, instant(MONDAY)).await;
        put.expect("adds");
    }
    metadata
}

async fn evaluate(metadata: &Metadata, as_of: &str, found: Vec<Finding>) -> Transitions {
    evaluate_with(metadata, as_of, found, OwnFindings::default()).await
}

async fn evaluate_with(
    metadata: &Metadata,
    as_of: &str,
    found: Vec<Finding>,
    own_findings: OwnFindings,
) -> Transitions {
    let acme = workspace("acme");
    let known = metadata.alerts(&acme, None).await.expect("reads");
    let rules = [Rule::WinRateDrop, Rule::HighRiskDeals];
    let transitions = reconcile(&known, found, &rules, instant(as_of));
    let row = RunRow {
        transitions: transitions.clone(),
        own_findings,
        ..run(Cadence::Daily, as_of, &[])
    };
    metadata.record_run(&acme, row).await.expect("records");
    transitions
}

async fn ledger(metadata: &Metadata) -> Vec<Delivery> {
    let mut all = metadata.deliveries(&workspace("acme"), None, 1_000).await.expect("reads");
    all.reverse();
    all
}

fn worker(name: &str, at: Timestamp) -> Worker {
    Worker { name: name.to_owned(), now: at, present: at }
}

async fn lease(metadata: &Metadata, worker: &Worker) -> Option<Leased> {
    metadata.lease(&workspace("acme"), "slack", worker).await.expect("asks")
}

async fn settle(metadata: &Metadata, worker: &Worker, leased: &Leased, outcome: Outcome) {
    let acme = workspace("acme");
    let settled = metadata.settle(&acme, worker, leased, outcome, Breaker::default());
    settled.await.expect("settles");
}

#[tokio::test]
async fn a_rule_that_names_channels_is_told_to_them_only() {
    let metadata = with(
        vec!["slack", "finance"]
            .into_iter()
            .map(|it| recipient(it, it, Sight::Everything))
            .collect(),
    )
    .await;
    let of_rule = |segment: &str, routing: &[&str]| Finding {
        rule: Rule::Custom,
        custom: Some(Custom {
            name: "watched".to_owned(),
            pending_days: 0,
            unguarded: true,
            routing: routing.iter().map(|channel| (*channel).to_owned()).collect(),
            owner: None,
        }),
        ..finding(segment, 10)
    };
    let found = vec![of_rule("Europe", &["finance"]), of_rule("India", &[])];
    let known = reconcile(&[], found, &[Rule::Custom], instant(MONDAY));
    let row = RunRow { transitions: known, ..run(Cadence::Daily, MONDAY, &[]) };
    metadata.record_run(&workspace("acme"), row).await.expect("records");
    let mut told: Vec<_> = ledger(&metadata)
        .await
        .into_iter()
        .map(|one| (one.channel, one.notice.segment["region"].clone()))
        .collect();
    told.sort();
    let row = |channel: &str, region: &str| (channel.to_owned(), region.to_owned());
    assert_eq!(told, [row("finance", "Europe"), row("finance", "India"), row("slack", "India")]);
}

#[tokio::test]
async fn each_event_is_one_delivery_for_each_who_wants_it_and_a_rerun_adds_none() {
    let mut quiet = recipient("slack", "warnings", Sight::Everything);
    quiet.routing.severities.insert(Severity::Warning);
    let mut europe = recipient("slack", "europe", Sight::Everything);
    europe.routing.segments.insert(("region".to_owned(), "Europe".to_owned()));
    let all = recipient("slack", "all", Sight::Everything);
    let metadata = with(vec![all, quiet, europe]).await;
    let both = || vec![finding("Europe", 10), finding("India", 20)];
    evaluate(&metadata, MONDAY, both()).await;
    evaluate(&metadata, MONDAY, both()).await;
    evaluate(&metadata, TUESDAY, vec![finding("India", 20)]).await;
    let told: Vec<_> = ledger(&metadata)
        .await
        .into_iter()
        .map(|one| (one.address, one.notice.event, one.notice.segment["region"].clone()))
        .collect();
    let row = |address: &str, event, region: &str| (address.to_owned(), event, region.to_owned());
    assert_eq!(
        told,
        [
            row("all", Event::Opened, "Europe"),
            row("all", Event::Opened, "India"),
            row("europe", Event::Opened, "Europe"),
            row("all", Event::Resolved, "Europe"),
            row("europe", Event::Resolved, "Europe"),
        ]
    );
}

#[tokio::test]
async fn what_is_not_recorded_is_not_sent() {
    let metadata = with(vec![recipient("slack", "", Sight::Everything)]).await;
    evaluate(&metadata, MONDAY, vec![finding("Europe", 10)]).await;
    // A second process judged the same data, later by a second, before the first had recorded.
    let transitions = reconcile(&[], vec![finding("Europe", 10)], &[], instant(TUESDAY));
    let late = RunRow { transitions, ..run(Cadence::Daily, TUESDAY, &[]) };
    let told = metadata.record_run(&workspace("acme"), late).await.expect("records");
    assert_eq!(told.opened, [], "there is one already");
    assert_eq!(ledger(&metadata).await.len(), 1);
}

#[tokio::test]
async fn who_may_not_see_all_deals_is_told_what_is_in_their_own() {
    let ana = Sight::rep("Ana");
    let everybody = [
        recipient("slack", "all", Sight::Everything),
        recipient("slack", "ana", ana.clone()),
        recipient("slack", "bob", Sight::rep("Bob")),
    ];
    let metadata = with(everybody.into()).await;
    let mut risk = finding("", 10);
    risk.rule = Rule::HighRiskDeals;
    risk.segment = Segment::all();
    risk.title = "10 deals".to_owned();
    let mut hers = risk.clone();
    hers.title = "2 deals of hers".to_owned();
    let mut own = OwnFindings::default();
    own.add(ana, hers);
    evaluate_with(&metadata, MONDAY, vec![risk, finding("Europe", 5)], own).await;
    let told: Vec<_> =
        ledger(&metadata).await.into_iter().map(|one| (one.address, one.notice.title)).collect();
    let row = |address: &str, title: &str| (address.to_owned(), title.to_owned());
    assert_eq!(
        told,
        [
            row("all", "10 deals"),
            row("all", "Europe Win Rate Decline"),
            row("ana", "2 deals of hers"),
        ]
    );
    // Its end is told to those who were told of it, and says no number again.
    evaluate(&metadata, TUESDAY, vec![finding("Europe", 5)]).await;
    let over: Vec<_> = ledger(&metadata).await.split_off(3);
    let told: Vec<_> = over.iter().map(|one| (&*one.address, one.notice.event)).collect();
    assert_eq!(told, [("all", Event::Resolved), ("ana", Event::Resolved)]);
    assert!(over[1].notice.facts.is_empty(), "{:?}", over[1].notice);
}

#[tokio::test]
async fn a_delivery_belongs_to_one_worker_until_its_lease_runs_out() {
    let metadata = with(vec![recipient("slack", "", Sight::Everything)]).await;
    evaluate(&metadata, MONDAY, vec![finding("Europe", 10)]).await;
    let now = instant(MONDAY);
    let (first, second) = (worker("first", now), worker("second", now));
    let leased = lease(&metadata, &first).await.expect("is due");
    assert_eq!(lease(&metadata, &second).await, None);
    // The first worker is killed here: before it sent, while it sent, or before it wrote it down.
    let later = worker("second", now + SignedDuration::from_secs(119));
    assert_eq!(lease(&metadata, &later).await, None);
    let later = worker("second", now + SignedDuration::from_secs(120));
    let taken_over = lease(&metadata, &later).await.expect("left behind");
    assert_eq!(taken_over.key, leased.key, "a receiver can tell that it is the same message");
    assert_eq!(taken_over.deliveries[0].attempts, 2);
    // A worker that was only slow finds that it is too late.
    let dead = Outcome::Dead { failure: "late".to_owned() };
    settle(&metadata, &first, &leased, dead).await;
    assert_eq!(ledger(&metadata).await[0].state, DeliveryState::Sending);
    settle(&metadata, &later, &taken_over, Outcome::Sent).await;
    let [sent] = &ledger(&metadata).await[..] else { panic!("one") };
    assert_eq!((sent.state, sent.sent_at), (DeliveryState::Sent, Some(later.now)));
    let much_later = worker("third", now + SignedDuration::from_hours(99));
    assert_eq!(lease(&metadata, &much_later).await, None);
}

#[tokio::test]
async fn a_lease_runs_out_in_the_present_whatever_past_is_replayed() {
    let metadata = with(vec![recipient("slack", "", Sight::Everything)]).await;
    evaluate(&metadata, MONDAY, vec![finding("Europe", 10)]).await;
    let present = instant("2026-01-01T00:00:00Z");
    let replaying = Worker { present, ..worker("replay", instant(MONDAY)) };
    lease(&metadata, &replaying).await.expect("is due");
    assert_eq!(lease(&metadata, &worker("serve", present)).await, None);
}

#[tokio::test]
async fn what_failed_waits_and_what_was_given_up_is_sent_again_on_request() {
    let metadata = with(vec![recipient("slack", "", Sight::Everything)]).await;
    let acme = workspace("acme");
    evaluate(&metadata, MONDAY, vec![finding("Europe", 10)]).await;
    let now = instant(MONDAY);
    let due = now + SignedDuration::from_secs(7);
    let at = worker("w", now);
    let leased = lease(&metadata, &at).await.expect("is due");
    settle(&metadata, &at, &leased, Outcome::Retry { at: due, failure: "busy".to_owned() }).await;
    assert_eq!(lease(&metadata, &worker("w", now + SignedDuration::from_secs(6))).await, None);
    let at = worker("w", due);
    let again = lease(&metadata, &at).await.expect("is due again");
    assert_eq!(again.key, leased.key);
    settle(&metadata, &at, &again, Outcome::Dead { failure: "gone".to_owned() }).await;
    let [dead] = &ledger(&metadata).await[..] else { panic!("one") };
    assert_eq!((dead.state, dead.failure.as_deref()), (DeliveryState::Dead, Some("gone")));
    let missing = metadata.resend(&acme, Some(dead.id + 1), due).await;
    assert!(matches!(missing, Err(MetaError::NoSuchDelivery(_))), "{missing:?}");
    assert_eq!(metadata.resend(&acme, Some(dead.id), due).await.expect("resends"), 1);
    let at = worker("w", due);
    let last = lease(&metadata, &at).await.expect("is due once more");
    settle(&metadata, &at, &last, Outcome::Sent).await;
    let twice = metadata.resend(&acme, Some(dead.id), due).await;
    assert!(matches!(twice, Err(MetaError::NoSuchDelivery(_))), "what was sent is not sent again");
}

#[tokio::test]
async fn a_burst_is_one_message_that_stays_together_and_few_are_one_each() {
    let metadata = with(vec![recipient("slack", "", Sight::Everything)]).await;
    let at = worker("w", instant(MONDAY));
    let regions =
        |count: u64| (0..count).map(|number| finding(&format!("R{number}"), 10)).collect();
    evaluate(&metadata, MONDAY, regions(3)).await;
    for _ in 0..3 {
        let one = lease(&metadata, &at).await.expect("is due");
        assert_eq!((one.form, one.deliveries.len()), (Form::Single, 1));
        settle(&metadata, &at, &one, Outcome::Sent).await;
    }
    let tuesday = instant(TUESDAY);
    let at = worker("w", tuesday);
    evaluate(&metadata, TUESDAY, regions(9)).await;
    let burst = lease(&metadata, &at).await.expect("is due");
    assert_eq!((burst.form, burst.deliveries.len()), (Form::Burst, 6));
    let failure = "busy".to_owned();
    settle(&metadata, &at, &burst, Outcome::Retry { at: tuesday, failure }).await;
    // What comes meanwhile does not change the message that is tried again.
    evaluate(&metadata, TUESDAY, regions(10)).await;
    let again = lease(&metadata, &at).await.expect("is due");
    assert_eq!((&again.key, again.deliveries.len()), (&burst.key, 6));
}

#[tokio::test]
async fn a_digest_gathers_until_its_hour_and_critical_alerts_do_not_wait() {
    let mut reader = recipient("slack", "", Sight::Everything);
    reader.rhythm.digest = Some(jiff::civil::time(17, 0, 0, 0));
    let metadata = with(vec![reader]).await;
    let mut calm = vec![finding("Europe", 10), finding("India", 10)];
    for finding in &mut calm {
        finding.severity = Severity::Warning;
    }
    calm.push(finding("Africa", 10));
    evaluate(&metadata, MONDAY, calm).await;
    let at = worker("w", instant(MONDAY));
    let urgent = lease(&metadata, &at).await.expect("critical");
    assert_eq!(
        (urgent.form, &*urgent.deliveries[0].notice.segment["region"]),
        (Form::Single, "Africa")
    );
    settle(&metadata, &at, &urgent, Outcome::Sent).await;
    assert_eq!(lease(&metadata, &at).await, None);
    let evening = worker("w", instant("2024-07-01T17:00:00Z"));
    let digest = lease(&metadata, &evening).await.expect("is due");
    assert_eq!((digest.form, digest.deliveries.len()), (Form::Digest, 2));
}

#[tokio::test]
async fn who_unsubscribes_or_is_removed_gets_nothing_more() {
    let (ana, bob) = (
        recipient("slack", "ana", Sight::Everything),
        recipient("slack", "bob", Sight::Everything),
    );
    let metadata = with(vec![ana, bob]).await;
    let (acme, now) = (workspace("acme"), instant(MONDAY));
    evaluate(&metadata, MONDAY, vec![finding("Europe", 10)]).await;
    assert!(metadata.unsubscribe(&acme, "token of ana", now).await.expect("asks"));
    assert!(metadata.unsubscribe(&acme, "token of ana", now).await.expect("asking twice"));
    assert!(!metadata.unsubscribe(&acme, "guessed", now).await.expect("asks"));
    assert!(!metadata.unsubscribe(&workspace("other"), "token of bob", now).await.expect("asks"));
    let states: Vec<_> = ledger(&metadata).await.into_iter().map(|one| one.state).collect();
    assert_eq!(states, [DeliveryState::Dead, DeliveryState::Pending]);
    evaluate(&metadata, TUESDAY, vec![finding("Europe", 10), finding("India", 10)]).await;
    let new: Vec<_> = ledger(&metadata).await.split_off(2);
    assert_eq!(new.iter().map(|one| &*one.address).collect::<Vec<_>>(), ["bob"]);
    metadata.remove_channel(&acme, "slack").await.expect("removes");
    assert!(ledger(&metadata).await.iter().all(|one| one.state == DeliveryState::Dead));
    assert_eq!(metadata.recipients(&acme).await.expect("reads"), []);
    let gone = metadata.remove_channel(&acme, "slack").await;
    assert!(matches!(gone, Err(MetaError::NoSuchChannel(_))), "{gone:?}");
}

#[tokio::test]
async fn a_channel_reads_back_with_its_secrets_and_how_it_is_doing() {
    let metadata = with(vec![recipient("slack", "", Sight::Everything)]).await;
    let (acme, at) = (workspace("acme"), worker("w", instant(MONDAY)));
    evaluate(&metadata, MONDAY, vec![finding("Europe", 10)]).await;
    let leased = lease(&metadata, &at).await.expect("is due");
    let breaker = Breaker { failures: 3, open_until: Some(instant(TUESDAY)) };
    let dead = Outcome::Dead { failure: String::new() };
    metadata.settle(&acme, &at, &leased, dead, breaker).await.expect("settles");
    let stored = metadata.channel(&acme, "slack").await.expect("reads");
    assert_eq!(stored, StoredChannel { breaker, ..channel("slack") });
    assert_eq!(metadata.channels(&workspace("other")).await.expect("reads"), []);
}

#[tokio::test]
async fn a_rule_may_name_who_is_told() {
    let manager =
        Recipient { role: Role::Manager, ..recipient("slack", "manager", Sight::Everything) };
    let leader = recipient("slack", "leader", Sight::Everything);
    let other = recipient("teams", "", Sight::Everything);
    for (routing, told) in [
        (&[][..], &["leader", "manager", ""][..]),
        (&["role:manager"][..], &["manager"][..]),
        (&["teams"][..], &[""][..]),
        (&["teams", "role:leader"][..], &["leader", ""][..]),
    ] {
        let metadata = with(vec![leader.clone(), manager.clone(), other.clone()]).await;
        let routing = routing.iter().map(|name| (*name).to_owned()).collect();
        let custom = Custom { name: "own".to_owned(), routing, ..Custom::default() };
        let found = Finding { rule: Rule::Custom, custom: Some(custom), ..finding("Europe", 10) };
        evaluate(&metadata, MONDAY, vec![found]).await;
        let mut addresses: Vec<_> =
            ledger(&metadata).await.into_iter().map(|one| one.address).collect();
        addresses.sort();
        let mut told = told.to_vec();
        told.sort_unstable();
        assert_eq!(addresses, told);
    }
}
