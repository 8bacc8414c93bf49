use std::fs::{File, TryLockError};
use std::path::Path;

use jiff::Timestamp;

use super::book::Purpose;
use super::{DataKey, Keyring};
use crate::durable::Placing;
use crate::{KeySource, MasterKey, VaultError};

/// A keyring whose keys are being changed, by one process at a time.
#[derive(Debug)]
pub struct Rotation {
    ring: Keyring,
    _lock: File,
}

impl Rotation {
    /// Opens the keyring of a home for a change of its keys.
    ///
    /// # Errors
    /// [`VaultError::RotationRuns`] while another process changes them.
    pub fn begin(home: &Path, key: &KeySource) -> Result<Self, VaultError> {
        let path = home.join("keys.lock");
        let lock = File::create(&path).map_err(VaultError::file("create", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(VaultError::RotationRuns),
            Err(TryLockError::Error(source)) => {
                return Err(VaultError::file("lock", &path)(source));
            }
        }
        let ring = Keyring::open(home, MasterKey::read(key)?)?;
        Ok(Self { ring, _lock: lock })
    }

    /// The keyring as it stands.
    pub fn ring(&self) -> &Keyring {
        &self.ring
    }

    /// Puts `new` in place of the master key. `install` stores it where the old one was.
    ///
    /// The keys are first wrapped by both, then `install` runs, then the old wrapping goes: killed
    /// at any moment, the master key that is stored opens the keyring.
    pub fn replace_master(
        &mut self,
        new: MasterKey,
        install: impl FnOnce(&MasterKey) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let ring = &mut self.ring;
        ring.wrapped(&[&ring.master, &new])?.write(&ring.path, Placing::Replacing)?;
        install(&new)?;
        ring.master = new;
        self.write()
    }

    /// Adds a data key, with which everything new is sealed from now on, and a database key.
    pub fn add_data_key(&mut self, now: Timestamp) -> Result<(), VaultError> {
        self.ring.add(Purpose::Data, now)?;
        self.ring.add(Purpose::Database, now)?;
        self.write()
    }

    /// Forgets all data and database keys but the newest. What is still sealed with them is lost.
    pub fn retire_old_keys(&mut self) -> Result<(), VaultError> {
        let newest = |purpose| self.ring.of(purpose).map(|key| key.id).max();
        let kept = [Purpose::Data, Purpose::Names, Purpose::Database].map(newest);
        self.ring.keys.retain(|key: &DataKey| kept.contains(&Some(key.id)));
        self.write()
    }

    fn write(&self) -> Result<(), VaultError> {
        let ring = &self.ring;
        ring.wrapped(&[&ring.master])?.write(&ring.path, Placing::Replacing)
    }
}
