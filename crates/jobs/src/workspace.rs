use std::sync::Arc;

use jiff::civil::Date;
use winsight_meta::Metadata;
use winsight_model::{Clock, DataVersion, Settings, WorkspaceId};
use winsight_store::{Commit, FeatureStore, Location};
use winsight_vault::VaultError;

use crate::home::workspaces;
use crate::sync::{Asking, Hooks, PageFolder};
use crate::{Home, JobError};

/// Which state of knowledge to answer from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownAt {
    /// Everything loaded so far.
    Latest,
    /// Everything loaded up to the end of a day.
    Day(Date),
    /// The state after one load.
    Version(DataVersion),
}

/// One customer's deals, settings and alerts, at an instant.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub(crate) id: WorkspaceId,
    pub(crate) settings: Settings,
    pub(crate) store: FeatureStore,
    pub(crate) metadata: Metadata,
    pub(crate) clock: Clock,
    pub(crate) known_at: KnownAt,
    pub(crate) counts_anew: bool,
    pub(crate) pages: PageFolder,
    pub(crate) asking: Asking,
    pub(crate) hooks: Arc<Hooks>,
    /// Whether the home is encrypted.
    pub(crate) is_encrypted: bool,
}

impl Workspace {
    /// Opens a workspace in a home, creating it on first use, and finishes the books of loads that a
    /// crash interrupted.
    pub async fn open(
        home: &Home,
        id: WorkspaceId,
        settings: Settings,
        clock: Clock,
        known_at: KnownAt,
    ) -> Result<Self, JobError> {
        let store = FeatureStore::open(location(home, &id, &settings)?)?;
        let metadata = home.metadata().await?;
        let counts_anew = false;
        let pages = pages(home, &id)?;
        let is_encrypted = home.keyring().is_some();
        let workspace = Self {
            id,
            settings,
            store,
            metadata,
            clock,
            known_at,
            counts_anew,
            pages,
            asking: Asking::default(),
            hooks: Arc::default(),
            is_encrypted,
        };
        workspace.settle_interrupted_loads().await?;
        Ok(workspace)
    }

    /// The same workspace at another instant.
    pub fn at(&self, clock: Clock) -> Self {
        Self { clock, ..self.clone() }
    }

    /// The same workspace, answering from the deals themselves instead of tallies kept of them.
    pub fn counting_anew(self) -> Self {
        Self { counts_anew: true, ..self }
    }

    /// Its name.
    pub fn id(&self) -> &WorkspaceId {
        &self.id
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The instant it is seen at.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The metadata of this installation.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The commit to answer from; `None` before the first load.
    pub(crate) async fn commit(&self) -> Result<Option<Commit>, JobError> {
        let mut commit = match self.known_at {
            KnownAt::Latest => self.store.latest().await?,
            KnownAt::Version(version) => Some(self.store.commit(version).await?),
            KnownAt::Day(day) => {
                let end = Clock::end_of(day, self.clock.time_zone().clone())
                    .map_err(|error| JobError::Usage(format!("--known-at {day}: {error}")))?;
                let mut commits = self.store.commits().await?;
                commits.retain(|commit| commit.known_at <= end.instant());
                commits.pop()
            }
        };
        if let Some(commit) = commit.as_mut().filter(|_| self.counts_anew) {
            commit.aggregates.clear();
        }
        Ok(commit)
    }

    /// The commit to answer from.
    ///
    /// # Errors
    /// [`JobError::Empty`] before the first load; [`JobError::NotYetKnown`] when knowledge ends before
    /// it.
    pub(crate) async fn loaded(&self) -> Result<Commit, JobError> {
        if let Some(commit) = self.commit().await? {
            return Ok(commit);
        }
        let first = self.store.commits().await?.into_iter().next().ok_or(JobError::Empty)?;
        let day = first.known_at.to_zoned(self.clock.time_zone().clone()).date();
        Err(JobError::NotYetKnown { version: first.version, day })
    }
}

/// Where the pages of unfinished pulls lie.
fn pages(home: &Home, id: &WorkspaceId) -> Result<PageFolder, VaultError> {
    let folder = workspaces(home.folder()).join(id.as_str()).join("sync");
    let keyring = home.keyring();
    let vault = keyring.map(|keyring| keyring.vault(&format!("workspaces/{id}/sync")));
    Ok(PageFolder::new(folder, vault.transpose()?))
}

/// Where the deals of a workspace lie. Its name is part of what is sealed, so that no file of one
/// workspace passes for one of another.
pub(crate) fn location(
    home: &Home,
    id: &WorkspaceId,
    settings: &Settings,
) -> Result<Location, VaultError> {
    let folder = workspaces(home.folder()).join(id.as_str()).join("store");
    let mut location = Location::folder(folder);
    if let Some(url) = &settings.storage.url {
        let url = format!("{}/{id}", url.trim_end_matches('/'));
        location = location.with_objects_at(&url, settings.storage.options.clone());
    }
    if let Some(keyring) = home.keyring() {
        location = location.sealed_by(keyring.vault(&format!("workspaces/{id}"))?);
    }
    Ok(location)
}
