use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use winsight_model::Segment;

/// Which deals a person may know about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// Every deal of the workspace.
    Everything,
    /// The deals of some reps and teams, and nothing that any other deal is part of.
    Own {
        /// Reps as named in the data.
        reps: BTreeSet<String>,
        /// Teams as named in the data.
        teams: BTreeSet<String>,
    },
}

impl Sight {
    /// The deals of one rep.
    pub fn rep(name: &str) -> Self {
        Self::Own { reps: BTreeSet::from([name.to_owned()]), teams: BTreeSet::new() }
    }

    /// Whether every deal of `segment` may be known: a number over a segment tells about all of its
    /// deals, so one foreign deal is enough to withhold it.
    pub fn covers(&self, segment: &Segment) -> bool {
        match self {
            Self::Everything => true,
            Self::Own { reps, teams } => {
                segment.parts().iter().any(|(dimension, value)| match dimension.as_str() {
                    "rep" => reps.contains(value),
                    "team" => teams.contains(value),
                    _ => false,
                })
            }
        }
    }

    /// Whether a deal of this rep may be known; a deal without one may not.
    pub fn covers_deal_of(&self, rep: Option<&str>) -> bool {
        match self {
            Self::Everything => true,
            Self::Own { reps, .. } => rep.is_some_and(|rep| reps.contains(rep)),
        }
    }
}
