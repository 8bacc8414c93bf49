//! Alerts about the work itself: a run, a sync or a rule that fails, and data that does not come.

use jiff::Timestamp;
use jiff::civil::Date;
use winsight_alert::{
    Alert, Failing, Finding, Rule, RuleFailure, Subject, data_stale_finding, job_failed_finding,
    reconcile, rule_failed_finding, sync_failed_finding,
};
use winsight_insight::Cadence;
use winsight_model::{DataVersion, Window};
use winsight_store::Commit;

use crate::sync::{SourceHealth, SyncFailure};
use crate::{JobError, Workspace};

impl Workspace {
    /// Opens, updates or resolves the alert about a job. A question that cannot be answered, such as
    /// one about a workspace without deals, is no failure.
    pub(crate) async fn tell_of_run(
        &self,
        job: Cadence,
        failed: Option<&JobError>,
    ) -> Result<(), JobError> {
        let subject = Subject::new("job", job.as_str());
        let known = self.known_failures(Rule::JobFailed, &subject).await?;
        let error = match failed {
            Some(error) if error.is_usage() || error.is_refusal() => return Ok(()),
            Some(JobError::Empty) => return Ok(()),
            failed => failed,
        };
        let version = self.served_version().await;
        let finding = error.map(|error| {
            let (since, times) = self.again(&known);
            let reason = error.to_string();
            job_failed_finding(&self.failing(job.as_str(), (since, times), &reason, version))
        });
        self.tell_of_failure(Rule::JobFailed, &known, finding).await
    }

    /// Opens, updates or resolves the alert about a source.
    pub(crate) async fn tell_of_sync(
        &self,
        source: &str,
        failed: Option<&SyncFailure>,
    ) -> Result<(), JobError> {
        let known = self.known_failures(Rule::SyncFailed, &Subject::new("source", source)).await?;
        let version = self.served_version().await;
        let finding = failed.map(|failed| {
            let since = (self.day_of(failed.since), failed.times);
            sync_failed_finding(&self.failing(source, since, &failed.message, version))
        });
        self.tell_of_failure(Rule::SyncFailed, &known, finding).await
    }

    /// Ends the alert on data that is out of date: a pull that found nothing new makes no version on
    /// which the rules would be evaluated.
    pub(crate) async fn end_staleness(&self) -> Result<(), JobError> {
        let mut known = self.metadata.alerts(&self.id, None).await?;
        known.retain(|alert| alert.finding.rule == Rule::DataStale);
        self.tell_of_failure(Rule::DataStale, &known, None).await
    }

    /// What is said of a rule that could not be evaluated.
    pub(crate) fn rule_failed(
        &self,
        commit: &Commit,
        failure: &RuleFailure,
        live: &[Alert],
    ) -> Finding {
        let subject = Subject::new("rule", &failure.rule);
        let known = live.iter().filter(|alert| {
            alert.finding.rule == Rule::RuleFailed
                && alert.finding.subject.as_ref() == Some(&subject)
        });
        let known: Vec<Alert> = known.cloned().collect();
        let since = self.again(&known);
        rule_failed_finding(&self.failing(&failure.rule, since, &failure.reason, commit.version))
    }

    /// What is said when nothing has been loaded for too long. A pull that found nothing new counts
    /// as much as one that did.
    pub(crate) async fn stale_finding(&self, commit: &Commit) -> Result<Option<Finding>, JobError> {
        let allowed = self.settings.alerts.stale_days;
        let load = self.metadata.latest_load(&self.id, None).await?;
        let loaded = load.map(|load| load.started_at);
        let pulled = self.metadata.sources(&self.id).await?.into_iter().filter_map(|source| {
            serde_json::from_value::<SourceHealth>(source.health).unwrap_or_default().succeeded_at
        });
        let Some(last) = loaded.into_iter().chain(pulled).max() else { return Ok(None) };
        let last = self.day_of(last);
        let today = self.clock.today();
        let days = i64::from(last.until(today).map_or(0, |span| span.get_days()));
        let is_stale = allowed > 0 && days > i64::from(allowed);
        let day = Window::trailing(1, today);
        let currency = &self.settings.reporting_currency;
        Ok(is_stale
            .then(|| data_stale_finding((last, days, allowed), day, commit.version, currency)))
    }

    async fn known_failures(&self, rule: Rule, subject: &Subject) -> Result<Vec<Alert>, JobError> {
        let mut alerts = self.metadata.alerts(&self.id, None).await?;
        alerts.retain(|alert| {
            alert.finding.rule == rule && alert.finding.subject.as_ref() == Some(subject)
        });
        Ok(alerts)
    }

    async fn tell_of_failure(
        &self,
        rule: Rule,
        known: &[Alert],
        finding: Option<Finding>,
    ) -> Result<(), JobError> {
        let now = self.clock.instant();
        let transitions = reconcile(known, finding.into_iter().collect(), &[rule], now);
        if !transitions.is_empty() {
            self.metadata.change_alerts(&self.id, transitions, now).await?;
        }
        Ok(())
    }

    /// Since when work has failed, and how often, this time included.
    fn again(&self, known: &[Alert]) -> (Date, u64) {
        let live = known.iter().find(|alert| alert.resolved_at.is_none());
        let times = live.and_then(|alert| alert.finding.current).unwrap_or(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let times = times as u64 + 1;
        let since = live.map_or(self.clock.today(), |alert| self.day_of(alert.opened_at));
        (since, times)
    }

    fn failing<'a>(
        &'a self,
        name: &'a str,
        (since, times): (Date, u64),
        reason: &'a str,
        data_version: DataVersion,
    ) -> Failing<'a> {
        Failing {
            name,
            since,
            times,
            reason,
            day: Window::trailing(1, self.clock.today()),
            data_version,
            currency: &self.settings.reporting_currency,
        }
    }

    /// The version that readers keep, 0 before the first, and also when it cannot be read: the alert
    /// is about that.
    async fn served_version(&self) -> DataVersion {
        let latest = self.store.latest().await.ok().flatten();
        latest.map_or(DataVersion(0), |commit| commit.version)
    }

    fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.clock.time_zone().clone()).date()
    }
}
