//! A folder on this machine.

use std::path::Path;

use jiff::Timestamp;

use super::{Dropped, State, unlistable};
use crate::SourceError;

/// The files of a folder, not those of folders in it.
pub(super) fn listed(folder: &Path) -> Result<Vec<Dropped>, SourceError> {
    let unreadable = |error: std::io::Error| unlistable(&folder.display().to_string(), &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // A file that was taken away meanwhile. Links are not followed: they may lead anywhere.
        let Ok(metadata) = entry.metadata() else { continue };
        if !metadata.is_file() {
            continue;
        }
        let changed = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let changed = changed.map_or(0, Timestamp::as_microsecond);
        let name = entry.file_name().to_string_lossy().into_owned();
        found.push(Dropped { name, state: State::File(metadata.len(), changed) });
    }
    Ok(found)
}
