//! The rules that a workspace has written: kept, evaluated, and tried on its own past.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use winsight_alert::{
    Alert, CustomLook, CustomRule, Finding, Mistake, RuleFailure, Verdict, evaluate, read_rules,
};
use winsight_model::{Segment, Tally};
use winsight_store::Commit;

use crate::{JobError, Workspace};

/// The part of the false-alarm budget that the built-in rules leave.
const SHARE_OF_BUDGET: f64 = 0.35;

/// A rule of a workspace's own, and how its last evaluation went.
#[derive(Clone, Debug)]
pub struct RuleState {
    /// The rule.
    pub rule: CustomRule,
    /// Why it could not be evaluated, if so.
    pub failure: Option<String>,
}

/// What a rule would have raised.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// Its name.
    pub rule: String,
    /// Each alert that would have opened: the day, and what it says.
    pub raised: Vec<(Date, Finding)>,
    /// What its threshold alone would have raised besides, kept back for want of evidence.
    pub kept_back: Vec<(Date, Finding)>,
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
        self.metadata.save_rule_file(&self.id, text, self.clock.instant()).await?;
        Ok(rules)
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
            match self.judge_rule(commit, rule, last_day, guarded).await? {
                Ok((rows, verdicts)) => {
                    findings.extend(told(rule, &rows, verdicts, &known));
                }
                Err(failure) => {
                    failures.insert(rule.name.clone(), failure.reason);
                    findings.extend(known.iter().map(|alert| alert.finding.clone()));
                }
            }
        }
        self.metadata.record_rule_failures(&self.id, &failures).await?;
        Ok(findings)
    }

    /// What the rules of a file would have raised on the days from `from` to `to`, looked at weekly.
    ///
    /// # Errors
    /// [`JobError::Usage`] for mistakes in the file, a rule that fails, or an empty span of days.
    pub async fn backtest(
        &self,
        text: &str,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<Backtest>, JobError> {
        let rules = read_rules(text).map_err(|mistakes| unreadable(&mistakes))?;
        let commit = self.loaded().await?;
        let last = self.windows(Some(&commit)).await?.0.last_day();
        let to = to.map_or(last, |to| to.min(last));
        let from = from.unwrap_or_else(|| to.saturating_sub(1.year()));
        if from > to {
            return Err(JobError::Usage(format!("there is no day from {from} to {to}")));
        }
        let guarded = rules.iter().filter(|rule| rule.guarded).count();
        let mut backtests = Vec::new();
        for rule in &rules {
            let mut replayed =
                Backtest { rule: rule.name.clone(), raised: Vec::new(), kept_back: Vec::new() };
            let mut open = (Vec::new(), Vec::new());
            let mut day = from;
            while day <= to {
                let judged = self.judge_rule(&commit, rule, day, guarded).await?;
                let (_, verdicts) =
                    judged.map_err(|failure| JobError::Usage(failure.to_string()))?;
                let (passed, kept): (Vec<_>, Vec<_>) =
                    verdicts.into_iter().partition(|verdict| verdict.passed);
                note(&mut replayed.raised, &mut open.0, day, passed);
                note(&mut replayed.kept_back, &mut open.1, day, kept);
                day = day.saturating_add(7.days());
            }
            backtests.push(replayed);
        }
        Ok(backtests)
    }

    async fn judge_rule(
        &self,
        commit: &Commit,
        rule: &CustomRule,
        last_day: Date,
        guarded: usize,
    ) -> Result<Result<(Rows, Vec<Verdict>), RuleFailure>, JobError> {
        let (window, compared) = rule.windows(last_day);
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
        let looks = if rule.weekly { 13.0 } else { 91.0 };
        let budget = self.settings.alerts.false_alarm_budget * SHARE_OF_BUDGET;
        let look = CustomLook {
            window,
            compared,
            rows: &rows,
            level: budget / guarded.max(1) as f64 / looks,
            currency: &self.settings.reporting_currency,
            data_version: commit.version,
        };
        Ok(evaluate(rule, &look).map(|verdicts| (rows, verdicts)))
    }
}

/// Each segment now and before.
type Rows = Vec<(Segment, Tally, Tally)>;

/// What is found: what passed, what is open and still holds, and what is open and cannot be judged.
fn told(rule: &CustomRule, rows: &Rows, verdicts: Vec<Verdict>, known: &[&Alert]) -> Vec<Finding> {
    let is_known = |segment: &Segment| known.iter().any(|alert| alert.finding.segment == *segment);
    let mut findings: Vec<Finding> = verdicts
        .into_iter()
        .filter(|verdict| verdict.passed || is_known(&verdict.finding.segment))
        .map(|verdict| verdict.finding)
        .collect();
    let has_deals = |segment: &Segment| {
        rows.iter().any(|(known, now, _)| known == segment && now.deals() >= rule.min_deals)
    };
    let unjudged = known.iter().filter(|alert| !has_deals(&alert.finding.segment));
    findings.extend(unjudged.map(|alert| alert.finding.clone()));
    findings
}

/// Notes what was not open at the look before.
fn note(
    noted: &mut Vec<(Date, Finding)>,
    open: &mut Vec<Segment>,
    day: Date,
    verdicts: Vec<Verdict>,
) {
    let segments = verdicts.iter().map(|verdict| verdict.finding.segment.clone()).collect();
    let fresh = verdicts.into_iter().filter(|verdict| !open.contains(&verdict.finding.segment));
    noted.extend(fresh.map(|verdict| (day, verdict.finding)));
    *open = segments;
}

fn unreadable(mistakes: &[Mistake]) -> JobError {
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    JobError::Usage(lines.join("\n"))
}
