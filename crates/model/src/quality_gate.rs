/// When a load is held back instead of replacing what readers see.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QualityGate {
    /// Loads of fewer rows are never held: a handful of rows says nothing about a share.
    pub min_rows: u64,
    /// A load with a lower quality score, 0 to 100, is held.
    pub min_score: f64,
    /// A load that scores this many points less than the one before it is held.
    pub max_score_drop: f64,
    /// Largest share of a source's deals that may be missing or deleted.
    pub max_lost: f64,
    /// Largest share of the deals read again in which a field may lose its value.
    pub max_blanked: f64,
    /// Largest share of a source's deals that may change at once. Not asked of what a CRM itself says
    /// has changed.
    pub max_changed: f64,
}

impl Default for QualityGate {
    fn default() -> Self {
        Self {
            min_rows: 100,
            min_score: 60.0,
            max_score_drop: 15.0,
            max_lost: 0.10,
            max_blanked: 0.10,
            max_changed: 0.50,
        }
    }
}
