//! Alerts about the work itself.

use jiff::civil::date;
use winsight_alert::{
    Alert, AlertState, Failing, Finding, Rule, data_stale_finding, job_failed_finding, printed,
    reconcile, rule_failed_finding, sync_failed_finding,
};
use winsight_model::DataVersion;

use crate::data::QUARTER;

fn failing(name: &str) -> Failing<'_> {
    Failing {
        name,
        since: date(2024, 6, 28),
        times: 3,
        reason: "the server does not answer\nit is tried again",
        day: QUARTER,
        data_version: DataVersion(7),
        currency: "USD",
    }
}

fn opened(findings: Vec<Finding>, known: &[Alert], rule: Rule) -> Vec<Alert> {
    let now = "2024-07-01T06:00:00Z".parse().expect("an instant");
    reconcile(known, findings, &[rule], now).opened
}

#[test]
fn each_says_what_failed_since_when_and_what_to_do() {
    let stale = data_stale_finding((date(2024, 6, 20), 11, 7), QUARTER, DataVersion(7), "USD");
    for (finding, words) in [
        (job_failed_finding(&failing("daily")), "Job: daily\nFailed: 3 times since 2024-06-28"),
        (job_failed_finding(&failing("daily")), "winsight run daily"),
        (sync_failed_finding(&failing("crm")), "Source: crm"),
        (sync_failed_finding(&failing("crm")), "Reason: the server does not answer\n"),
        (rule_failed_finding(&failing("margin")), "Rule: margin"),
        (stale, "Last load: 2024-06-20, 11 days ago"),
    ] {
        let rule = finding.rule;
        let [alert] = &opened(vec![finding], &[], rule)[..] else { panic!("one alert") };
        let text = printed(alert);
        assert!(text.contains(words), "{text}");
        assert_eq!(alert.state, AlertState::Open);
    }
}

#[test]
fn each_source_has_an_alert_of_its_own() {
    let both = vec![sync_failed_finding(&failing("crm")), sync_failed_finding(&failing("erp"))];
    let alerts = opened(both, &[], Rule::SyncFailed);
    let about: Vec<_> = alerts.iter().map(|alert| alert.finding.value_label()).collect();
    assert_eq!(about, ["crm", "erp"]);
    assert_ne!(alerts[0].id, alerts[1].id);
    assert_eq!(alerts[0].finding.dimension_label(), "source");
    let again = opened(vec![sync_failed_finding(&failing("crm"))], &alerts, Rule::SyncFailed);
    assert_eq!(again, []);
}

#[test]
fn no_data_and_errors_are_conditions_and_no_alarms() {
    let finding = sync_failed_finding(&failing("crm"));
    let mut alert = opened(vec![finding], &[], Rule::SyncFailed).remove(0);
    assert_eq!(alert.condition(), "judged");
    let judged = alert.finding.clone();
    alert.finding = judged.clone().unjudged(3, 50);
    assert_eq!(alert.condition(), "no_data");
    assert!(alert.finding.evidence.summary.contains("too few deals to judge"));
    alert.finding = judged.in_error("the condition failed");
    assert_eq!(alert.condition(), "error");
}
