//! What was known and shown before: journals of each run, restatements, training sets.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use winsight_insight::{Cadence, Interval, Metrics, metrics};
use winsight_model::{DataVersion, Dimension, Grain, Outcome, Period, Window};
use winsight_store::{
    Commit, DealChange, FeatureRequest, FileFormat, Grouping, MetricRecord, QualityRecord,
    RecordedRate, Tallies, TrainingRequest,
};

use crate::{JobError, KnownAt, Workspace};

/// Which restatements to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestatementsQuery {
    /// Compare with what was known then; default the version before the newest.
    pub since: Option<KnownAt>,
    /// First day of the months looked at; default the first there is.
    pub from: Option<Date>,
    /// First day after them; default none.
    pub to: Option<Date>,
}

/// Closed months whose numbers are others than they were.
#[derive(Clone, Debug)]
pub struct Restatements {
    /// The version compared with; `None` when there is only one.
    pub since: Option<Knowledge>,
    /// The version answered from.
    pub now: Knowledge,
    /// Months that were over at the time of the former, oldest first.
    pub months: Vec<RestatedMonth>,
}

/// A state of knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knowledge {
    /// The data version.
    pub version: DataVersion,
    /// When it was loaded.
    pub known_at: Timestamp,
}

/// A month and its metrics as they were known and as they are.
#[derive(Clone, Debug)]
pub struct RestatedMonth {
    /// The month.
    pub period: Period,
    /// Its metrics as they were known.
    pub before: Metrics,
    /// Its metrics now.
    pub after: Metrics,
    /// The deals behind the difference.
    pub deals: Vec<DealChange>,
}

/// Which training set to make.
#[derive(Clone, Debug)]
pub struct TrainingQuery {
    /// Ages of deals, in days since they were created.
    pub ages: Vec<u16>,
    /// Whether deals that are still open are in it too.
    pub include_open: bool,
}

impl Workspace {
    /// Records what a run showed: the metrics of all deals and of each value of each dimension in
    /// the alert window, and, daily, the features of the open deals.
    pub(crate) async fn record_history(
        &self,
        commit: &Commit,
        job: Cadence,
    ) -> Result<(), JobError> {
        let (window, _) = self.windows(Some(commit)).await?;
        if job == Cadence::Daily {
            let request = FeatureRequest {
                as_of: window.last_day(),
                known_by: self.clock.instant(),
                fiscal_year_start: self.settings.fiscal_year_start_month,
            };
            self.store.record_snapshots(commit, &request).await?;
        }
        let mut groupings = vec![Grouping::new()];
        groupings.extend(Dimension::all().into_iter().map(|dimension| vec![dimension]));
        let tallies = self.tally(commit, vec![window], groupings.clone(), &[]).await?;
        let mut records = Vec::new();
        for (grouping, by_window) in groupings.iter().zip(tallies) {
            let dimension = grouping.first().map_or("all", Dimension::as_str);
            let mut tallies: Tallies = by_window.into_iter().flatten().collect();
            if grouping.is_empty() {
                tallies.entry(Vec::new()).or_default();
            }
            for (values, tally) in tallies {
                let value = values.into_iter().next().unwrap_or_else(|| "all".to_owned());
                let metrics = metrics(&tally, self.settings.min_deals);
                records.push(self.metric_record(commit, job, window, (dimension, value), &metrics));
            }
        }
        Ok(self.store.record_metrics(self.clock.today(), &records).await?)
    }

    fn metric_record(
        &self,
        commit: &Commit,
        job: Cadence,
        window: Window,
        (dimension, value): (&str, String),
        metrics: &Metrics,
    ) -> MetricRecord {
        MetricRecord {
            job: job.as_str().to_owned(),
            as_of: self.clock.instant(),
            data_version: commit.version,
            dimension: dimension.to_owned(),
            value,
            window,
            deals: metrics.deals,
            won: metrics.won,
            lost: metrics.lost,
            win_rate: recorded(metrics.win_rate, metrics.win_rate_interval),
            rwwr: recorded(metrics.rwwr, metrics.rwwr_interval),
            dfi: recorded(metrics.dfi, metrics.dfi_interval),
            won_amount: metrics.won_amount,
            closed_amount: metrics.closed_amount,
            currency: self.settings.reporting_currency.clone(),
        }
    }

