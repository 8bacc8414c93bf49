use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A finding in words, with the numbers it was computed from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Insight {
    /// What it is about, such as `win_rate_change`.
    pub kind: String,
    /// `daily`, `weekly` or `monthly`.
    pub cadence: String,
    /// One line.
    pub title: String,
    /// A few sentences.
    pub text: String,
    /// What the numbers cannot say.
    #[schema(required)]
    pub caution: Option<String>,
    /// What to do.
    #[schema(required)]
    pub action: Option<String>,
    /// The numbers behind it.
    #[schema(value_type = Object)]
    pub evidence: BTreeMap<String, serde_json::Value>,
    /// Larger comes first.
    pub rank: f64,
}

impl From<winsight_insight::Insight> for Insight {
    fn from(insight: winsight_insight::Insight) -> Self {
        Self {
            kind: insight.kind.as_str().to_owned(),
            cadence: insight.cadence.as_str().to_owned(),
            title: insight.title,
            text: insight.text,
            caution: insight.caution,
            action: insight.action,
            evidence: insight.evidence,
            rank: insight.rank,
        }
    }
}
