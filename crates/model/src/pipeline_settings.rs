/// How the pipeline is judged.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PipelineSettings {
    /// Days after creation at which the win rate of a cohort is told.
    pub cohort_horizon_days: u32,
    /// Names of the dimensions that win chances are told apart by, besides the stage.
    pub win_chance_by: Vec<String>,
    /// What the parts of the pipeline quality weigh.
    pub quality_weights: QualityWeights,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        Self {
            cohort_horizon_days: 180,
            win_chance_by: vec!["lead_source".to_owned()],
            quality_weights: QualityWeights::default(),
        }
    }
}

/// What the parts of the pipeline quality weigh; only their proportions count.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QualityWeights {
    /// Win chances by amount, against the revenue-weighted win rate of the past year.
    pub expected_yield: f64,
    /// Amount that is no longer in its stage than won deals were.
    pub velocity: f64,
    /// Amount with a date ahead, an owner and recent activity.
    pub hygiene: f64,
    /// How little depends on few deals.
    pub spread: f64,
}

impl Default for QualityWeights {
    fn default() -> Self {
        Self { expected_yield: 0.40, velocity: 0.30, hygiene: 0.20, spread: 0.10 }
    }
}
