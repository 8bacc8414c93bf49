//! A place that files are dropped into, a folder or the objects under an address: which of them are
//! new, or have changed.

mod folder;
mod objects;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Cause, Cursor, Finding, SourceError};
use objects::Objects;

/// Endings of the files that are read.
const ENDINGS: [&str; 5] = ["csv", "tsv", "txt", "parquet", "pq"];
/// Endings of files that hold tables, too, and are not read.
const OTHER_TABLES: [&str; 6] = ["xlsx", "xls", "xlsm", "xlsb", "ods", "numbers"];

/// What is known of the files that were taken, by name: each with an ending, unlike `lookups`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    /// The lookup files that they were taken with; `None` where earlier versions did not note them.
    #[serde(default)]
    lookups: Option<BTreeMap<String, State>>,
    #[serde(flatten)]
    files: BTreeMap<String, State>,
}

/// What tells one state of a file from every other one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
enum State {
    /// Its size, and when it changed, in microseconds.
    File(u64, i64),
    /// The same, and the tag of its contents.
    Object(u64, i64, String),
}

impl State {
    fn changed(&self) -> i64 {
        match self {
            Self::File(_, changed) | Self::Object(_, changed, _) => *changed,
        }
    }
}

/// A file to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// What it is called, from the place on.
    pub name: String,
    state: State,
}

impl Dropped {
    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match self.state {
            State::File(size, _) | State::Object(size, ..) => size,
        }
    }

    /// The cursor once some are taken with some lookup files, after what was taken before.
    pub fn taken<'a>(
        before: Option<&Cursor>,
        drops: &[Self],
        lookups: impl IntoIterator<Item = &'a Self>,
    ) -> Cursor {
        let mut taken: Taken = before.and_then(Cursor::read).unwrap_or_default();
        let state = |drop: &Self| (drop.name.clone(), drop.state.clone());
        taken.lookups = Some(lookups.into_iter().map(state).collect());
        taken.files.extend(drops.iter().map(state));
        Cursor::of(&taken)
    }

    /// Whether files, other than these, were taken without it, or with what it was before.
    pub fn is_later_than(&self, cursor: &Cursor, others: &[Self]) -> bool {
        let taken: Taken = cursor.read().unwrap_or_default();
        let is_other = |name: &String| others.iter().all(|other| other.name != *name);
        taken.files.keys().any(is_other)
            && taken.lookups.is_some_and(|used| used.get(&self.name) != Some(&self.state))
    }

    /// Its name, as it can be printed: it may hold what moves the cursor of a terminal.
    pub fn shown(&self) -> String {
        printable(&self.name)
    }
}

fn printable(name: &str) -> String {
    name.replace(char::is_control, "\u{fffd}")
}

/// A file that can be read. A copy goes with it.
#[derive(Debug)]
pub struct LocalFile {
    path: PathBuf,
    is_copy: bool,
}

impl LocalFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        if self.is_copy
            && let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the copy of a file was left behind; the next sync removes it");
        }
    }
}

/// Where files are dropped.
#[derive(Clone, Debug)]
pub enum DropPlace {
    /// A folder.
    Folder(PathBuf),
    /// The objects whose names begin alike, in a bucket.
    Objects(Objects),
}

impl DropPlace {
    /// The settings of a source: of a folder its path, of objects their address with options of their
    /// store, which are TOML.
    ///
    /// # Errors
    /// When the options make no sense.
    pub fn settings(place: &str, options: &str) -> Result<String, SourceError> {
        if options.is_empty() {
            return Ok(place.to_owned());
        }
        if !place.contains("://") {
            let problem = format!("the folder {place} needs no credentials");
            let remedy = "leave them out, or name objects like s3://BUCKET/PATH";
            return Err(SourceError::new(Cause::Usage, problem, remedy));
        }
        let mut all = objects::options(options)?;
        all.insert("url".to_owned(), place.to_owned());
        // Texts by name are TOML.
        Ok(toml::to_string(&all).unwrap_or_default())
    }

