//! Sealed names: each segment of a path encrypted by AES-SIV (RFC 5297), always in the same way, so
//! that a file can be found without a directory of names.
//!
//! A segment is bound to the sealed segments before it: equal names in two folders look different,
//! and a file does not open under another folder's name. A segment that would grow beyond what file
//! systems allow is cut into pieces, each a folder of its own.

use aes_siv::KeyInit;
use aes_siv::siv::{Aes256Siv, IV_SIZE};
use data_encoding::BASE32_DNSSEC;
use zeroize::Zeroizing;

use crate::key::{Secret, derive};
use crate::{Vault, VaultError};

/// 231 characters of base32, which leaves room below 255 for what a file system appends.
const PIECE_BYTES: usize = 128;
/// Ends a piece that is continued in the next segment. Not a letter of base32.
const CONTINUED: char = '~';

pub(crate) struct NameKey(Zeroizing<[u8; 64]>);

/// What a path of sealed names stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenedName {
    /// This path.
    Path(String),
    /// A path whose last segment goes on in the folder below.
    Partial,
    /// A path in which something lies that nobody sealed, such as a file manager's notes.
    Foreign,
}

impl Vault {
    /// The sealed form of a path of segments separated by `/`.
    pub fn seal_name(&self, path: &str) -> Result<String, VaultError> {
        let mut sealed = String::new();
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let pieces = segment.as_bytes().chunks(PIECE_BYTES);
            let last = pieces.len() - 1;
            for (number, piece) in pieces.enumerate() {
                let name = self.names().seal(self.place(), &sealed, piece)?;
                if !sealed.is_empty() {
                    sealed.push('/');
                }
                sealed.push_str(&name);
                if number < last {
                    sealed.push(CONTINUED);
                }
            }
        }
        Ok(sealed)
    }

    /// The path that a sealed path stands for.
    ///
    /// # Errors
    /// [`VaultError::ForeignName`] for a name that looks sealed and was not sealed for its place.
    pub fn open_name(&self, sealed: &str) -> Result<OpenedName, VaultError> {
        let mut path = String::new();
        let mut segment = Vec::new();
        let mut is_partial = false;
        let mut parent_ends = 0;
        for name in sealed.split('/') {
            let parent = &sealed[..parent_ends];
            parent_ends += name.len() + usize::from(parent_ends > 0);
            let (name, continued) =
                name.strip_suffix(CONTINUED).map_or((name, false), |name| (name, true));
            let Ok(bytes) = BASE32_DNSSEC.decode(name.as_bytes()) else {
                return Ok(OpenedName::Foreign);
            };
            if bytes.len() <= IV_SIZE {
                return Ok(OpenedName::Foreign);
            }
            segment.extend(
                self.names()
                    .open(self.place(), parent, &bytes)
                    .ok_or_else(|| VaultError::ForeignName { name: name.to_owned() })?,
            );
            is_partial = continued;
            if !continued {
                if !path.is_empty() {
                    path.push('/');
                }
                let whole = String::from_utf8(std::mem::take(&mut segment));
                path += &whole.map_err(|_| VaultError::ForeignName { name: name.to_owned() })?;
            }
        }
        Ok(if is_partial { OpenedName::Partial } else { OpenedName::Path(path) })
    }
}

impl NameKey {
    pub(crate) fn new(secret: &Secret) -> Result<Self, VaultError> {
        let mut key = Zeroizing::new([0; 64]);
        derive(secret.as_ref(), b"winsight names", key.as_mut())?;
        Ok(Self(key))
    }

    fn cipher(&self) -> Aes256Siv {
        Aes256Siv::new((&*self.0).into())
    }

    fn seal(&self, place: &str, parent: &str, piece: &[u8]) -> Result<String, VaultError> {
        let sealed = self.cipher().encrypt([place.as_bytes(), parent.as_bytes()], piece);
        Ok(BASE32_DNSSEC.encode(&sealed.map_err(|_| VaultError::Cryptography)?))
    }

    fn open(&self, place: &str, parent: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        self.cipher().decrypt([place.as_bytes(), parent.as_bytes()], sealed).ok()
    }
}
