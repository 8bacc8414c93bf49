//! Alerts kept up to date with the data: every rule is evaluated on each new version, and each day.

use jiff::Timestamp;
use jiff::civil::Date;
use winsight_alert::{Alert, reconcile};
use winsight_insight::Cadence;
use winsight_model::DataVersion;
use winsight_store::Commit;

use crate::{JobError, KnownAt, Workspace};

/// What the rules were last evaluated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluated {
    data_version: DataVersion,
    known_at: Timestamp,
    day: Date,
}

impl Workspace {
    /// Evaluates every rule, unless that has been done for the newest version and today. Returns what
    /// they stand evaluated on; `None` while nothing is loaded, or the workspace looks at the past.
    ///
    /// # Errors
    /// When the rules cannot be evaluated, of which an alert tells too.
    pub async fn evaluate_if_new(
        &self,
        last: Option<Evaluated>,
    ) -> Result<Option<Evaluated>, JobError> {
        let Some(commit) = self.store.latest().await? else { return Ok(None) };
        // Who looks at the past changes nothing of today.
        if self.known_at != KnownAt::Latest || commit.known_at > self.clock.instant() {
            return Ok(None);
        }
        let (data_version, known_at) = (commit.version, commit.known_at);
        let now = Evaluated { data_version, known_at, day: self.clock.today() };
        if last != Some(now) {
            // Half of what a source brings is no picture of it.
            if self.source_states().await?.iter().any(|source| source.is_running) {
                return Ok(last);
            }
            let is_first_today = last.is_none_or(|last| last.day != now.day);
            let outcome = Box::pin(self.evaluate(&commit, is_first_today)).await;
            self.tell_of_run(Cadence::Daily, outcome.as_ref().err()).await?;
            outcome?;
        }
        Ok(Some(now))
    }

    async fn evaluate(&self, commit: &Commit, is_first_today: bool) -> Result<(), JobError> {
        let judged = self.daily(commit).await?;
        let alerts = self.metadata.alerts(&self.id, None).await?;
        let now = self.clock.instant();
        let mut transitions = reconcile(&alerts, judged.findings, judged.rules, now);
        // A rule of one's own that asks for evidence has a budget for one look a day.
        let may_be_told = |alert: &Alert| {
            is_first_today || alert.finding.custom.as_ref().is_none_or(|rule| rule.unguarded)
        };
        transitions.opened.retain(may_be_told);
        transitions.reopened.retain(may_be_told);
        self.metadata.record_evaluation(&self.id, transitions, &judged.own_findings, now).await?;
        Ok(())
    }
}
