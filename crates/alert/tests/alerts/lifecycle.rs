use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use winsight_alert::{
    Action, Alert, AlertState, Custom, Finding, Rule, Transitions, reconcile, win_rate_findings,
};
use winsight_model::{Segment, Settings};

use crate::data::{observe, overall, pair, segment, shares};

fn finding(rule: Rule, segment: Segment, deals: u64) -> Finding {
    let pairs = [pair(segment.clone(), shares((400, 600)), shares((500, 500)))];
    let overall = overall(&pairs);
    let open = BTreeMap::new();
    let found = win_rate_findings(&observe(&pairs, &overall, &open), &Settings::default());
    Finding { rule, segment, deals, ..found.into_iter().next().expect("a real drop") }
}

const RULES: [Rule; 4] =
    [Rule::WinRateDrop, Rule::DfiRise, Rule::LeadSourceLow, Rule::HighRiskDeals];

fn at(day: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + (day * 24).hours()
}

/// Findings of distinct identities, in any order.
fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let identities = RULES
        .into_iter()
        .flat_map(|rule| ["Europe", "EUROPE", "(none)"].map(|region| (rule, region)))
        .collect::<Vec<_>>();
    let all = identities.len();
    (prop::sample::subsequence(identities, 0..=all).prop_shuffle(), 1_u64..1_000).prop_map(
        |(identities, deals)| {
            identities
                .into_iter()
                .map(|(rule, region)| finding(rule, segment("region", region), deals))
                .collect()
        },
    )
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    prop::sample::subsequence(RULES.to_vec(), 0..=RULES.len())
}

fn state() -> impl Strategy<Value = AlertState> {
    prop::sample::select(vec![AlertState::Open, AlertState::Acknowledged, AlertState::Snoozed])
}

/// The alerts after `transitions`, by id.
fn apply(alerts: &[Alert], transitions: Transitions) -> BTreeMap<String, Alert> {
    let Transitions { opened, reopened, updated, resolved } = transitions;
    let changed = opened.into_iter().chain(reopened).chain(updated).chain(resolved);
    alerts.iter().cloned().chain(changed).map(|alert| (alert.id.clone(), alert)).collect()
}

fn identities<'a>(alerts: impl Iterator<Item = &'a Alert>) -> Vec<(Rule, Segment)> {
    alerts.map(|alert| (alert.finding.rule, alert.finding.segment.clone())).collect()
}

fn sorted(mut alerts: Vec<Alert>) -> Vec<Alert> {
    alerts.sort_by(|left, right| left.id.cmp(&right.id));
    alerts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn one_live_alert_per_identity_whatever_happens(
        days in prop::collection::vec((findings(), rules(), state()), 1..6),
    ) {
        let mut alerts: Vec<Alert> = Vec::new();
        for (day, (found, evaluated, moved)) in (0..).zip(days) {
            let wanted = identities_of(&found);
            let transitions = reconcile(&alerts, found, &evaluated, at(day));
            alerts = apply(&alerts, transitions).into_values().collect();

            let live = alerts.iter().filter(|alert| alert.state != AlertState::Resolved);
            let live = identities(live);
            let distinct: BTreeSet<_> = live.iter().cloned().collect();
            prop_assert_eq!(live.len(), distinct.len());
            prop_assert!(wanted.is_subset(&distinct));
            prop_assert!(distinct.difference(&wanted).all(|(rule, _)| !evaluated.contains(rule)));
            for alert in &alerts {
                prop_assert_eq!(alert.resolved_at.is_some(), alert.state == AlertState::Resolved);
            }
            // Somebody looks at the first one before the next day.
            if let Some(first) = alerts.first_mut()
                && let Ok(changed) = first.clone().moved_to(moved, at(day))
            {
                *first = changed;
            }
        }
    }

    #[test]
    fn order_does_not_matter_and_a_second_time_changes_nothing(
        earlier in findings(),
        now in findings(),
        evaluated in rules(),
    ) {
        let open = reconcile(&[], earlier, &[], at(0)).opened;
        let transitions = reconcile(&open, now.clone(), &evaluated, at(1));

        let backwards: Vec<_> = now.iter().rev().cloned().collect();
        let from_the_back: Vec<_> = open.iter().rev().cloned().collect();
        let reversed = reconcile(&from_the_back, backwards, &evaluated, at(1));
        prop_assert_eq!(sorted(reversed.opened), sorted(transitions.opened.clone()));
        prop_assert_eq!(sorted(reversed.updated), sorted(transitions.updated.clone()));
        prop_assert_eq!(sorted(reversed.resolved), sorted(transitions.resolved.clone()));

        let after: Vec<_> = apply(&open, transitions).into_values().collect();
        let again = reconcile(&after, now, &evaluated, at(1));
        prop_assert_eq!(again.opened, []);
        prop_assert_eq!(again.reopened, []);
        prop_assert_eq!(again.resolved, []);
        prop_assert!(again.updated.iter().all(|alert| after.contains(alert)));
    }
}

fn identities_of(findings: &[Finding]) -> BTreeSet<(Rule, Segment)> {
    findings.iter().map(|found| (found.rule, found.segment.clone())).collect()
}

