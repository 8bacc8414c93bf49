//! Mappings of well-known sales systems.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use strsim::normalized_levenshtein;

use crate::EtlError;
use crate::field::{Field, normalised};
use crate::source::Source;

/// How the exports of one system name the fields of a deal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    /// Name in mappings.
    #[serde(skip)]
    pub(crate) name: &'static str,
    /// The system and its table, for people.
    pub(crate) description: String,
    /// The preset is recognised when of each group one header is there.
    recognised_by: Vec<Vec<String>>,
    /// Field to headers, the best first.
    columns: BTreeMap<String, Vec<String>>,
    /// Custom dimension to headers, the best first.
    #[serde(default)]
    dimensions: BTreeMap<String, Vec<String>>,
    /// Stage to `won`, `lost` or `open`.
    #[serde(default)]
    pub(crate) stages: BTreeMap<String, String>,
}

/// In the order in which they are tried: the most demanding first.
static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    [
        ("skygeni", include_str!("../presets/skygeni.toml")),
        ("maven", include_str!("../presets/maven.toml")),
        ("salesforce", include_str!("../presets/salesforce.toml")),
        ("hubspot", include_str!("../presets/hubspot.toml")),
    ]
    .into_iter()
    .map(|(name, text)| {
        #[expect(clippy::expect_used, reason = "the text is part of the program, and tested")]
        let preset = toml::from_str(text).expect("a preset is complete");
        Preset { name, ..preset }
    })
    .collect()
});

impl Preset {
    /// Every preset.
    pub(crate) fn all() -> &'static [Self] {
        &PRESETS
    }

    /// The preset of a name.
    ///
    /// # Errors
    /// Names the nearest preset, when the name is none.
    pub(crate) fn named(name: &str) -> Result<&'static Self, EtlError> {
        let likeness = |preset: &&Self| normalized_levenshtein(preset.name, name);
        Self::all().iter().find(|preset| preset.name == name).ok_or_else(|| {
            let nearest =
                Self::all().iter().max_by(|left, right| likeness(left).total_cmp(&likeness(right)));
            let all: Vec<_> = Self::all().iter().map(|preset| preset.name).collect();
            EtlError::Mapping(format!(
                "preset {name:?} is not known; did you mean {:?}? the presets are: {}",
                nearest.map_or("", |preset| preset.name),
                all.join(", ")
            ))
        })
    }

    /// The preset whose key columns the file has.
    pub(crate) fn recognise(source: &Source) -> Option<&'static Self> {
        Self::all().iter().find(|preset| {
            preset.recognised_by.iter().all(|headers| first_of(source, headers).is_some())
        })
    }

    /// Whether a preset has a custom dimension of this name.
    pub(crate) fn any_has_dimension(name: &str) -> bool {
        Self::all().iter().any(|preset| preset.dimensions.contains_key(name))
    }

    /// The column of a field, as far as the file has one.
    pub(crate) fn column(&self, source: &Source, field: Field) -> Option<usize> {
        first_of(source, self.columns.get(field.name())?)
    }

    /// The custom dimensions for which the file has a column.
    pub(crate) fn dimensions(&self, source: &Source) -> Vec<(&str, usize)> {
        self.dimensions
            .iter()
            .filter_map(|(name, headers)| Some((name.as_str(), first_of(source, headers)?)))
            .collect()
    }
}

/// The column of the first of `headers` that the file has, whatever its case, spaces and punctuation.
fn first_of(source: &Source, headers: &[String]) -> Option<usize> {
    headers.iter().find_map(|wanted| {
        source.headers.iter().position(|header| normalised(header) == normalised(wanted))
    })
}

#[cfg(test)]
mod tests {
    use winsight_model::Outcome;

    use super::Preset;
    use crate::field::Field;

    #[test]
    fn presets_name_only_what_there_is() {
        for preset in Preset::all() {
            assert!(!preset.description.is_empty() && preset.recognised_by.len() > 3);
            for field in preset.columns.keys() {
                assert!(Field::named(field).is_ok(), "{}: {field}", preset.name);
            }
            let words = preset.stages.values();
            assert!(words.into_iter().all(|word| Outcome::from_stored(word).is_some()));
        }
    }

    #[test]
    fn a_wrong_name_brings_the_nearest() {
        let error = Preset::named("sales_force").expect_err("unknown").to_string();
        assert!(error.contains("did you mean \"salesforce\"") && error.contains("hubspot"));
    }
}
