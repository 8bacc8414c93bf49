use std::collections::BTreeMap;
use std::path::Path;

use crate::columns::Columns;
use crate::field::{Field, Table};
use crate::source::Source;
use crate::{EtlError, Mapping};

/// Most rows of a lookup.
const LOOKUP_ROWS: usize = 1_000_000;

/// A small table beside the deals: products, accounts or sales people, one row each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    file: String,
    key: Field,
    rows: BTreeMap<String, BTreeMap<Field, String>>,
}

impl Lookup {
    /// Name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The field of a deal that its rows are found by: `product`, `account` or `rep`.
    pub fn key(&self) -> &'static str {
        self.key.name()
    }

    /// The values of the key, such as all product names.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }

    pub(crate) fn key_field(&self) -> Field {
        self.key
    }

    /// What the row of `value` says about another field.
    pub(crate) fn find(&self, value: &str, field: Field) -> Option<&str> {
        self.rows.get(value)?.get(&field).map(String::as_str)
    }

    /// Whether there is a row for `value`.
    pub(crate) fn contains(&self, value: &str) -> bool {
        self.rows.contains_key(value)
    }
}

/// Whether a file is a lookup rather than a file of deals: it has neither outcome nor stage, no
/// closed date, names no deals, and has a column of products, accounts or sales people.
pub fn is_lookup(path: &Path) -> Result<bool, EtlError> {
    let source = Source::open_headers(path, Table::Deals)?;
    let means = |table: Table, field: Field| {
        source.headers.iter().any(|header| table.rank(header, field).is_some())
    };
    let names_deals = means(Table::Events, Field::DealId);
    let of_deals = [Field::Outcome, Field::Stage, Field::ClosedDate]
        .into_iter()
        .any(|field| means(Table::Deals, field));
    Ok(!of_deals && !names_deals && KEYS.into_iter().any(|field| means(Table::Lookup, field)))
}

const KEYS: [Field; 3] = [Field::Rep, Field::Product, Field::Account];

/// Reads a lookup file.
///
/// # Errors
/// Beside what any file may be refused for: no column of products, accounts or sales people, or two
/// different rows for one of them.
pub fn read_lookup(path: &Path) -> Result<Lookup, EtlError> {
    let mapping = Mapping::default();
    let source = Source::open(path, &mapping, Table::Lookup)?;
    let (columns, _) = Columns::by_header(&source, &mapping, None, Table::Lookup)?;
    let first_key = KEYS.into_iter().filter_map(|key| Some((columns.get(key)?, key))).min();
    let Some((key_column, key)) = first_key else {
        return Err(EtlError::refused(
            path,
            "no column names a product, an account or a sales agent",
            "give its key column one of these headers: product, account, sales_agent",
        )
        .on_line(1));
    };
    let others: Vec<(Field, usize)> = Field::GROUPING
        .into_iter()
        .filter(|field| *field != key)
        .filter_map(|field| Some((field, columns.get(field)?)))
        .collect();
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut lookup = Lookup { file: file.unwrap_or_default(), key, rows: BTreeMap::new() };
    let mut rows = source.rows()?;
    while rows.advance()? {
        let record = rows.record();
        let refused = |problem: String, hint: &str| {
            Err(EtlError::refused(path, problem, hint).on_line(record.line).about(key.name()))
        };
        if record.is_blank() {
            continue;
        }
        let fields = match record.fields(Some(source.width())) {
            Ok(fields) => fields,
            Err(fault) => return refused(fault.reason().message, "correct the row"),
        };
        let value = fields.get(key_column).trim();
        if value.is_empty() {
            continue;
        }
        let row: BTreeMap<Field, String> = others
            .iter()
            .map(|(field, column)| (*field, fields.get(*column).trim().to_owned()))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        if lookup.rows.get(value).is_some_and(|known| *known != row) {
            return refused(
                format!("{value:?} has a second row with different contents"),
                "keep one row for each",
            );
        }
        lookup.rows.insert(value.to_owned(), row);
        if lookup.rows.len() > LOOKUP_ROWS {
            return refused(
                format!("a lookup may have {LOOKUP_ROWS} rows"),
                "name it as a file of deals, or shorten it",
            );
        }
    }
    Ok(lookup)
}
