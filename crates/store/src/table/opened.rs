//! Tables of versions in use that were opened lately. A table at a version never changes, and to open one is to read its
//! log.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use deltalake_core::DeltaTable;

use crate::generation::Generation;

/// Two versions of every table, and some.
const MOST: usize = 16;

/// Generation, table and Delta version.
type Key = (Generation, &'static str, u64);

/// The tables opened last, the newest at the end.
#[derive(Default)]
pub(crate) struct OpenedTables(Mutex<VecDeque<(Key, DeltaTable)>>);

impl OpenedTables {
    pub(super) fn find(&self, key: Key) -> Option<DeltaTable> {
        let opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().find(|(known, _)| *known == key).map(|(_, table)| table.clone())
    }

    /// Forgets them all.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn add(&self, key: Key, table: &DeltaTable) {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|(known, _)| *known != key);
        opened.push_back((key, table.clone()));
        if opened.len() > MOST {
            opened.pop_front();
        }
    }
}

impl fmt::Debug for OpenedTables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OpenedTables")
    }
}
