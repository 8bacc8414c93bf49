//! Encryption at rest: the keys of an installation, and the files and names sealed with them.
//!
//! Owns the master key, the keyring of data keys wrapped by it, the format of a sealed file, the
//! sealing of path names, and the one step by which a file takes its place on the disk whole or
//! not at all. Knows neither tables nor object stores, and reads no environment.
//!
//! # Two layers of keys
//!
//! Files are sealed with *data keys*, which lie in `keys.json`, wrapped by the *master key*, which
//! lies elsewhere. Changing the master key rewrites `keys.json` and no data.
//!
//! # What is noticed, and what is not
//!
//! A changed byte, a truncated file, a file put into another's place or under another's name: all
//! are noticed when they are read. A whole file that was deleted, or replaced by an older version
//! of itself, is not.

pub mod durable;
mod error;
mod key;
mod keyring;
mod names;
mod pseudonym;
mod seal;
mod sealed_reader;
mod sealed_writer;

pub use error::VaultError;
pub use key::{DatabaseKey, KeySource, MasterKey};
pub use keyring::{Keyring, Rotation, Vault};
pub use names::OpenedName;
pub use pseudonym::{ErasedName, ErasedNames, Replaced};
pub use seal::{HEADER_BYTES, Unsealer, data_key_of, plain_size, sealed_size};
pub use sealed_reader::{ReadRange, SealedReader, SealedStream};
pub use sealed_writer::SealedWriter;
