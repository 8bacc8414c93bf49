//! Whether the store holds the deals that the CRM holds, no more and no fewer.
//!
//! Some deals leave a CRM without a trace that a reading of changes could see: they are deleted, and
//! removed from the bin, between two syncs; or nobody but their owner may see them any more. So every
//! sync ends with a comparison of numbers, and where they differ, of ids.

use winsight_meta::SourceRecord;
use winsight_sources::{Description, Source};

use super::Drift;
use crate::{ImportReport, JobError, Workspace};

/// Most deals that are read one by one; of more it is told.
const MOST: usize = 10_000;

impl Workspace {
    /// Reads the deals that only one side has; `None` when there are none.
    pub(super) async fn reconcile(
        &self,
        record: &SourceRecord,
        source: &dyn Source,
        description: &Description,
    ) -> Result<Option<ImportReport>, JobError> {
        let quarantined = self.metadata.quarantined_deals(&self.id, &record.name).await?;
        let commit = self.store.latest().await?;
        let mut missing = quarantined.clone();
        let mut count = 0_u64;
        if let Some(commit) = &commit {
            let seen = |id: &str| {
                count += 1;
                missing.remove(id);
            };
            self.store.deal_ids(commit, &record.name, seen).await?;
        }
        let there = source.count().await?;
        if there == count + missing.len() as u64 {
            return Ok(None);
        }
        let mut known = quarantined;
        if let Some(commit) = &commit {
            let seen = |id: &str| _ = known.insert(id.to_owned());
            self.store.deal_ids(commit, &record.name, seen).await?;
        }
        let (mut on_one_side, mut from, mut listed) = (Vec::new(), None, 0);
        loop {
            let (ids, next) = source.ids(from.as_deref()).await?;
            // Pages without any count as well.
            listed += ids.len().max(1) as u64;
            if listed > there + MOST as u64 {
                tracing::warn!(
                    "{} has {there} deals and lists more than {listed}; they were not compared",
                    record.name
                );
                return Ok(None);
            }
            on_one_side.extend(ids.into_iter().filter(|id| !known.remove(id)));
            from = next;
            if from.is_none() {
                break;
            }
        }
        on_one_side.extend(known);
        match on_one_side.len() {
            0 => Ok(None),
            differing if differing > MOST => {
                tracing::warn!(
                    "{differing} deals are in {name} only or in the store only; run `winsight sync \
                     {name} --full`, which says before it changes so many",
                    name = record.name
                );
                Ok(None)
            }
            differing => {
                tracing::info!(deals = differing, "the CRM and the store hold different deals");
                self.load_deals(record, source, &on_one_side, description).await
            }
        }
    }
}

impl Drift {
    /// What a load has repaired; nothing while it is held.
    pub(super) fn repaired_by(load: &ImportReport) -> Self {
        if load.held.is_some() {
            return Self::default();
        }
        Self { missing: load.inserted, different: load.updated, gone: load.deleted }
    }
}

impl std::iter::Sum for Drift {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            missing: sum.missing + part.missing,
            different: sum.different + part.different,
            gone: sum.gone + part.gone,
        })
    }
}
