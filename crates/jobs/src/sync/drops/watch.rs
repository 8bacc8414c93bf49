//! Loading what is dropped soon after it was.

use std::collections::BTreeMap;

use winsight_meta::SourceRecord;
use winsight_sources::files::Dropped;
use winsight_sources::{Cursor, Kind};

use crate::{JobError, SyncReport, Workspace};

/// What was found in the last look at each source, and what was tried.
#[derive(Debug, Default)]
pub struct DropWatch(BTreeMap<String, Look>);

#[derive(Debug, Default)]
struct Look {
    found: Vec<Dropped>,
    tried: Vec<Dropped>,
}

impl Look {
    /// The files that are as the look before found them, if there are any that were not tried: what is
    /// still being copied grows.
    fn settled(&mut self, found: Vec<Dropped>) -> Option<Vec<Dropped>> {
        let before = std::mem::replace(&mut self.found, found);
        self.tried.retain(|drop| self.found.contains(drop));
        let settled: Vec<_> =
            self.found.iter().filter(|drop| before.contains(drop)).cloned().collect();
        settled.iter().any(|drop| !self.tried.contains(drop)).then_some(settled)
    }
}

impl Workspace {
    /// Looks at the places of files, and loads what has been dropped there since and no longer grows.
    /// What cannot be used is tried again when it changes, beside others, and every night. Returns what
    /// became of each source.
    ///
    /// # Errors
    /// When the sources cannot be listed.
    pub async fn sync_dropped(
        &self,
        watch: &mut DropWatch,
    ) -> Result<Vec<(String, Result<SyncReport, JobError>)>, JobError> {
        let mut synced = Vec::new();
        let sources = self.metadata.sources(&self.id).await?.into_iter();
        for mut record in sources.filter(|record| record.kind == Kind::Files.name()) {
            let look = watch.0.entry(record.name.clone()).or_default();
            let found = match self.found(&record).await {
                Ok(found) => found,
                Err(error) => {
                    // The nightly sync tells of it.
                    tracing::debug!(%error, source = record.name, "looked for dropped files");
                    continue;
                }
            };
            let Some(settled) = look.settled(found) else { continue };
            let outcome = Box::pin(self.sync_drops(&mut record, false, Some(&settled))).await;
            self.note(&mut record, outcome.as_ref().err()).await?;
            match &outcome {
                // Somebody else is at it.
                Err(JobError::Usage(_)) => continue,
                Err(error) if !error.is_refusal() => {}
                _ => look.tried = settled,
            }
            synced.push((record.name, outcome));
        }
        Ok(synced)
    }

    async fn found(&self, record: &SourceRecord) -> Result<Vec<Dropped>, JobError> {
        let place = self.drop_place(&record.settings)?;
        Ok(place.drops(record.cursor.clone().map(Cursor).as_ref()).await?)
    }
}

#[cfg(test)]
mod tests {
    use winsight_sources::files::DropPlace;

    use super::Look;

    #[tokio::test]
    async fn what_grows_is_left_alone_until_it_has_settled() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        let place = DropPlace::Folder(folder.path().to_owned());
        let mut look = Look::default();
        let mut settled = async |is_tried: bool| {
            let found = place.drops(None).await.expect("listed");
            let settled = look.settled(found);
            if let (true, Some(settled)) = (is_tried, &settled) {
                look.tried.clone_from(settled);
            }
            settled.map(|drops| drops.into_iter().map(|drop| drop.name).collect::<Vec<_>>())
        };
        let deals = || Some(vec!["deals.csv".to_owned()]);
        assert_eq!((settled(true).await, settled(true).await), (None, None), "there is nothing");
        write("deals.csv", "id\n1");
        assert_eq!(settled(true).await, None, "it may still grow");
        write("deals.csv", "id\n1\n2\n");
        assert_eq!(settled(true).await, None, "it has grown");
        assert_eq!(settled(false).await, deals());
        assert_eq!(settled(true).await, deals(), "the disk was full, say");
        assert_eq!(settled(true).await, None, "it was tried");
        write("growing.csv", "id\n");
        write("deals.csv", "id\n1\n2\n3\n");
        assert_eq!(settled(true).await, None);
        write("growing.csv", "id\n1\n");
        assert_eq!(settled(true).await, deals(), "it was corrected, and waits for no other");
        let all = vec!["deals.csv".to_owned(), "growing.csv".to_owned()];
        assert_eq!(settled(true).await, Some(all), "what was tried is tried beside others");
    }
}
