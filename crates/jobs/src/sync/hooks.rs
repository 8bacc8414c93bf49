//! Changes that a CRM tells by itself.
//!
//! A delivery only says which deals to look at: their present state is read and loaded like a page of a
//! sync. So it does not matter in which order deliveries come, or how often. What was announced and not
//! yet read is kept in memory: a process that ends loses it until the next sync, which finds it by the
//! time of the change. While a sync runs, announced deals wait, so that a page read earlier does not
//! take the place of what they became.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use winsight_meta::SourceRecord;
use winsight_sources::{Delivery, Description, Rejection, Source};

use super::Unfinished;
use super::known::refuse_without;
use crate::{ImportReport, JobError, Workspace};

/// How long a signature is remembered: longer than a delivery is fresh, before and after its time.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(11);
/// How long what an account shows is taken for unchanged.
const DESCRIBED: SignedDuration = SignedDuration::from_mins(5);
/// Deals of one page.
const AT_ONCE: usize = 1_000;

/// Deliveries of a source since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookCounts {
    /// Genuine ones.
    pub accepted: u64,
    /// Refused: without a signature, or with a wrong one.
    pub forged: u64,
    /// Refused: more than five minutes old, or from the future.
    pub stale: u64,
    /// Refused: taken before.
    pub replayed: u64,
    /// Refused: not to be read, or not expected.
    pub unreadable: u64,
    /// Deals that were read because of them.
    pub deals: u64,
}

/// What deliveries to this process brought, by source.
#[derive(Debug, Default)]
pub(crate) struct Hooks(Mutex<BTreeMap<String, Hook>>);

#[derive(Debug, Default)]
struct Hook {
    counts: HookCounts,
    /// Signatures taken, and when.
    taken: BTreeMap<String, Timestamp>,
    /// Deals to look at.
    announced: BTreeSet<String>,
    described: Option<(Timestamp, Description)>,
}

impl Hooks {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Hook>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counts(&self, source: &str) -> HookCounts {
        self.lock().get(source).map(|hook| hook.counts).unwrap_or_default()
    }
}

impl Hook {
    /// Remembers a signature; refuses one that is remembered.
    fn remember(&mut self, signature: &str, now: Timestamp) -> Result<(), Rejection> {
        self.taken.retain(|_, at| now.duration_since(*at) < REMEMBERED);
        match self.taken.insert(signature.to_owned(), now) {
            Some(_) => Err(Rejection::Replayed),
            None => Ok(()),
        }
    }

    fn count(&mut self, rejection: Rejection) {
        let count = match rejection {
            Rejection::Unsigned | Rejection::Forged => &mut self.counts.forged,
            Rejection::Stale => &mut self.counts.stale,
            Rejection::Replayed => &mut self.counts.replayed,
            Rejection::Unsupported | Rejection::Unreadable => &mut self.counts.unreadable,
        };
        *count += 1;
    }
}

impl Workspace {
    /// Takes a delivery of a source's webhooks: notes the deals that it names, for
    /// [`Self::read_announced`]. Returns how many these are.
    ///
    /// # Errors
    /// [`JobError::Hook`] for one that is forged, stale, replayed or unreadable, which is counted.
    pub async fn take_delivery(
        &self,
        source: &str,
        delivery: &Delivery<'_>,
    ) -> Result<usize, JobError> {
        let record = self.source_record(source).await?;
        let connected = self.connected(&record, false)?;
        let now = self.asking.now();
        let decoded = connected.decode(delivery, now);
        let mut hooks = self.hooks.lock();
        let hook = hooks.entry(source.to_owned()).or_default();
        let taken = decoded.and_then(|changes| {
            hook.remember(delivery.signature.unwrap_or_default(), now).map(|()| changes)
        });
        match taken {
            Ok(changes) => {
                hook.counts.accepted += 1;
                let deals: BTreeSet<_> = changes.into_iter().map(|change| change.deal).collect();
                let count = deals.len();
                hook.announced.extend(deals);
                Ok(count)
            }
            Err(rejection) => {
                hook.count(rejection);
                tracing::warn!(source, %rejection, "a webhook was refused");
                Err(rejection.into())
            }
        }
    }

