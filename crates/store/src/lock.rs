//! The writer lock: one load at a time per workspace. Released by the system when a process dies.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::StoreError;

#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: File,
}

impl WriterLock {
    pub(crate) fn acquire(root: &Path) -> Result<Self, StoreError> {
        let path = root.join("writer.lock");
        let file = File::create(&path).map_err(|source| StoreError::folder(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
            Err(TryLockError::Error(source)) => Err(StoreError::folder(&path, source)),
        }
    }
}
