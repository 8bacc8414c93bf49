//! The writer lock: one load at a time per workspace. Released by the system when a process dies.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::StoreError;

/// How long to wait before asking for the lock again.
const POLL: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when it is not.
    pub(crate) fn acquire(root: &Path) -> Result<Self, StoreError> {
        let path = root.join("writer.lock");
        let file = File::create(&path).map_err(|source| StoreError::folder(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
            Err(TryLockError::Error(source)) => Err(StoreError::folder(&path, source)),
        }
    }

    /// Takes the lock, waiting for it for about as long as `patience`.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when it is still not free.
    pub(crate) async fn wait(root: &Path, patience: Duration) -> Result<Self, StoreError> {
        let mut waited = Duration::ZERO;
        loop {
            match Self::acquire(root) {
                Err(StoreError::Busy) if waited < patience => {
                    if waited.is_zero() {
                        tracing::warn!(
                            "another load into this workspace is running; waiting for it"
                        );
                    }
                    tokio::time::sleep(POLL).await;
                    waited += POLL;
                }
                acquired => return acquired,
            }
        }
    }
}
