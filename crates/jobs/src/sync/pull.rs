//! One sync from its first request to the note of its success.

use std::sync::Arc;

use winsight_meta::SourceRecord;
use winsight_sources::{Cause, Cursor, Description, Kind, Next, Source};

use super::connection::health_of;
use super::pages::Pages;
use super::{SyncFailure, SyncProgress, SyncReport, Unfinished};
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
            Box::pin(self.sync_folder(&mut record, full)).await
        } else {
            Box::pin(self.sync_account(&mut record, full, progress)).await
        };
        self.note(&mut record, synced.as_ref().err()).await?;
        synced
    }

    /// Notes how a sync fared.
    async fn note(
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
        // A load that was refused has an alert of its own.
        let failure = health.failure.filter(|_| failed.is_some_and(|error| !error.is_refusal()));
        self.tell_of_sync(&record.name, failure.as_ref()).await
    }

    async fn sync_account(
        &self,
        record: &mut SourceRecord,
        full: bool,
        mut progress: impl FnMut(SyncProgress) + Send,
    ) -> Result<SyncReport, JobError> {
        let pages = Arc::new(self.pages.of(&record.name)?);
        let source = Self::connected(record)?;
        let described = source.describe().await;
        note_health(record, source.as_ref());
        let description = described?;
        let (mut unfinished, resumed) = begin(record, full, &pages, source.as_ref(), &description)?;
        let pulled = self.pull(
            record,
            &mut unfinished,
            &pages,
            source.as_ref(),
            &description,
            &mut progress,
        );
        let pulled = Box::pin(pulled).await;
        note_health(record, source.as_ref());
        let cursor = pulled?;
        let taken = Box::pin(self.take_pages(record, &unfinished, &pages, &description)).await?;
        let is_held = taken.as_ref().is_some_and(|report| report.held.is_some());
        if !is_held {
            // What is held has not arrived: the next sync brings it again.
            record.cursor = Some(cursor.0);
        }
        record.reading = None;
        self.metadata.save_source(&self.id, record).await?;
        pages.clear()?;
        let health = source.health();
        Ok(SyncReport {
            source: record.name.clone(),
            loads: taken.into_iter().collect(),
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
        let (mut deals, mut restarts) = (0, 0);
        loop {
            let page = match source.read(&unfinished.position, description).await {
                Err(error) if error.cause == Cause::Expired && restarts < RESTARTS => {
                    restarts += 1;
                    let since = record.cursor.clone().map(Cursor);
                    let since = since.filter(|_| !unfinished.full);
                    unfinished.position = source.begin(since.as_ref(), description);
                    continue;
                }
                read => read?,
            };
            let next = page.next.clone();
            deals += page.deals.rows.len() as u64;
            let (kept, number) = (Arc::clone(pages), unfinished.pages);
            tokio::task::spawn_blocking(move || kept.write(number, &page)).await??;
            unfinished.pages += 1;
            progress(SyncProgress { source: record.name.clone(), pages: unfinished.pages, deals });
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
    if let Some(unfinished) = unfinished
        && (unfinished.full || !full)
        && pages.has(unfinished.pages)
    {
        return Ok((unfinished, true));
    }
    pages.clear()?;
    let cursor = record.cursor.clone().map(Cursor).filter(|_| !full);
    let position = source.begin(cursor.as_ref(), description);
    Ok((Unfinished { full: cursor.is_none(), position, pages: 0 }, false))
}

fn note_health(record: &mut SourceRecord, source: &dyn Source) {
    let (mut health, now) = (health_of(record), source.health());
    health.breaker = now.breaker;
    health.budget = now.budget;
    record.health = serde_json::to_value(&health).unwrap_or_default();
}
