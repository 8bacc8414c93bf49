//! Everything that must be known about a file before its first row is read.

use jiff::tz::TimeZone;
use winsight_model::Settings;

use crate::amount::{AmountEvidence, Decimal};
use crate::columns::Columns;
use crate::date::{DateEvidence, DateFormat, DateOrder, DateReader};
use crate::field::{Field, Table};
use crate::infer::{Sample, by_values, require};
use crate::preset::Preset;
use crate::source::Source;
use crate::{EtlError, Issue, Mapping, check};

/// Rows between two looks at whether the conventions are settled.
const CONVENTION_ROWS: u64 = 10_000;

/// How to read a file: its columns and conventions, and the mapping that says so.
pub(crate) struct Plan {
    pub(crate) mapping: Mapping,
    pub(crate) notes: Vec<String>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) columns: Columns,
    pub(crate) dates: DateReader,
    pub(crate) decimal: Option<Decimal>,
}

impl Plan {
    /// Completes the mapping from the file.
    pub(crate) fn make(
        source: &Source,
        given: &Mapping,
        settings: &Settings,
        table: Table,
    ) -> Result<Self, EtlError> {
        let preset = match &given.preset {
            Some(name) => Some(Preset::named(name)?),
            None if table == Table::Deals && !source.is_part() => Preset::recognise(source),
            None => None,
        };
        let (columns, notes) = Columns::by_header(source, given, preset, table)?;
        let by_preset = preset.map(|preset| {
            let how = if given.preset.is_some() {
                "given by the mapping"
            } else {
                "all its key columns are there"
            };
            format!("preset: {} ({}; {how})", preset.name, preset.description)
        });
        let zone = TimeZone::get(&settings.time_zone).map_err(|error| {
            EtlError::Mapping(format!(
                "the workspace's time_zone {:?} is unknown ({error}); use a name such as \"Europe/London\"",
                settings.time_zone
            ))
        })?;
        let mut plan = Self {
            mapping: given.clone(),
            notes: source.notes.iter().cloned().chain(by_preset).chain(notes).collect(),
            issues: Vec::new(),
            columns,
            dates: DateReader { order: None, pattern: None, zone },
            decimal: given.decimal.map(Decimal::of),
        };
        if let Some(preset) = preset {
            plan.mapping.preset = Some(preset.name.to_owned());
            for (stage, outcome) in &preset.stages {
                plan.mapping.stages.entry(stage.clone()).or_insert_with(|| outcome.clone());
            }
        }
        let sample = Sample::read(source)?;
        if table == Table::Deals && !source.is_part() {
            plan.guess_columns(source, &sample);
        }
        require(source, &sample, &plan.columns, table)?;
        plan.set_currencies(settings)?;
        plan.settle_conventions(source)?;
        plan.report_unused(source);
        plan.complete_mapping(source);
        Ok(plan)
    }

    fn guess_columns(&mut self, source: &Source, sample: &Sample) {
        let left_out = |field: &Field| self.mapping.header_of(*field) == Some("");
        let mut columns = self.columns.clone();
        for field in by_values(source, sample, &mut columns) {
            let (Some(column), false) = (columns.get(field), left_out(&field)) else { continue };
            self.columns.set(field, column);
            let header = &source.headers[column];
            self.notes.push(format!("{} ← {header:?} (recognised by its values)", field.name()));
            self.issues.push(Issue::new(
                check::GUESSED_COLUMN,
                Some(field),
                1,
                vec![header.clone()],
                format!(
                    "the column {header:?} was taken for {} because of its values; if that is wrong, name the right column under [columns] in the mapping",
                    field.name()
                ),
            ));
        }
    }

    fn set_currencies(&mut self, settings: &Settings) -> Result<(), EtlError> {
        let reporting = &settings.reporting_currency;
        if let Some(given) = &self.mapping.reporting_currency
            && given != reporting
        {
            return Err(EtlError::Mapping(format!(
                "its rates lead to {given}, but the workspace reports in {reporting}; state the rates in {reporting}, or change reporting_currency in the settings"
            )));
        }
        self.mapping.reporting_currency = Some(reporting.clone());
        self.mapping.default_currency.get_or_insert_with(|| reporting.clone());
        Ok(())
    }

