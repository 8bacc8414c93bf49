//! Rows in quarantine, read again: after the mapping or the settings changed, or released by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use arrow::array::RecordBatch;
use serde_json::json;
use winsight_etl::{DealsReport, ImportOptions, Mapping, RawRow, SinkError, read_rows};
use winsight_meta::{Load, NewLoad, Quarantined};
use winsight_model::{DataVersion, LoadCounts};
use winsight_store::Staging;

use crate::load::rows_of;
use crate::{JobError, Workspace};

/// Which quarantined rows to read again, and how.
#[derive(Clone, Debug, Default)]
pub struct RetryRequest {
    /// Their deals; none means every deal in quarantine.
    pub deals: Vec<String>,
    /// Load the deals named although they fail their checks, where a person may decide that.
    pub release: bool,
    /// A whole mapping in place of the one that their load used.
    pub mapping: Option<Mapping>,
}

/// What became of rows that were read again.
#[derive(Clone, Debug, Default)]
pub struct Retried {
    /// Rows read again.
    pub rows_read: u64,
    /// What they did to the deals.
    pub counts: LoadCounts,
    /// Rows that stay in quarantine, each with its first reason.
    pub still_quarantined: Vec<(Option<String>, String)>,
    /// The newest version afterwards.
    pub data_version: Option<DataVersion>,
}

impl Workspace {
    /// Reads rows of deals in quarantine again; those that pass become what readers see. The rows of
    /// one load are one step: all of them take their places, or none.
    ///
    /// The quality gate is not asked: these rows were chosen by a person.
    ///
    /// # Errors
    /// [`JobError::Usage`] when a deal named is not in quarantine, or nothing is; an ETL error when a
    /// row to be released fails a check that nobody may waive.
    pub async fn retry_quarantined(&self, request: &RetryRequest) -> Result<Retried, JobError> {
        let mut all = self.metadata.quarantine(&self.id, i64::MAX as u64).await?;
        all.retain(|row| row.row.deal_id.is_some());
        all.retain(|row| request.deals.is_empty() || named(row, &request.deals));
        for deal in &request.deals {
            if !all.iter().any(|row| row.row.deal_id.as_ref() == Some(deal)) {
                return Err(JobError::Usage(format!(
                    "deal {deal:?} is not in quarantine; `winsight quality` lists what is"
                )));
            }
        }
        let mut by_load: BTreeMap<i64, Vec<Quarantined>> = BTreeMap::new();
        for row in all {
            by_load.entry(row.load.0).or_default().push(row);
        }
        if by_load.is_empty() {
            return Err(JobError::Usage("no row of a deal is in quarantine".to_owned()));
        }
        let mut retried = Retried::default();
        for rows in by_load.into_values() {
            Box::pin(self.retry_load(rows, request, &mut retried)).await?;
        }
        retried.data_version = self.store.latest().await?.map(|commit| commit.version);
        Ok(retried)
    }

    /// Reads rows again that one load refused.
    async fn retry_load(
        &self,
        rows: Vec<Quarantined>,
        request: &RetryRequest,
        retried: &mut Retried,
    ) -> Result<(), JobError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let Some(load) = self.metadata.load(&self.id, first.load).await? else { return Ok(()) };
        let (Some(file), Some(header)) = (load.files.first(), load.report["header"].as_str())
        else {
            return Ok(());
        };
        // Rows of events and activities stand beside; they come again with their file.
        let rows: Vec<_> = rows.into_iter().filter(|row| row.row.file == *file).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let options = self.retry_options(&load, &rows, request).await?;
        let raw = rows.iter().map(|row| RawRow { line: row.row.line, text: row.row.raw.clone() });
        let (raw, file, header) = (raw.collect::<Vec<_>>(), PathBuf::from(file), header.to_owned());
        let mut staging = self.stage().await?;
        let read =
            tokio::task::spawn_blocking(move || -> Result<(Staging, DealsReport), JobError> {
                let mut add =
                    |batch: RecordBatch| staging.add_deals(&batch).map_err(SinkError::new);
                let report = read_rows(&file, &header, &raw, &options, &mut add)?;
                Ok((staging, report))
            });
        let (mut staging, report) = read.await??;
        for deal_id in &report.conflicting {
            staging.leave_deal(&load.source, deal_id);
        }
        let comparison = self.store.compare(&mut staging).await?;
        let refused: BTreeSet<_> =
            report.quarantined.iter().filter_map(|row| row.deal_id.as_deref()).collect();
        let mut repaired: Vec<_> = rows.iter().filter_map(|row| row.row.deal_id.clone()).collect();
        repaired.retain(|deal| !refused.contains(deal.as_str()));
        retried.rows_read += report.rows_read;
        for row in &report.quarantined {
            let reason = row.reasons.first().map(|reason| reason.message.clone());
            retried.still_quarantined.push((row.deal_id.clone(), reason.unwrap_or_default()));
        }
        let amendment = self.amendment(&load, &report, repaired, comparison.deals);
        let id = self.metadata.begin_load(&self.id, amendment).await?;
        let loaded = self.commit_staged(id, &mut staging, comparison, started).await?;
        retried.counts.add(loaded.deals);
        Ok(())
    }

    async fn retry_options(
        &self,
        load: &Load,
        rows: &[Quarantined],
        request: &RetryRequest,
    ) -> Result<ImportOptions, JobError> {
        let mut options = ImportOptions::new(self.settings.clone(), self.clock.today());
        options.source.clone_from(&load.source);
        options.known_values = self.known_spellings().await?;
        options.mapping = match &request.mapping {
            Some(mapping) => Some(mapping.clone()),
            None => Some(Mapping::from_toml(&load.mapping_toml)?),
        };
        if request.release {
            let reasons = rows.iter().flat_map(|row| &row.row.reasons);
            options.waive = reasons.map(|reason| reason.check.clone()).collect();
        }
        Ok(options)
    }

    /// The books of rows read again: the load they came with keeps its score, as a handful of rows
    /// says nothing about the quality of a source.
    fn amendment(
        &self,
        load: &Load,
        report: &DealsReport,
        repaired: Vec<String>,
        counts: LoadCounts,
    ) -> NewLoad {
        let mut kept = load.report.clone();
        kept["amends"] = json!(load.id.0);
        NewLoad {
            files: load.files.iter().take(1).cloned().collect(),
            source: load.source.clone(),
            started_at: self.clock.instant(),
            mapping_toml: report.mapping.to_toml(),
            report: kept,
            quality_score: load.quality_score,
            rows_read: load.rows_read,
            quarantined: rows_of(load.files.first(), &report.quarantined),
            repaired,
            counts,
        }
    }
}

fn named(row: &Quarantined, deals: &[String]) -> bool {
    row.row.deal_id.as_ref().is_some_and(|deal| deals.contains(deal))
}
