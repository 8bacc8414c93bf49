//! Adding sources, and looking at them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use winsight_meta::SourceRecord;
use winsight_model::Clock;
use winsight_sources::http::{Limits, Pace, WallPace};
use winsight_sources::{Credentials, Description, Kind, Source, Surroundings, connect};

use super::known::{Known, known, refusal_ahead, refuse_another};
use super::mapping::{fields, given};
use super::{SourceHealth, SourceState, Unfinished};
use crate::{JobError, Workspace};

/// A source to add.
#[derive(Clone)]
pub struct NewSource {
    /// Its name: letters, digits, `-` and `_`.
    pub name: String,
    /// Which CRM.
    pub kind: Kind,
    /// The credentials as TOML, see [`Credentials`]; for files the options of an object store, if any.
    pub settings: String,
    /// For files the folder, or the address of objects.
    pub folder: Option<String>,
    /// The mapping for it, as TOML.
    pub mapping: Option<String>,
}

impl std::fmt::Debug for NewSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NewSource").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The time that requests to CRMs live in, and their limits where they are not the CRM's.
#[derive(Clone)]
pub(crate) struct Asking {
    pace: Arc<dyn Pace>,
    limits: Option<Limits>,
}

impl Asking {
    pub(super) fn now(&self) -> Timestamp {
        self.pace.now()
    }
}

impl Default for Asking {
    fn default() -> Self {
        // Signatures and tokens live in the present, whatever --as-of says.
        Self { pace: Arc::new(WallPace::new(Clock::system(TimeZone::UTC))), limits: None }
    }
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Asking").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Letters of a name.
const LONGEST_NAME: usize = 40;

/// How far the pulls of a source have come; with another mapping, all of it is read once more.
fn cursor_for(record: &SourceRecord, mapping: Option<&String>) -> Option<serde_json::Value> {
    let is_same = mapping.is_none() || mapping == record.mapping.as_ref();
    match known(record) {
        Some(known) if !is_same => {
            serde_json::to_value(Known { types: BTreeMap::new(), waiting: Vec::new(), ..known })
                .ok()
        }
        _ => record.cursor.clone(),
    }
}

impl Workspace {
    /// Adds a source, or gives one that is there new credentials, and a new mapping if there is one;
    /// how far its pulls have come stays.
    ///
    /// # Errors
    /// [`JobError::Usage`] when the name, the credentials or the mapping make no sense, for a name that
    /// a source of another kind has, and for credentials in a home that is not encrypted. Nothing is
    /// sent.
    pub async fn add_source(&self, new: &NewSource) -> Result<(), JobError> {
        let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
        if new.name.is_empty() || new.name.len() > LONGEST_NAME || !new.name.bytes().all(is_letter)
        {
            return Err(JobError::Usage(format!(
                "{:?} cannot be the name of a source; use up to {LONGEST_NAME} letters, digits, - \
                 and _",
                new.name
            )));
        }
        given(new.mapping.as_deref())?;
        let mut settings = new.settings.clone();
        if new.kind == Kind::Files {
            let folder = new.folder.as_deref().unwrap_or_default();
            if !settings.is_empty() {
                self.refuse_clear_secrets()?;
            }
            settings = self.drop_settings(folder, &settings).await?;
        } else {
            self.refuse_clear_secrets()?;
            let credentials = Credentials::from_toml(&new.settings)?;
            let surroundings = self.surroundings(&SourceHealth::default(), Vec::new());
            connect(new.kind, credentials, surroundings)?;
        }
        let before = self.metadata.sources(&self.id).await?;
        let same = before.into_iter().find(|known| known.name == new.name);
        if let Some(same) = &same
            && same.kind != new.kind.name()
        {
            return Err(JobError::Usage(format!(
                "{} is a source of another kind, {}; choose another name, or remove it first with \
                 `winsight source remove {0}`",
                new.name, same.kind
            )));
        }
        let record = SourceRecord {
            name: new.name.clone(),
            kind: new.kind.name().to_owned(),
            settings,
            mapping: new.mapping.clone().or_else(|| same.as_ref()?.mapping.clone()),
            cursor: same.as_ref().and_then(|same| cursor_for(same, new.mapping.as_ref())),
            reading: None,
            health: serde_json::json!({}),
            added_at: same.map_or_else(|| self.clock.instant(), |known| known.added_at),
        };
        Ok(self.metadata.save_source(&self.id, &record).await?)
    }

