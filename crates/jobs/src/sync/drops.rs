//! A folder of files as a source.

use std::path::Path;

use winsight_etl::is_lookup;
use winsight_meta::SourceRecord;
use winsight_sources::Cursor;
use winsight_sources::files::{drops, workbooks};

use super::SyncReport;
use super::mapping::given;
use crate::{Beside, ImportRequest, JobError, Workspace};

impl Workspace {
    /// Imports the files that are new or changed, each as a load of its own, the oldest first, with
    /// the accounts, products and teams that lie beside them.
    ///
    /// # Errors
    /// With the reason for each file that cannot be loaded, when all others are. Every sync tries it
    /// again, until it is corrected or taken away.
    pub(super) async fn sync_folder(
        &self,
        record: &mut SourceRecord,
        full: bool,
    ) -> Result<SyncReport, JobError> {
        let _alone = self.pages.of(&record.name)?;
        let mut taken = record.cursor.clone().map(Cursor).filter(|_| !full);
        let folder = Path::new(&record.settings);
        let found = drops(folder, taken.as_ref())?;
        let mapping = match &record.mapping {
            Some(toml) => Some(given(Some(toml))?),
            None => None,
        };
        let mut lookups: Vec<_> = drops(folder, None)?.into_iter().map(|drop| drop.path).collect();
        lookups.retain(|path| is_lookup(path).unwrap_or(false));
        let (mut loads, mut loaded, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let pages = found.len() as u64;
        for drop in found.into_iter().filter(|drop| !lookups.contains(&drop.path)) {
            let name = drop.path.display().to_string();
            let request = ImportRequest {
                files: std::iter::once(drop.path.clone()).chain(lookups.iter().cloned()).collect(),
                beside: Beside::default(),
                source: record.name.clone(),
                mapping: mapping.clone(),
                full: false,
                dry_run: false,
            };
            match Box::pin(self.import(&request, |_| {})).await {
                Ok(reports) => {
                    loads.extend(reports);
                    loaded.push(name);
                }
                Err(error @ (JobError::Etl(_) | JobError::Refused(_) | JobError::Usage(_))) => {
                    let said = error.to_string();
                    let names_it = said.contains(&name);
                    refused.push(if names_it { said } else { format!("{name}: {said}") });
                    continue;
                }
                Err(error) => return Err(error),
            }
            let cursor = taken.insert(drop.taken_after(taken.as_ref()));
            record.cursor = Some(cursor.0.clone());
            self.metadata.save_source(&self.id, record).await?;
        }
        if !refused.is_empty() {
            let cause = JobError::Refused(format!(
                "{}; every sync tries again until it is corrected or taken out of the folder",
                refused.join("; ")
            ));
            return Err(if loaded.is_empty() {
                cause
            } else {
                JobError::AfterOthers { loaded, cause: Box::new(cause) }
            });
        }
        Ok(SyncReport {
            source: record.name.clone(),
            loads,
            drift: None,
            full,
            resumed: false,
            pages,
            requests: 0,
            retries: 0,
            findings: workbooks(folder)?,
        })
    }
}
