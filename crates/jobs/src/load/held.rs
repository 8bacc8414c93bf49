//! Loads that the quality gate holds: released, thrown away, or replaced by a better one.

use std::time::Instant;

use winsight_alert::{HeldLoad, Rule, data_quality_finding, reconcile};
use winsight_meta::{Load, LoadId, LoadState};
use winsight_model::{DataVersion, LoadCounts, Window};
use winsight_store::Staging;

use crate::{JobError, Workspace};

/// A held load that was released.
#[derive(Clone, Debug)]
pub struct Released {
    /// The load.
    pub load: LoadId,
    /// Its files.
    pub files: Vec<String>,
    /// What it did to the deals.
    pub counts: LoadCounts,
    /// The version that it became; `None` when nothing differs any more.
    pub data_version: Option<DataVersion>,
}

impl Workspace {
    /// The loads that the quality gate holds, oldest first.
    pub async fn held_loads(&self) -> Result<Vec<Load>, JobError> {
        Ok(self.metadata.loads_in(&self.id, LoadState::Held).await?)
    }

    /// Releases a held load: its rows become what readers see, but for deals that a newer load has
    /// changed. Without a number, the newest one.
    ///
    /// # Errors
    /// [`JobError::Usage`] when nothing, or no load of this number, is held.
    pub async fn accept(&self, load: Option<i64>) -> Result<Released, JobError> {
        let started = Instant::now();
        let held = self.held_load(load).await?;
        let mut staging = self.store.take_up(held.id.0).await?;
        for deal in self.changed_since(&held).await? {
            staging.leave_deal(&held.source, &deal);
        }
        let comparison = self.store.compare(&mut staging).await?;
        let of = (held.id, held.source.as_str());
        let replaced = self.held_loads_in(&mut staging, comparison.deals, of).await?;
        let loaded = self.put(held.id, &mut staging, comparison).await?;
        let loaded = self.finish(held.id, loaded, started).await?;
        self.store.discard_held(held.id.0).await?;
        self.replace_held(replaced, held.id).await?;
        Ok(Released {
            load: held.id,
            files: held.files,
            counts: loaded.deals,
            data_version: loaded.commit.map(|commit| commit.version),
        })
    }

    /// Throws a held load away; readers keep what they have. Without a number, the newest one.
    ///
    /// # Errors
    /// [`JobError::Usage`] when nothing, or no load of this number, is held.
    pub async fn discard(&self, load: Option<i64>) -> Result<Load, JobError> {
        let held = self.held_load(load).await?;
        self.metadata.fail_load(held.id, "discarded by hand").await?;
        self.store.discard_held(held.id.0).await?;
        self.tell_of_held_loads().await?;
        Ok(held)
    }

    async fn held_load(&self, load: Option<i64>) -> Result<Load, JobError> {
        let mut held = self.held_loads().await?;
        let Some(number) = load else {
            let newest = held.pop();
            let nothing = "no load is held; readers see the newest one".to_owned();
            return newest.ok_or(JobError::Usage(nothing));
        };
        let numbers: Vec<_> = held.iter().map(|load| load.id.to_string()).collect();
        held.into_iter().find(|load| load.id.0 == number).ok_or_else(|| {
            let known = if numbers.is_empty() { "none".to_owned() } else { numbers.join(", ") };
            JobError::Usage(format!("load {number} is not held; held are: {known}"))
        })
    }

    /// The older held loads of a source whose deals a staged one of so many deals brings too, but for as
    /// many as the quality gate lets go.
    pub(super) async fn held_loads_in(
        &self,
        staging: &mut Staging,
        deals: LoadCounts,
        (id, source): (LoadId, &str),
    ) -> Result<Vec<LoadId>, JobError> {
        let enough = 1.0 - self.settings.quality_gate.max_lost;
        let mut brought = Vec::new();
        // A webhook's deal or two need not be looked for in a large one.
        let may_be = |held: &Load| {
            held.source == source
                && held.id < id
                && named(deals) as f64 >= enough * named(held.counts) as f64
        };
        for held in self.held_loads().await?.into_iter().filter(may_be) {
            match self.store.part_brought(staging, held.id.0).await {
                Ok(part) if part >= enough => brought.push(held.id),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, load = %held.id, "the held load cannot be read");
                }
            }
        }
        Ok(brought)
    }

    /// The deals of the source of a held load that newer loads have changed since.
    async fn changed_since(&self, held: &Load) -> Result<Vec<String>, JobError> {
        let commits = self.store.commits().await?;
        let Some(latest) = commits.iter().max_by_key(|commit| commit.version) else {
            return Ok(Vec::new());
        };
        let newer = commits.iter().filter(|commit| commit.load > held.id.0);
        let Some(first) = newer.map(|commit| commit.version).min() else { return Ok(Vec::new()) };
        let before = commits.iter().filter(|commit| commit.version < first);
        let before = before.max_by_key(|commit| commit.version);
        Ok(self.store.deals_changed(&held.source, before, latest).await?)
    }

    /// A load that passed takes the place of the held ones whose deals it brought.
    pub(super) async fn replace_held(
        &self,
        replaced: Vec<LoadId>,
        by: LoadId,
    ) -> Result<(), JobError> {
        for held in replaced {
            self.metadata.fail_load(held, &format!("replaced by load {by}")).await?;
            self.store.discard_held(held.0).await?;
        }
        self.tell_of_held_loads().await
    }

    /// Opens, updates or resolves the alert about held loads.
    pub(crate) async fn tell_of_held_loads(&self) -> Result<(), JobError> {
        let held = self.held_loads().await?;
        let version = self.store.latest().await?.map_or(DataVersion(0), |commit| commit.version);
        let mut findings = Vec::new();
        if let Some(load) = held.last() {
            let enough = self.settings.quality_gate.min_rows;
            let before = self.metadata.latest_load_of(&self.id, &load.source, enough).await?;
            let mut reasons = reasons(load);
            if held.len() > 1 {
                reasons.push(format!("{} older loads are held as well", held.len() - 1));
            }
            findings.push(data_quality_finding(&HeldLoad {
                load: load.id.0,
                files: &load.files.join(", "),
                rows: load.rows_read,
                score: load.quality_score,
                previous_score: before.map(|load| load.quality_score),
                reasons: &reasons,
                day: Window::trailing(1, self.clock.today()),
                data_version: version,
                currency: &self.settings.reporting_currency,
            }));
        }
        let alerts = self.metadata.alerts(&self.id, None).await?;
        let now = self.clock.instant();
        let transitions = reconcile(&alerts, findings, &[Rule::DataQuality], now);
        self.metadata.change_alerts(&self.id, transitions, now).await?;
        Ok(())
    }
}

/// Deals that a load is about.
fn named(counts: LoadCounts) -> u64 {
    counts.matched() + counts.inserted + counts.deleted
}

/// Why a load is held.
pub fn reasons(held: &Load) -> Vec<String> {
    held.failure.iter().flat_map(|reasons| reasons.lines()).map(str::to_owned).collect()
}
