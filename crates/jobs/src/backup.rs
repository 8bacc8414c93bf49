//! A copy of a whole home in one file, made while loads run.
//!
//! The file is a tar archive: `keys.json` (the wrapped keys, never the master key), `winsight.toml`,
//! the metadata database, every object of every workspace as it is stored, and at last
//! `manifest.json`, which lists them all with their sizes and SHA-256. What was cut off has no
//! manifest and is refused.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use winsight_model::{DataVersion, Settings};
use winsight_store::FeatureStore;
use winsight_vault::Keyring;
use winsight_vault::durable::{Placing, place};

use crate::keys::workspace_ids;
use crate::workspace::location;
use crate::{Home, JobError};

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const DATABASE: &str = "winsight.db";
pub(crate) const CONFIGURATION: &str = "winsight.toml";

/// The form of the archive.
pub(crate) const FORMAT: u32 = 1;

/// How often a backup begins anew because upkeep or an erasure came between.
const ATTEMPTS: usize = 3;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// How many files are in it.
    pub files: u64,
    /// The newest data version of each workspace; `None` for one without any.
    pub workspaces: BTreeMap<String, Option<DataVersion>>,
}

/// What is in an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) workspaces: BTreeMap<String, Option<DataVersion>>,
    pub(crate) files: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Entry {
    pub(crate) fn of(contents: &[u8]) -> Self {
        let sha256 = HEXLOWER.encode(digest(&SHA256, contents).as_ref());
        Self { bytes: contents.len() as u64, sha256 }
    }
}

/// Copies the home into `file`, which appears when it is complete. Loads and readers go on.
///
/// # Errors
/// When the file exists, cannot be written, or the home cannot be read. Nothing is left behind.
pub async fn back_up(
    home: &Home,
    settings: &Settings,
    file: &Path,
    now: Timestamp,
) -> Result<BackupReport, JobError> {
    if file.exists() {
        return Err(JobError::Usage(format!(
            "{} exists already; name another file, so that no backup is lost",
            file.display()
        )));
    }
    let partial = with_suffix(file, ".part");
    let copy = with_suffix(file, ".database.part");
    let mut written = Ok(None);
    for _ in 0..ATTEMPTS {
        written = write(home, settings, &partial, &copy, now).await;
        let _ = fs::remove_file(&copy);
        if !matches!(written, Ok(None)) {
            break;
        }
    }
    let manifest = match written {
        Ok(Some(manifest)) => manifest,
        refused => {
            let _ = fs::remove_file(&partial);
            refused?;
            return Err(JobError::Usage(
                "the store kept being rewritten by others; try again when the erasure or upkeep \
                 that runs is done"
                    .to_owned(),
            ));
        }
    };
    place(&partial, file, Placing::New).map_err(|error| JobError::file(file, error))?;
    let bytes = fs::metadata(file).map_err(|error| JobError::file(file, error))?.len();
    Ok(BackupReport {
        file: file.to_owned(),
        bytes,
        files: manifest.files.len() as u64,
        workspaces: manifest.workspaces,
    })
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// `None` when an object went away before it could be copied.
async fn write(
    home: &Home,
    settings: &Settings,
    partial: &Path,
    copy: &Path,
    now: Timestamp,
) -> Result<Option<Manifest>, JobError> {
    let refused = |error| JobError::file(partial, error);
    let mut archive = Archive::create(partial, now).map_err(refused)?;
    for file in [Keyring::file(home.folder()), home.folder().join(CONFIGURATION)] {
        if file.exists() {
            let contents = fs::read(&file).map_err(|error| JobError::file(&file, error))?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            archive.add(&name, &contents).map_err(refused)?;
        }
    }
    // The books first, and of the store only what they know: a load that is committed in between
    // is in neither.
    let metadata = home.metadata().await?;
    let newest_load = metadata.newest_load().await?;
    let _ = fs::remove_file(copy);
    metadata.copy_to(copy).await?;
    let contents = fs::read(copy).map_err(|error| JobError::file(copy, error))?;
    archive.add(DATABASE, &contents).map_err(refused)?;
    for id in workspace_ids(home.folder())? {
        let store = FeatureStore::open(location(home, &id, settings)?)?;
        let commits = store.commits().await?;
        let known = commits.iter().rev().find(|commit| commit.load <= newest_load);
        archive.manifest.workspaces.insert(id.to_string(), known.map(|commit| commit.version));
        for name in store.stored_names(newest_load).await? {
            let Some(object) = store.read_stored(&name).await? else { return Ok(None) };
            let name = format!("workspaces/{id}/store/{name}");
            archive.add(&name, &object.contents).map_err(refused)?;
        }
    }
    archive.finish().map(Some).map_err(refused)
}

/// An archive that is being written.
struct Archive {
    tar: tar::Builder<BufWriter<File>>,
    manifest: Manifest,
}

impl Archive {
    fn create(path: &Path, now: Timestamp) -> io::Result<Self> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let tar = tar::Builder::new(BufWriter::new(options.open(path)?));
        let manifest = Manifest { format: FORMAT, created_at: now, ..Manifest::default() };
        Ok(Self { tar, manifest })
    }

    fn add(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.append(name, contents)?;
        self.manifest.files.insert(name.to_owned(), Entry::of(contents));
        Ok(())
    }

    fn append(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(self.manifest.created_at.as_second()).unwrap_or(0));
        self.tar.append_data(&mut header, name, contents)
    }

    fn finish(mut self) -> io::Result<Manifest> {
        let manifest = serde_json::to_vec_pretty(&self.manifest)?;
        self.append(MANIFEST, &manifest)?;
        let mut file = self.tar.into_inner()?;
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(self.manifest)
    }
}
