use std::fmt;

use jiff::civil::Date;
use winsight_meta::LoadId;
use winsight_model::DataVersion;

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
        let held = match self.known_at {
            KnownAt::Latest => self.held_loads().await?.iter().map(|load| load.id).collect(),
            KnownAt::Day(_) | KnownAt::Version(_) => Vec::new(),
        };
        let loaded = commit.known_at.to_zoned(self.clock.time_zone().clone());
        Ok(Some(DataLabel { data_version: commit.version, data_as_of: loaded.date(), held }))
    }
}