    fn settle_conventions(&mut self, source: &Source) -> Result<(), EtlError> {
        let given = self.mapping.date_format.as_deref().map(DateFormat::named).transpose()?;
        let numeric = self.columns.get(Field::Amount).is_some_and(|column| source.numeric[column]);
        if numeric {
            self.decimal = Some(Decimal::Point);
        }
        // The rows of one load are read alike; a few of them tell nothing that the others did not.
        let is_settled = given.is_some() && self.decimal.is_some();
        let evidence = if is_settled || source.is_part() {
            Evidence::default()
        } else {
            Evidence::gather(source, &self.columns)?
        };
        match given {
            Some(DateFormat::Order(order)) => self.dates.order = Some(order),
            Some(DateFormat::Pattern(pattern)) => {
                self.dates.pattern = Some(pattern);
                self.dates.order = evidence.dates.order().unwrap_or_default();
            }
            None => self.dates.order = order_of(source, &evidence.dates)?,
        }
        if self.decimal.is_none() {
            self.settle_decimal(&evidence.amounts);
        }
        Ok(())
    }

    fn settle_decimal(&mut self, evidence: &AmountEvidence) {
        self.decimal = evidence.decimal();
        if let Some((decimal, example, count)) = evidence.guess() {
            self.decimal = Some(decimal);
            let meaning = match decimal {
                Decimal::Point => "a comma as the thousands mark",
                Decimal::Comma => "a point as the thousands mark",
            };
            self.notes.push(format!(
                "decimal: amounts such as {example:?} were read with {meaning} (the likelier reading)"
            ));
            self.issues.push(Issue::new(
                check::GUESSED_DECIMAL,
                Some(Field::Amount),
                count,
                vec![example.to_owned()],
                format!(
                    "no amount of the file shows which mark stands before decimals; {example:?} was read with {meaning}; if that is wrong, set decimal in the mapping"
                ),
            ));
        }
    }

    fn report_unused(&mut self, source: &Source) {
        let unused = self.columns.unused(source.width());
        let headers: Vec<_> =
            unused.into_iter().map(|column| source.headers[column].clone()).collect();
        if headers.is_empty() {
            return;
        }
        self.notes.push(format!("unused columns: {}", headers.join(", ")));
        self.issues.push(Issue::new(
            check::UNUSED_COLUMNS,
            None,
            headers.len() as u64,
            headers.clone(),
            format!(
                "unused columns: {}; to use one, name it under [columns] in the mapping",
                headers.join(", ")
            ),
        ));
    }

    fn complete_mapping(&mut self, source: &Source) {
        let mapping = &mut self.mapping;
        if let Some((delimiter, encoding)) = source.text_format() {
            mapping.delimiter = Some(delimiter);
            mapping.encoding = Some(encoding.to_owned());
        }
        if mapping.date_format.is_none()
            && let Some(order) = self.dates.order
        {
            mapping.date_format = Some(order.name().to_owned());
            self.notes.push(format!("dates: {}", order.name()));
        }
        mapping.decimal = self.decimal.map(Decimal::mark);
        for field in Field::ALL {
            if let Some(column) = self.columns.get(*field) {
                mapping.columns.insert(field.name().to_owned(), source.headers[column].clone());
            }
        }
        for (name, column) in self.columns.dimensions() {
            mapping.dimensions.insert(name.clone(), source.headers[*column].clone());
        }
    }
}

fn order_of(source: &Source, evidence: &DateEvidence) -> Result<Option<DateOrder>, EtlError> {
    evidence.order().map_err(|problem| {
        EtlError::refused(
            source.path(),
            problem,
            "say which it is in a mapping file: date_format = \"d/m/y\" or date_format = \"m/d/y\"",
        )
    })
}

/// What the rows of a file show about its dates and amounts.
#[derive(Default)]
struct Evidence {
    dates: DateEvidence,
    amounts: AmountEvidence,
}

impl Evidence {
    /// Reads until nothing is open, and at least the first rows; the whole file where it must.
    fn gather(source: &Source, columns: &Columns) -> Result<Self, EtlError> {
        let mut evidence = Self::default();
        let dates: Vec<usize> = [&Field::DATES[..], &[Field::EventDate]]
            .concat()
            .iter()
            .filter_map(|field| columns.get(*field))
            .collect();
        let amount = columns.get(Field::Amount);
        let mut rows = source.rows()?;
        let mut seen = 0;
        while rows.advance()? {
            let record = rows.record();
            let Ok(fields) = record.fields(Some(source.width())) else { continue };
            for column in &dates {
                evidence.dates.add(fields.get(*column).trim(), record.line);
            }
            if let Some(column) = amount {
                evidence.amounts.add(fields.get(column).trim());
            }
            seen += 1;
            if seen % CONVENTION_ROWS == 0 && evidence.is_decided() {
                break;
            }
        }
        Ok(evidence)
    }

    fn is_decided(&self) -> bool {
        self.dates.order().is_ok() && self.amounts.is_decided()
    }
}
