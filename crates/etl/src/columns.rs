//! Which column is which field, by the mapping and by the headers.

use crate::field::{Field, Table};
use crate::preset::Preset;
use crate::source::Source;
use crate::{EtlError, Mapping};

/// The column of each field and of each custom dimension.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    index: [Option<usize>; Field::ALL.len()],
    dimensions: Vec<(String, usize)>,
}

impl Columns {
    /// No field has a column.
    pub(crate) fn none() -> Self {
        Self { index: [None; Field::ALL.len()], dimensions: Vec::new() }
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

    /// The custom dimensions and their columns, by name.
    pub(crate) fn dimensions(&self) -> &[(String, usize)] {
        &self.dimensions
    }

    /// Columns without a field or custom dimension, of `width` columns.
    pub(crate) fn unused(&self, width: usize) -> Vec<usize> {
        let is_dimension = |column| self.dimensions.iter().any(|(_, other)| *other == column);
        (0..width)
            .filter(|column| self.field_of(*column).is_none() && !is_dimension(*column))
            .collect()
    }

    /// Matches headers to fields: those the mapping names first, then those of the preset, then the
    /// best known header of each remaining field. Returns a note for each.
    ///
    /// # Errors
    /// When the mapping names a header that the deals file lacks, or a chosen header is not unique.
    pub(crate) fn by_header(
        source: &Source,
        mapping: &Mapping,
        preset: Option<&Preset>,
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
                    None => return Err(no_column(source, field.name(), header, "columns")),
                },
                None => open.push(field),
            }
        }
        if table == Table::Deals {
            columns.set_dimensions(source, mapping, preset, &mut notes)?;
        }
        if let Some(preset) = preset {
            open.retain(|field| {
                let column = preset.column(source, *field);
                let free = column.filter(|column| columns.unused(source.width()).contains(column));
                let Some(column) = free else { return true };
                columns.set(*field, column);
                let header = &source.headers[column];
                notes.push(format!("{} ← {header:?} ({})", field.name(), preset.description));
                false
            });
        }
        for field in open {
            let rank = |column: &usize| table.rank(&source.headers[*column], field);
            let best = columns.unused(source.width()).into_iter().filter(|c| rank(c).is_some());
            if let Some(column) = best.min_by_key(|column| rank(column)) {
                columns.set(field, column);
                let header = &source.headers[column];
                notes.push(format!("{} ← {header:?} (known header)", field.name()));
            }
        }
        columns.refuse_repeated_headers(source)?;
        Ok((columns, notes))
    }

    fn set_dimensions(
        &mut self,
        source: &Source,
        mapping: &Mapping,
        preset: Option<&Preset>,
        notes: &mut Vec<String>,
    ) -> Result<(), EtlError> {
        for (name, header) in mapping.dimensions.iter().filter(|(_, header)| !header.is_empty()) {
            let column = position(source, header)
                .ok_or_else(|| no_column(source, name, header, "dimensions"))?;
            self.dimensions.push((name.clone(), column));
            notes.push(format!("{name} ← {header:?} (custom dimension)"));
        }
        for (name, column) in preset.map(|preset| preset.dimensions(source)).unwrap_or_default() {
            if !mapping.dimensions.contains_key(name) {
                self.dimensions.push((name.to_owned(), column));
                let header = &source.headers[column];
                notes.push(format!("{name} ← {header:?} (custom dimension of the preset)"));
            }
        }
        self.dimensions.sort_unstable();
        Ok(())
    }

    fn refuse_repeated_headers(&self, source: &Source) -> Result<(), EtlError> {
        for (column, header) in source.headers.iter().enumerate() {
            let dimension = self.dimensions.iter().find(|(_, other)| *other == column);
            let by_name = || dimension.map(|(name, _)| name.as_str());
            let Some(name) = self.field_of(column).map(Field::name).or_else(by_name) else {
                continue;
            };
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
                .about(name));
            }
        }
        Ok(())
    }
}

fn no_column(source: &Source, name: &str, header: &str, part: &str) -> EtlError {
    EtlError::refused(
        source.path(),
        format!("the mapping names the column {header:?}, which the file does not have"),
        format!("correct [{part}] in the mapping; the columns are: {}", quoted(&source.headers)),
    )
    .on_line(1)
    .about(name)
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
