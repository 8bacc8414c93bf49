use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong with keys and sealed files.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The home is encrypted and the master key is nowhere.
    #[error(
        "the data in this home is encrypted, and its key is not at {}; put the key file back, or \
         name it by WINSIGHT_KEY_FILE. Without the key the data cannot be read",
        path.display()
    )]
    MissingKey {
        /// Where the key was looked for.
        path: PathBuf,
    },
    /// The master key is not the one that the keyring was made with.
    #[error(
        "the key from {key} is not the one that {} was made with; give the right key by \
         WINSIGHT_KEY_FILE. Nothing was changed",
        keyring.display()
    )]
    WrongKey {
        /// Where the key came from.
        key: String,
        /// The keyring that it does not open.
        keyring: PathBuf,
    },
    /// Others can read the key file.
    #[error(
        "the key file {} can be read by other users; make it yours alone: chmod 600 {}",
        path.display(),
        path.display()
    )]
    ExposedKey {
        /// The file.
        path: PathBuf,
    },
    /// The key is not 32 bytes in base64 or hexadecimal digits.
    #[error(
        "the key from {place} is no key; a key is 32 bytes, written as 44 characters of base64 or \
         64 hexadecimal digits"
    )]
    MalformedKey {
        /// Where it came from.
        place: String,
    },
    /// The keyring was changed by something else than this program.
    #[error("the keyring {} is damaged ({why}); restore it from a backup", path.display())]
    DamagedKeyring {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is a keyring already, which must never be replaced by a new one.
    #[error("there is a keyring already at {}; nothing was changed", path.display())]
    KeyringExists {
        /// The file.
        path: PathBuf,
    },
    /// Another process is changing the keys.
    #[error("the keys are being changed by another winsight; wait for it and try again")]
    RotationRuns,
    /// The keys were rotated after this process read them.
    #[error("the keys were changed while this program ran; start it again")]
    StaleKeys,
    /// A file does not begin as a sealed file does.
    #[error("{path} is not a sealed file; restore it from a backup")]
    NotSealed {
        /// Its logical path.
        path: String,
    },
    /// A file was sealed with a key that the keyring does not hold.
    #[error(
        "{path} was sealed with the data key {key}, which the keyring does not hold; if the keys \
         were changed while this program ran, start it again, otherwise restore keys.json from a \
         backup"
    )]
    UnknownKey {
        /// Its logical path.
        path: String,
        /// The number of the data key.
        key: u32,
    },
    /// The contents of a file are not what was sealed under its name.
    #[error(
        "{path} was changed, cut off or swapped with another file after it was written; restore \
         it from a backup"
    )]
    Tampered {
        /// Its logical path.
        path: String,
    },
    /// A name in a folder of sealed files is not what was sealed there.
    #[error("the file name {name} was not sealed for this place; restore the folder from a backup")]
    ForeignName {
        /// The name as it lies on the disk.
        name: String,
    },
    /// A file of keys cannot be read or written.
    #[error("cannot {doing} {}; check its folder's permissions and that the disk has room", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The system gives no random numbers, or a cipher refused.
    #[error("the system's cryptography does not work; try again, and report it if it stays so")]
    Cryptography,
}

impl VaultError {
    pub(crate) fn file(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> VaultError + use<> {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }
}

impl From<aws_lc_rs::error::Unspecified> for VaultError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Cryptography
    }
}

impl From<VaultError> for io::Error {
    fn from(error: VaultError) -> Self {
        io::Error::other(error)
    }
}
