use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use winsight_meta::{MetaError, Metadata};
use winsight_vault::{KeySource, Keyring, MasterKey, VaultError};

use crate::JobError;
use crate::restore::finish_interrupted;

/// The folder of all state of an installation, and the keys that it is encrypted with.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
    keyring: Option<Arc<Keyring>>,
}

/// How a home is to be encrypted.
#[derive(Clone, Debug)]
pub struct Encryption {
    /// Whether it is.
    pub enabled: bool,
    /// Where the master key is.
    pub key: KeySource,
}

impl Home {
    /// Opens the home in an existing folder. A home is encrypted or in clear from its first use on.
    ///
    /// Returns also the key file when the home was encrypted just now, so that its owner can be
    /// told to keep a copy of it.
    ///
    /// # Errors
    /// When the key is missing or wrong, and when the home is encrypted and encryption is off or
    /// the other way round. Nothing is written then.
    pub fn open(
        folder: &Path,
        encryption: &Encryption,
        now: Timestamp,
    ) -> Result<(Self, Option<PathBuf>), JobError> {
        finish_interrupted(folder)?;
        let home = |keyring| Self { folder: folder.to_owned(), keyring };
        let is_encrypted = Keyring::file(folder).exists();
        match (is_encrypted, encryption.enabled) {
            (true, true) => {
                let keyring = Keyring::open(folder, MasterKey::read(&encryption.key)?)?;
                Ok((home(Some(Arc::new(keyring))), None))
            }
            (true, false) => Err(JobError::Usage(format!(
                "the home {} is encrypted, and encryption is off in the configuration; remove \
                 enabled = false from it, or choose another home with --home",
                folder.display()
            ))),
            (false, false) => Ok((home(None), None)),
            (false, true) if holds_data(folder) => Err(JobError::Usage(format!(
                "the home {} is not encrypted, and encryption is on; to go on using it in clear, \
                 write enabled = false under [encryption] into its winsight.toml, or import your \
                 deals into a new home with --home",
                folder.display()
            ))),
            (false, true) => {
                let (keyring, key_file) = encrypt(folder, encryption, now)?;
                Ok((home(Some(Arc::new(keyring))), key_file))
            }
        }
    }

    /// A home in clear.
    pub fn in_clear(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), keyring: None }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn keyring(&self) -> Option<&Arc<Keyring>> {
        self.keyring.as_ref()
    }

    pub(crate) fn database(&self) -> PathBuf {
        database(&self.folder)
    }

    pub(crate) async fn metadata(&self) -> Result<Metadata, MetaError> {
        let path = self.database();
        let Some(keyring) = &self.keyring else { return Metadata::open(&path, None).await };
        let mut keys = keyring.database_keys();
        let newest = keys.pop();
        // Oldest first: only the key that the database had can undo a change of it that was
        // interrupted.
        for key in keys.iter().filter(|_| path.exists()) {
            match Metadata::open(&path, Some(key)).await {
                Err(MetaError::WrongKey { .. }) => {}
                opened => return opened,
            }
        }
        Metadata::open(&path, newest.as_ref()).await
    }
}

pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("winsight.db")
}

pub(crate) fn workspaces(folder: &Path) -> PathBuf {
    folder.join("workspaces")
}

fn holds_data(folder: &Path) -> bool {
    database(folder).exists() || workspaces(folder).exists()
}

/// Makes the keys of a new home. Two processes may do so at once: one makes each file, and the
/// other takes what it finds.
fn encrypt(
    folder: &Path,
    encryption: &Encryption,
    now: Timestamp,
) -> Result<(Keyring, Option<PathBuf>), JobError> {
    let key_file = match &encryption.key {
        KeySource::Text(_) => None,
        KeySource::File(path) => {
            if !path.exists()
                && let Err(error) = MasterKey::generate()?.write_new(path)
                && !path.exists()
            {
                return Err(error.into());
            }
            Some(path.clone())
        }
    };
    match Keyring::create(folder, MasterKey::read(&encryption.key)?, now) {
        Err(VaultError::KeyringExists { .. }) => {
            Ok((Keyring::open(folder, MasterKey::read(&encryption.key)?)?, None))
        }
        created => Ok((created?, key_file)),
    }
}
