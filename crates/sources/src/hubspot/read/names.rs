//! What the values of properties are called, and which deals that changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::VALUES;
use crate::hubspot::describe::Detail;

const STAGE: &str = "dealstage";

/// Names of owners, stages, pipelines and choices, by property and value.
pub(super) type Names = BTreeMap<String, BTreeMap<String, String>>;

/// Values of a property whose names changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::hubspot) struct Touched {
    pub(super) property: String,
    pub(super) values: Vec<String>,
}

pub(super) fn names(detail: &Detail) -> Names {
    let owners = detail.owners.iter();
    let owners = owners.map(|(id, owner)| (id.clone(), format!("{}|{}", owner.name, owner.team)));
    let stages = detail.stages.iter();
    let stages =
        stages.map(|(id, stage)| (id.clone(), format!("{}|{}", stage.label, stage.outcome)));
    let mut names = detail.choices.clone();
    names.insert("hubspot_owner_id".to_owned(), owners.collect());
    names.insert(STAGE.to_owned(), stages.collect());
    names.insert("pipeline".to_owned(), detail.pipelines.clone());
    names
}

/// The values that are called otherwise than before; `None` where a stage is, which is in the history of
/// deals that no search finds by it.
pub(super) fn touched(before: &Names, now: &Names) -> Option<Vec<Touched>> {
    let mut touched = Vec::new();
    for (property, now) in now {
        let before = before.get(property);
        let was = |id: &String| before.and_then(|before| before.get(id));
        let renamed = now.iter().filter(|(id, name)| was(id) != Some(name));
        let values: Vec<_> = renamed.map(|(id, _)| id.clone()).collect();
        if property == STAGE && values.iter().any(|id| was(id).is_some()) {
            return None;
        }
        for values in values.chunks(VALUES) {
            touched.push(Touched { property: property.clone(), values: values.to_vec() });
        }
    }
    Some(touched)
}

/// Blanks the names that are no longer those with which a reading began.
pub(super) fn keep_same(began_with: &mut Names, now: &Names) {
    for (property, names) in began_with {
        let now = now.get(property);
        let changed =
            names.iter_mut().filter(|(id, name)| now.and_then(|now| now.get(*id)) != Some(name));
        changed.for_each(|(_, name)| name.clear());
    }
}
