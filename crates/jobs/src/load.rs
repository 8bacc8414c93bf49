//! From a staged load to a new version: the quality gate, the commit, and the books about both.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;
use winsight_alert::{HeldLoad, Rule, data_quality_finding, reconcile};
use winsight_etl::{Quality, Quarantined};
use winsight_meta::{
    Load, LoadId, LoadOutcome, LoadState, NewLoad, QuarantineReason, QuarantineRow,
};
use winsight_model::{DataVersion, LoadCounts, Window};
use winsight_store::{CommitRequest, Comparison, Loaded, QualityRecord, Staging};

use crate::gate::{Batch, reasons_to_hold};
use crate::import::{Read, elapsed_ms};
use crate::{JobError, Workspace};

/// What became of a load.
pub(crate) enum Taken {
    /// It is what readers see.
    Loaded(Loaded),
    /// The quality gate holds it, for these reasons.
    Held(LoadId, Vec<String>),
}

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
    /// Records the load as staged, commits or holds it, records the result: in this order, so that a
    /// crash in between leaves a record from which the next start finds out what happened.
    pub(crate) async fn take_in(
        &self,
        files: &[String],
        source: &str,
        mut read: Read,
        comparison: Comparison,
        started: Instant,
    ) -> Result<Taken, JobError> {
        let deals = &read.deals;
        let mut quarantined = rows_of(files.first(), &deals.quarantined);
        for beside in &read.beside {
            quarantined.extend(rows_of(Some(&beside.file), &beside.quarantined));
        }
        let load = NewLoad {
            files: files.to_vec(),
            source: source.to_owned(),
            started_at: self.clock.instant(),
            mapping_toml: deals.mapping.to_toml(),
            report: json!({
                "issues": deals.issues, "quality": deals.quality, "header": deals.header,
            }),
            quality_score: deals.quality.score,
            rows_read: deals.rows_read,
            quarantined,
            repaired: std::mem::take(&mut read.repaired),
            counts: comparison.deals,
        };
        let (rows, score) = (load.rows_read, load.quality_score);
        let reasons = self.reasons_to_hold(source, (rows, score), &mut read, &comparison).await?;
        let id = self.metadata.begin_load(&self.id, load).await?;
        if !reasons.is_empty() {
            read.staging.hold(&self.store, id.0).await?;
            self.metadata.hold_load(id, &reasons.join("\n")).await?;
            self.tell_of_held_loads().await?;
            return Ok(Taken::Held(id, reasons));
        }
        let replaced = self.held_loads_in(&mut read.staging, (id, source)).await?;
        let loaded = self.commit_staged(id, &mut read.staging, comparison, started).await?;
        self.replace_held(replaced, id).await?;
        Ok(Taken::Loaded(loaded))
    }

    async fn reasons_to_hold(
        &self,
        source: &str,
        (rows, score): (u64, f64),
        read: &mut Read,
        comparison: &Comparison,
    ) -> Result<Vec<String>, JobError> {
        let gate = &self.settings.quality_gate;
        let updated = comparison.deals.updated as f64;
        // A field can be blanked only by an update: most loads need no second look.
        let blanked = if updated > gate.max_blanked * comparison.deals.matched() as f64 {
            self.store.blanked(&mut read.staging, comparison).await?
        } else {
            BTreeMap::new()
        };
        // A webhook brings a deal or two: their score says nothing of the source.
        let enough = gate.min_rows;
        let previous = self.metadata.latest_load_of(&self.id, source, enough).await?;
        let previous = previous.map(|load| (load.rows_read, load.quality_score));
        let Comparison { deals, stored, .. } = *comparison;
        let is_part = read.is_part;
        let batch = Batch { rows, score, deals, stored, blanked: &blanked, previous, is_part };
        Ok(reasons_to_hold(&batch, gate))
    }

    /// Commits a staged load, or records that it failed. Once the store has it, an error leaves it
    /// staged: it is settled like one whose process died.
    pub(crate) async fn commit_staged(
        &self,
        id: LoadId,
        staging: &mut Staging,
        comparison: Comparison,
        started: Instant,
    ) -> Result<Loaded, JobError> {
        match self.put(id, staging, comparison).await {
            Ok(loaded) => self.finish(id, loaded, started).await,
            Err(error) => {
                self.metadata.fail_load(id, &error.to_string()).await?;
                Err(error)
            }
        }
    }

    async fn put(
        &self,
        id: LoadId,
        staging: &mut Staging,
        comparison: Comparison,
    ) -> Result<Loaded, JobError> {
        let request = CommitRequest { load: id.0, known_at: self.clock.instant() };
        Ok(self.store.load(staging, comparison, request).await?)
    }

    async fn finish(
        &self,
        id: LoadId,
        loaded: Loaded,
        started: Instant,
    ) -> Result<Loaded, JobError> {
        let outcome = LoadOutcome {
            data_version: loaded.commit.as_ref().map(|commit| commit.version),
            duration_ms: Some(elapsed_ms(started)),
        };
        self.metadata.finish_load(id, outcome).await?;
        if let Err(error) = self.record_quality_of(id).await {
            tracing::warn!(%error, load = %id, "the load is in, but its quality is not in the history");
        }
        Ok(loaded)
    }

    /// Adds the quality of a load that was taken to the history.
    async fn record_quality_of(&self, id: LoadId) -> Result<(), JobError> {
        let Some(load) = self.metadata.load(&self.id, id).await? else { return Ok(()) };
        // Rows read again are judged with the load that they came in.
        if load.report.get("amends").is_some() {
            return Ok(());
        }
        let Ok(quality) = Quality::deserialize(&load.report["quality"]) else { return Ok(()) };
        let record = |field: Option<&str>, part: &str, value| QualityRecord {
            load: load.id.0,
            loaded_at: load.started_at,
            data_version: load.outcome.and_then(|outcome| outcome.data_version),
            source: load.source.clone(),
            field: field.map(str::to_owned),
            part: part.to_owned(),
            value,
        };
        let mut records = vec![
            record(None, "score", quality.score),
            record(None, "completeness", quality.completeness),
            record(None, "validity", quality.validity),
            record(None, "consistency", quality.consistency),
            record(None, "uniqueness", quality.uniqueness),
            record(None, "timeliness", quality.timeliness),
        ];
        for (field, of) in &quality.fields {
            records.push(record(Some(field), "filled", of.filled));
            records.push(record(Some(field), "invalid", of.invalid as f64));
            records.push(record(Some(field), "inconsistent", of.inconsistent as f64));
        }
        self.record_quality(&records).await
    }

    /// The loads that the quality gate holds, oldest first.
    pub async fn held_loads(&self) -> Result<Vec<Load>, JobError> {
        Ok(self.metadata.loads_in(&self.id, LoadState::Held).await?)
    }

    /// Releases a held load: its rows become what readers see. Without a number, the newest one.
    ///
    /// # Errors
    /// [`JobError::Usage`] when nothing, or no load of this number, is held.
    pub async fn accept(&self, load: Option<i64>) -> Result<Released, JobError> {
        let started = Instant::now();
        let held = self.held_load(load).await?;
        let mut staging = self.store.take_up(held.id.0).await?;
        let comparison = self.store.compare(&mut staging).await?;
        let replaced = self.held_loads_in(&mut staging, (held.id, &held.source)).await?;
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

    /// The older held loads of a source whose deals a staged one brings too, but for as many as the
    /// quality gate lets go.
    async fn held_loads_in(
        &self,
        staging: &mut Staging,
        (id, source): (LoadId, &str),
    ) -> Result<Vec<LoadId>, JobError> {
        let enough = 1.0 - self.settings.quality_gate.max_lost;
        let mut brought = Vec::new();
        let older = |held: &Load| held.source == source && held.id < id;
        for held in self.held_loads().await?.into_iter().filter(older) {
            if self.store.part_brought(staging, held.id.0).await? >= enough {
                brought.push(held.id);
            }
        }
        Ok(brought)
    }

    /// A load that passed takes the place of the held ones whose deals it brought.
    async fn replace_held(&self, replaced: Vec<LoadId>, by: LoadId) -> Result<(), JobError> {
        for held in replaced {
            self.metadata.fail_load(held, &format!("replaced by load {by}")).await?;
            self.store.discard_held(held.0).await?;
        }
        self.tell_of_held_loads().await
    }

    /// Opens, updates or resolves the alert about held loads.
    async fn tell_of_held_loads(&self) -> Result<(), JobError> {
        let held = self.held_loads().await?;
        let version = self.store.latest().await?.map_or(DataVersion(0), |commit| commit.version);
        let mut findings = Vec::new();
        if let Some(load) = held.last() {
            let before = self.metadata.latest_load(&self.id, Some(&load.source)).await?;
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

    /// Loads that were staged or being released when a process died: the store knows which of them
    /// it committed.
    pub(crate) async fn settle_interrupted_loads(&self) -> Result<(), JobError> {
        if self.interrupted_loads().await?.is_empty() {
            return Ok(());
        }
        // Whoever holds the writer lock is still at it. Once the lock is ours, what is staged is
        // interrupted; what was finished meanwhile no longer is.
        let Ok(_staging) = self.store.stage() else { return Ok(()) };
        for (load, commit) in self.interrupted_loads().await? {
            self.store.discard_held(load.id.0).await?;
            if let Some(version) = commit {
                let outcome = LoadOutcome { data_version: Some(version), duration_ms: None };
                self.metadata.finish_load(load.id, outcome).await?;
            } else {
                let reason = "interrupted before it was committed; import the file again";
                self.metadata.fail_load(load.id, reason).await?;
            }
        }
        Ok(())
    }

    /// Loads whose books are not closed, each with the version that it became, if it did.
    async fn interrupted_loads(&self) -> Result<Vec<(Load, Option<DataVersion>)>, JobError> {
        let mut loads = self.metadata.loads_in(&self.id, LoadState::Staged).await?;
        loads.extend(self.held_loads().await?);
        if loads.is_empty() {
            return Ok(Vec::new());
        }
        let commits = self.store.commits().await?;
        let version = |load: &Load| {
            commits.iter().find(|commit| commit.load == load.id.0).map(|commit| commit.version)
        };
        let with_version = loads.into_iter().map(|load| (version(&load), load));
        // A held load that the store did not commit waits for a person.
        Ok(with_version
            .filter(|(version, load)| version.is_some() || load.state == LoadState::Staged)
            .map(|(version, load)| (load, version))
            .collect())
    }
}

/// Why a load is held.
pub fn reasons(held: &Load) -> Vec<String> {
    held.failure.iter().flat_map(|reasons| reasons.lines()).map(str::to_owned).collect()
}

pub(crate) fn rows_of(file: Option<&String>, quarantined: &[Quarantined]) -> Vec<QuarantineRow> {
    quarantined
        .iter()
        .map(|row| QuarantineRow {
            file: file.cloned().unwrap_or_default(),
            line: row.line,
            deal_id: row.deal_id.clone(),
            reasons: row
                .reasons
                .iter()
                .map(|reason| QuarantineReason {
                    check: reason.check.to_owned(),
                    field: reason.field.clone(),
                    message: reason.message.clone(),
                })
                .collect(),
            raw: row.raw.clone(),
        })
        .collect()
}
