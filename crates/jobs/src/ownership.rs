//! Whose data it is: export, erasure, upkeep, and the return to an earlier version.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use winsight_model::{DataVersion, LoadCounts};
use winsight_store::{
    CommitRequest, ExportFormat, ExportedTable, Staging, UpkeepReport, UpkeepRequest,
};
use winsight_vault::ErasedNames;

use crate::{JobError, KnownAt, Workspace};

/// Upkeep that was done less than this long ago is not due again.
const UPKEEP_EVERY: SignedDuration = SignedDuration::from_hours(20);

/// What an erasure did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureReport {
    /// What stands in for the name from now on; `None` for a dry run.
    pub pseudonym: Option<String>,
    /// Rows that held the name, by table of the store or of the metadata.
    pub rows: BTreeMap<String, u64>,
}

/// What a return to an earlier version did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevertReport {
    /// The version that was asked for.
    pub restored: DataVersion,
    /// The version that holds the same now; `None` when the newest did already.
    pub data_version: Option<DataVersion>,
    /// What happened to the deals.
    pub counts: LoadCounts,
}

impl Workspace {
    /// Writes the tables of the version asked for below the folder `out`. Returns the version too.
    pub async fn export(
        &self,
        out: &Path,
        format: ExportFormat,
    ) -> Result<(DataVersion, Vec<ExportedTable>), JobError> {
        let commit = self.loaded().await?;
        Ok((commit.version, self.store.export(&commit, out, format).await?))
    }

    /// Finds how many rows an erasure of `name` would rewrite. Changes nothing.
    pub async fn rows_naming(&self, name: &str) -> Result<ErasureReport, JobError> {
        let name = checked(name)?;
        let key = ErasedNames::new_key()?;
        let names = ErasedNames::new(&key, vec![ErasedNames::erase(&key, name)?]);
        let mut rows = self.store.rows_naming(&names).await?;
        rows.extend(self.metadata.rows_naming(&self.id, &names).await?);
        Ok(ErasureReport { pseudonym: None, rows })
    }

    /// Replaces a name by a pseudonym everywhere: in every version, in held loads, and in the
    /// metadata. Numbers stay as they are. Killed at any moment, it is brought to its end by whatever
    /// writes next.
    pub async fn erase(&self, name: &str) -> Result<ErasureReport, JobError> {
        let name = checked(name)?;
        self.refuse_known_at("an erasure changes every version")?;
        let staging = self.stage().await?;
        self.forget_unfinished_pulls().await?;
        let pseudonym = self.metadata.begin_erasure(&self.id, name, self.clock.instant()).await?;
        let rows = self.finish_erasures(&staging).await?;
        Ok(ErasureReport { pseudonym: Some(pseudonym), rows })
    }

    /// What was read of a source and not loaded yet holds names as well: it is read again.
    async fn forget_unfinished_pulls(&self) -> Result<(), JobError> {
        for source in self.metadata.sources(&self.id).await? {
            self.pages.clear(&source.name)?;
        }
        Ok(())
    }

    async fn finish_erasures(&self, staging: &Staging) -> Result<BTreeMap<String, u64>, JobError> {
        let names = self.metadata.erased_names(&self.id).await?;
        let rows = self.store.erase(staging, &names).await?;
        Ok(self.metadata.finish_erasures(&self.id, &rows, self.clock.instant()).await?)
    }

    async fn erasure_is_unfinished(&self) -> Result<bool, JobError> {
        let erasures = self.metadata.erasures(&self.id).await?;
        Ok(erasures.iter().any(|erasure| erasure.finished_at.is_none()))
    }

    /// Brings an erasure that was killed to its end.
    pub(crate) async fn finish_interrupted_erasures(&self) -> Result<(), JobError> {
        if self.erasure_is_unfinished().await? {
            self.stage().await?;
        }
        Ok(())
    }

    /// Puts the store in order; `dry_run` only says what there is to do.
    pub async fn upkeep(&self, dry_run: bool) -> Result<UpkeepReport, JobError> {
        let staging = self.stage().await?;
        Ok(self.store.upkeep(&staging, self.upkeep_request(dry_run)).await?)
    }

    /// Puts the store in order if that is due and nobody is writing. Never in a replay: what is old
    /// enough to go is not for `--as-of` to say.
    pub(crate) async fn upkeep_if_due(&self) -> Result<(), JobError> {
        if self.clock.is_fixed() {
            return Ok(());
        }
        let now = self.clock.instant();
        let last = self.store.last_upkeep().await?;
        if last.is_some_and(|last| now.duration_since(last) < UPKEEP_EVERY) {
            return Ok(());
        }
        // Whoever is writing is more urgent; tomorrow is another day.
        let Ok(staging) = self.store.stage() else { return Ok(()) };
        let done = self.store.upkeep(&staging, self.upkeep_request(false)).await?;
        tracing::info!(?done, "upkeep");
        Ok(())
    }

    fn upkeep_request(&self, dry_run: bool) -> UpkeepRequest {
        UpkeepRequest {
            now: self.clock.instant(),
            versions_days: self.settings.retention.versions_days,
            versions_at_least: self.settings.retention.versions_at_least,
            dry_run,
        }
    }

    /// Makes an earlier version the newest again, as a new version on top of the others.
    pub async fn revert_to(&self, version: DataVersion) -> Result<RevertReport, JobError> {
        self.refuse_known_at("a version is restored for everybody")?;
        let wanted = self.store.commit(version).await?;
        let mut staging = self.stage().await?;
        let request = CommitRequest { load: 0, known_at: self.clock.instant() };
        let loaded = self.store.revert_to(&mut staging, &wanted, request).await?;
        Ok(RevertReport {
            restored: version,
            data_version: loaded.commit.map(|commit| commit.version),
            counts: loaded.deals,
        })
    }

    /// The writer lock, with an empty staging that knows which names must not come back. An erasure
    /// that was interrupted is brought to its end first.
    pub(crate) async fn stage(&self) -> Result<Staging, JobError> {
        let patience = Duration::from_secs(self.settings.storage.wait_seconds);
        let mut staging = self.store.stage_when_free(patience).await?;
        // Asked under the lock: whoever held it may have been erasing.
        if self.erasure_is_unfinished().await? {
            let rows = self.finish_erasures(&staging).await?;
            tracing::info!(?rows, "finished an erasure that was interrupted");
        }
        staging.replace_names(self.metadata.erased_names(&self.id).await?);
        Ok(staging)
    }

    fn refuse_known_at(&self, why: &str) -> Result<(), JobError> {
        if self.known_at == KnownAt::Latest {
            return Ok(());
        }
        Err(JobError::Usage(format!("{why}; run it without --known-at")))
    }
}

fn checked(name: &str) -> Result<&str, JobError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(JobError::Usage(
            "--person: give the name as it stands in the data, like --person \"Ann Smith\""
                .to_owned(),
        ));
    }
    Ok(name)
}
