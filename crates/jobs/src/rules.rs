//! The rules that a workspace has written: kept and evaluated.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use winsight_alert::{
    Alert, CustomLook, CustomRule, Finding, Mistake, RuleFailure, Verdict, evaluate, read_rules,
    with_containing,
};
use winsight_model::{Segment, Tally};
use winsight_notify::Role;
use winsight_store::Commit;

use crate::{JobError, Workspace};

/// The part of the false-alarm budget that the built-in rules leave.
const SHARE_OF_BUDGET: f64 = 0.2;

/// A rule of a workspace's own, and how its last evaluation went.
#[derive(Clone, Debug)]
pub struct RuleState {
    /// The rule.
    pub rule: CustomRule,
    /// Why it could not be evaluated, if so.
    pub failure: Option<String>,
}

impl Workspace {
    /// The rules that the workspace has written.
    pub async fn rules(&self) -> Result<Vec<RuleState>, JobError> {
        let Some(file) = self.metadata.rule_file(&self.id).await? else { return Ok(Vec::new()) };
        let rules = read_rules(&file.toml).map_err(|mistakes| unreadable(&mistakes))?;
        let state = |rule: CustomRule| {
            let failure = file.failures.get(&rule.name).cloned();
            RuleState { rule, failure }
        };
        Ok(rules.into_iter().map(state).collect())
    }

    /// Puts the rules of a file in the place of those that the workspace had. Live alerts of rules that
    /// are gone resolve with the next run.
    ///
    /// # Errors
    /// [`JobError::Usage`] with every mistake by its line; then nothing is changed.
    pub async fn apply_rules(&self, text: &str) -> Result<Vec<CustomRule>, JobError> {
        let rules = read_rules(text).map_err(|mistakes| unreadable(&mistakes))?;
        self.check_routing(&rules).await?;
        self.metadata.save_rule_file(&self.id, text, self.clock.instant()).await?;
        Ok(rules)
    }

    /// # Errors
    /// [`JobError::Usage`] when a rule is told to a channel or a role that does not exist.
    async fn check_routing(&self, rules: &[CustomRule]) -> Result<(), JobError> {
        let channels = self.metadata.channels(&self.id).await?;
        let is_known = |name: &String| channels.iter().any(|channel| channel.name == *name);
        for rule in rules {
            for name in &rule.routing {
                if let Some(role) = name.strip_prefix("role:") {
                    let wrong =
                        |wrong| JobError::Usage(format!("the rule {:?}: {wrong}", rule.name));
                    role.parse::<Role>().map_err(wrong)?;
                } else if !is_known(name) {
                    return Err(JobError::Usage(format!(
                        "the rule {:?} is routed to the channel {name:?}, which does not exist; add it \
                         with `winsight channels add {name}`, or correct routing (a role is written \
                         like \"role:manager\")",
                        rule.name
                    )));
                }
            }
        }
        Ok(())
    }

    /// What the workspace's rules find on the latest day. One that fails is reported with the rules and
    /// stops no other; its alerts stay as they were, and so do those that today's deals cannot judge.
    pub(crate) async fn custom_findings(&self, commit: &Commit) -> Result<Vec<Finding>, JobError> {
        let states = self.rules().await?;
        let rules: Vec<_> = states.into_iter().map(|state| state.rule).collect();
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        let mut live = self.live_alerts().await?;
        live.retain(|alert| alert.opened_at <= self.clock.instant());
        let last_day = self.windows(Some(commit)).await?.0.last_day();
        let guarded = rules.iter().filter(|rule| rule.guarded).count();
        let mut findings = Vec::new();
        let mut failures = BTreeMap::new();
        for rule in &rules {
            let of_rule = |alert: &&Alert| alert.finding.rule_name() == rule.name;
            let known: Vec<&Alert> = live.iter().filter(of_rule).collect();
            if rule.weekly && self.clock.today().weekday() != Weekday::Monday {
                findings.extend(known.iter().map(|alert| alert.finding.clone()));
                continue;
            }
            let looks = if rule.weekly { WEEKS } else { DAYS };
            match self.judge_rule(commit, rule, Looking { last_day, guarded, looks }).await? {
                Ok((rows, verdicts)) => {
                    findings.extend(told(rule, &rows, verdicts, &known));
                }
                Err(failure) => {
                    let kept = known.iter().map(|alert| alert.finding.clone());
                    findings.extend(kept.map(|finding| finding.in_error(&failure.reason)));
                    findings.push(self.rule_failed(commit, &failure, &live));
                    failures.insert(rule.name.clone(), failure.reason);
                }
            }
        }
        self.metadata.record_rule_failures(&self.id, &failures).await?;
        Ok(findings)
    }

