use std::collections::BTreeSet;

use strsim::normalized_levenshtein;

use crate::EtlError;
use crate::check::CATALOGUE;

/// Checks that do not set rows aside, as a set: the first of the catalogue is bit 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waived(u128);

const _: () = assert!(CATALOGUE.len() <= 128, "every check has its bit");

impl Waived {
    /// The checks of these names.
    ///
    /// # Errors
    /// Names the nearest check for a name that is none, and the waivable ones for one that is not.
    pub(crate) fn new(names: &BTreeSet<String>) -> Result<Self, EtlError> {
        let mut waived = Self::default();
        for name in names {
            let Some(place) = CATALOGUE.iter().position(|check| check.name == name) else {
                let likeness = |known: &str| normalized_levenshtein(known, name);
                let nearest = CATALOGUE
                    .iter()
                    .map(|check| check.name)
                    .max_by(|left, right| likeness(left).total_cmp(&likeness(right)));
                return Err(EtlError::Waive(format!(
                    "{name:?} is not a check; did you mean {:?}?",
                    nearest.unwrap_or_default()
                )));
            };
            if !CATALOGUE[place].waivable {
                let waivable = CATALOGUE.iter().filter(|check| check.waivable);
                let waivable: Vec<_> = waivable.map(|check| check.name).collect();
                return Err(EtlError::Waive(format!(
                    "{name} cannot be waived, as its rows are no usable deals; correct them, or waive one of: {}",
                    waivable.join(", ")
                )));
            }
            waived.0 |= 1 << place;
        }
        Ok(waived)
    }

    /// Whether a check is waived.
    pub(crate) fn has(self, name: &str) -> bool {
        self.0 != 0
            && CATALOGUE
                .iter()
                .position(|check| check.name == name)
                .is_some_and(|place| self.0 & 1 << place != 0)
    }
}
