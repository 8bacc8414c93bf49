/// For how long old data versions can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Versions that were the newest at some moment of this many past days are kept.
    pub versions_days: u32,
    /// At least this many versions are kept, whatever their age.
    pub versions_at_least: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { versions_days: 400, versions_at_least: 30 }
    }
}
