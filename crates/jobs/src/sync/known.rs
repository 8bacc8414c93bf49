//! What a pull knows of the one before it, and when it must not go on from there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use winsight_meta::{LoadId, LoadState, SourceRecord};
use winsight_sources::{Cursor, Description, Finding};

use crate::{JobError, Workspace};

/// What the next pull needs to know of the last one, as the metadata has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Known {
    /// Where it looks for changes.
    pub(super) cursor: Cursor,
    /// The fields that all deals were read with, and their types.
    pub(super) types: BTreeMap<String, String>,
    /// The account that they came from.
    #[serde(default)]
    pub(super) account: String,
    /// Its id; blank where it was not told.
    #[serde(default)]
    pub(super) account_id: String,
    /// A later pull that the quality gate holds: once it is released, the next one goes on from there.
    #[serde(default)]
    pub(super) held: Option<Box<HeldPull>>,
}

/// A pull that has not arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct HeldPull {
    pub(super) load: LoadId,
    pub(super) known: Known,
}

/// What the last pull left; `None` before the first.
pub(super) fn known(record: &SourceRecord) -> Option<Known> {
    serde_json::from_value(record.cursor.clone()?).ok()
}

impl Workspace {
    /// What a pull left that was held and has been released since.
    pub(super) async fn released(&self, record: &SourceRecord) -> Result<Option<Known>, JobError> {
        let Some(held) = known(record).and_then(|known| known.held) else { return Ok(None) };
        let load = self.metadata.load(&self.id, held.load).await?;
        let is_in =
            load.is_some_and(|it| matches!(it.state, LoadState::Committed | LoadState::Unchanged));
        Ok(is_in.then_some(held.known))
    }

    /// Takes a pull that was held, and has been released meanwhile, for one that arrived.
    pub(super) async fn go_on_from_released(
        &self,
        record: &mut SourceRecord,
    ) -> Result<(), JobError> {
        if let Some(released) = self.released(record).await? {
            record.cursor = serde_json::to_value(&released).ok();
            self.metadata.save_source(&self.id, record).await?;
        }
        Ok(())
    }

    /// Throws away an earlier pull that the quality gate holds, where it lacks a field that has come in
    /// by now: it would blank it.
    pub(super) async fn withdraw_without(
        &self,
        record: &SourceRecord,
        types: &BTreeMap<String, String>,
    ) -> Result<(), JobError> {
        let Some(held) = known(record).and_then(|known| known.held) else { return Ok(()) };
        if types.keys().all(|field| held.known.types.contains_key(field)) {
            return Ok(());
        }
        // So that nobody is releasing it.
        let _writer = self.stage().await?;
        let load = self.metadata.load(&self.id, held.load).await?;
        if load.is_some_and(|it| it.state == LoadState::Held) {
            let reason = "a later sync has brought fields that it lacks";
            self.metadata.fail_load(held.load, reason).await?;
            self.store.discard_held(held.load.0).await?;
            self.tell_of_held_loads().await?;
        }
        Ok(())
    }
}

/// Refuses an account that is not the one that the deals came from, where both are told.
pub(super) fn refuse_another(
    record: &SourceRecord,
    description: &Description,
) -> Result<(), JobError> {
    let is_told = |known: &Known| {
        ![&known.account_id, &description.account_id].iter().any(|id| id.is_empty())
    };
    match known(record).filter(is_told) {
        Some(known) if known.account_id != description.account_id => {
            Err(JobError::Refused(format!(
                "the deals of {0} came from {1}, and these credentials are for {2}, another account; add \
                 it as a source of another name, or run `winsight sync {0} --full` to put its deals in \
                 place of the others",
                record.name, known.account, description.account
            )))
        }
        _ => Ok(()),
    }
}

/// Refuses to go on without a field that the deals were read with: whatever deal changes would lose it,
/// or get that of another field.
pub(super) fn refuse_without(
    record: &SourceRecord,
    description: &Description,
    types: &BTreeMap<String, String>,
) -> Result<(), JobError> {
    let gone = missed(record, types);
    if gone.is_empty() {
        return Ok(());
    }
    Err(JobError::Refused(format!(
        "{} no longer shows {}, which the deals of {name} were read with; let it be read again, or run \
         `winsight sync {name} --full` to go on without",
        description.account,
        gone.join(", "),
        name = record.name
    )))
}

/// What the deals were read with and is not among these fields.
fn missed(record: &SourceRecord, types: &BTreeMap<String, String>) -> Vec<String> {
    let known = known(record).map(|known| known.types).unwrap_or_default();
    let gone = known.into_keys().filter(|field| !types.contains_key(field));
    gone.map(|field| field.trim_start_matches("associations.").to_owned()).collect()
}

/// That the next sync will be refused, see [`refuse_without`].
pub(super) fn refusal_ahead(record: &SourceRecord, description: &Description) -> Option<Finding> {
    let gone = missed(record, &description.types);
    (!gone.is_empty()).then(|| Finding {
        missing: gone.join(", "),
        effect: "the deals were read with this, so that every sync but a full one is refused"
            .to_owned(),
        remedy: format!(
            "let it be read again, or run `winsight sync {} --full` to go on without",
            record.name
        ),
    })
}
