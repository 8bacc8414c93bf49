//! Changing the keys of a home.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use winsight_meta::{MetaError, Metadata};
use winsight_model::{Settings, WorkspaceId};
use winsight_store::FeatureStore;
use winsight_vault::{DatabaseKey, KeySource, Keyring, MasterKey, Rotation};

use crate::home::{database, workspaces};
use crate::workspace::location;
use crate::{Encryption, Home, JobError};

/// Which keys to change.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// Where the new master key goes when the old one did not come from a file.
    pub new_key_file: Option<PathBuf>,
    /// Whether to make new data keys too, and to encrypt everything anew with them.
    pub data: bool,
}

/// What changing the keys did.
#[derive(Clone, Debug)]
pub struct KeysChanged {
    /// The file that holds the master key now.
    pub key_file: PathBuf,
    /// Files that were sealed anew.
    pub resealed: u64,
    /// Whether an earlier change of the data keys, which was interrupted, was brought to its end.
    pub resumed: bool,
}

/// Changes the master key of the home in `folder`, and on request its data keys.
///
/// Killed at any moment, the home opens with the key that is stored; a change of the data keys is
/// brought to its end by asking for it again. Loads wait meanwhile.
///
/// # Errors
/// When the home is not encrypted, and while other processes have its database open.
pub async fn change_keys(
    folder: &Path,
    encryption: &Encryption,
    settings: &Settings,
    change: &KeyChange,
    now: Timestamp,
    progress: impl FnMut(u64, u64),
) -> Result<KeysChanged, JobError> {
    if !Keyring::file(folder).exists() {
        return Err(JobError::Usage(format!(
            "the home {} is not encrypted and has no keys",
            folder.display()
        )));
    }
    let key_file = key_file(encryption, change)?;
    let mut rotation = Rotation::begin(folder, &encryption.key)?;
    let resumed = rotation.ring().has_old_keys();
    let mut resealed = 0;
    if change.data {
        if !resumed {
            rotation.add_data_key(now)?;
        }
        let (home, _) = Home::open(folder, encryption, now)?;
        resealed = encrypt_anew(&home, &rotation, settings, progress).await?;
        rotation.retire_old_keys()?;
    }
    rotation.replace_master(MasterKey::generate()?, |new| match &encryption.key {
        KeySource::File(path) => new.replace(path),
        KeySource::Text(_) => new.write_new(&key_file),
    })?;
    Ok(KeysChanged { key_file, resealed, resumed: resumed && change.data })
}

fn key_file(encryption: &Encryption, change: &KeyChange) -> Result<PathBuf, JobError> {
    match (&encryption.key, &change.new_key_file) {
        (KeySource::File(path), None) => Ok(path.clone()),
        (KeySource::Text(_), Some(path)) if !path.exists() => Ok(path.clone()),
        (KeySource::Text(_), Some(path)) => Err(JobError::Usage(format!(
            "{} exists already; name a file that does not exist yet for the new key",
            path.display()
        ))),
        (KeySource::Text(_), None) => Err(JobError::Usage(
            "the key comes from WINSIGHT_KEY, which winsight cannot change; name a file for the \
             new key with --new-key-file, and give its contents by WINSIGHT_KEY afterwards"
                .to_owned(),
        )),
        (KeySource::File(path), Some(_)) => Err(JobError::Usage(format!(
            "the new key takes the place of the old one in {}; leave out --new-key-file",
            path.display()
        ))),
    }
}

/// Encrypts stores and database with the newest keys. Every writer lock is held until the end, and
/// a writer that comes later finds that its keys are old.
async fn encrypt_anew(
    home: &Home,
    rotation: &Rotation,
    settings: &Settings,
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, JobError> {
    let patience = Duration::from_secs(settings.storage.wait_seconds);
    let mut locks = Vec::new();
    let mut resealed = 0;
    for id in workspace_ids(home.folder())? {
        let store = FeatureStore::open(location(home, &id, settings)?)?;
        let staging = store.stage_when_free(patience).await?;
        resealed += store.reseal(&staging, &mut progress).await?;
        locks.push(staging);
    }
    let path = database(home.folder());
    if path.exists() {
        change_database_key(&path, &rotation.ring().database_keys()).await?;
    }
    Ok(resealed)
}

async fn change_database_key(path: &Path, keys: &[DatabaseKey]) -> Result<(), JobError> {
    let Some((newest, older)) = keys.split_last() else { return Ok(()) };
    for old in older {
        match Metadata::change_key(path, old, newest).await {
            // It has another of the keys.
            Err(MetaError::WrongKey { .. }) => {}
            changed => return Ok(changed?),
        }
    }
    Metadata::open(path, Some(newest)).await?;
    Ok(())
}

/// The workspaces of a home.
pub(crate) fn workspace_ids(folder: &Path) -> Result<Vec<WorkspaceId>, JobError> {
    let folder = workspaces(folder);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unreadable = |error: std::io::Error| {
        JobError::Usage(format!("cannot list the workspaces in {}: {error}", folder.display()))
    };
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        // What is not named like a workspace was put there by somebody else.
        ids.extend(name.to_str().and_then(|name| name.parse::<WorkspaceId>().ok()));
    }
    ids.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    Ok(ids)
}
