//! The texts of a row after the replacements of the mapping, and its custom dimensions.

use std::collections::{BTreeMap, HashMap};

use crate::Mapping;
use crate::columns::Columns;
use crate::field::Field;
use crate::source::Fields;

/// Longest value of a custom dimension, in letters; the rest is cut.
const DIMENSION_LETTERS: usize = 200;

/// What the mapping replaces texts by: for each field, text to text, both trimmed.
#[derive(Clone, Debug)]
pub(crate) struct Replacements {
    by_field: [Replaced; Field::ALL.len()],
    /// Name, column and replacements of each custom dimension, by name.
    dimensions: Vec<(String, usize, Replaced)>,
}

type Replaced = HashMap<String, String>;

impl Replacements {
    /// The replacements of a mapping for a file with these columns.
    pub(crate) fn new(mapping: &Mapping, columns: &Columns) -> Self {
        let of = |name: &str| -> Replaced {
            let words = mapping.values.get(name).into_iter().flatten();
            words.map(|(from, to)| (from.trim().to_owned(), to.trim().to_owned())).collect()
        };
        Self {
            by_field: std::array::from_fn(|index| of(Field::ALL[index].name())),
            dimensions: columns
                .dimensions()
                .iter()
                .map(|(name, column)| (name.clone(), *column, of(name)))
                .collect(),
        }
    }

    /// The text of a field, trimmed and replaced; `None` when blank.
    pub(crate) fn text<'r>(&'r self, field: Field, written: &'r str) -> Option<&'r str> {
        replaced(&self.by_field[field as usize], written)
    }

    /// The custom dimensions of a row that have a value, as a JSON object.
    pub(crate) fn dimensions(&self, fields: &Fields<'_>) -> Option<String> {
        if self.dimensions.is_empty() {
            return None;
        }
        let values: BTreeMap<&str, &str> = self
            .dimensions
            .iter()
            .filter_map(|(name, column, words)| {
                Some((name.as_str(), cut(replaced(words, fields.get(*column))?)))
            })
            .collect();
        #[expect(clippy::expect_used, reason = "texts are JSON")]
        (!values.is_empty()).then(|| serde_json::to_string(&values).expect("a map of texts"))
    }

    /// The custom dimensions that have a value, as a set: the first is bit 0.
    pub(crate) fn filled_dimensions(&self, fields: &Fields<'_>) -> u64 {
        let places = self.dimensions.iter().enumerate();
        places.fold(0, |filled, (place, (_, column, words))| {
            filled | u64::from(replaced(words, fields.get(*column)).is_some()) << place
        })
    }
}

fn replaced<'r>(words: &'r Replaced, written: &'r str) -> Option<&'r str> {
    let text = trimmed(written);
    let text = if words.is_empty() { text } else { words.get(text).map_or(text, String::as_str) };
    (!text.is_empty()).then_some(text)
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(DIMENSION_LETTERS).map_or(text, |(end, _)| &text[..end])
}

/// The text without white space around it; nearly always it has none, which two bytes tell.
fn trimmed(text: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if is_plain(bytes.first()) && is_plain(bytes.last()) { text } else { text.trim() }
}
