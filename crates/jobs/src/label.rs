use std::fmt;

use jiff::civil::Date;
use winsight_meta::{Load, LoadId};
use winsight_model::DataVersion;
use winsight_store::Commit;

use crate::{JobError, KnownAt, Workspace};

/// What every number is to be read with: the state of the data it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataLabel {
    /// The version answered from.
    pub data_version: DataVersion,
    /// The day on which it was loaded.
    pub data_as_of: Date,
    /// Newer loads that the quality gate holds back. None for a past state of knowledge.
    pub held: Vec<LoadId>,
}

impl fmt::Display for DataLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data as of {}, version {}", self.data_as_of, self.data_version)?;
        let held: Vec<_> = self.held.iter().map(ToString::to_string).collect();
        match &held[..] {
            [] => Ok(()),
            [load] => {
                write!(f, "; load {load} is held by the quality gate, see `winsight quality`")
            }
            _ => write!(
                f,
                "; loads {} are held by the quality gate, see `winsight quality`",
                held.join(", ")
            ),
        }
    }
}

impl Workspace {
    /// The state of the data that numbers come from; `None` before the first load.
    pub async fn label(&self) -> Result<Option<DataLabel>, JobError> {
        let Some(commit) = self.commit().await? else { return Ok(None) };
        let held = self.newer_held_loads().await?.iter().map(|load| load.id).collect();
        let data_as_of = self.loaded_on(&commit);
        Ok(Some(DataLabel { data_version: commit.version, data_as_of, held }))
    }

    /// The day on which a version was loaded.
    pub(crate) fn loaded_on(&self, commit: &Commit) -> Date {
        commit.known_at.to_zoned(self.clock.time_zone().clone()).date()
    }

    /// Loads that the quality gate holds back from these numbers; a past state of knowledge has none.
    pub(crate) async fn newer_held_loads(&self) -> Result<Vec<Load>, JobError> {
        match self.known_at {
            KnownAt::Latest => self.held_loads().await,
            KnownAt::Day(_) | KnownAt::Version(_) => Ok(Vec::new()),
        }
    }
}
