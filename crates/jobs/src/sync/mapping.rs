//! How the rows of a source are read: by the mapping of its exports, completed by what the account says
//! about itself.

use std::collections::BTreeSet;

use winsight_etl::{DatedRate, Mapping};
use winsight_sources::Description;

use crate::JobError;

/// The mapping given for a source.
pub(super) fn given(toml: Option<&str>) -> Result<Mapping, JobError> {
    Ok(toml.map(Mapping::from_toml).transpose()?.unwrap_or_default())
}

/// The fields that a mapping names beside those of the preset.
pub(super) fn fields(mapping: &Mapping) -> Vec<String> {
    let named = mapping.columns.values().chain(mapping.dimensions.values());
    named.filter(|column| !column.is_empty()).cloned().collect()
}

/// The mapping for rows under the columns of a description.
pub(super) fn complete(
    mut mapping: Mapping,
    kind: &str,
    description: &Description,
    reporting: &str,
) -> Mapping {
    mapping.preset.get_or_insert_with(|| kind.to_owned());
    mapping.decimal = Some('.');
    mapping.date_format.get_or_insert_with(|| "%Y-%m-%d".to_owned());
    // A field that the account no longer has is told as a finding, and must not stop the others.
    let is_there = |column: &String| column.is_empty() || description.columns.contains(column);
    mapping.columns.retain(|_, column| is_there(column));
    mapping.dimensions.retain(|_, column| is_there(column));
    for (stage, outcome) in &description.stages {
        mapping.stages.entry(stage.clone()).or_insert_with(|| outcome.clone());
    }
    if mapping.default_currency.is_none() {
        mapping.default_currency.clone_from(&description.currency);
    }
    if description.currency.as_deref() == Some(reporting) {
        add_dated_rates(&mut mapping, description);
    }
    add_rates(&mut mapping, description, reporting);
    mapping
}

/// Adds the account's rates by day for currencies that the mapping says nothing about. They are in its
/// main currency, which amounts are reported in here.
fn add_dated_rates(mapping: &mut Mapping, description: &Description) {
    let given: BTreeSet<String> =
        mapping.currency_rate.iter().map(|dated| dated.currency.clone()).collect();
    for (currency, from, rate) in &description.dated_rates {
        let is_given = given.contains(currency) || mapping.currency_rates.contains_key(currency);
        if let Ok(from) = from.parse()
            && !is_given
        {
            let (currency, rate) = (currency.clone(), rate.clone());
            mapping.currency_rate.push(DatedRate { currency, from, rate });
        }
    }
}

/// Adds the account's rates for currencies that the mapping says nothing about.
fn add_rates(mapping: &mut Mapping, description: &Description, reporting: &str) {
    let Some(main) = &description.currency else { return };
    let rate = |currency: &str| -> Option<f64> {
        if currency == main {
            return Some(1.0);
        }
        description.rates.get(currency)?.parse().ok().filter(|rate: &f64| *rate > 0.0)
    };
    let Some(into) = rate(reporting) else { return };
    for currency in description.rates.keys().chain([main]) {
        let is_dated = mapping.currency_rate.iter().any(|dated| dated.currency == *currency);
        let is_given = is_dated || mapping.currency_rates.contains_key(currency);
        if let Some(rate) = rate(currency).filter(|_| currency != reporting && !is_given) {
            mapping.currency_rates.insert(currency.clone(), format!("{:.10}", rate / into));
        }
    }
}
