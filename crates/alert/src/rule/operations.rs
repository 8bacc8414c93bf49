//! Findings about the work itself, not about deals: what could not be done, and what did not come.

use jiff::civil::Date;
use winsight_model::{DataVersion, Segment, Window};

use super::Rule;
use crate::wording::counted;
use crate::{Evidence, Finding, Severity, Subject};

/// Work that fails.
#[derive(Clone, Copy, Debug)]
pub struct Failing<'a> {
    /// The job, source or rule.
    pub name: &'a str,
    /// The day of its first failure since it last succeeded.
    pub since: Date,
    /// How often it has failed since then.
    pub times: u64,
    /// What was wrong, and what to do.
    pub reason: &'a str,
    /// The day of the last failure.
    pub day: Window,
    /// The version that readers keep.
    pub data_version: DataVersion,
    /// ISO 4217 code of the reporting currency.
    pub currency: &'a str,
}

/// A run ended without an answer.
pub fn job_failed_finding(failing: &Failing<'_>) -> Finding {
    let name = failing.name;
    let action = format!("Mend what it says, then run it again with `winsight run {name}`");
    failing.finding(Rule::JobFailed, Subject::new("job", name), "Run Failed", action)
}

/// A source could not be pulled.
pub fn sync_failed_finding(failing: &Failing<'_>) -> Finding {
    let name = failing.name;
    let until = match failing.data_version {
        DataVersion(0) => "until it is pulled, there are no numbers".to_owned(),
        version => {
            format!("until it is pulled again, every number is that of data version {version}")
        }
    };
    let action = format!("Try it with `winsight source test {name}`; {until}");
    failing.finding(Rule::SyncFailed, Subject::new("source", name), "Sync Failed", action)
}

/// A rule of the workspace's own could not be evaluated.
pub fn rule_failed_finding(failing: &Failing<'_>) -> Finding {
    let action = "Correct the rule and apply its file again with `winsight rules apply FILE`; its \
                  open alerts stay as they were"
        .to_owned();
    failing.finding(Rule::RuleFailed, Subject::new("rule", failing.name), "Rule Failed", action)
}

/// Nothing has been loaded since `last`, which is `days` ago, more than `allowed`.
pub fn data_stale_finding(
    (last, days, allowed): (Date, i64, u32),
    day: Window,
    data_version: DataVersion,
    currency: &str,
) -> Finding {
    let age = counted(days.unsigned_abs(), "day");
    Finding {
        current: Some(days as f64),
        baseline: Some(f64::from(allowed)),
        change: Some(days as f64 - f64::from(allowed)),
        ..bare(
            (Rule::DataStale, "days_without_load", None),
            "No New Data",
            format!(
                "Last load: {last}, {age} ago\nEvery number is that of data version {data_version}"
            ),
            "Import what is new, or look at the sources with `winsight source list`".to_owned(),
            Evidence::new(format!(
                "{age} without a load; {} are allowed",
                counted(allowed.into(), "day")
            ))
            .with("last_load", last.to_string()),
            (day, data_version, currency),
        )
    }
}

impl Failing<'_> {
    fn finding(&self, rule: Rule, subject: Subject, title: &str, action: String) -> Finding {
        let times = counted(self.times, "time");
        let name = self.name;
        // The first line only: what follows is advice that stands in the action, or detail.
        let reason = self.reason.lines().next().unwrap_or_default();
        let kind = subject.kind[..1].to_uppercase() + &subject.kind[1..];
        Finding {
            current: Some(self.times as f64),
            ..bare(
                (rule, "failures", Some(subject)),
                title,
                format!("{kind}: {name}\nFailed: {times} since {}\nReason: {reason}", self.since),
                action,
                Evidence::new(format!("it failed {times} since {}", self.since))
                    .with("reason", self.reason),
                (self.day, self.data_version, self.currency),
            )
        }
    }
}

/// A finding that is about no deals.
fn bare(
    (rule, metric, subject): (Rule, &str, Option<Subject>),
    title: &str,
    message: String,
    action: String,
    evidence: Evidence,
    (window, data_version, currency): (Window, DataVersion, &str),
) -> Finding {
    Finding {
        rule,
        severity: Severity::Warning,
        metric: metric.to_owned(),
        segment: Segment::all(),
        current: None,
        baseline: None,
        change: None,
        deals: 0,
        baseline_deals: 0,
        confidence: None,
        window,
        baseline_window: None,
        impact: None,
        currency: currency.to_owned(),
        title: title.to_owned(),
        message,
        action,
        context: None,
        data_version,
        evidence,
        custom: None,
        subject,
    }
}
