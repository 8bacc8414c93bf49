//! What every store of objects must do, and what a sealed one must do besides.

mod conformance;
mod sealed;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::memory::InMemory;
use tempfile::TempDir;
use winsight_vault::Vault;

use super::{DurableFileSystem, SealedStore};

fn local() -> (TempDir, Arc<dyn ObjectStore>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = DurableFileSystem::new(folder.path()).expect("opens");
    (folder, Arc::new(store))
}

fn sealed(inner: &Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
    let vault = Vault::ephemeral().expect("a vault");
    Arc::new(SealedStore::new(Arc::clone(inner), vault))
}

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

fn contents(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place * 31 % 251).expect("small")).collect()
}
