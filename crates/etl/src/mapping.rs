use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use winsight_model::{Outcome, schema};

use crate::EtlError;
use crate::date::DateFormat;
use crate::field::Field;
use crate::preset::Preset;
use crate::rate::Rate;
use crate::source::encoding_named;

/// Most custom dimensions of a workspace.
pub(crate) const CUSTOM_DIMENSIONS: usize = 20;

/// How a file becomes deals: which column is which field, and how its texts are read.
///
/// Every part may be left out and is then inferred from the file; the report returns it filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Name of a preset, one of [`Mapping::presets`]; the other parts add to it or overrule it. A
    /// file with the key columns of a preset is recognised without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
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
    /// Rates that change: each holds from its day until the next one of its currency. A currency has
    /// either these or one of `currency_rates`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub currency_rate: Vec<DatedRate>,
    /// Custom dimension to header: further texts to group deals by. An empty header leaves out a
    /// dimension of the preset.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// Field or custom dimension, then value to the value it is replaced by before anything else;
    /// an empty one blanks it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

/// The value of a currency from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatedRate {
    /// ISO 4217 code.
    pub currency: String,
    /// First day on which it holds.
    pub from: Date,
    /// Its value in the reporting currency, an exact decimal.
    pub rate: String,
}

/// A mapping that comes with Winsight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresetInfo {
    /// The name to give to [`Mapping::preset`].
    pub name: &'static str,
    /// Which system, and which of its tables.
    pub description: &'static str,
}

/// Why a text is no mapping, in one line: toml's own message draws the place over four.
fn unreadable(text: &str, error: &toml::de::Error) -> String {
    let before = text.as_bytes().iter().take(error.span().map_or(0, |span| span.start));
    let line = 1 + before.filter(|byte| **byte == b'\n').count();
    let said = error.message().lines().collect::<Vec<_>>().join(", ");
    let written = text.lines().nth(line - 1).unwrap_or_default();
    let name = written.split_once('=').map_or("", |(name, _)| name.trim());
    let table = text.lines().take(line).map(str::trim).filter(|line| line.starts_with('[')).last();
    let is_of_columns = match table {
        Some(table) => table.starts_with("[columns]"),
        None => name.is_empty() || Field::named(name).is_ok() || said.starts_with("unknown field"),
    };
    let name = if name.is_empty() { String::new() } else { format!(", {name}") };
    let remedy = "; write lines such as amount = \"Amount\" under [columns]";
    format!("line {line}{name}: {said}{}", if is_of_columns { remedy } else { "" })
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`EtlError::Mapping`] names the line, or the part that cannot be used.
    pub fn from_toml(text: &str) -> Result<Self, EtlError> {
        let mapping: Self =
            toml::from_str(text).map_err(|error| EtlError::Mapping(unreadable(text, &error)))?;
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

    /// The mapping of a well-known system: the fields it names as far as a file has their columns.
    ///
    /// # Errors
    /// [`EtlError::Mapping`] names the nearest preset, when the name is none.
    pub fn preset(name: &str) -> Result<Self, EtlError> {
        Preset::named(name)?;
        Ok(Self { preset: Some(name.to_owned()), ..Self::default() })
    }

    /// Every preset.
    pub fn presets() -> Vec<PresetInfo> {
        Preset::all()
            .iter()
            .map(|preset| PresetInfo { name: preset.name, description: &preset.description })
            .collect()
    }

    /// Checks every part that can be checked without a file.
    pub(crate) fn validate(&self) -> Result<(), EtlError> {
        self.validate_conventions()?;
        self.validate_words()?;
        self.validate_currencies()?;
        self.validate_dimensions()
    }

    fn validate_conventions(&self) -> Result<(), EtlError> {
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
        if let Some(name) = &self.preset {
            Preset::named(name)?;
        }
        Ok(())
    }

    fn validate_words(&self) -> Result<(), EtlError> {
        let invalid = |message: String| Err(EtlError::Mapping(message));
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
        for (name, words) in &self.values {
            let is_field = Field::REPLACEABLE.iter().any(|field| field.name() == name);
            let is_dimension =
                self.dimensions.contains_key(name) || Preset::any_has_dimension(name);
            if !is_field && !is_dimension {
                let fields = Field::REPLACEABLE.map(Field::name).join(", ");
                return invalid(format!(
                    "[values.{name}] is neither a text field nor one of [dimensions]; the text fields are: {fields}"
                ));
            }
            let mut seen = BTreeMap::new();
            for (from, to) in words {
                if let Some(other) = seen.insert(from.trim(), to.trim())
                    && other != to.trim()
                {
                    return invalid(format!(
                        "[values.{name}] replaces {:?} by {other:?} and by {to:?}; keep one of them",
                        from.trim()
                    ));
                }
            }
        }
        Ok(())
    }

    fn validate_currencies(&self) -> Result<(), EtlError> {
        let invalid = |message: String| Err(EtlError::Mapping(message));
        let dated = self.currency_rate.iter().map(|dated| &dated.currency);
        for code in self.currency_rates.keys().chain(dated).chain(&self.default_currency) {
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
        let mut seen = BTreeSet::new();
        for DatedRate { currency, from, rate } in &self.currency_rate {
            Rate::parse(rate).map_err(|hint| {
                EtlError::Mapping(format!("[[currency_rate]] {currency} from {from} {hint}"))
            })?;
            if self.currency_rates.contains_key(currency) {
                return invalid(format!(
                    "{currency} has one rate under [currency_rates] and others under [[currency_rate]]; keep one kind"
                ));
            }
            if !seen.insert((currency, from)) {
                return invalid(format!(
                    "[[currency_rate]] gives {currency} two rates from {from}; keep one of them"
                ));
            }
        }
        Ok(())
    }

    fn validate_dimensions(&self) -> Result<(), EtlError> {
        let invalid = |message: String| Err(EtlError::Mapping(message));
        if self.dimensions.len() > CUSTOM_DIMENSIONS {
            return invalid(format!(
                "[dimensions] has {} entries; at most {CUSTOM_DIMENSIONS} are supported",
                self.dimensions.len()
            ));
        }
        for name in self.dimensions.keys() {
            let is_letter = |letter: char| letter.is_ascii_lowercase();
            let is_identifier = name.starts_with(is_letter)
                && name.len() <= 40
                && name.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '_');
            if !is_identifier {
                return invalid(format!(
                    "[dimensions] {name:?} is not a name; use up to 40 small letters, digits and underscores, beginning with a letter, such as \"customer_segment\""
                ));
            }
            let is_taken = Field::ALL.iter().any(|field| field.name() == name)
                || schema::deals().column_with_name(name).is_some();
            if is_taken {
                return invalid(format!(
                    "[dimensions] {name:?} is a field of its own; name its column under [columns], or choose another name"
                ));
            }
        }
        Ok(())
    }

    /// The header that the mapping gives a field; `Some("")` when it is to stay unmapped.
    pub(crate) fn header_of(&self, field: Field) -> Option<&str> {
        self.columns.get(field.name()).map(String::as_str)
    }
}
