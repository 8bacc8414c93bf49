use winsight_alert::{Action, Alert, AlertState, Finding, Rule, Subject, Transitions, reconcile};
use winsight_insight::Cadence;
use winsight_meta::{MetaError, Metadata};

use crate::data::{finding, instant, run, workspace};

/// Brings the stored alerts up to date with `found`, as a job does.
async fn evaluate(
    metadata: &Metadata,
    name: &str,
    as_of: &str,
    found: Vec<Finding>,
) -> Result<Transitions, MetaError> {
    let workspace = workspace(name);
    let known = metadata.alerts(&workspace, None).await?;
    let transitions = reconcile(&known, found, &Rule::TESTING, instant(as_of));
    let run = winsight_meta::RunRow {
        transitions: transitions.clone(),
        ..run(Cadence::Daily, as_of, &[as_of])
    };
    metadata.record_run(&workspace, run).await?;
    Ok(transitions)
}

async fn alerts(metadata: &Metadata, state: Option<AlertState>) -> Vec<Alert> {
    metadata.alerts(&workspace("acme"), state).await.expect("reads")
}

#[tokio::test]
async fn an_alert_opens_changes_and_resolves() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let (monday, tuesday, wednesday) =
        ("2024-07-01T06:00:00Z", "2024-07-02T06:00:00Z", "2024-07-03T06:00:00Z");
    let both = vec![finding("Europe", 10), finding("India", 20)];
    let opened = evaluate(&metadata, "acme", monday, both).await.expect("records").opened;
    evaluate(&metadata, "other", monday, vec![finding("Europe", 1)]).await.expect("records");
    let mut stored = alerts(&metadata, Some(AlertState::Open)).await;
    stored.sort_by_key(|alert| alert.finding.deals);
    assert_eq!(stored, opened);

    let only = vec![finding("Europe", 30)];
    evaluate(&metadata, "acme", tuesday, only).await.expect("records");
    let [europe] = &alerts(&metadata, Some(AlertState::Open)).await[..] else { panic!("one") };
    assert_eq!((europe.finding.deals, europe.opened_at), (30, instant(monday)));
    let [india] = &alerts(&metadata, Some(AlertState::Resolved)).await[..] else { panic!("one") };
    assert_eq!(india.resolved_at, Some(instant(tuesday)));

    let again = vec![finding("India", 40)];
    evaluate(&metadata, "acme", wednesday, again).await.expect("records");
    let all = alerts(&metadata, None).await;
    let [europe, india] = &all[..] else { panic!("it came back soon, so it is the same alert") };
    assert_eq!((europe.state, india.state), (AlertState::Resolved, AlertState::Open));
    assert_eq!((india.finding.deals, india.life.reopened), (40, 1));
    let events = metadata.alert_events(&workspace("acme"), &india.id).await.expect("reads");
    let told: Vec<_> = events.iter().map(|event| (&*event.who, &*event.what)).collect();
    assert_eq!(told, ["opened", "resolved", "reopened"].map(|what| ("winsight", what)));
}

