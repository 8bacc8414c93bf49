//! The daily, weekly and monthly insight jobs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use jiff::Timestamp;
use jiff::civil::Date;
use winsight_alert::{
    Alert, AlertState, Finding, Observation, Rule, dfi_findings, high_risk_finding,
    lead_source_findings, pipeline_quality_finding, reconcile, unjudged_findings,
    win_rate_findings,
};
use winsight_insight::{
    Cadence, DailyInput, DriverAnalysis, Insight, LOOKS_PER_QUARTER, MonthlyInput, SegmentPair,
    WeeklyInput, daily_insights, monthly_insights, weekly_insights,
};
use winsight_meta::RunRow;
use winsight_model::{DataVersion, Dimension, Segment};
use winsight_store::Commit;

use crate::{JobError, KnownAt, Workspace};

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
    /// Alerts it raised.
    pub alerts_opened: Vec<Alert>,
    /// Alerts it found over.
    pub alerts_resolved: Vec<Alert>,
    /// How long it took.
    pub duration_ms: u64,
}

/// Insights and findings of a job, and the rules that the findings speak for.
struct Judged {
    insights: Vec<Insight>,
    findings: Vec<Finding>,
    rules: &'static [Rule],
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
        let started = Instant::now();
        let commit = self.loaded().await?;
        let judged = match job {
            Cadence::Daily => self.daily(&commit).await?,
            Cadence::Weekly => self.weekly(&commit).await?,
            Cadence::Monthly => self.monthly(&commit).await?,
        };
        self.record_history(&commit, job).await?;
        let counts = self.store.deal_counts(&commit, self.clock.today()).await?;
        let now = self.clock.instant();
        let alerts = self.live_alerts().await?;
        let transitions = reconcile(&alerts, judged.findings, judged.rules, now);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let report = RunReport {
            job,
            as_of: self.clock.today(),
            data_version: commit.version,
            deals: counts.deals,
            insights: judged.insights.clone(),
            alerts_opened: transitions.opened.clone(),
            alerts_resolved: transitions.resolved.clone(),
            duration_ms,
        };
        let row = RunRow {
            job,
            as_of: now,
            day: self.day()?,
            data_version: commit.version,
            deals: report.deals,
            insights: judged.insights,
            transitions,
            duration_ms,
            started_at: now,
        };
        self.metadata.record_run(&self.id, row).await?;
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

    async fn live_alerts(&self) -> Result<Vec<Alert>, JobError> {
        let mut alerts = self.metadata.alerts(&self.id, None).await?;
        alerts.retain(|alert| alert.state != AlertState::Resolved);
        Ok(alerts)
    }

    async fn daily(&self, commit: &Commit) -> Result<Judged, JobError> {
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
            window,
            baseline_window,
            pairs: &[],
            overall: &SegmentPair::default(),
            open_amounts: &BTreeMap::new(),
            currency,
            data_version: commit.version,
            looks_per_quarter: LOOKS_PER_QUARTER,
            live: &[],
        };
        let risk = high_risk_finding(&pipeline.risk, &observation, &self.settings);
        let quality = pipeline_quality_finding(
            &pipeline.quality,
            &pipeline.health,
            &observation,
            &self.settings,
        );
        Ok(Judged {
            insights,
            findings: risk.into_iter().chain(quality).collect(),
            rules: &[Rule::HighRiskDeals, Rule::PipelineQuality],
        })
    }

    async fn weekly(&self, commit: &Commit) -> Result<Judged, JobError> {
        let (window, baseline_window) = self.windows(Some(commit)).await?;
        let dimensions = Dimension::known_while_open();
        let (overall, pairs) =
            self.pairs(commit, window, baseline_window, &dimensions, &[]).await?;
        let open_amounts = self.store.open_amounts(commit, self.clock.today(), &dimensions).await?;
        let mut live = self.live_alerts().await?;
        // An alert that opened later is not known yet in a replay.
        live.retain(|alert| alert.opened_at <= self.clock.instant());
        let observation = Observation {
            window,
            baseline_window,
            pairs: &pairs,
            overall: &overall,
            open_amounts: &open_amounts,
            currency: &self.settings.reporting_currency,
            data_version: commit.version,
            looks_per_quarter: LOOKS_PER_QUARTER,
            live: &live,
        };
        let mut findings = self.win_rate_drops(commit, &observation).await?;
        findings.extend(lead_source_findings(&observation, &self.settings));
        findings.extend(dfi_findings(&observation, &self.settings));
        findings.extend(unjudged_findings(&observation, &self.settings));
        let input = WeeklyInput { window, baseline_window, overall, segments: pairs };
        Ok(Judged {
            insights: weekly_insights(&input, &self.settings),
            findings,
            rules: &Rule::TESTING,
        })
    }

    /// The drops in win rate, one for each cause: the drop with the strongest evidence stands, its
    /// deals are set aside, and another drop stands only if the other deals show it too.
    async fn win_rate_drops(
        &self,
        commit: &Commit,
        observation: &Observation<'_>,
    ) -> Result<Vec<Finding>, JobError> {
        let all = win_rate_findings(observation, &self.settings);
        let mut causes: Vec<Segment> = Vec::new();
        let mut next = all.first().map(|finding| finding.segment.clone());
        while let Some(cause) = next.take() {
            causes.push(cause);
            if causes.contains(&Segment::all()) {
                break;
            }
            let (window, baseline) = (observation.window, observation.baseline_window);
            let dimensions = Dimension::known_while_open();
            let (overall, pairs) =
                self.pairs(commit, window, baseline, &dimensions, &causes).await?;
            let rest = Observation { pairs: &pairs, overall: &overall, ..*observation };
            let left = win_rate_findings(&rest, &self.settings);
            let is_known = |segment: &Segment| all.iter().any(|found| found.segment == *segment);
            next = left.into_iter().map(|finding| finding.segment).find(is_known);
        }
        Ok(winsight_alert::without_echoes(all, &causes))
    }

    /// Looks at the month's strategy. Raises no alert: the weekly run has looked already, and a
    /// second look at the same days would spend the false-alarm budget twice.
    async fn monthly(&self, commit: &Commit) -> Result<Judged, JobError> {
        let (window, baseline_window) = self.windows(Some(commit)).await?;
        let dimensions = Dimension::known_while_open();
        let (overall, segments) =
            self.pairs(commit, window, baseline_window, &dimensions, &[]).await?;
        let drivers = match self.drivers_in(commit, None).await {
            // Too little to analyse is a quiet month, not a failed run.
            Err(JobError::Drivers(_)) => DriverAnalysis::default(),
            drivers => drivers?,
        };
        let input = MonthlyInput { window, baseline_window, overall, segments, drivers: &drivers };
        Ok(Judged {
            insights: monthly_insights(&input, &self.settings),
            findings: Vec::new(),
            rules: &[],
        })
    }
}