    fn refuse_clear_secrets(&self) -> Result<(), JobError> {
        if self.is_encrypted {
            return Ok(());
        }
        Err(JobError::Usage(
            "this home is not encrypted, and credentials are not kept in clear; use a home with \
             encryption on"
                .to_owned(),
        ))
    }

    /// The sources, by name.
    pub async fn source_states(&self) -> Result<Vec<SourceState>, JobError> {
        let records = self.metadata.sources(&self.id).await?;
        let held = self.held_loads().await?;
        let held_of = |source: &str| {
            held.iter().filter(|load| load.source == source).map(|load| load.id).collect()
        };
        let now = self.asking.now();
        let state = |record: SourceRecord| {
            let health = health_of(&record);
            let unfinished: Option<Unfinished> =
                record.reading.and_then(|reading| serde_json::from_value(reading).ok());
            SourceState {
                unfinished: unfinished.map(|unfinished| unfinished.progress(&record.name)),
                is_running: self.pages.is_locked(&record.name),
                breaker: health.breaker.state(now),
                health,
                held: held_of(&record.name),
                hooks: self.hooks.counts(&record.name),
                name: record.name,
                kind: record.kind,
                added_at: record.added_at,
            }
        };
        Ok(records.into_iter().map(state).collect())
    }

    /// Signs in to a source and looks at what it shows.
    ///
    /// # Errors
    /// Why it cannot be read, and what to do.
    pub async fn test_source(&self, name: &str) -> Result<Description, JobError> {
        let mut record = self.source_record(name).await?;
        if record.kind == Kind::Files.name() {
            return Box::pin(self.test_drops(&record)).await;
        }
        if let Some(released) = self.released(&record).await? {
            // Not saved: a sync may be under way.
            record.cursor = serde_json::to_value(&released).ok();
        }
        // A person who asks wants an answer now, whatever the breaker says.
        let mut untried = record.clone();
        untried.health = serde_json::json!({});
        let source = self.connected(&untried, true)?;
        let mut description = source.describe().await?;
        refuse_another(&record, &description)?;
        description.findings.extend(refusal_ahead(&record, &description));
        Ok(description)
    }

    /// Forgets a source with its credentials. Its deals stay.
    ///
    /// # Errors
    /// [`JobError::Usage`] when there is none of this name.
    pub async fn remove_source(&self, name: &str) -> Result<(), JobError> {
        self.source_record(name).await?;
        self.pages.clear(name)?;
        self.metadata.remove_source(&self.id, name).await?;
        Ok(())
    }

    pub(super) async fn source_record(&self, name: &str) -> Result<SourceRecord, JobError> {
        let records = self.metadata.sources(&self.id).await?;
        let known: Vec<_> = records.iter().map(|record| record.name.clone()).collect();
        records.into_iter().find(|record| record.name == name).ok_or_else(|| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            JobError::Usage(format!("there is no source {name:?}; there are: {known}"))
        })
    }

    /// A source to ask; `is_awaited` tells whether somebody waits for its answer.
    pub(super) fn connected(
        &self,
        record: &SourceRecord,
        is_awaited: bool,
    ) -> Result<Box<dyn Source>, JobError> {
        let kind = Kind::named(&record.kind).ok_or_else(|| {
            JobError::Usage(format!("{} is of an unknown kind, {}", record.name, record.kind))
        })?;
        let fields = fields(&given(record.mapping.as_deref())?);
        let surroundings =
            Surroundings { is_awaited, ..self.surroundings(&health_of(record), fields) };
        Ok(connect(kind, Credentials::from_toml(&record.settings)?, surroundings)?)
    }

    /// The same workspace, whose requests to CRMs live in another time and under other limits; for
    /// tests.
    pub fn asking_at(self, pace: Arc<dyn Pace>, limits: Limits) -> Self {
        Self { asking: Asking { pace, limits: Some(limits) }, ..self }
    }

    fn surroundings(&self, health: &SourceHealth, fields: Vec<String>) -> Surroundings {
        let Asking { pace, limits } = self.asking.clone();
        let seed = pace.now().as_microsecond().unsigned_abs();
        let breaker = health.breaker.clone();
        Surroundings { pace, seed, breaker, limits, is_awaited: false, fields }
    }
}

pub(super) fn health_of(record: &SourceRecord) -> SourceHealth {
    serde_json::from_value(record.health.clone()).unwrap_or_default()
}
