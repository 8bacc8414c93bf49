//! Files that are dropped somewhere, as a source.

mod watch;

use std::path::{Path, PathBuf};

use winsight_etl::is_lookup;
use winsight_meta::SourceRecord;
use winsight_sources::files::{DropPlace, Dropped, LocalFile};
use winsight_sources::{Cursor, Description, Finding};

use super::SyncReport;
use super::mapping::given;
use crate::{Beside, ImportRequest, JobError, Workspace};

pub use watch::DropWatch;

/// Objects beyond this size are not fetched to see whether they are lookup files: those hold accounts,
/// products or teams.
const LARGEST_LOOKUP: u64 = 64 << 20;

impl Workspace {
    /// Where the files of a source are dropped.
    fn drop_place(&self, settings: &str) -> Result<DropPlace, JobError> {
        Ok(DropPlace::open(settings, &self.settings.storage.options)?)
    }

    /// What is noted of a source of files; a folder has to be there.
    pub(super) async fn drop_settings(
        &self,
        folder: &str,
        options: &str,
    ) -> Result<String, JobError> {
        let settings = DropPlace::settings(folder, options)?;
        let place = self.drop_place(&settings)?;
        if !place.is_remote() {
            place.drops(None).await?;
        }
        Ok(settings)
    }

    /// Imports the files that are new or changed, each as a load of its own, the oldest first, with
    /// the accounts, products and teams that lie beside them; where `only` some are named, those.
    ///
    /// # Errors
    /// With the reason for each file that cannot be loaded, when all others are. Every sync tries it
    /// again, until it is corrected or taken away.
    pub(super) async fn sync_drops(
        &self,
        record: &mut SourceRecord,
        full: bool,
        only: Option<&[Dropped]>,
    ) -> Result<SyncReport, JobError> {
        let pages = self.pages.of(&record.name)?;
        let copies = pages.copies()?;
        let place = self.drop_place(&record.settings)?;
        let mut taken = record.cursor.clone().map(Cursor).filter(|_| !full);
        let mapping = match &record.mapping {
            Some(toml) => Some(given(Some(toml))?),
            None => None,
        };
        // A lookup file is never noted as taken, so that it is there for every file of deals.
        let (mut deals, mut lookups, mut more) = (Vec::new(), Vec::new(), false);
        for (number, drop) in place.drops(taken.as_ref()).await?.into_iter().enumerate() {
            let copy = copies.join(number.to_string());
            match lookup(&place, &drop, &copy).await? {
                Some(file) => lookups.push((drop, file)),
                None if only.is_none_or(|only| only.contains(&drop)) => deals.push(drop),
                None => more = true,
            }
        }
        let mut told = Told { pages: (deals.len() + lookups.len()) as u64, ..Told::default() };
        let lookups_there = || lookups.iter().map(|(drop, _)| drop);
        let mut findings = place.workbooks().await?;
        // Those that are still being written may be the ones that it is for.
        if !more {
            findings.extend(late(&record.name, taken.as_ref(), lookups_there(), &deals));
        }
        if let (true, true, Some(before)) = (full, deals.is_empty(), &record.cursor) {
            // There is nothing left to use them for.
            let cursor = Dropped::taken(Some(&Cursor(before.clone())), &[], lookups_there());
            record.cursor = Some(cursor.0);
        }
        for drop in deals {
            let Some(file) = place.local(&drop, &copies.join("deals")).await? else { continue };
            let name = place.shown(&drop);
            let beside = lookups.iter().map(|(_, file)| file.path().to_owned());
            let request = ImportRequest {
                files: std::iter::once(file.path().to_owned()).chain(beside).collect(),
                beside: Beside::default(),
                shown_as: Some(name.clone()),
                source: record.name.clone(),
                mapping: mapping.clone(),
                full: false,
                dry_run: false,
            };
            match Box::pin(self.import(&request, |_| {})).await {
                Ok(reports) => {
                    told.loads.extend(reports);
                    told.loaded.push(name);
                }
                Err(error @ (JobError::Etl(_) | JobError::Refused(_) | JobError::Usage(_))) => {
                    told.refuse(&error, file.path(), &name);
                    continue;
                }
                Err(error) => return Err(error),
            }
            let drop = std::slice::from_ref(&drop);
            let cursor = taken.insert(Dropped::taken(taken.as_ref(), drop, lookups_there()));
            record.cursor = Some(cursor.0.clone());
            self.metadata.save_source(&self.id, record).await?;
        }
        told.report(record, full, findings)
    }

