//! Dimensions of the workspace's own: all of a deal's values lie in one column, as a JSON object.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use winsight_model::{Dimension, NONE};

use crate::diff::text;
use crate::{Commit, FeatureStore, StoreError};

/// The column that holds the values of custom dimensions.
const COLUMN: &str = "dimensions";

impl FeatureStore {
    /// The names of the custom dimensions of which any deal has a value.
    pub async fn custom_dimensions(&self, commit: &Commit) -> Result<BTreeSet<String>, StoreError> {
        let engine = self.engine(commit).await?;
        let query = format!("SELECT DISTINCT {COLUMN} FROM deals WHERE {COLUMN} IS NOT NULL");
        let mut rows = engine.sql(&query).await?.execute_stream().await?;
        let mut names = BTreeSet::new();
        while let Some(batch) = rows.next().await {
            for json in text(&batch?, COLUMN)?.iter().flatten() {
                names.extend(values(json)?.into_keys());
            }
        }
        Ok(names)
    }
}

/// The column in which the values of a dimension lie.
pub(crate) fn column_of(dimension: &Dimension) -> &str {
    if dimension.is_built_in() { dimension.as_str() } else { COLUMN }
}

/// A deal's value of a custom dimension.
pub(crate) fn custom_value(
    json: Option<&str>,
    dimension: &Dimension,
) -> Result<Option<String>, StoreError> {
    let Some(json) = json else { return Ok(None) };
    Ok(values(json)?.remove(dimension.as_str()))
}

fn values(json: &str) -> Result<BTreeMap<String, String>, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Damaged(format!("custom dimensions {json:?}: {error}")))
}

/// That the column `part` of a query, from [`column_of`], holds the value.
///
/// Inside the text of a JSON value every quote follows a backslash, so that the quoted name with its
/// colon is found only where the value begins.
pub(crate) fn condition(part: &str, dimension: &Dimension, value: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    if dimension.is_built_in() {
        let is_none = format!("{part} IS NULL OR {part} = {}", quoted(NONE));
        return if value == NONE {
            format!("({is_none})")
        } else {
            format!("{part} = {}", quoted(value))
        };
    }
    let name = format!("{}:", serde_json::Value::from(dimension.as_str()));
    if value == NONE {
        return format!("({part} IS NULL OR strpos({part}, {}) = 0)", quoted(&name));
    }
    let entry = format!("{name}{}", serde_json::Value::from(value));
    format!("strpos({part}, {}) > 0", quoted(&entry))
}