    /// The metrics that runs showed up to the workspace's instant, on versions up to the one
    /// answered from: of all deals, or of each value of a dimension; oldest first.
    ///
    /// The days limit the as-of days of the runs: `from` is in, `to` is out.
    pub async fn metric_history(
        &self,
        by: Option<&Dimension>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<MetricRecord>, JobError> {
        let commit = self.loaded().await?;
        let dimension = by.map_or("all", Dimension::as_str);
        let until = self.clock.instant();
        let mut records = self.store.metric_history(dimension, until, commit.version).await?;
        records.retain(|record| {
            let day = record.as_of.to_zoned(self.clock.time_zone().clone()).date();
            from.is_none_or(|from| from <= day) && to.is_none_or(|to| day < to)
        });
        Ok(records)
    }

    /// Records the quality of one load; every record is of that load, and replaces what was
    /// recorded of it before.
    pub async fn record_quality(&self, records: &[QualityRecord]) -> Result<(), JobError> {
        Ok(self.store.record_quality(records).await?)
    }

    /// The quality of every load up to the workspace's instant, oldest first.
    pub async fn quality_history(&self) -> Result<Vec<QualityRecord>, JobError> {
        Ok(self.store.quality_history(self.clock.instant()).await?)
    }

    /// Writes a training set to a `.csv` or `.parquet` file; returns how many rows it has.
    ///
    /// # Errors
    /// [`JobError::Usage`] for another kind of file, or without ages.
    pub async fn write_training_set(
        &self,
        query: &TrainingQuery,
        path: &Path,
    ) -> Result<u64, JobError> {
        let format = FileFormat::of(path).ok_or_else(|| {
            let name = path.display();
            JobError::Usage(format!("{name}: name a file that ends in .csv or .parquet"))
        })?;
        let ages: BTreeSet<u16> = query.ages.iter().copied().collect();
        if ages.is_empty() {
            return Err(JobError::Usage("name at least one age, like --ages 30,60,90".to_owned()));
        }
        let commit = self.loaded().await?;
        let request = TrainingRequest {
            as_of: self.clock.today(),
            time_zone: self.clock.time_zone().clone(),
            ages: ages.into_iter().collect(),
            include_unlabelled: query.include_open,
            fiscal_year_start: self.settings.fiscal_year_start_month,
        };
        let rows = self.store.training_set(&commit, &request).await?;
        Ok(rows.write_to(path, format).await?)
    }

    /// Months that were over when an earlier version was loaded, and whose numbers have changed
    /// since.
    ///
    /// # Errors
    /// [`JobError::Usage`] when nothing had been loaded by `since`, or when it is later than the
    /// version answered from.
    pub async fn restatements(&self, query: &RestatementsQuery) -> Result<Restatements, JobError> {
        let now = self.loaded().await?;
        let since = if let Some(known_at) = query.since {
            Some(self.known_since(known_at, &now).await?)
        } else {
            let mut earlier = self.store.commits().await?;
            earlier.retain(|commit| commit.version < now.version);
            earlier.pop()
        };
        let mut restatements = Restatements {
            since: since.as_ref().map(Knowledge::of),
            now: Knowledge::of(&now),
            months: Vec::new(),
        };
        let Some(since) = since else { return Ok(restatements) };
        let changes = self.store.changed_deals(&since, &now).await?;
        let months = self.months_of(&changes, &since, query);
        if months.is_empty() {
            return Ok(restatements);
        }
        let windows: Vec<_> = months.iter().map(|month| month.window).collect();
        let all = vec![Grouping::new()];
        let before = self.tally(&since, windows.clone(), all.clone(), &[]).await?;
        let after = self.tally(&now, windows, all, &[]).await?;
        let before = before.into_iter().flatten();
        for ((period, before), after) in
            months.into_iter().zip(before).zip(after.into_iter().flatten())
        {
            let total = |tallies: Tallies| tallies.into_values().next().unwrap_or_default();
            let (before, after) = (total(before), total(after));
            if before != after {
                let is_behind = |change: &&DealChange| {
                    closed_days(change).any(|day| period.window.contains(day))
                };
                restatements.months.push(RestatedMonth {
                    deals: changes.iter().filter(is_behind).cloned().collect(),
                    before: metrics(&before, self.settings.min_deals),
                    after: metrics(&after, self.settings.min_deals),
                    period,
                });
            }
        }
        Ok(restatements)
    }

    async fn known_since(&self, known_at: KnownAt, now: &Commit) -> Result<Commit, JobError> {
        let then = Self { known_at, ..self.clone() };
        let commit = then.commit().await?.ok_or_else(|| {
            JobError::Usage("nothing had been loaded by --since; name a later day".to_owned())
        })?;
        if commit.version > now.version {
            return Err(JobError::Usage(format!(
                "--since is version {}, which is later than version {}; swap them",
                commit.version, now.version
            )));
        }
        Ok(commit)
    }

    /// The months, as far as they are asked for, that were over at `since` and in which one of the
    /// deals was or is closed.
    fn months_of(
        &self,
        changes: &[DealChange],
        since: &Commit,
        query: &RestatementsQuery,
    ) -> Vec<Period> {
        // A load in the last second of a day, as in a replay, knows all of that day.
        let known = since.known_at.saturating_add(1.second()).unwrap_or(since.known_at);
        let known = known.to_zoned(self.clock.time_zone().clone()).date();
        let starts: BTreeSet<Date> =
            changes.iter().flat_map(closed_days).map(Date::first_of_month).collect();
        starts
            .into_iter()
            .map(|start| Window { from: start, to: start.saturating_add(1.month()) })
            .flat_map(|month| month.periods(Grain::Month))
            .filter(|period| {
                period.window.to <= known
                    && query.from.is_none_or(|from| period.window.to > from)
                    && query.to.is_none_or(|to| period.window.from < to)
            })
            .collect()
    }
}

impl Knowledge {
    fn of(commit: &Commit) -> Self {
        Self { version: commit.version, known_at: commit.known_at }
    }
}

/// The days on which a deal was closed, before and after.
fn closed_days(change: &DealChange) -> impl Iterator<Item = Date> + '_ {
    let states = [change.before, change.after].into_iter().flatten();
    states.filter(|state| state.outcome != Outcome::Open).filter_map(|state| state.closed_date)
}

fn recorded(value: Option<f64>, interval: Option<Interval>) -> RecordedRate {
    RecordedRate {
        value,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
    }
}
