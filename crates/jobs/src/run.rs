//! The daily, weekly and monthly insight jobs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use jiff::Timestamp;
use jiff::civil::Date;
use winsight_alert::{
    Alert, AlertState, Finding, Observation, Rule, high_risk_finding, pipeline_quality_finding,
    reconcile,
};
use winsight_insight::{
    Cadence, DailyInput, Insight, MonthlyInput, SegmentPair, TrendInput, WeeklyInput,
    daily_insights, driver_change_insight, high_risk_by_chance, monthly_insights, rep_insight,
    trend_insight, weekly_insights,
};
use winsight_meta::{OwnFindings, RunRow};
use winsight_model::{DataVersion, Dimension, Grain, OpenDeal, Segment, Window};
use winsight_store::Commit;

use crate::{DriversQuery, JobError, KnownAt, Workspace};

/// Days of deals that reps are judged by.
const REP_DAYS: i32 = 365;

/// What a run did.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// Which job.
    pub job: Cadence,
    /// The last day it saw.
    pub as_of: Date,
    /// The version it worked on.
    pub data_version: DataVersion,
    /// Deals that existed then.
    pub deals: u64,
    /// What it has to say.
    pub insights: Vec<Insight>,
    /// Alerts it raised, or raised again.
    pub alerts_opened: Vec<Alert>,
    /// Alerts it found over.
    pub alerts_resolved: Vec<Alert>,
    /// How long it took.
    pub duration_ms: u64,
}

/// Insights and findings of a job, and the rules that the findings speak for.
pub(crate) struct Judged {
    insights: Vec<Insight>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) rules: &'static [Rule],
    pub(crate) own_findings: OwnFindings,
}

impl Workspace {
    /// Runs a job as of the workspace's clock and records what it found.
    ///
    /// Running it again for the same day replaces its insights and repeats no alert.
    pub async fn run(&self, job: Cadence) -> Result<RunReport, JobError> {
        if self.known_at != KnownAt::Latest {
            return Err(JobError::Usage(
                "a run keeps the alert inbox up to date and needs all that is known; run it without \
                 --known-at"
                    .to_owned(),
            ));
        }
        let report = self.run_job(job).await;
        self.tell_of_run(job, report.as_ref().err()).await?;
        report
    }

    async fn run_job(&self, job: Cadence) -> Result<RunReport, JobError> {
        let started = Instant::now();
        self.finish_interrupted_erasures().await?;
        let commit = self.loaded().await?;
        let judged = match job {
            Cadence::Daily => self.daily(&commit).await?,
            Cadence::Weekly => self.weekly(&commit).await?,
            Cadence::Monthly => self.monthly(&commit).await?,
        };
        self.record_history(&commit, job).await?;
        let counts = self.store.deal_counts(&commit, self.clock.today()).await?;
        let now = self.clock.instant();
        let alerts = self.metadata.alerts(&self.id, None).await?;
        let transitions = reconcile(&alerts, judged.findings, judged.rules, now);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let row = RunRow {
            job,
            as_of: now,
            day: self.day()?,
            data_version: commit.version,
            deals: counts.deals,
            insights: judged.insights.clone(),
            transitions,
            own_findings: judged.own_findings,
            duration_ms,
            started_at: now,
        };
        let told = self.metadata.record_run(&self.id, row).await?;
        let is_told = |alert: &Alert| alert.state != AlertState::Pending;
        let report = RunReport {
            job,
            as_of: self.clock.today(),
            data_version: commit.version,
            deals: counts.deals,
            insights: judged.insights,
            alerts_opened: told.opened.into_iter().chain(told.reopened).filter(is_told).collect(),
            alerts_resolved: told.resolved,
            duration_ms,
        };
        if job == Cadence::Daily {
            self.upkeep_if_due().await?;
        }
        Ok(report)
    }

    /// From the first instant of today to that of tomorrow, in the workspace's time zone.
    fn day(&self) -> Result<Range<Timestamp>, JobError> {
        let today = self.clock.today();
        let midnight = |day: Date| day.to_zoned(self.clock.time_zone().clone());
        let both = || Ok(midnight(today)?.timestamp()..midnight(today.tomorrow()?)?.timestamp());
        both().map_err(|error: jiff::Error| JobError::Usage(format!("--as-of {today}: {error}")))
    }

    pub(crate) async fn live_alerts(&self) -> Result<Vec<Alert>, JobError> {
        let mut alerts = self.metadata.alerts(&self.id, None).await?;
        alerts.retain(|alert| alert.state != AlertState::Resolved);
        Ok(alerts)
    }

