use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::{Zeroize, Zeroizing};

use crate::VaultError;
use crate::durable::{self, Placing};

pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// The key over all others: 32 bytes that Winsight never stores beside the data it protects, unless
/// told nothing better.
pub struct MasterKey {
    secret: Secret,
    /// Where it came from, for messages.
    place: String,
}

/// Where the master key comes from.
#[derive(Clone)]
pub enum KeySource {
    /// The key itself, as text.
    Text(Zeroizing<String>),
    /// A file that holds it.
    File(PathBuf),
}

/// The key of the metadata database.
pub struct DatabaseKey(Zeroizing<String>);

impl MasterKey {
    /// A new key from the system's random numbers.
    ///
    /// # Errors
    /// When the system has none.
    pub fn generate() -> Result<Self, VaultError> {
        Ok(Self { secret: random()?, place: "a new key".to_owned() })
    }

    /// Reads a key: 32 bytes in base64 or hexadecimal digits. `place` says in messages where the
    /// text came from.
    ///
    /// # Errors
    /// [`VaultError::MalformedKey`].
    pub fn from_text(text: &str, place: &str) -> Result<Self, VaultError> {
        let text = text.trim().as_bytes();
        let decoded = HEXLOWER_PERMISSIVE
            .decode(text)
            .or_else(|_| BASE64.decode(text))
            .or_else(|_| BASE64_NOPAD.decode(text));
        let mut decoded = Zeroizing::new(decoded.unwrap_or_default());
        let secret = <[u8; 32]>::try_from(decoded.as_slice());
        decoded.zeroize();
        let malformed = |_| VaultError::MalformedKey { place: place.to_owned() };
        Ok(Self { secret: Zeroizing::new(secret.map_err(malformed)?), place: place.to_owned() })
    }

    /// Reads the key that a source holds.
    ///
    /// # Errors
    /// [`VaultError::MissingKey`] when there is no such file, [`VaultError::ExposedKey`] when
    /// others can read it, [`VaultError::MalformedKey`].
    pub fn read(source: &KeySource) -> Result<Self, VaultError> {
        let path = match source {
            KeySource::Text(text) => return Self::from_text(text, "WINSIGHT_KEY"),
            KeySource::File(path) => path,
        };
        refuse_exposed(path)?;
        let text =
            fs::read_to_string(path).map(Zeroizing::new).map_err(|error| match error.kind() {
                ErrorKind::NotFound => VaultError::MissingKey { path: path.clone() },
                _ => VaultError::file("read the key file", path)(error),
            })?;
        Self::from_text(&text, &path.display().to_string())
    }

    /// Writes the key to a file that does not exist yet, readable by its owner alone.
    ///
    /// # Errors
    /// Also when there is a file of that name.
    pub fn write_new(&self, path: &Path) -> Result<(), VaultError> {
        self.write(path, Placing::New)
    }

    /// Writes the key to a file in place of the key that is there.
    ///
    /// # Errors
    /// When the disk refuses; the old key is then still there.
    pub fn replace(&self, path: &Path) -> Result<(), VaultError> {
        self.write(path, Placing::Replacing)
    }

    fn write(&self, path: &Path, placing: Placing) -> Result<(), VaultError> {
        let mut text = Zeroizing::new(BASE64.encode(self.secret.as_ref()));
        text.push('\n');
        if let Some(folder) = path.parent() {
            durable::create_folder(folder).map_err(VaultError::file("create", folder))?;
        }
        durable::write_private(path, text.as_bytes(), placing)
            .map_err(VaultError::file("write the key file", path))
    }

    pub(crate) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// A number that tells master keys apart and says nothing about them.
    pub(crate) fn fingerprint(&self) -> Result<String, VaultError> {
        let mut fingerprint = [0; 8];
        derive(self.secret(), b"winsight master key fingerprint", &mut fingerprint)?;
        Ok(HEXLOWER.encode(&fingerprint))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MasterKey(from {})", self.place)
    }
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => formatter.write_str("Text(..)"),
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
        }
    }
}

impl DatabaseKey {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Zeroizing::new(HEXLOWER.encode(secret.as_ref())))
    }

    /// The key as 64 hexadecimal digits.
    pub fn as_hex(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DatabaseKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DatabaseKey(..)")
    }
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), VaultError> {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(path) {
        Ok(metadata) if metadata.mode() & 0o077 != 0 => {
            Err(VaultError::ExposedKey { path: path.to_owned() })
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), VaultError> {
    Ok(())
}

/// Random bytes of the operating system. The generator of `aws-lc-rs` draws on it too, but first
/// measures the jitter of the processor, which takes longer than a short command.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, VaultError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut()).map_err(|_| VaultError::Cryptography)?;
    Ok(bytes)
}

/// Derives a key of any length by HKDF-SHA256 (RFC 5869).
pub(crate) fn derive(secret: &[u8], purpose: &[u8], out: &mut [u8]) -> Result<(), VaultError> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let extracted = Salt::new(HKDF_SHA256, &[]).extract(secret);
    extracted.expand(&[purpose], Length(out.len()))?.fill(out)?;
    Ok(())
}
