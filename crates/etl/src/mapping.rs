use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use winsight_model::Outcome;

use crate::EtlError;
use crate::date::DateFormat;
use crate::field::Field;
use crate::rate::Rate;
use crate::source::encoding_named;

/// How a file becomes deals: which column is which field, and how its texts are read.
///
/// Every part may be left out and is then inferred from the file; the report returns it filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// ISO 4217 code that `currency_rates` lead to; must be the one of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporting_currency: Option<String>,
    /// ISO 4217 code of amounts that name no currency; the reporting currency unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_currency: Option<String>,
    /// The character between two fields: a comma, semicolon, tab or pipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Name of the text encoding, such as `utf-8` or `windows-1252`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// `d/m/y` or `m/d/y` for dates in numbers, or a pattern such as `%d %b %Y`. Dates written year
    /// first, with dots or with the month in letters need none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_format: Option<String>,
    /// The mark before the decimals, `.` or `,`, for amounts such as `1.234` that do not show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// Field to header. An empty header leaves the field unmapped.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// Stage name to `won`, `lost` or `open`, for names that do not say it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stages: BTreeMap<String, String>,
    /// Word of the outcome column to `won`, `lost` or `open`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<String, String>,
    /// Currency code to its value in the reporting currency, an exact decimal: `EUR = "1.08"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub currency_rates: BTreeMap<String, String>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`EtlError::Mapping`] names the line, or the part that cannot be used.
    pub fn from_toml(text: &str) -> Result<Self, EtlError> {
        let mapping: Self =
            toml::from_str(text).map_err(|error| EtlError::Mapping(error.to_string()))?;
        mapping.validate()?;
        Ok(mapping)
    }

    /// The mapping as a file that [`Mapping::from_toml`] reads.
    ///
    /// # Panics
    /// Never: texts, characters and tables of texts have a form in TOML.
    pub fn to_toml(&self) -> String {
        #[expect(clippy::expect_used, reason = "texts, characters and tables of texts are TOML")]
        toml::to_string(self).expect("a mapping holds only what TOML can hold")
    }

    /// Checks every part that can be checked without a file.
    pub(crate) fn validate(&self) -> Result<(), EtlError> {
        let invalid = |message: String| Err(EtlError::Mapping(message));
        if let Some(delimiter) = self.delimiter
            && !['\t', ',', ';', '|'].contains(&delimiter)
        {
            return invalid(format!(
                "delimiter {delimiter:?} is not supported; use \",\", \";\", \"|\" or \"\\t\""
            ));
        }
        if let Some(decimal) = self.decimal
            && !['.', ','].contains(&decimal)
        {
            return invalid(format!("decimal {decimal:?} is not supported; use \".\" or \",\""));
        }
        if let Some(name) = &self.encoding {
            encoding_named(name)?;
        }
        if let Some(format) = &self.date_format {
            DateFormat::named(format)?;
        }
        for name in self.columns.keys() {
            Field::named(name).map_err(|hint| EtlError::Mapping(format!("[columns] {hint}")))?;
        }
        for (table, words) in [("stages", &self.stages), ("outcomes", &self.outcomes)] {
            if let Some((word, outcome)) =
                words.iter().find(|(_, outcome)| Outcome::from_stored(outcome).is_none())
            {
                return invalid(format!(
                    "[{table}] {word:?} = {outcome:?} is not an outcome; use \"won\", \"lost\" or \"open\""
                ));
            }
        }
        for code in self.currency_rates.keys().chain(&self.default_currency) {
            if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return invalid(format!(
                    "{code:?} is not a currency code; use three capital letters such as \"EUR\""
                ));
            }
        }
        for (code, rate) in &self.currency_rates {
            Rate::parse(rate)
                .map_err(|hint| EtlError::Mapping(format!("[currency_rates] {code} {hint}")))?;
        }
        Ok(())
    }

    /// The header that the mapping gives a field; `Some("")` when it is to stay unmapped.
    pub(crate) fn header_of(&self, field: Field) -> Option<&str> {
        self.columns.get(field.name()).map(String::as_str)
    }
}