    /// From the settings of a source: a folder, an address such as `s3://BUCKET/PATH`, or as TOML the
    /// address as `url` beside options of the object store. Without such, the others given are used.
    ///
    /// # Errors
    /// When the address or an option makes no sense. Nothing is sent.
    pub fn open(settings: &str, others: &BTreeMap<String, String>) -> Result<Self, SourceError> {
        let own: Result<BTreeMap<String, String>, _> = toml::from_str(settings);
        match own {
            Ok(mut own) => {
                let url = own.remove("url").unwrap_or_default();
                Ok(Self::Objects(Objects::open(&url, &own)?))
            }
            Err(_) if settings.contains("://") => {
                Ok(Self::Objects(Objects::open(settings, others)?))
            }
            Err(_) => Ok(Self::Folder(PathBuf::from(settings))),
        }
    }

    /// The files that are new or changed since the cursor, oldest first. Hidden files, and those whose
    /// names end in `.part` or `.tmp`, are still being written.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn drops(&self, since: Option<&Cursor>) -> Result<Vec<Dropped>, SourceError> {
        let taken: Taken = since.and_then(Cursor::read).unwrap_or_default();
        let mut found = self.listed(&ENDINGS).await?;
        found.retain(|drop| taken.files.get(&drop.name) != Some(&drop.state));
        found.sort_by(|one, other| {
            let by_time = one.state.changed().cmp(&other.state.changed());
            by_time.then_with(|| one.name.cmp(&other.name))
        });
        Ok(found)
    }

    /// The workbooks, which are not read.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn workbooks(&self) -> Result<Vec<Finding>, SourceError> {
        let mut found = self.listed(&OTHER_TABLES).await?;
        found.sort_by(|one, other| one.name.cmp(&other.name));
        let finding = |drop: Dropped| Finding {
            missing: format!("the rows of {}", drop.shown()),
            effect: "they are not read".to_owned(),
            remedy: "save it as CSV".to_owned(),
        };
        Ok(found.into_iter().map(finding).collect())
    }

    async fn listed(&self, endings: &[&str]) -> Result<Vec<Dropped>, SourceError> {
        let mut found = match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                let listing = tokio::task::spawn_blocking(move || folder::listed(&folder));
                listing.await.map_err(|error| unlistable(&self.to_string(), &error))??
            }
            Self::Objects(objects) => objects.listed().await?,
        };
        found.retain(|drop| is_table(&drop.name, endings));
        Ok(found)
    }

    /// Whether files are copied before they can be read.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Objects(_))
    }

    /// Where a file can be read: where it is, or in a copy named `copy` with its own ending. `None` when
    /// it is not there any more.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub async fn local(
        &self,
        drop: &Dropped,
        copy: &Path,
    ) -> Result<Option<LocalFile>, SourceError> {
        match self {
            Self::Folder(folder) => {
                Ok(Some(LocalFile { path: folder.join(&drop.name), is_copy: false }))
            }
            Self::Objects(objects) => {
                // Names of objects may differ in case only, or be none for a file.
                let ending = Path::new(&drop.name).extension().unwrap_or_default();
                let file = LocalFile { path: copy.with_extension(ending), is_copy: true };
                match objects.copy(&drop.name, &file.path).await {
                    Err(error) if error.cause == Cause::Expired => Ok(None),
                    copied => copied.map(|()| Some(file)),
                }
            }
        }
    }

    /// What a file is called by people.
    pub fn shown(&self, drop: &Dropped) -> String {
        let name = match self {
            Self::Folder(folder) => folder.join(&drop.name).display().to_string(),
            Self::Objects(objects) => objects.address(&drop.name),
        };
        printable(&name)
    }
}

impl std::fmt::Display for DropPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(formatter, "{}", folder.display()),
            Self::Objects(objects) => formatter.write_str(&objects.url),
        }
    }
}

/// Whether a file has one of some endings, and is none that hides.
fn is_table(name: &str, endings: &[&str]) -> bool {
    let ending = Path::new(name).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let hides = name.split('/').any(|part| part.starts_with(['.', '~']));
    !hides && ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

fn unlistable(place: &str, why: &impl std::fmt::Display) -> SourceError {
    SourceError::new(
        Cause::Unreachable,
        format!("cannot list the folder {place}: {why}"),
        "check that it exists and may be read",
    )
}

#[cfg(test)]
mod tests;
