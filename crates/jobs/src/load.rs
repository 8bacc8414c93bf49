//! From a staged load to a new version: the quality gate, the commit, and the books about both.

mod held;

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;
use winsight_etl::{Quality, Quarantined};
use winsight_meta::{
    Load, LoadId, LoadOutcome, LoadState, NewLoad, QuarantineReason, QuarantineRow,
};
use winsight_model::DataVersion;
use winsight_store::{CommitRequest, Comparison, Loaded, QualityRecord, Staging};

use crate::gate::{Batch, reasons_to_hold};
use crate::import::{Read, elapsed_ms};
use crate::{JobError, Workspace};
pub use held::{Released, reasons};

/// What became of a load.
pub(crate) enum Taken {
    /// It is what readers see.
    Loaded(Loaded),
    /// The quality gate holds it, for these reasons.
    Held(LoadId, Vec<String>),
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
        let (staging, deals) = (&mut read.staging, comparison.deals);
        let replaced = self.held_loads_in(staging, deals, (id, source)).await?;
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
        self.tell_of_held_loads().await
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
