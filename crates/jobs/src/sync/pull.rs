//! One sync from its first request to the note of its success.

use std::sync::Arc;

use winsight_meta::SourceRecord;
use winsight_sources::{Cause, Cursor, Description, Kind, Next, Source};

use super::connection::health_of;
use super::known::{HeldPull, Known, known, refuse_another, refuse_without};
use super::pages::Pages;
use super::{Drift, SyncFailure, SyncProgress, SyncReport, Unfinished};
use crate::{JobError, Workspace};

/// How often a reading may lose its place before it is given up.
const RESTARTS: u32 = 3;

impl Workspace {
    /// Pulls what changed in a source since the last sync; with `full` everything, and deletes the
    /// deals that the source no longer has.
    ///
    /// # Errors
    /// Why it failed, which is also noted, see [`crate::SourceHealth`]; what was loaded before stays
    /// in use.
    pub async fn sync(
        &self,
        name: &str,
        full: bool,
        progress: impl FnMut(SyncProgress) + Send,
    ) -> Result<SyncReport, JobError> {
        let mut record = self.source_record(name).await?;
        let synced = if record.kind == Kind::Files.name() {
            Box::pin(self.sync_drops(&mut record, full, None)).await
        } else {
            Box::pin(self.sync_wholly(&mut record, full, progress)).await
        };
        self.note(&mut record, synced.as_ref().err()).await?;
        synced
    }

    /// Notes how a sync fared.
    pub(super) async fn note(
        &self,
        record: &mut SourceRecord,
        failed: Option<&JobError>,
    ) -> Result<(), JobError> {
        let now = self.clock.instant();
        let mut health = health_of(record);
        match failed {
            // Another process is at it, or the question makes no sense: that says nothing about the source.
            Some(JobError::Usage(_)) => return Ok(()),
            None => {
                health.succeeded_at = Some(now);
                health.failure = None;
            }
            Some(error) => {
                let before = health.failure.take();
                let cause = match error {
                    JobError::Source(error) => Some(error.cause),
                    _ => None,
                };
                health.failure = Some(SyncFailure {
                    since: before.as_ref().map_or(now, |before| before.since),
                    at: now,
                    times: before.map_or(0, |before| before.times) + 1,
                    cause,
                    message: error.to_string(),
                });
            }
        }
        record.health = serde_json::to_value(&health).unwrap_or_default();
        self.metadata.save_source(&self.id, record).await?;
        if failed.is_none() {
            self.end_staleness().await?;
        }
        self.tell_of_sync(&record.name, health.failure.as_ref()).await
    }

    /// Before everything is read, what changed is: so whatever then still differs is drift. After a
    /// pull that had been interrupted, what has changed since is read as well.
    async fn sync_wholly(
        &self,
        record: &mut SourceRecord,
        full: bool,
        mut progress: impl FnMut(SyncProgress) + Send,
    ) -> Result<SyncReport, JobError> {
        let is_fresh = full && record.reading.is_none() && known(record).is_some();
        let before = if is_fresh {
            // A full sync is the remedy for one that cannot look for changes any more.
            Box::pin(self.sync_account(record, false, &mut progress)).await.ok()
        } else {
            None
        };
        let mut report = Box::pin(self.sync_account(record, full, &mut progress)).await?;
        if report.resumed && !report.is_held() {
            let later = Box::pin(self.sync_account(record, false, &mut progress)).await?;
            if later.drift.is_some() {
                report.drift = Some(report.drift.into_iter().chain(later.drift).sum());
            }
            report.count(&later);
            report.loads.extend(later.loads);
            return Ok(report);
        }
        let Some(mut before) = before.filter(|before| !before.full) else { return Ok(report) };
        if !report.is_held() {
            // What it brought, this one has brought too.
            before.loads.retain(|load| load.held.is_none());
        }
        let repaired = report.loads.iter().map(Drift::repaired_by);
        report.drift = Some(repaired.chain(before.drift).sum());
        report.count(&before);
        report.loads.splice(0..0, before.loads);
        Ok(report)
    }

