//! Which column is which field, by the mapping and by the headers.

use crate::field::{Field, Table};
use crate::source::Source;
use crate::{EtlError, Mapping};

/// The column of each field.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    index: [Option<usize>; Field::ALL.len()],
}

impl Columns {
    /// No field has a column.
    pub(crate) fn none() -> Self {
        Self { index: [None; Field::ALL.len()] }
    }

    /// The column of a field.
    pub(crate) fn get(&self, field: Field) -> Option<usize> {
        self.index[field as usize]
    }

    /// Whether a field has a column.
    pub(crate) fn has(&self, field: Field) -> bool {
        self.get(field).is_some()
    }

    /// The fields that have a column.
    pub(crate) fn mapped(&self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(|field| self.has(*field))
    }

    /// Gives a field a column.
    pub(crate) fn set(&mut self, field: Field, column: usize) {
        self.index[field as usize] = Some(column);
    }

    /// The field of a column.
    pub(crate) fn field_of(&self, column: usize) -> Option<Field> {
        Field::ALL.iter().copied().find(|field| self.get(*field) == Some(column))
    }

    /// Columns without a field, of `width` columns.
    pub(crate) fn unused(&self, width: usize) -> Vec<usize> {
        (0..width).filter(|column| self.field_of(*column).is_none()).collect()
    }

    /// Matches headers to fields: those the mapping names first, then the best known header of each
    /// remaining field. Returns a note for each.
    ///
    /// # Errors
    /// When the mapping names a header that the deals file lacks, or a chosen header is not unique.
    pub(crate) fn by_header(
        source: &Source,
        mapping: &Mapping,
        table: Table,
    ) -> Result<(Self, Vec<String>), EtlError> {
        let mut columns = Self::none();
        let mut notes = Vec::new();
        let mut open = Vec::new();
        for field in table.fields() {
            match mapping.header_of(field) {
                Some("") => notes.push(format!("{}: left out by the mapping", field.name())),
                Some(header) => match position(source, header) {
                    Some(column) => {
                        columns.set(field, column);
                        notes.push(format!("{} ← {header:?} (given by the mapping)", field.name()));
                    }
                    // A mapping is written for the deals file; other files may have other headers.
                    None if table != Table::Deals => open.push(field),
                    None => {
                        return Err(EtlError::refused(
                            source.path(),
                            format!("the mapping names the column {header:?}, which the file does not have"),
                            format!("correct [columns] in the mapping; the columns are: {}", quoted(&source.headers)),
                        )
                        .on_line(1)
                        .about(field.name()));
                    }
                },
                None => open.push(field),
            }
        }
        for field in open {
            let rank = |column: &usize| table.rank(&source.headers[*column], field);
            let best = columns.unused(source.width()).into_iter().filter(|c| rank(c).is_some());
            if let Some(column) = best.min_by_key(|column| rank(column)) {
                columns.set(field, column);
                notes.push(format!(
                    "{} ← {:?} (known header)",
                    field.name(),
                    source.headers[column]
                ));
            }
        }
        columns.refuse_repeated_headers(source)?;
        Ok((columns, notes))
    }

    fn refuse_repeated_headers(&self, source: &Source) -> Result<(), EtlError> {
        for (column, header) in source.headers.iter().enumerate() {
            let Some(field) = self.field_of(column) else { continue };
            let twin = (0..source.width())
                .find(|other| *other != column && source.headers[*other] == *header);
            if let Some(twin) = twin {
                return Err(EtlError::refused(
                    source.path(),
                    format!(
                        "the header stands over columns {} and {}",
                        column.min(twin) + 1,
                        column.max(twin) + 1
                    ),
                    "rename one of them, so that it is clear which to use",
                )
                .on_line(1)
                .in_column(header)
                .about(field.name()));
            }
        }
        Ok(())
    }
}

fn position(source: &Source, header: &str) -> Option<usize> {
    let same_letters = |name: &&String| name.eq_ignore_ascii_case(header);
    source.headers.iter().position(|name| name == header).or_else(|| {
        let only = source.headers.iter().filter(same_letters).count() == 1;
        only.then(|| source.headers.iter().position(|name| same_letters(&name))).flatten()
    })
}

/// Headers as a list for people.
pub(crate) fn quoted(headers: &[String]) -> String {
    let quoted: Vec<_> = headers.iter().map(|header| format!("{header:?}")).collect();
    quoted.join(", ")
}