    /// High-risk deals and pipeline health, and every rule that judges deals that have closed.
    pub(crate) async fn daily(&self, commit: &Commit) -> Result<Judged, JobError> {
        let (window, baseline_window) = self.windows(Some(commit)).await?;
        let pipeline = self.pipeline_of(commit).await?;
        let currency = &self.settings.reporting_currency;
        let input = DailyInput {
            health: &pipeline.health,
            quality: &pipeline.quality,
            progression: &pipeline.progression,
            risk: &pipeline.risk,
            currency,
        };
        let insights = daily_insights(&input, &self.settings);
        let observation = Observation {
            sequences: &[],
            window,
            baseline_window,
            pairs: &[],
            overall: &SegmentPair::default(),
            open_amounts: &BTreeMap::new(),
            currency,
            data_version: commit.version,
            live: &[],
        };
        let mut findings = self.tested_findings(commit).await?;
        findings.extend(high_risk_finding(&pipeline.risk, &observation, &self.settings));
        findings.extend(pipeline_quality_finding(
            &pipeline.quality,
            &pipeline.health,
            &observation,
            &self.settings,
        ));
        findings.extend(self.custom_findings(commit).await?);
        findings.extend(self.stale_finding(commit).await?);
        let chances: BTreeMap<_, _> =
            pipeline.deals.iter().map(|deal| &deal.deal_id).zip(&pipeline.chances).collect();
        let find = |theirs: &[OpenDeal]| {
            let chance = |deal: &OpenDeal| chances.get(&deal.deal_id).copied().cloned().flatten();
            let chances: Vec<_> = theirs.iter().map(chance).collect();
            let alerts = &self.settings.alerts;
            let risk = high_risk_by_chance(theirs, &chances, pipeline.day, alerts);
            high_risk_finding(&risk, &observation, &self.settings)
        };
        let own_findings = self.own_findings(&pipeline.deals, find).await?;
        let rules = &[
            Rule::WinRateDrop,
            Rule::DfiRise,
            Rule::LeadSourceLow,
            Rule::HighRiskDeals,
            Rule::PipelineQuality,
            Rule::Custom,
            Rule::RuleFailed,
            Rule::DataStale,
        ];
        Ok(Judged { insights, findings, rules, own_findings })
    }

    async fn weekly(&self, commit: &Commit) -> Result<Judged, JobError> {
        let (window, baseline_window) = self.windows(Some(commit)).await?;
        let dimensions = Dimension::known_while_open();
        let (overall, pairs) =
            self.pairs(commit, window, baseline_window, &dimensions, &Segment::all()).await?;
        let findings = self.tested_findings(commit).await?;
        let causes = self.causes(commit, window, baseline_window).await?;
        let windows = (window, baseline_window);
        let mut insights =
            vec![self.trend_insight(commit, Cadence::Weekly, windows, (&overall, &pairs)).await?];
        let echoes = self.echoes(commit, windows, &overall, &pairs).await?;
        let alerted = findings.iter().filter(|finding| finding.rule == Rule::WinRateDrop);
        let input = WeeklyInput {
            window,
            baseline_window,
            overall,
            segments: pairs,
            causes,
            echoes,
            alerted: alerted.map(|finding| finding.segment.clone()).collect(),
        };
        insights.extend(weekly_insights(&input, &self.settings));
        match self.reps_in(commit, Window::trailing(REP_DAYS, window.last_day())).await {
            Ok(reps) => insights.extend(rep_insight(&reps, &self.settings)),
            // Too few deals to tell reps apart is a quiet week, not a failed run.
            Err(JobError::Drivers(_)) => {}
            Err(error) => return Err(error),
        }
        let own_findings = OwnFindings::default();
        Ok(Judged { insights, findings, rules: &Rule::TESTING, own_findings })
    }

    /// The win rate of all deals over time: by week or by month, as the run is.
    async fn trend_insight(
        &self,
        commit: &Commit,
        cadence: Cadence,
        (window, baseline): (Window, Window),
        (overall, pairs): (&SegmentPair, &[SegmentPair]),
    ) -> Result<Insight, JobError> {
        let grain = if cadence == Cadence::Weekly { Grain::Week } else { Grain::Month };
        let series = self.series(commit, grain, Vec::new()).await?;
        let trend = match series.into_iter().next() {
            Some((_, trend)) => trend,
            None => winsight_insight::trend(grain, &[], 1.0),
        };
        let breadth = self.breadth_of(overall, pairs);
        let indicators = self.moves(commit, window, baseline).await?;
        let input = TrendInput {
            cadence,
            trend: &trend,
            breadth: breadth.as_ref(),
            indicators: &indicators,
        };
        Ok(trend_insight(&input, &self.settings))
    }

    /// Looks at the month's strategy. Raises no alert: the daily and the weekly runs look already.
    async fn monthly(&self, commit: &Commit) -> Result<Judged, JobError> {
        let (window, baseline_window) = self.windows(Some(commit)).await?;
        let dimensions = Dimension::known_while_open();
        let (overall, segments) =
            self.pairs(commit, window, baseline_window, &dimensions, &Segment::all()).await?;
        let (drivers, changes) = match self.drivers_in(commit, &DriversQuery::default()).await {
            // Too little to analyse is a quiet month, not a failed run.
            Err(JobError::Drivers(reason)) => (Err(reason.to_string()), None),
            report => {
                let report = report?;
                (Ok(report.analysis), report.changes)
            }
        };
        let windows = (window, baseline_window);
        let trend =
            self.trend_insight(commit, Cadence::Monthly, windows, (&overall, &segments)).await?;
        let causes = self.causes(commit, window, baseline_window).await?;
        let drivers = drivers.as_ref().map_err(String::clone);
        let input = MonthlyInput { window, baseline_window, overall, segments, causes, drivers };
        let mut insights = monthly_insights(&input, &self.settings);
        insights.extend(changes.map(|changes| driver_change_insight(&changes, &self.settings)));
        insights.push(trend);
        let own_findings = OwnFindings::default();
        Ok(Judged { insights, findings: Vec::new(), rules: &[], own_findings })
    }
}