    /// Reads the deals that deliveries have named, and loads what they have become. Returns how many
    /// were read; those of a source that is being synced wait for the next call.
    ///
    /// # Errors
    /// Why a source could not be read; its deals wait for the next call.
    pub async fn read_announced(&self) -> Result<usize, JobError> {
        let mut read = 0;
        for source in self.announcing() {
            let announced = self.announced(&source);
            match Box::pin(self.read_deals(&source, &announced)).await {
                Ok(true) => {
                    read += announced.len();
                    if let Some(hook) = self.hooks.lock().get_mut(&source) {
                        hook.counts.deals += announced.len() as u64;
                    }
                }
                outcome => {
                    if let Some(hook) = self.hooks.lock().get_mut(&source) {
                        hook.announced.extend(announced);
                    }
                    outcome?;
                }
            }
        }
        Ok(read)
    }

    /// The sources of which deals are announced.
    fn announcing(&self) -> Vec<String> {
        let hooks = self.hooks.lock();
        let announcing = hooks.iter().filter(|(_, hook)| !hook.announced.is_empty());
        announcing.map(|(source, _)| source.clone()).collect()
    }

    /// Takes announced deals out, some of them if there are many.
    fn announced(&self, source: &str) -> Vec<String> {
        let mut hooks = self.hooks.lock();
        let Some(hook) = hooks.get_mut(source) else { return Vec::new() };
        let deals: Vec<_> = hook.announced.iter().take(AT_ONCE).cloned().collect();
        hook.announced.retain(|deal| !deals.contains(deal));
        deals
    }

    /// Loads the present state of some deals; `false` while the source is being synced.
    async fn read_deals(&self, name: &str, deals: &[String]) -> Result<bool, JobError> {
        let mut record = self.source_record(name).await?;
        // Held until the load is done.
        let Ok(_alone) = self.pages.of(name) else { return Ok(false) };
        self.go_on_from_released(&mut record).await?;
        let source = self.connected(&record, false)?;
        let description = match self.described(name) {
            Some(description) => description,
            None => source.describe().await?,
        };
        self.note_described(name, &description);
        if refuse_without(&record, &description, &description.types).is_err() {
            // The next sync tells of it.
            return Ok(false);
        }
        self.load_deals(&record, source.as_ref(), deals, &description).await?;
        Ok(true)
    }

    /// Reads the present state of some deals, and loads it.
    pub(super) async fn load_deals(
        &self,
        record: &SourceRecord,
        source: &dyn Source,
        deals: &[String],
        description: &Description,
    ) -> Result<Option<ImportReport>, JobError> {
        let pages = Arc::new(self.pages.of_some(&record.name)?);
        let loading = async {
            let mut read = 0;
            for deals in deals.chunks(AT_ONCE) {
                let page = source.deals(deals, description).await?;
                let kept = Arc::clone(&pages);
                tokio::task::spawn_blocking(move || kept.write(read, &page)).await??;
                read += 1;
            }
            let unfinished = Unfinished::of_some(read);
            Box::pin(self.take_pages(record, &unfinished, &pages, description)).await
        };
        let loaded = loading.await;
        pages.clear()?;
        loaded
    }

    fn described(&self, name: &str) -> Option<Description> {
        let now = self.asking.now();
        let hooks = self.hooks.lock();
        let (at, description) = hooks.get(name)?.described.as_ref()?;
        (now.duration_since(*at) < DESCRIBED).then(|| description.clone())
    }

    fn note_described(&self, name: &str, description: &Description) {
        let now = self.asking.now();
        let mut hooks = self.hooks.lock();
        let hook = hooks.entry(name.to_owned()).or_default();
        let is_fresh = |(at, _): &(Timestamp, Description)| now.duration_since(*at) < DESCRIBED;
        if !hook.described.as_ref().is_some_and(is_fresh) {
            hook.described = Some((now, description.clone()));
        }
    }
}
