use jiff::Timestamp;
use winsight_alert::{Alert, AlertState, Finding, Rule, Transitions, reconcile};
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
    let told: Vec<_> =
        all.iter().map(|alert| (alert.finding.deals, alert.state.as_str())).collect();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0], (40, "open"), "the latest comes first");
    assert_eq!(told.iter().filter(|(_, state)| *state == "resolved").count(), 2);
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

    let set = |id: String, state| {
        let (metadata, acme) = (metadata.clone(), acme.clone());
        async move { metadata.set_alert_state(&acme, &id, state, noon).await }
    };
    let snoozed = set(opened[0].id.clone(), AlertState::Snoozed).await.expect("snoozes");
    assert_eq!((snoozed.state, snoozed.resolved_at), (AlertState::Snoozed, None));
    let resolved = set(opened[1].id.clone(), AlertState::Resolved).await.expect("resolves");
    assert_eq!(resolved.resolved_at, Some(noon));
    assert_eq!(metadata.alert(&acme, &resolved.id).await.expect("reads"), resolved);

    // The run read the alerts before they were moved, and records afterwards.
    let transitions = reconcile(&read_by_a_run, both(), &Rule::TESTING, instant(tuesday));
    let stale = winsight_meta::RunRow { transitions, ..run(Cadence::Daily, tuesday, &[]) };
    metadata.record_run(&acme, stale).await.expect("records");
    assert_eq!(metadata.alert(&acme, &snoozed.id).await.expect("reads"), snoozed);
    assert_eq!(metadata.alert(&acme, &resolved.id).await.expect("reads"), resolved);

    let refused = set(resolved.id.clone(), AlertState::Open).await;
    assert!(matches!(refused, Err(MetaError::Transition(_))), "{refused:?}");
    let unknown = set("wrd-nowhere".to_owned(), AlertState::Open).await;
    assert!(matches!(unknown, Err(MetaError::NoSuchAlert(_))), "{unknown:?}");
    let elsewhere = metadata.alert(&workspace("other"), &snoozed.id).await;
    assert!(matches!(elsewhere, Err(MetaError::NoSuchAlert(_))), "{elsewhere:?}");
}

#[tokio::test]
async fn two_runs_cannot_open_an_alert_for_the_same_thing_and_the_second_leaves_no_trace() {
    let metadata = Metadata::in_memory().await.expect("opens");
    let acme = workspace("acme");
    let record = |as_of: &'static str, title: &'static str| {
        let (metadata, acme) = (metadata.clone(), acme.clone());
        let opens = |now: Timestamp| reconcile(&[], vec![finding("Europe", 10)], &[], now);
        let transitions = opens(instant(as_of));
        let run = winsight_meta::RunRow { transitions, ..run(Cadence::Daily, as_of, &[title]) };
        async move { metadata.record_run(&acme, run).await }
    };
    record("2024-07-01T06:00:00Z", "first").await.expect("records");
    record("2024-07-02T06:00:00Z", "second").await.expect_err("there is one already");
    assert_eq!(alerts(&metadata, None).await.len(), 1);
    let insights = metadata.insights(&acme, None).await.expect("reads");
    assert_eq!(insights.iter().map(|insight| &*insight.title).collect::<Vec<_>>(), ["first"]);
    // A rerun of the first finds its own alert.
    record("2024-07-01T06:00:00Z", "again").await.expect("replaces");
    assert_eq!(alerts(&metadata, None).await.len(), 1);
}