#[tokio::test]
async fn what_a_person_decided_stands() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme = workspace("acme");
    let (monday, noon, tuesday) =
        ("2024-07-01T06:00:00Z", instant("2024-07-01T12:00:00Z"), "2024-07-02T06:00:00Z");
    let both = || vec![finding("Europe", 10), finding("India", 20)];
    let opened = evaluate(&metadata, "acme", monday, both()).await.expect("records").opened;
    let read_by_a_run = alerts(&metadata, None).await;

    let act = |id: String, action: Action| {
        let (metadata, acme) = (metadata.clone(), acme.clone());
        async move { metadata.act_on_alert(&acme, &id, &action, "Ada", noon).await }
    };
    let later = Action::SnoozeUntil(instant("2024-09-01T00:00:00Z"));
    let snoozed = act(opened[0].id.clone(), later).await.expect("snoozes");
    assert_eq!((snoozed.state, snoozed.resolved_at), (AlertState::Snoozed, None));
    let done = Action::Resolve(Some("called them".to_owned()));
    let resolved = act(opened[1].id.clone(), done).await.expect("resolves");
    let events = metadata.alert_events(&acme, &resolved.id).await.expect("reads");
    assert_eq!((&*events[1].who, events[1].text.as_deref()), ("Ada", Some("called them")));
    assert_eq!(resolved.resolved_at, Some(noon));
    assert_eq!(metadata.alert(&acme, &resolved.id).await.expect("reads"), resolved);

    // The run read the alerts before they were moved, and records afterwards.
    let transitions = reconcile(&read_by_a_run, both(), &Rule::TESTING, instant(tuesday));
    let stale = winsight_meta::RunRow { transitions, ..run(Cadence::Daily, tuesday, &[]) };
    metadata.record_run(&acme, stale).await.expect("records");
    assert_eq!(metadata.alert(&acme, &snoozed.id).await.expect("reads"), snoozed);
    assert_eq!(metadata.alert(&acme, &resolved.id).await.expect("reads"), resolved);

    let refused = act(resolved.id.clone(), Action::Acknowledge).await;
    assert!(matches!(refused, Err(MetaError::Transition(_))), "{refused:?}");
    let unknown = act("wrd-nowhere".to_owned(), Action::Acknowledge).await;
    assert!(matches!(unknown, Err(MetaError::NoSuchAlert(_))), "{unknown:?}");
    let elsewhere = metadata.alert(&workspace("other"), &snoozed.id).await;
    assert!(matches!(elsewhere, Err(MetaError::NoSuchAlert(_))), "{elsewhere:?}");
}

#[tokio::test]
async fn two_runs_that_find_the_same_open_one_alert_and_only_one_tells_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    let first = Metadata::open(&path, None).await.expect("opens");
    let second = Metadata::open(&path, None).await.expect("opens");
    let acme = workspace("acme");
    // Both have read that there is no alert yet.
    let found = |as_of: &str, deals| {
        let transitions = reconcile(&[], vec![finding("Europe", deals)], &[], instant(as_of));
        winsight_meta::RunRow { transitions, ..run(Cadence::Daily, as_of, &[]) }
    };
    let (at_six, at_seven) = ("2024-07-01T06:00:00Z", "2024-07-01T07:00:00Z");
    let (one, other) = tokio::join!(
        first.record_run(&acme, found(at_six, 10)),
        second.record_run(&acme, found(at_seven, 20)),
    );
    let told = one.expect("records").opened.len() + other.expect("records").opened.len();
    assert_eq!(told, 1);
    let [alert] = &alerts(&first, None).await[..] else { panic!("one alert") };
    let events = second.alert_events(&acme, &alert.id).await.expect("reads");
    assert_eq!(events.len(), 1);
    // A rerun of the first finds the alert that is there.
    let again = first.record_run(&acme, found(at_six, 30)).await.expect("records");
    assert_eq!(again.opened, []);
    assert_eq!(alerts(&first, None).await[0].finding.deals, 30);
}

#[tokio::test]
async fn alerts_about_the_same_deals_and_different_subjects_stand_side_by_side() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme = workspace("acme");
    let of = |source: &str| Finding {
        rule: Rule::SyncFailed,
        subject: Some(Subject::new("source", source)),
        ..finding("Europe", 0)
    };
    let now = instant("2024-07-01T06:00:00Z");
    // Twice, as two processes would that both knew of none.
    for _ in 0..2 {
        let found = reconcile(&[], vec![of("crm"), of("erp")], &[Rule::SyncFailed], now);
        metadata.change_alerts(&acme, found, now).await.expect("writes");
    }
    let known = alerts(&metadata, Some(AlertState::Open)).await;
    let mut about: Vec<_> = known.iter().map(|alert| alert.finding.value_label()).collect();
    about.sort();
    assert_eq!(about, ["crm", "erp"]);
}
