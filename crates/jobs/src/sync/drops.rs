//! A folder of files as a source.

use std::path::Path;

use winsight_meta::SourceRecord;
use winsight_sources::Cursor;
use winsight_sources::files::drops;

use super::SyncReport;
use super::mapping::given;
use crate::{Beside, ImportRequest, JobError, Workspace};

impl Workspace {
    /// Imports the files that are new or changed, each as a load of its own, the oldest first.
    pub(super) async fn sync_folder(
        &self,
        record: &mut SourceRecord,
        full: bool,
    ) -> Result<SyncReport, JobError> {
        let _alone = self.pages.of(&record.name)?;
        let since = record.cursor.clone().map(Cursor).filter(|_| !full);
        let found = drops(Path::new(&record.settings), since.as_ref())?;
        let mapping = match &record.mapping {
            Some(toml) => Some(given(Some(toml))?),
            None => None,
        };
        let mut loads = Vec::new();
        let pages = found.len() as u64;
        for drop in found {
            let request = ImportRequest {
                files: vec![drop.path],
                beside: Beside::default(),
                source: record.name.clone(),
                mapping: mapping.clone(),
                full: false,
                dry_run: false,
            };
            loads.extend(Box::pin(self.import(&request, |_| {})).await?);
            record.cursor = Some(drop.cursor.0);
            self.metadata.save_source(&self.id, record).await?;
        }
        Ok(SyncReport {
            source: record.name.clone(),
            loads,
            full,
            resumed: false,
            pages,
            requests: 0,
            retries: 0,
            findings: Vec::new(),
        })
    }
}
