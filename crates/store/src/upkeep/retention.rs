use jiff::SignedDuration;

use super::{UpkeepReport, UpkeepRequest};
use crate::catalog::{Commit, catalog_files};
use crate::{FeatureStore, StoreError};

impl FeatureStore {
    /// Drops versions that were superseded long ago, and revisions that were; returns the versions
    /// that remain.
    pub(super) async fn drop_versions(
        &self,
        request: UpkeepRequest,
        report: &mut UpkeepReport,
    ) -> Result<Vec<Commit>, StoreError> {
        let mut commits = self.commits().await?;
        let days = SignedDuration::from_hours(24 * i64::from(request.versions_days));
        // An instant beyond the calendar has no past to drop.
        let dropped = request.now.checked_sub(days).map_or(0, |cutoff| {
            let superseded = commits.windows(2).take_while(|pair| pair[1].known_at <= cutoff);
            superseded.count().min(commits.len().saturating_sub(request.versions_at_least.max(1)))
        });
        report.versions_dropped = dropped as u64;
        let retained = commits.split_off(dropped);
        let Some(first) = retained.first().filter(|_| !request.dry_run) else {
            return Ok(retained);
        };
        // Oldest first: killed in between, what remains has no gap.
        for file in catalog_files(self.objects.as_ref(), first.generation).await? {
            let is_dropped = file.version < first.version;
            let is_revised = retained
                .iter()
                .any(|kept| kept.version == file.version && kept.revision > file.revision);
            if is_dropped || is_revised {
                self.remove_object(&file.path(first.generation)).await?;
            }
        }
        Ok(retained)
    }
}