#[test]
fn an_alert_found_again_keeps_its_beginning_and_its_state() {
    let region = segment("region", "Europe");
    let mut opened =
        reconcile(&[], vec![finding(Rule::WinRateDrop, region.clone(), 10)], &[], at(0)).opened;
    let acknowledged = opened.remove(0).moved_to(AlertState::Acknowledged, at(1)).expect("live");
    let found = vec![finding(Rule::WinRateDrop, region, 20)];
    let transitions =
        reconcile(std::slice::from_ref(&acknowledged), found, &[Rule::WinRateDrop], at(2));
    let [updated] = &transitions.updated[..] else { panic!("found again") };
    assert_eq!(updated.id, acknowledged.id);
    assert_eq!((updated.opened_at, updated.state), (at(0), AlertState::Acknowledged));
    assert_eq!(updated.finding.deals, 20);

    let gone = reconcile(&transitions.updated, Vec::new(), &[Rule::WinRateDrop], at(3));
    assert_eq!(gone.resolved[0].resolved_at, Some(at(3)));
    let refused = gone.resolved[0].clone().moved_to(AlertState::Open, at(4)).unwrap_err();
    assert!(refused.to_string().contains("is resolved and cannot become open"), "{refused}");
}

#[test]
fn ids_are_short_typable_and_tell_everything_apart() {
    let long = "The Rather Long Name of a Region — 東京 & Überlingen";
    let open = |day, region: &str| {
        let found = vec![finding(Rule::WinRateDrop, segment("region", region), 10)];
        reconcile(&[], found, &[], at(day)).opened.remove(0).id
    };
    let ids = [
        open(0, "Europe"),
        open(1, "Europe"),
        open(0, "europe"),
        open(0, "東京"),
        open(0, "大阪"),
        open(0, long),
        open(0, "(none)"),
    ];
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    for id in &ids {
        assert!(id.starts_with("wrd-") && id.len() <= 30, "{id}");
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{id}"
        );
    }
    assert!(ids[0].starts_with("wrd-europe-"), "{ids:?}");
    assert_eq!(ids[0], open(0, "Europe"));
}

#[test]
fn a_replay_of_the_past_leaves_what_came_later_alone() {
    let region = segment("region", "Europe");
    let found = || vec![finding(Rule::WinRateDrop, region.clone(), 10)];
    let later = reconcile(&[], found(), &[Rule::WinRateDrop], at(9)).opened;
    for seen in [found(), Vec::new()] {
        let transitions = reconcile(&later, seen, &[Rule::WinRateDrop], at(2));
        assert_eq!(transitions, Transitions::default());
    }
}

/// An alert on Europe, opened on day 0, whose change is `points` points.
fn drop_of(points: f64) -> Finding {
    let finding = finding(Rule::WinRateDrop, segment("region", "Europe"), 10);
    Finding { change: Some(-points / 100.0), ..finding }
}

fn found(known: &[Alert], points: Option<f64>, day: i64) -> Transitions {
    reconcile(known, points.map(drop_of).into_iter().collect(), &[Rule::WinRateDrop], at(day))
}

#[test]
fn a_snooze_ends_on_its_day_or_when_it_gets_worse() {
    let opened = found(&[], Some(10.0), 0).opened.remove(0);
    let until = opened.clone().after(&Action::SnoozeUntil(at(5)), at(1)).expect("live");
    assert_eq!(found(std::slice::from_ref(&until), Some(30.0), 4).reopened, []);
    let [woken] = &found(&[until], Some(10.0), 5).reopened[..] else { panic!("due") };
    assert_eq!((woken.state, woken.life.reopened), (AlertState::Open, 1));
    assert_eq!(woken.life.reopened_because.as_deref(), Some("its snooze is over"));

    let worse = opened.after(&Action::SnoozeUntilWorse, at(1)).expect("live");
    assert_eq!(found(std::slice::from_ref(&worse), Some(12.0), 90).reopened, []);
    let [woken] = &found(&[worse], Some(13.0), 2).reopened[..] else { panic!("worse") };
    assert_eq!(woken.life.reopened_because.as_deref(), Some("it got worse"));
}

#[test]
fn what_comes_back_soon_is_the_same_alert() {
    let opened = found(&[], Some(10.0), 0).opened.remove(0);
    let over = found(std::slice::from_ref(&opened), None, 3).resolved;
    assert_eq!(over[0].duration().map(|lasted| lasted.as_hours()), Some(72));
    let [again] = &found(&over, Some(10.0), 10).reopened[..] else { panic!("came back") };
    assert_eq!((&again.id, again.state, again.resolved_at), (&opened.id, AlertState::Open, None));
    assert_eq!(found(&over, Some(10.0), 30).opened.len(), 1, "later it is another one");

    let by_hand = opened.after(&Action::Resolve(Some("new price list".into())), at(3));
    let by_hand = [by_hand.expect("live")];
    assert_eq!(by_hand[0].life.action_taken.as_deref(), Some("new price list"));
    assert!(found(&by_hand, Some(10.0), 4).is_empty(), "left alone while it is no worse");
    assert_eq!(found(&by_hand, Some(15.0), 4).reopened.len(), 1);
}

#[test]
fn a_rule_may_wait_before_anybody_is_told() {
    let custom = Custom { name: "slow".to_owned(), pending_days: 3, ..Custom::default() };
    let waiting = |day: i64, known: &[Alert]| {
        let finding = Finding { rule: Rule::Custom, custom: Some(custom.clone()), ..drop_of(10.0) };
        reconcile(known, vec![finding], &[Rule::Custom], at(day))
    };
    let opened = waiting(0, &[]).opened;
    assert_eq!(opened[0].state, AlertState::Pending);
    assert_eq!(waiting(2, &opened).reopened, []);
    let [told] = &waiting(3, &opened).reopened[..] else { panic!("waited") };
    assert_eq!((told.state, told.life.reopened), (AlertState::Open, 0));
}