    async fn sync_account(
        &self,
        record: &mut SourceRecord,
        full: bool,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
    ) -> Result<SyncReport, JobError> {
        let pages = Arc::new(self.pages.of(&record.name)?);
        self.go_on_from_released(record).await?;
        let source = self.connected(record, false)?;
        let described = source.describe().await;
        note_health(record, source.as_ref());
        let description = described?;
        if !full {
            refuse_another(record, &description)?;
            refuse_without(record, &description, &description.types)?;
        }
        let (mut unfinished, resumed) = begin(record, full, &pages, source.as_ref(), &description)?;
        let pulled =
            self.pull(record, &mut unfinished, &pages, source.as_ref(), &description, progress);
        let pulled = Box::pin(pulled).await;
        note_health(record, source.as_ref());
        let cursor = pulled?;
        // A field that went away on the way, or became another one, left pages without its values.
        if unfinished.pages > 0 {
            let described = source.describe().await;
            note_health(record, source.as_ref());
            unfinished.keep_types_of(&described?);
            let refused = refuse_without(record, &description, &unfinished.types);
            if let (false, Err(error)) = (full, refused) {
                record.reading = None;
                pages.clear()?;
                return Err(error);
            }
        }
        let taken = Box::pin(self.take_pages(record, &unfinished, &pages, &description)).await?;
        let held = taken.as_ref().and_then(|report| Some(report.held.as_ref()?.0));
        if held.is_none()
            && let Some(released) = self.withdraw_without(record, &unfinished.types).await?
        {
            // What it blanked has to be read again, all of it.
            unfinished.types.retain(|field, _| released.contains_key(field));
        }
        let pulled = Known {
            cursor,
            types: unfinished.types.clone(),
            account: description.account.clone(),
            account_id: description.account_id.clone(),
            waiting: Vec::new(),
        };
        let known = match (held, known(record)) {
            (None, _) => Some(pulled),
            // What is held has not arrived: the next sync brings it again.
            (Some(load), Some(mut before)) => {
                before.waiting.push(HeldPull { load, known: pulled });
                Some(before)
            }
            (Some(_), None) => None,
        };
        record.cursor = known.and_then(|known| serde_json::to_value(&known).ok());
        record.reading = None;
        self.metadata.save_source(&self.id, record).await?;
        pages.clear()?;
        let mut reconciled = None;
        if held.is_none() {
            match Box::pin(self.reconcile(record, source.as_ref(), &description)).await {
                Ok(report) => reconciled = report,
                // What changed is in; the next sync compares again.
                Err(JobError::Source(error)) => {
                    tracing::warn!(%error, source = record.name, "the deals were not compared");
                }
                Err(error) => return Err(error),
            }
        }
        note_health(record, source.as_ref());
        let drift = reconciled.as_ref().map(Drift::repaired_by);
        let health = source.health();
        Ok(SyncReport {
            source: record.name.clone(),
            loads: taken.into_iter().chain(reconciled).collect(),
            drift,
            full: unfinished.full,
            resumed,
            pages: unfinished.pages,
            requests: health.requests,
            retries: health.retries,
            findings: description.findings,
        })
    }

    /// Reads pages until there are no more; returns where the next sync begins.
    async fn pull(
        &self,
        record: &mut SourceRecord,
        unfinished: &mut Unfinished,
        pages: &Arc<Pages>,
        source: &dyn Source,
        description: &Description,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
    ) -> Result<Cursor, JobError> {
        let mut restarts = 0;
        loop {
            let page = match source.read(&unfinished.position, description).await {
                Err(error) if error.cause == Cause::Expired && restarts < RESTARTS => {
                    restarts += 1;
                    let known = known(record).filter(|_| !unfinished.full);
                    let since = known.as_ref().map(|known| &known.cursor);
                    unfinished.position = source.begin(since, description);
                    continue;
                }
                read => read?,
            };
            let next = page.next.clone();
            unfinished.deals += page.deals.rows.len() as u64;
            let (kept, number) = (Arc::clone(pages), unfinished.pages);
            tokio::task::spawn_blocking(move || kept.write(number, &page)).await??;
            unfinished.pages += 1;
            progress(unfinished.progress(&record.name));
            match next {
                Next::End(cursor) => return Ok(cursor),
                Next::Page(position) => {
                    unfinished.position = position;
                    record.reading = serde_json::to_value(&*unfinished).ok();
                    note_health(record, source);
                    self.metadata.save_source(&self.id, record).await?;
                }
            }
        }
    }
}

/// Where the reading begins: after the last finished page of an interrupted one, or anew.
fn begin(
    record: &SourceRecord,
    full: bool,
    pages: &Pages,
    source: &dyn Source,
    description: &Description,
) -> Result<(Unfinished, bool), JobError> {
    let reading = record.reading.clone();
    let unfinished = reading.and_then(|reading| serde_json::from_value::<Unfinished>(reading).ok());
    if let Some(mut unfinished) = unfinished
        && (unfinished.full || !full)
        && pages.has(unfinished.pages)
    {
        unfinished.keep_types_of(description);
        return Ok((unfinished, true));
    }
    pages.clear()?;
    // A field that is new, or of another type, changes deals that do not count as changed.
    let is_known = |known: &Known| {
        description.types.iter().all(|(field, kind)| known.types.get(field) == Some(kind))
    };
    let known = known(record).filter(|known| !full && is_known(known));
    let position = source.begin(known.as_ref().map(|known| &known.cursor), description);
    let types = description.types.clone();
    let full = known.is_none();
    Ok((Unfinished { full, types, position, pages: 0, deals: 0 }, false))
}

fn note_health(record: &mut SourceRecord, source: &dyn Source) {
    let (mut health, now) = (health_of(record), source.health());
    health.breaker = now.breaker;
    health.budget = now.budget;
    record.health = serde_json::to_value(&health).unwrap_or_default();
}
