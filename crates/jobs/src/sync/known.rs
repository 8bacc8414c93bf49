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
    /// Later pulls that the quality gate holds, oldest first: once one is released, the next pull goes
    /// on from there.
    #[serde(default)]
    pub(super) waiting: Vec<HeldPull>,
}

impl Known {
    /// The held pulls that lack one of these fields.
    fn waiting_without(&self, types: &BTreeMap<String, String>) -> impl Iterator<Item = &HeldPull> {
        let lacks =
            |held: &&HeldPull| types.keys().any(|field| !held.known.types.contains_key(field));
        self.waiting.iter().filter(lacks)
    }
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
    /// What the newest pull left that was held and has been released since.
    pub(super) async fn released(&self, record: &SourceRecord) -> Result<Option<Known>, JobError> {
        for held in known(record).map(|known| known.waiting).into_iter().flatten().rev() {
            if self.state_of(held.load).await?.is_some_and(is_in) {
                return Ok(Some(held.known));
            }
        }
        Ok(None)
    }

    async fn state_of(&self, load: LoadId) -> Result<Option<LoadState>, JobError> {
        Ok(self.metadata.load(&self.id, load).await?.map(|load| load.state))
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

    /// Throws away the earlier pulls that the quality gate holds and that lack one of these fields, which
    /// have come in by now: they would blank it. Returns the fields of one that was released while they
    /// came in, and has blanked it.
    pub(super) async fn withdraw_without(
        &self,
        record: &SourceRecord,
        types: &BTreeMap<String, String>,
    ) -> Result<Option<BTreeMap<String, String>>, JobError> {
        let Some(known) = known(record) else { return Ok(None) };
        let mut lacking = known.waiting_without(types).peekable();
        if lacking.peek().is_none() {
            return Ok(None);
        }
        // So that nobody is releasing one.
        let _writer = self.stage().await?;
        let mut released = None;
        for held in lacking {
            match self.state_of(held.load).await? {
                Some(LoadState::Held) => {
                    let reason = "a later sync has brought fields that it lacks";
                    self.metadata.fail_load(held.load, reason).await?;
                    self.store.discard_held(held.load.0).await?;
                }
                Some(state) if is_in(state) => released = Some(held.known.types.clone()),
                _ => {}
            }
        }
        self.tell_of_held_loads().await?;
        Ok(released)
    }
}

/// Whether the store has a load.
fn is_in(state: LoadState) -> bool {
    matches!(state, LoadState::Committed | LoadState::Unchanged)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Known;

    #[test]
    fn only_held_pulls_that_lack_a_field_are_in_its_way() {
        let pull = |types, waiting| json!({ "cursor": null, "types": types, "waiting": waiting });
        let (both, without) = (json!({ "Id": "id", "Amount": "double" }), json!({ "Id": "id" }));
        let held = |load, types| json!({ "load": load, "known": pull(types, json!([])) });
        let waiting = json!([held(1, without.clone()), held(2, both.clone()), held(3, without)]);
        let known: Known = serde_json::from_value(pull(both, waiting)).expect("reads");
        let lacking: Vec<_> = known.waiting_without(&known.types).map(|held| held.load.0).collect();
        assert_eq!(lacking, [1, 3]);
    }
}
