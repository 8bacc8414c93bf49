//! `keys.json`: the keys of the ring, each wrapped by one master key, or by two during a rotation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{DataKey, wrapping_key};
use crate::durable::{Placing, write_private};
use crate::key::random;
use crate::{MasterKey, VaultError};

const FORMAT: u32 = 1;

/// The file's contents.
#[derive(Serialize, Deserialize)]
pub(super) struct Book {
    format: u32,
    keys: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    id: u32,
    purpose: Purpose,
    created: Timestamp,
    wraps: Vec<Wrap>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Purpose {
    /// Contents of files.
    Data,
    /// Names of files.
    Names,
    /// The metadata database.
    Database,
}

/// A key sealed by AES-256-GCM under the master key of this fingerprint.
#[derive(Serialize, Deserialize)]
struct Wrap {
    master: String,
    nonce: String,
    sealed: String,
}

impl Book {
    pub(super) fn read(path: &Path) -> Result<Self, VaultError> {
        let text = fs::read(path).map_err(VaultError::file("read the keyring", path))?;
        let damaged = |why| VaultError::DamagedKeyring { path: path.to_owned(), why };
        let book: Self = serde_json::from_slice(&text).map_err(|why| damaged(why.to_string()))?;
        if book.format != FORMAT {
            let why = format!("format {} is not one this version of winsight knows", book.format);
            return Err(damaged(why));
        }
        Ok(book)
    }

    pub(super) fn write(&self, path: &Path, placing: Placing) -> Result<(), VaultError> {
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::from);
        let written = text.and_then(|text| write_private(path, &text, placing));
        written.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                VaultError::KeyringExists { path: path.to_owned() }
            }
            _ => VaultError::file("write the keyring", path)(error),
        })
    }

    pub(super) fn wrap(keys: &[DataKey], masters: &[&MasterKey]) -> Result<Self, VaultError> {
        let mut wrapping = Vec::with_capacity(masters.len());
        for master in masters {
            wrapping.push((master.fingerprint()?, wrapping_key(master)?));
        }
        let mut entries = Vec::with_capacity(keys.len());
        for key in keys {
            let mut entry =
                Entry { id: key.id, purpose: key.purpose, created: key.created, wraps: vec![] };
            for (fingerprint, wrapping) in &wrapping {
                entry.wraps.push(Wrap::seal(key, &entry, fingerprint, wrapping)?);
            }
            entries.push(entry);
        }
        Ok(Self { format: FORMAT, keys: entries })
    }

    /// The keys, opened with a master key that has wrapped them.
    pub(super) fn unwrap(
        &self,
        master: &MasterKey,
        path: &Path,
    ) -> Result<Vec<DataKey>, VaultError> {
        let fingerprint = master.fingerprint()?;
        let wrapping = wrapping_key(master)?;
        let mut keys = Vec::with_capacity(self.keys.len());
        for entry in &self.keys {
            let wrap = entry.wraps.iter().find(|wrap| wrap.master == fingerprint);
            let opened = wrap.and_then(|wrap| wrap.open(entry, &wrapping));
            keys.push(opened.ok_or_else(|| VaultError::DamagedKeyring {
                path: path.to_owned(),
                why: format!("key {} does not open", entry.id),
            })?);
        }
        Ok(keys)
    }

    pub(super) fn is_wrapped_by(&self, fingerprint: &str) -> bool {
        self.masters().contains(fingerprint)
    }

    pub(super) fn is_wrapped_by_another(&self, fingerprint: &str) -> bool {
        self.masters().iter().any(|master| *master != fingerprint)
    }

    /// The numbers of the data keys, oldest first.
    pub(super) fn data_keys(&self) -> Vec<u32> {
        let data = self.keys.iter().filter(|entry| entry.purpose == Purpose::Data);
        data.map(|entry| entry.id).collect()
    }

    fn masters(&self) -> BTreeSet<&str> {
        self.keys.iter().flat_map(|entry| &entry.wraps).map(|wrap| wrap.master.as_str()).collect()
    }
}

impl Entry {
    /// What a wrapped key is bound to, so that no entry can pass for another.
    fn bound(&self) -> String {
        format!("winsight key {} {:?} {}", self.id, self.purpose, self.created)
    }
}

impl Wrap {
    fn seal(
        key: &DataKey,
        entry: &Entry,
        fingerprint: &str,
        wrapping: &LessSafeKey,
    ) -> Result<Self, VaultError> {
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = Zeroizing::new(key.secret.to_vec());
        let bound = Aad::from(entry.bound());
        let used = Nonce::assume_unique_for_key(*nonce);
        wrapping.seal_in_place_append_tag(used, bound, &mut *sealed)?;
        Ok(Self {
            master: fingerprint.to_owned(),
            nonce: BASE64.encode(nonce.as_ref()),
            sealed: BASE64.encode(&sealed),
        })
    }

    fn open(&self, entry: &Entry, wrapping: &LessSafeKey) -> Option<DataKey> {
        let nonce = BASE64.decode(self.nonce.as_bytes()).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).ok()?;
        let mut sealed = Zeroizing::new(BASE64.decode(self.sealed.as_bytes()).ok()?);
        let opened = wrapping.open_in_place(nonce, Aad::from(entry.bound()), &mut sealed).ok()?;
        let secret = Zeroizing::new(<[u8; 32]>::try_from(&*opened).ok()?);
        Some(DataKey { id: entry.id, purpose: entry.purpose, created: entry.created, secret })
    }
}