    /// What a rule says of each segment on a day. A rule that compares with days before the first that
    /// anything is known of says nothing: half a history would look like growth.
    pub(crate) async fn judge_rule(
        &self,
        commit: &Commit,
        rule: &CustomRule,
        looking: Looking,
    ) -> Result<Result<(Rows, Vec<Verdict>), RuleFailure>, JobError> {
        let first = self.store.first_closed_day(commit).await?.unwrap_or(looking.last_day);
        let (window, compared) = rule.windows(looking.last_day, first);
        if compared.is_some_and(|compared| compared.days() < window.days()) {
            return Ok(Ok((Rows::new(), Vec::new())));
        }
        let grouping = rule.grouping();
        let windows = std::iter::once(window).chain(compared).collect();
        let tables = self.tally(commit, windows, vec![grouping.clone()], &[]).await?;
        let mut by_segment: BTreeMap<Segment, (Tally, Tally)> = BTreeMap::new();
        for (place, tallies) in tables.into_iter().flatten().enumerate() {
            for (values, tally) in tallies {
                let named: BTreeMap<_, _> = grouping.iter().zip(&values).collect();
                let is_meant = rule.filter.iter().all(|(by, value)| named.get(by) == Some(&value));
                if !is_meant {
                    continue;
                }
                let parts = rule.dimensions.iter().cloned().zip(values.iter().cloned());
                let row = by_segment.entry(Segment::of(parts.collect())).or_default();
                (if place == 0 { &mut row.0 } else { &mut row.1 }).merge(&tally);
            }
        }
        let rows: Rows =
            by_segment.into_iter().map(|(segment, (now, before))| (segment, now, before)).collect();
        let budget = self.settings.alerts.false_alarm_budget * SHARE_OF_BUDGET;
        let look = CustomLook {
            window,
            compared,
            rows: &rows,
            level: budget / looking.guarded.max(1) as f64 / looking.looks,
            currency: &self.settings.reporting_currency,
            data_version: commit.version,
        };
        Ok(evaluate(rule, &look).map(|verdicts| (with_containing(&rows), verdicts)))
    }
}

/// Looks that a quarter has.
pub(crate) const WEEKS: f64 = 13.0;
const DAYS: f64 = 91.0;

/// How a rule is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looking {
    /// The last day of the window.
    pub(crate) last_day: Date,
    /// Rules that share the budget.
    pub(crate) guarded: usize,
    /// Looks of a quarter, which share it too.
    pub(crate) looks: f64,
}

/// Each segment now and before.
pub(crate) type Rows = Vec<(Segment, Tally, Tally)>;

/// What is found: what passed, what is open and still holds, and what is open and cannot be judged.
fn told(rule: &CustomRule, rows: &Rows, verdicts: Vec<Verdict>, known: &[&Alert]) -> Vec<Finding> {
    let is_known = |segment: &Segment| known.iter().any(|alert| alert.finding.segment == *segment);
    let mut findings: Vec<Finding> = verdicts
        .into_iter()
        .filter(|verdict| verdict.passed || is_known(&verdict.finding.segment))
        .map(|verdict| verdict.finding)
        .collect();
    // Whether there are enough to judge, and how many there are now and before.
    let deals = |segment: &Segment| {
        let row = rows.iter().find(|(known, ..)| known == segment);
        let (now, before) = row.map_or((0, 0), |(_, now, before)| (now.deals(), before.deals()));
        (now >= rule.min_deals, now, before)
    };
    let unjudged = known.iter().filter(|alert| !deals(&alert.finding.segment).0);
    findings.extend(unjudged.map(|alert| {
        let (_, now, before) = deals(&alert.finding.segment);
        alert.finding.clone().unjudged(now, before)
    }));
    findings
}

pub(crate) fn unreadable(mistakes: &[Mistake]) -> JobError {
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    JobError::Usage(lines.join("\n"))
}
