//! A folder that files are dropped into: which of them are new, or have changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Cause, Cursor, Finding, SourceError};

/// Endings of the files that are read.
const ENDINGS: [&str; 5] = ["csv", "tsv", "txt", "parquet", "pq"];
/// Endings of files that hold tables, too, and are not read.
const OTHER_TABLES: [&str; 6] = ["xlsx", "xls", "xlsm", "xlsb", "ods", "numbers"];

/// What is known of the files that were taken: their size and time of change, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Taken(BTreeMap<String, (u64, i64)>);

/// A file to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Where it is.
    pub path: PathBuf,
    name: String,
    /// Its size and time of change.
    state: (u64, i64),
}

impl Dropped {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cursor once it is taken, after what was taken before.
    pub fn taken_after(&self, before: Option<&Cursor>) -> Cursor {
        let mut taken: Taken = before.and_then(Cursor::read).unwrap_or_default();
        taken.0.insert(self.name.clone(), self.state);
        Cursor::of(&taken)
    }
}

/// The files of a folder that are new or changed since the cursor, oldest first. Hidden files, and
/// those whose names end in `.part` or `.tmp`, are still being written.
///
/// # Errors
/// When the folder cannot be listed.
pub fn drops(folder: &Path, since: Option<&Cursor>) -> Result<Vec<Dropped>, SourceError> {
    let taken: Taken = since.and_then(Cursor::read).unwrap_or_default();
    let mut found = listed(folder, &ENDINGS)?;
    found.sort();
    let drop = |(changed, name, size, path)| Dropped { path, name, state: (size, changed) };
    let drops = found.into_iter().map(drop);
    Ok(drops.filter(|drop| taken.0.get(&drop.name) != Some(&drop.state)).collect())
}

/// The workbooks in a folder, which are not read.
///
/// # Errors
/// When the folder cannot be listed.
pub fn workbooks(folder: &Path) -> Result<Vec<Finding>, SourceError> {
    let mut names: Vec<_> =
        listed(folder, &OTHER_TABLES)?.into_iter().map(|(_, name, ..)| name).collect();
    names.sort();
    let finding = |name: String| Finding {
        missing: format!("the rows of {name}"),
        effect: "they are not read".to_owned(),
        remedy: "save it as CSV".to_owned(),
    };
    Ok(names.into_iter().map(finding).collect())
}

/// Time of change, name, size and path of the files of a folder with one of some endings.
fn listed(
    folder: &Path,
    endings: &[&str],
) -> Result<Vec<(i64, String, u64, PathBuf)>, SourceError> {
    let unreadable = |error: std::io::Error| {
        SourceError::new(
            Cause::Unreachable,
            format!("cannot list the folder {}: {error}", folder.display()),
            "check that it exists and may be read",
        )
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, metadata) = (entry.path(), entry.metadata().map_err(unreadable)?);
        let name = entry.file_name().to_string_lossy().into_owned();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let is_table = ending.is_some_and(|ending| endings.contains(&ending.as_str()));
        if !metadata.is_file() || !is_table || name.starts_with(['.', '~']) {
            continue;
        }
        let changed = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let changed = changed.map_or(0, Timestamp::as_microsecond);
        found.push((changed, name, metadata.len(), path));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{drops, workbooks};

    #[test]
    fn a_file_is_taken_once_and_again_when_it_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        write("deals.csv", "id\n1\n");
        write("notes.md", "no table");
        write(".deals.csv", "still copied");
        write("deals.csv.part", "still copied");
        write("deals.xlsx", "PK");
        write("~$deals.xlsx", "open");
        let first = drops(folder.path(), None).expect("listed");
        assert_eq!(first.len(), 1);
        let cursor = first[0].taken_after(None);
        assert!(drops(folder.path(), Some(&cursor)).expect("listed").is_empty());
        write("deals.csv", "id\n1\n2\n");
        assert_eq!(drops(folder.path(), Some(&cursor)).expect("listed").len(), 1);
        let unread = workbooks(folder.path()).expect("listed");
        assert_eq!(unread.len(), 1);
        assert_eq!(unread[0].missing, "the rows of deals.xlsx");
    }
}
