//! A home from a backup, checked as a whole before anything that is there is touched.
//!
//! The backup is unpacked beside the home's files, into `restore.partial`. When every file of it is
//! there and unharmed, and the key opens it, `restore.ready` is written: from then on the restore is
//! brought to its end, at once or by the next command that opens the home.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use winsight_model::{DataVersion, Settings};
use winsight_store::{FeatureStore, Staging, StoredObject};
use winsight_vault::durable::{create_folder, sync_folder};
use winsight_vault::{Keyring, MasterKey};

use crate::backup::{CONFIGURATION, DATABASE, Entry, FORMAT, MANIFEST, Manifest};
use crate::home::{database, workspaces};
use crate::keys::workspace_ids;
use crate::workspace::location;
use crate::{Encryption, Home, JobError};

const PARTIAL: &str = "restore.partial";
const READY: &str = "restore.ready";
const WORKSPACES: &str = "workspaces";
const KEYS: &str = "keys.json";

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// When the backup was made.
    pub created_at: jiff::Timestamp,
    /// How many files it had.
    pub files: u64,
    /// The newest data version of each workspace; `None` for one without any.
    pub workspaces: BTreeMap<String, Option<DataVersion>>,
}

/// Restores the backup `file` into the home `folder`. A home that holds data is replaced only with
/// `force`, and in one step: killed at any moment, it is as it was or as in the backup.
///
/// # Errors
/// [`JobError::Refused`] when the backup is cut off or damaged; the home is then untouched.
pub async fn restore(
    folder: &Path,
    encryption: &Encryption,
    settings: &Settings,
    file: &Path,
    force: bool,
) -> Result<RestoreReport, JobError> {
    finish_interrupted(folder)?;
    let holds_data = database(folder).exists() || workspaces(folder).exists();
    if holds_data && !force {
        return Err(JobError::Usage(format!(
            "the home {} holds data; name an empty one with --home, or replace it with --force",
            folder.display()
        )));
    }
    let _writers = if holds_data { lock_all(folder, settings).await? } else { Vec::new() };
    let partial = folder.join(PARTIAL);
    remove(&partial)?;
    let unpacked = unpack(file, &partial).and_then(|manifest| {
        if manifest.files.contains_key(KEYS) {
            Keyring::open(&partial, MasterKey::read(&encryption.key)?)?;
        }
        Ok(manifest)
    });
    let manifest = match unpacked {
        Ok(manifest) => manifest,
        Err(error) => {
            remove(&partial)?;
            return Err(error);
        }
    };
    if settings.storage.url.is_some() {
        upload(folder, &partial, encryption, settings, &manifest).await?;
    }
    let ready = folder.join(READY);
    let written = File::create(&ready).and_then(|file| file.sync_all());
    written.and_then(|()| sync_folder(folder)).map_err(|error| JobError::file(&ready, error))?;
    finish_interrupted(folder)?;
    Ok(RestoreReport {
        created_at: manifest.created_at,
        files: manifest.files.len() as u64,
        workspaces: manifest.workspaces,
    })
}

/// Brings a restore to its end that was ready when its process died.
pub(crate) fn finish_interrupted(folder: &Path) -> Result<(), JobError> {
    let ready = folder.join(READY);
    if !ready.exists() {
        return Ok(());
    }
    let partial = folder.join(PARTIAL);
    let manifest = partial.join(MANIFEST);
    // The manifest goes last: without it everything is in its place.
    if manifest.exists() {
        let contents = fs::read(&manifest).map_err(|error| JobError::file(&manifest, error))?;
        let listed = serde_json::from_slice::<Manifest>(&contents)
            .map_err(|error| JobError::file(&manifest, error.into()))?;
        let restored: BTreeSet<_> =
            listed.files.keys().filter_map(|name| name.split('/').next()).collect();
        for item in [KEYS, DATABASE, WORKSPACES, CONFIGURATION] {
            let (from, to) = (partial.join(item), folder.join(item));
            if from.exists() || !restored.contains(item) && item != CONFIGURATION {
                remove(&to)?;
            }
            if item == DATABASE {
                remove(&folder.join("winsight.db-wal"))?;
                remove(&folder.join("winsight.db-shm"))?;
            }
            if from.exists() {
                fs::rename(&from, &to).map_err(|error| JobError::file(&to, error))?;
            }
        }
        sync_folder(folder).map_err(|error| JobError::file(folder, error))?;
    }
    remove(&partial)?;
    remove(&ready)
}

