mod book;
mod rotation;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use jiff::Timestamp;

use crate::durable::Placing;
use crate::key::{Secret, derive, random};
use crate::names::NameKey;
use crate::{DatabaseKey, MasterKey, VaultError};
use book::{Book, Purpose};
pub use rotation::Rotation;

/// The name of the keyring in a home.
const FILE: &str = "keys.json";

/// The data keys of an installation, unwrapped.
///
/// They are random, lie in `keys.json` wrapped by the master key, and never change, so that changing
/// the master key touches no data. New files are sealed with the newest data key.
#[derive(Debug)]
pub struct Keyring {
    path: PathBuf,
    master: MasterKey,
    keys: Vec<DataKey>,
}

/// One key of the ring.
struct DataKey {
    id: u32,
    purpose: Purpose,
    created: Timestamp,
    secret: Secret,
}

/// What seals and opens the files of one place, such as the store of one workspace.
///
/// The place is part of what is authenticated: a file of one place is refused in another. Cheap to
/// clone.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<FileKeys>,
    place: Arc<str>,
}

struct FileKeys {
    /// Oldest first.
    data: Vec<(u32, Secret)>,
    names: NameKey,
    /// The keyring that they are from; none for keys that live in memory only.
    ring: Option<PathBuf>,
}

impl Keyring {
    /// Where the keyring of a home lies.
    pub fn file(home: &Path) -> PathBuf {
        home.join(FILE)
    }

    /// Makes a keyring with new keys in a home that has none.
    ///
    /// # Errors
    /// [`VaultError::KeyringExists`] when there is one, which is left as it is.
    pub fn create(home: &Path, master: MasterKey, now: Timestamp) -> Result<Self, VaultError> {
        let mut ring = Self { path: Self::file(home), master, keys: Vec::new() };
        for purpose in [Purpose::Data, Purpose::Names, Purpose::Database] {
            ring.add(purpose, now)?;
        }
        let book = ring.wrapped(&[&ring.master])?;
        book.write(&ring.path, Placing::New)?;
        Ok(ring)
    }

    /// Opens the keyring of a home.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when it was not made with this master key,
    /// [`VaultError::DamagedKeyring`] when it was but does not open. Nothing is written.
    pub fn open(home: &Path, master: MasterKey) -> Result<Self, VaultError> {
        let path = Self::file(home);
        let book = Book::read(&path)?;
        let fingerprint = master.fingerprint()?;
        if !book.is_wrapped_by(&fingerprint) {
            return Err(VaultError::WrongKey { key: master.place().to_owned(), keyring: path });
        }
        let keys = book.unwrap(&master, &path)?;
        Ok(Self { path, master, keys })
    }

    /// Whether there are data keys older than the newest: files may still be sealed with them.
    pub fn has_old_keys(&self) -> bool {
        self.of(Purpose::Data).count() > 1 || self.of(Purpose::Database).count() > 1
    }

    /// Whether the keys are also wrapped by another master key, which a rotation that was
    /// interrupted leaves behind.
    pub fn has_other_master(&self) -> Result<bool, VaultError> {
        Ok(Book::read(&self.path)?.is_wrapped_by_another(&self.master.fingerprint()?))
    }

    /// The key that the metadata database is, or is to be, encrypted with.
    pub fn database_key(&self) -> Result<DatabaseKey, VaultError> {
        self.database_keys().pop().ok_or_else(|| self.damaged("it has no database key"))
    }

    /// Every database key, oldest first: the database has one of them, and after a rotation that
    /// was interrupted it may be the last but one.
    pub fn database_keys(&self) -> Vec<DatabaseKey> {
        self.of(Purpose::Database).map(|key| DatabaseKey::new(&key.secret)).collect()
    }

    /// What seals and opens the files of `place`, a name such as `workspaces/default`.
    pub fn vault(&self, place: &str) -> Result<Vault, VaultError> {
        let data = self.of(Purpose::Data).map(|key| (key.id, key.secret.clone())).collect();
        let names = self.of(Purpose::Names).last();
        let names = names.ok_or_else(|| self.damaged("it has no key for names"))?;
        let keys =
            FileKeys { data, names: NameKey::new(&names.secret)?, ring: Some(self.path.clone()) };
        Ok(Vault { keys: Arc::new(keys), place: place.into() })
    }

    fn of(&self, purpose: Purpose) -> impl Iterator<Item = &DataKey> {
        self.keys.iter().filter(move |key| key.purpose == purpose)
    }

    fn add(&mut self, purpose: Purpose, created: Timestamp) -> Result<(), VaultError> {
        let id = self.keys.iter().map(|key| key.id).max().unwrap_or(0) + 1;
        self.keys.push(DataKey { id, purpose, created, secret: random()? });
        Ok(())
    }

    fn wrapped(&self, masters: &[&MasterKey]) -> Result<Book, VaultError> {
        Book::wrap(&self.keys, masters)
    }

    fn damaged(&self, why: &str) -> VaultError {
        VaultError::DamagedKeyring { path: self.path.clone(), why: why.to_owned() }
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "DataKey({}, {:?}, {})", self.id, self.purpose, self.created)
    }
}

impl Vault {
    /// A vault whose keys exist only in this process: what it seals cannot be read afterwards.
    pub fn ephemeral() -> Result<Self, VaultError> {
        let keys =
            FileKeys { data: vec![(0, random()?)], names: NameKey::new(&random()?)?, ring: None };
        Ok(Self { keys: Arc::new(keys), place: "memory".into() })
    }

    /// Checks that the keyring still holds the keys of this vault and no newer ones. A writer asks
    /// once it has the lock that keeps it apart from a rotation.
    ///
    /// # Errors
    /// [`VaultError::StaleKeys`].
    pub fn check_current(&self) -> Result<(), VaultError> {
        let Some(ring) = &self.keys.ring else { return Ok(()) };
        let stored = Book::read(ring)?.data_keys();
        let is_current = stored.iter().eq(self.keys.data.iter().map(|(id, _)| id));
        if is_current { Ok(()) } else { Err(VaultError::StaleKeys) }
    }

    /// The number of the data key that new files are sealed with.
    pub fn newest_data_key(&self) -> u32 {
        self.keys.data.last().map_or(0, |(id, _)| *id)
    }

    pub(crate) fn names(&self) -> &NameKey {
        &self.keys.names
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The key of one file: derived from a data key, the file's salt and the fixed part of its
    /// header by HKDF-SHA256. `None` when the ring does not hold that data key.
    pub(crate) fn file_key(
        &self,
        data_key: u32,
        salt: &[u8],
        header: &[u8],
    ) -> Result<Option<LessSafeKey>, VaultError> {
        let Some((_, secret)) = self.keys.data.iter().find(|(id, _)| *id == data_key) else {
            return Ok(None);
        };
        let extracted = Salt::new(HKDF_SHA256, salt).extract(secret.as_ref());
        let purpose = [b"winsight file", header];
        let key = extracted.expand(&purpose, &AES_256_GCM)?;
        Ok(Some(LessSafeKey::new(UnboundKey::from(key))))
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Vault({})", self.place)
    }
}

/// The AES-256-GCM key that a master key wraps with.
fn wrapping_key(master: &MasterKey) -> Result<LessSafeKey, VaultError> {
    let mut key = Secret::default();
    derive(master.secret(), b"winsight key wrapping", key.as_mut())?;
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref())?))
}