    /// Looks at the headers of dropped files.
    pub(super) async fn test_drops(&self, record: &SourceRecord) -> Result<Description, JobError> {
        let place = self.drop_place(&record.settings)?;
        // Beside a sync that may be under way.
        let pages = self.pages.of_some(&record.name)?;
        let copy = pages.copies()?.join("tested");
        let drops = place.drops(None).await?;
        let count = match drops.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let kind = if place.is_remote() { "a bucket" } else { "a folder" };
        let account = format!("{kind} with {count}, {place}");
        let mut findings = place.workbooks().await?;
        for drop in drops.into_iter().filter(|drop| may_be_fetched(&place, drop)) {
            let Some(file) = place.local(&drop, &copy).await? else { continue };
            if let Err(error) = looks_like_lookup(file.path().to_owned()).await? {
                let (missing, effect) =
                    (format!("the rows of {}", drop.shown()), "they cannot be read");
                // The message says what to do.
                let remedy = named(&error.to_string(), file.path(), &place.shown(&drop));
                findings.push(Finding { missing, effect: effect.to_owned(), remedy });
            }
        }
        Ok(Description { account, findings, ..Description::default() })
    }
}

/// Whether a file is near enough to be looked into.
fn may_be_fetched(place: &DropPlace, drop: &Dropped) -> bool {
    !place.is_remote() || drop.size() <= LARGEST_LOOKUP
}

/// The lookup files that came or changed after the deals: these were loaded without them.
fn late<'a>(
    source: &str,
    taken: Option<&Cursor>,
    lookups: impl Iterator<Item = &'a Dropped>,
    deals: &[Dropped],
) -> impl Iterator<Item = Finding> {
    let is_late =
        move |drop: &&Dropped| taken.is_some_and(|taken| drop.is_later_than(taken, deals));
    lookups.filter(is_late).map(move |drop| Finding {
        missing: format!("what {} tells of the deals that are here", drop.shown()),
        effect: "they were loaded before it came, or changed".to_owned(),
        remedy: format!(
            "`winsight sync {source} --full` loads those of their files again that are still there"
        ),
    })
}

/// A file, if it is a lookup file.
async fn lookup(
    place: &DropPlace,
    drop: &Dropped,
    copy: &Path,
) -> Result<Option<LocalFile>, JobError> {
    if !may_be_fetched(place, drop) {
        return Ok(None);
    }
    let Some(file) = place.local(drop, copy).await? else { return Ok(None) };
    // What cannot be read is told when it is loaded.
    let is_lookup = looks_like_lookup(file.path().to_owned()).await?.unwrap_or(false);
    Ok(is_lookup.then_some(file))
}

async fn looks_like_lookup(path: PathBuf) -> Result<Result<bool, JobError>, JobError> {
    let looked = tokio::task::spawn_blocking(move || is_lookup(&path)).await?;
    Ok(looked.map_err(JobError::from))
}

/// A message with the name of a file in place of the path of its copy.
fn named(message: &str, path: &Path, name: &str) -> String {
    message.replace(&path.display().to_string(), name)
}

/// What became of the files.
#[derive(Default)]
struct Told {
    pages: u64,
    loads: Vec<crate::ImportReport>,
    loaded: Vec<String>,
    refused: Vec<String>,
}

impl Told {
    fn refuse(&mut self, error: &JobError, path: &Path, name: &str) {
        let said = named(&error.to_string(), path, name);
        let names_it = said.contains(name);
        self.refused.push(if names_it { said } else { format!("{name}: {said}") });
    }

    fn report(
        self,
        record: &SourceRecord,
        full: bool,
        findings: Vec<Finding>,
    ) -> Result<SyncReport, JobError> {
        let Self { pages, loads, loaded, refused } = self;
        if !refused.is_empty() {
            let cause = JobError::Refused(format!(
                "{}; every sync tries again until it is corrected or taken out of the folder",
                refused.join("; ")
            ));
            return Err(if loaded.is_empty() {
                cause
            } else {
                JobError::AfterOthers { loaded, cause: Box::new(cause) }
            });
        }
        Ok(SyncReport {
            source: record.name.clone(),
            loads,
            drift: None,
            full,
            resumed: false,
            pages,
            requests: 0,
            retries: 0,
            findings,
        })
    }
}