/// Keeps every writer of the home out.
async fn lock_all(folder: &Path, settings: &Settings) -> Result<Vec<Staging>, JobError> {
    let patience = Duration::from_secs(settings.storage.wait_seconds);
    let mut locks = Vec::new();
    for id in workspace_ids(folder)? {
        // Only the lock is wanted, for which no key is needed: the old home may be damaged.
        let home = Home::in_clear(folder);
        let store = FeatureStore::open(location(&home, &id, &Settings::default())?)?;
        locks.push(store.stage_when_free(patience).await?);
    }
    Ok(locks)
}

/// Unpacks an archive and compares it with its manifest.
fn unpack(file: &Path, into: &Path) -> Result<Manifest, JobError> {
    let damaged = |what: &str| {
        JobError::Refused(format!(
            "{} is no whole backup: {what}; nothing was restored. Use another backup",
            file.display()
        ))
    };
    let opened = File::open(file).map_err(|error| JobError::file(file, error))?;
    let mut archive = tar::Archive::new(BufReader::new(opened));
    let mut found: BTreeMap<String, Entry> = BTreeMap::new();
    let mut manifest: Option<Manifest> = None;
    let entries = archive.entries().map_err(|error| damaged(&error.to_string()))?;
    for entry in entries {
        let mut entry = entry.map_err(|error| damaged(&error.to_string()))?;
        let name = entry_name(&entry).ok_or_else(|| damaged("it names a place outside a home"))?;
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents).map_err(|error| damaged(&error.to_string()))?;
        write_file(&into.join(&name), &contents)
            .map_err(|error| JobError::file(&into.join(&name), error))?;
        if name == MANIFEST {
            let read = serde_json::from_slice(&contents);
            manifest = Some(read.map_err(|error| damaged(&error.to_string()))?);
        } else {
            found.insert(name, Entry::of(&contents));
        }
    }
    let manifest = manifest.ok_or_else(|| damaged("it was cut off"))?;
    if manifest.format != FORMAT {
        return Err(damaged("a newer winsight wrote it"));
    }
    for (name, entry) in &manifest.files {
        match found.remove(name) {
            Some(unpacked) if unpacked == *entry => {}
            Some(_) => return Err(damaged(&format!("{name} was changed"))),
            None => return Err(damaged(&format!("{name} is missing"))),
        }
    }
    match found.keys().next() {
        Some(stranger) => Err(damaged(&format!("{stranger} does not belong to it"))),
        None => Ok(manifest),
    }
}

/// The name of a regular file inside a home; `None` for anything else.
fn entry_name(entry: &tar::Entry<'_, impl Read>) -> Option<String> {
    let path = entry.path().ok()?;
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    let is_file = entry.header().entry_type().is_file();
    (is_inside && is_file).then(|| path.to_str().map(str::to_owned))?
}

fn write_file(path: &Path, contents: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

/// Brings the unpacked objects to where the configuration says that they lie. Objects that are
/// there already are in use by somebody, so the place must be empty.
async fn upload(
    folder: &Path,
    partial: &Path,
    encryption: &Encryption,
    settings: &Settings,
    manifest: &Manifest,
) -> Result<(), JobError> {
    let (home, _) = Home::open(partial, encryption, manifest.created_at)?;
    for id in manifest.workspaces.keys() {
        let id = id.parse().map_err(|error| JobError::Refused(format!("{error}")))?;
        let store = FeatureStore::open(location(&home, &id, settings)?)?;
        if !store.is_empty().await? {
            return Err(JobError::Usage(format!(
                "there are objects of the workspace {id} at storage.url already; name an empty \
                 place in {}, so that nothing is overwritten",
                folder.join(CONFIGURATION).display()
            )));
        }
        let root = format!("{WORKSPACES}/{id}/store/");
        for name in manifest.files.keys().filter_map(|name| name.strip_prefix(&root)) {
            let path: PathBuf = partial.join(&root).join(name);
            let contents = fs::read(&path).map_err(|error| JobError::file(&path, error))?;
            let object = StoredObject { path: name.to_owned(), contents: contents.into() };
            store.write_stored(object).await?;
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> Result<(), JobError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JobError::file(path, error)),
        _ => Ok(()),
    }
}
