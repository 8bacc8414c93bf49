//! The health of an installation: what works, what does not, and what to do about it.

use std::path::Path;

use winsight_meta::{LoadState, Metadata};
use winsight_model::{Settings, WorkspaceId};
use winsight_store::FeatureStore;
use winsight_vault::KeySource;

use crate::home::database;
use crate::keys::workspace_ids;
use crate::workspace::location;
use crate::{Encryption, Home, JobError};

/// Less room than this on the disk is a problem.
const LEAST_FREE_BYTES: u64 = 1 << 30;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// What: `home`, `disk`, `key`, `database`, `store NAME` or `loads NAME`.
    pub subject: String,
    /// What is so, or what is wrong.
    pub detail: String,
    /// What to do; `None` when all is well.
    pub remedy: Option<String>,
}

impl Checkup {
    fn well(subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { subject: subject.into(), detail: detail.into(), remedy: None }
    }

    fn ill(
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { subject: subject.into(), detail: detail.into(), remedy }
    }

    /// The message of an error: what is wrong and, after it, what to do.
    fn failed(subject: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let message = error.to_string();
        match message.rsplit_once("; ") {
            Some((detail, remedy)) => Self::ill(subject, detail, remedy),
            None => Self::ill(subject, message, "restore the home from a backup"),
        }
    }
}

/// Looks at everything in the home in `folder`: its permissions, the disk, the keys, the database,
/// and every file of every workspace. Changes nothing but what opening a workspace changes.
///
/// `progress` is told how many files of a workspace are done, and of how many.
pub async fn examine(
    folder: &Path,
    encryption: &Encryption,
    settings: &Settings,
    now: jiff::Timestamp,
    mut progress: impl FnMut(u64, u64),
) -> Vec<Checkup> {
    let mut checkups = vec![permissions(folder), room(folder)];
    if !database(folder).exists() {
        let remedy = "create it with `winsight init`, or name another with --home";
        checkups.push(Checkup::ill("home", "there is no database in it", remedy));
        return checkups;
    }
    let home = match Home::open(folder, encryption, now) {
        Ok((home, _)) => home,
        Err(error) => {
            checkups.push(Checkup::failed("key", &error));
            return checkups;
        }
    };
    checkups.push(key(&home, encryption));
    let metadata = match home.metadata().await {
        Ok(metadata) => metadata,
        Err(error) => {
            checkups.push(Checkup::failed("database", &error));
            return checkups;
        }
    };
    checkups.push(pages(&home, &metadata).await);
    match workspace_ids(folder) {
        Ok(ids) => {
            for id in ids {
                checkups.push(store(&home, &id, settings, &mut progress).await);
                checkups.push(loads(&metadata, &id).await);
            }
        }
        Err(error) => checkups.push(Checkup::failed("home", &error)),
    }
    checkups
}

#[cfg(unix)]
fn permissions(folder: &Path) -> Checkup {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS: u32 = 0o077;
    let place = folder.display();
    match std::fs::metadata(folder) {
        Ok(found) if found.permissions().mode() & OTHERS == 0 => {
            Checkup::well("home", format!("{place} can be read by its owner alone"))
        }
        Ok(_) => Checkup::ill(
            "home",
            format!("{place} can be read by other users"),
            format!("chmod 700 {place}"),
        ),
        Err(error) => {
            Checkup::ill("home", format!("{place}: {error}"), "name another home with --home")
        }
    }
}

#[cfg(not(unix))]
fn permissions(folder: &Path) -> Checkup {
    Checkup::well("home", format!("{} is there", folder.display()))
}

#[cfg(unix)]
fn room(folder: &Path) -> Checkup {
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let detail = format!("{} MiB are free", free >> 20);
            if free < LEAST_FREE_BYTES {
                let remedy = "free some space; a load needs room for a copy of what it changes";
                return Checkup::ill("disk", detail, remedy);
            }
            Checkup::well("disk", detail)
        }
        Err(error) => Checkup::ill("disk", error.to_string(), "name another home with --home"),
    }
}

#[cfg(not(unix))]
fn room(folder: &Path) -> Checkup {
    let least = LEAST_FREE_BYTES >> 20;
    let detail = format!("{} needs {least} MiB free, not measured here", folder.display());
    Checkup::well("disk", detail)
}

fn key(home: &Home, encryption: &Encryption) -> Checkup {
    let Some(keyring) = home.keyring() else {
        return Checkup::well("key", "the home is not encrypted");
    };
    if keyring.has_old_keys() {
        let detail = "a change of the data keys did not come to its end";
        return Checkup::ill("key", detail, "go on with `winsight key rotate --data`");
    }
    match keyring.has_other_master() {
        Ok(false) => {}
        Ok(true) => {
            let detail = "a change of the master key did not come to its end";
            return Checkup::ill("key", detail, "repeat `winsight key rotate`");
        }
        Err(error) => return Checkup::failed("key", &error),
    }
    let source = match &encryption.key {
        KeySource::Text(_) => "WINSIGHT_KEY".to_owned(),
        KeySource::File(path) => path.display().to_string(),
    };
    Checkup::well("key", format!("the key from {source} opens the keyring"))
}

async fn pages(home: &Home, metadata: &Metadata) -> Checkup {
    let place = home.database();
    match metadata.damage().await {
        Ok(None) if home.keyring().is_none() => {
            Checkup::well("database", format!("{} is sound, in clear", place.display()))
        }
        Ok(None) => match metadata.cipher().await {
            Ok(cipher) => Checkup::well(
                "database",
                format!(
                    "{} is sound, encrypted by SQLCipher {}",
                    place.display(),
                    cipher.unwrap_or_default()
                ),
            ),
            Err(error) => Checkup::failed("database", &error),
        },
        Ok(Some(damage)) => {
            let detail = format!("{} is damaged: {damage}", place.display());
            Checkup::ill("database", detail, "restore it from a backup")
        }
        Err(error) => Checkup::failed("database", &error),
    }
}

async fn store(
    home: &Home,
    id: &WorkspaceId,
    settings: &Settings,
    progress: impl FnMut(u64, u64),
) -> Checkup {
    let subject = format!("store {id}");
    let examine = async {
        let store = FeatureStore::open(location(home, id, settings)?)?;
        Ok::<_, JobError>((store.examine(progress).await?, store.latest().await?))
    };
    match examine.await {
        Ok((examined, latest)) => match examined.problems.split_first() {
            None => {
                let version = latest.map_or("nothing loaded yet".to_owned(), |commit| {
                    format!("data version {}", commit.version)
                });
                let (files, mebibytes) = (examined.files, examined.bytes >> 20);
                let detail = format!("{version}, {files} files read, {mebibytes} MiB");
                Checkup::well(subject, detail)
            }
            Some((first, others)) => {
                let (detail, remedy) =
                    first.rsplit_once("; ").unwrap_or((first, "restore it from a backup"));
                let others = match others.len() {
                    0 => String::new(),
                    more => format!(" (and {more} more)"),
                };
                Checkup::ill(subject, format!("{detail}{others}"), remedy)
            }
        },
        Err(error) => Checkup::failed(subject, &error),
    }
}

async fn loads(metadata: &Metadata, id: &WorkspaceId) -> Checkup {
    let subject = format!("loads {id}");
    match metadata.loads_in(id, LoadState::Staged).await {
        Ok(staged) if staged.is_empty() => Checkup::well(subject, "none is unfinished"),
        Ok(staged) => Checkup::ill(
            subject,
            format!("{} unfinished", staged.len()),
            "if no import is running, any other command settles it; then import the file again",
        ),
        Err(error) => Checkup::failed(subject, &error),
    }
}
