//! The pages of a pull into the store.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use serde::Deserialize;
use winsight_etl::{
    DealsReport, EventsReport, ImportOptions, Quality, SinkError, check, read_activities_of,
    read_deals_of, read_events_of,
};
use winsight_meta::SourceRecord;
use winsight_sources::Description;

use super::Unfinished;
use super::assemble::{Assembly, Kind};
use super::mapping::{complete, given};
use super::pages::Pages;
use super::spread::Measure;
use crate::import::{BesideReport, Read, elapsed_ms, ids};
use crate::load::Taken;
use crate::{ImportReport, JobError, Workspace};

/// Staged rows beyond so many bytes go to disk: a server that syncs at night has other work too.
const STAGED_IN_MEMORY: usize = 32 << 20;

impl Workspace {
    /// Loads what the pages hold; `None` when they hold nothing.
    pub(super) async fn take_pages(
        &self,
        record: &SourceRecord,
        unfinished: &Unfinished,
        pages: &Arc<Pages>,
        description: &Description,
    ) -> Result<Option<ImportReport>, JobError> {
        let started = Instant::now();
        let source = record.name.clone();
        let (kept, count) = (Arc::clone(pages), unfinished.pages);
        let columns = description.columns.clone();
        let put_together = move || Assembly::new(kept, count, &columns, Measure::default());
        let assembled = tokio::task::spawn_blocking(put_together).await?;
        let assembly = assembled.or_else(|error| {
            // Not the disk: a page is damaged, and stays so. The next sync begins anew.
            if error.raw_os_error().is_none() {
                pages.clear()?;
            }
            Err(pages.lost(error))
        })?;
        if assembly.count(Kind::Deals) == 0 && assembly.count(Kind::Deleted) == 0 {
            return Ok(None);
        }
        let mapping = given(record.mapping.as_deref())?;
        let reporting = &self.settings.reporting_currency;
        let mapping = complete(mapping, &record.kind, description, reporting);
        let mut options = ImportOptions::new(self.settings.clone(), self.clock.today());
        options.source.clone_from(&source);
        options.mapping = Some(mapping);
        let mut staging = self.stage().await?;
        staging.keep_in_memory(STAGED_IN_MEMORY);
        // While nobody else writes: a name that is erased meanwhile would come back with them.
        options.known_values = self.known_spellings().await?;
        let empty = self.nothing_read(&options).await?;
        let in_quarantine = self.metadata.quarantined_deals(&self.id, &source).await?;
        let mut read = Read {
            staging,
            deals: empty,
            beside: Vec::new(),
            repaired: Vec::new(),
            is_part: !unfinished.full,
        };
        let name = format!("{source} ({})", record.kind);
        let (label, kept) = (name.clone(), Arc::clone(pages));
        read = tokio::task::spawn_blocking(move || -> Result<Read, JobError> {
            if assembly.count(Kind::Deals) > 0 {
                stage_deals(&mut read, &assembly, &label, &options, &in_quarantine)?;
            }
            stage_beside(&mut read, &assembly, &label, &options)?;
            let (staging, repaired) = (&mut read.staging, &mut read.repaired);
            let gone = assembly.deleted(|deal| {
                staging.delete_deal(&options.source, deal);
                repaired.extend(in_quarantine.get(deal).cloned());
            });
            gone.map_err(|error| kept.lost(error))?;
            Ok(read)
        })
        .await??;
        if !unfinished.full {
            // Of a few changes it is no wonder.
            read.deals.issues.retain(|issue| issue.check != check::NO_CLOSED_DEALS);
        }
        for row in &read.deals.quarantined {
            if let Some(deal) = &row.deal_id {
                read.staging.leave_deal(&source, deal);
            }
        }
        if unfinished.full {
            read.staging.is_complete(&source);
        }
        let mut report = ImportReport::of(&read.deals, &read.beside);
        let comparison = self.store.compare(&mut read.staging).await?;
        report.count(comparison.deals);
        let names = [name];
        let taken = self.take_in(&names, &source, read, comparison, started);
        match Box::pin(taken).await? {
            Taken::Loaded(loaded) => report.new_version = loaded.commit.is_some(),
            Taken::Held(load, reasons) => report.held = Some((load, reasons)),
        }
        report.data_version = self.store.latest().await?.map(|commit| commit.version);
        report.duration_ms = elapsed_ms(started);
        Ok(Some(report))
    }

    /// The report of a load that has only deletions: its quality is that of what stays.
    async fn nothing_read(&self, options: &ImportOptions) -> Result<DealsReport, JobError> {
        let enough = self.settings.quality_gate.min_rows;
        let before = self.metadata.latest_load_of(&self.id, &options.source, enough).await?;
        let quality = before.and_then(|load| Quality::deserialize(&load.report["quality"]).ok());
        Ok(DealsReport {
            header: String::new(),
            mapping: options.mapping.clone().unwrap_or_default(),
            mapping_notes: Vec::new(),
            rows_read: 0,
            accepted: 0,
            duplicates: 0,
            quarantined: Vec::new(),
            conflicting: Vec::new(),
            issues: Vec::new(),
            quality: quality.unwrap_or_default(),
        })
    }
}

fn stage_deals(
    read: &mut Read,
    rows: &Assembly,
    name: &str,
    options: &ImportOptions,
    in_quarantine: &std::collections::BTreeSet<String>,
) -> Result<(), JobError> {
    let (staging, repaired) = (&mut read.staging, &mut read.repaired);
    let mut add = |batch: RecordBatch| {
        repaired.extend(ids(&batch).filter(|id| in_quarantine.contains(*id)).map(str::to_owned));
        staging.add_deals(&batch).map_err(SinkError::new)
    };
    read.deals = read_deals_of(&rows.deals(name), options, &mut add, &mut |_| {})?;
    Ok(())
}

fn stage_beside(
    read: &mut Read,
    rows: &Assembly,
    name: &str,
    options: &ImportOptions,
) -> Result<(), JobError> {
    // The columns of a deal that the mapping names are not those of its history.
    let mut options = options.clone();
    if let Some(mapping) = &mut options.mapping {
        mapping.columns.clear();
    }
    let staging = &mut read.staging;
    let report = |what, report: EventsReport| BesideReport {
        file: name.to_owned(),
        what,
        rows_read: report.rows_read,
        quarantined: report.quarantined,
    };
    if rows.count(Kind::Events) > 0 {
        let mut add = |batch: RecordBatch| staging.add_stage_events(&batch).map_err(SinkError::new);
        let events = read_events_of(&rows.events(name), &options, &mut add, &mut |_| {})?;
        read.beside.push(report("event", events));
    }
    if rows.count(Kind::Activities) > 0 {
        let mut add = |batch: RecordBatch| staging.add_activities(&batch).map_err(SinkError::new);
        let activities =
            read_activities_of(&rows.activities(name), &options, &mut add, &mut |_| {})?;
        read.beside.push(report("activity", activities));
    }
    Ok(())
}
