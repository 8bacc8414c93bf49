//! External figures by date, such as an index of orders or an interest rate.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use winsight_model::schema;

use crate::amount::{AmountEvidence, Decimal, is_null_word, read_figure};
use crate::columns::Columns;
use crate::date::{DateEvidence, DateReader};
use crate::deal::{MonthLabel, day_number};
use crate::field::{Field, Table};
use crate::infer::{Sample, require};
use crate::source::{Fields, Source};
use crate::{EtlError, Mapping, Quarantined, Reason, check};

/// Most figures of a file.
const FIGURES: usize = 1_000_000;

/// The value of an indicator on a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Indicator {
    /// What is measured: the header of its column, or the text of the name column.
    pub name: String,
    /// The day it stands for; of a month or quarter the first.
    pub date: Date,
    /// In the unit of the file; a percent sign is dropped.
    pub value: f64,
}

/// What reading a file of indicators found.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorsReport {
    /// The figures, by name and date.
    pub indicators: Vec<Indicator>,
    /// How the columns and conventions were recognised, one sentence each.
    pub notes: Vec<String>,
    /// Rows of the file, without its header and blank lines.
    pub rows_read: u64,
    /// Rows set aside, in the order of the file.
    pub quarantined: Vec<Quarantined>,
}

impl IndicatorsReport {
    /// The figures of a source as rows, in the schema of [`schema::indicators`].
    ///
    /// # Panics
    /// Never: the columns are built in the order of the schema.
    pub fn batch(&self, source: &str) -> RecordBatch {
        let all = || self.indicators.iter();
        let month = |date: Date| MonthLabel::of(date).as_str().to_owned();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(all().map(|_| source))),
            Arc::new(StringArray::from_iter_values(all().map(|figure| &figure.name))),
            Arc::new(Date32Array::from_iter_values(all().map(|figure| day_number(figure.date)))),
            Arc::new(Float64Array::from_iter_values(all().map(|figure| figure.value))),
            Arc::new(StringArray::from_iter_values(all().map(|figure| month(figure.date)))),
        ];
        #[expect(clippy::expect_used, reason = "the columns are built in the order of the schema")]
        RecordBatch::try_new(schema::indicators(), columns).expect("columns follow the schema")
    }
}

/// Reads a file of indicators: a date column and a column for each indicator, or the columns date,
/// name and value. Dates may be days, months (`2024-03`) or quarters (`2024-Q1`). Blanks are skipped.
///
/// # Errors
/// Beside what any file may be refused for: no column of dates or figures, dates that can be read in
/// two ways, or two different figures for one indicator and date.
pub fn read_indicators(path: &Path) -> Result<IndicatorsReport, EtlError> {
    let mapping = Mapping::default();
    let source = Source::open(path, &mapping, Table::Indicators)?;
    let (columns, notes) = Columns::by_header(&source, &mapping, None, Table::Indicators)?;
    require(&source, &Sample::read(&source)?, &columns, Table::Indicators)?;
    let layout = Layout::recognise(&source, &columns)?;
    let mut report = IndicatorsReport {
        indicators: Vec::new(),
        notes: [source.notes.clone(), notes, layout.notes(&source)].concat(),
        rows_read: 0,
        quarantined: Vec::new(),
    };
    let mut figures: BTreeMap<(String, Date), (f64, u64)> = BTreeMap::new();
    let mut rows = source.rows()?;
    while rows.advance()? {
        let record = rows.record();
        if record.is_blank() {
            continue;
        }
        report.rows_read += 1;
        let read = record
            .fields(Some(source.width()))
            .map_err(|fault| vec![fault.reason()])
            .and_then(|fields| layout.read(&source, &fields));
        match read {
            Ok(found) => {
                for Indicator { name, date, value } in found {
                    let first =
                        *figures.entry((name.clone(), date)).or_insert((value, record.line));
                    #[expect(clippy::float_cmp, reason = "copies of a figure are written alike")]
                    if first.0 != value {
                        return Err(EtlError::refused(
                            path,
                            format!("{name:?} has another figure for {date} on line {}", first.1),
                            "keep one of them",
                        )
                        .on_line(record.line));
                    }
                }
            }
            Err(reasons) => report.quarantined.push(Quarantined {
                line: record.line,
                deal_id: None,
                reasons,
                raw: record.raw(),
            }),
        }
        if figures.len() > FIGURES {
            let problem = format!("a file of indicators may have {FIGURES} figures");
            return Err(EtlError::refused(path, problem, "shorten it").on_line(record.line));
        }
    }
    if figures.is_empty() {
        let first = report.quarantined.first().and_then(|row| row.reasons.first());
        let why = first.map(|reason| format!(": {}", reason.message)).unwrap_or_default();
        let problem = format!("no figure could be read from its {} rows{why}", report.rows_read);
        return Err(EtlError::refused(
            path,
            problem,
            "write dates like 2024-03-31 and figures like 1234.5",
        ));
    }
    let by_date = figures.into_iter();
    report.indicators =
        by_date.map(|((name, date), (value, _))| Indicator { name, date, value }).collect();
    Ok(report)
}

/// Where a file has its dates and figures, and how they are written.
struct Layout {
    date: usize,
    /// The column of names, and that of figures.
    long: Option<(usize, usize)>,
    /// Otherwise the columns of figures.
    wide: Vec<usize>,
    dates: DateReader,
    decimal: Decimal,
}

impl Layout {
    fn recognise(source: &Source, columns: &Columns) -> Result<Self, EtlError> {
        let date = columns.get(Field::EventDate).unwrap_or_default();
        let long = columns.get(Field::Name).zip(columns.get(Field::Amount));
        let candidates: Vec<usize> = match long {
            Some((_, value)) => vec![value],
            None => (0..source.width()).filter(|column| *column != date).collect(),
        };
        let mut dates = DateEvidence::default();
        let mut amounts = AmountEvidence::default();
        // Texts, and those of them that are figures, of each candidate.
        let mut counts = vec![(0_u64, 0_u64); candidates.len()];
        let mut rows = source.rows()?;
        while rows.advance()? {
            let record = rows.record();
            let Ok(fields) = record.fields(Some(source.width())) else { continue };
            dates.add(fields.get(date).trim(), record.line);
            for (column, (texts, numbers)) in candidates.iter().zip(&mut counts) {
                let Some(text) = figure_text(&fields, *column) else { continue };
                amounts.add(text);
                *texts += 1;
                *numbers += u64::from(read_figure(text, Decimal::Point).is_ok());
            }
        }
        let is_figures = |(texts, numbers): &(u64, u64)| *numbers > 0 && numbers * 2 >= *texts;
        let wide: Vec<_> = candidates
            .into_iter()
            .zip(counts)
            .filter_map(|(column, counts)| is_figures(&counts).then_some(column))
            .collect();
        if wide.is_empty() {
            return Err(EtlError::refused(
                source.path(),
                "no column holds figures",
                "give it a date column and a column of figures, or the columns date, name and value",
            )
            .on_line(1));
        }
        let order = dates.order().map_err(|problem| {
            EtlError::refused(source.path(), problem, "write the dates like 2024-03-31")
        })?;
        // Where semicolons separate columns, a comma stands before decimals.
        let only_commas = matches!(amounts.guess(), Some((Decimal::Point, ..)));
        let semicolons = source.text_format().is_some_and(|(delimiter, _)| delimiter == ';');
        let likely = if semicolons && only_commas { Decimal::Comma } else { Decimal::Point };
        Ok(Self {
            date,
            long,
            wide,
            dates: DateReader { order, pattern: None, zone: TimeZone::UTC },
            decimal: amounts.decimal().unwrap_or(likely),
        })
    }

    fn notes(&self, source: &Source) -> Vec<String> {
        if self.long.is_some() {
            return vec!["one row for each indicator and date".to_owned()];
        }
        let (used, unused): (Vec<_>, Vec<_>) = (0..source.width())
            .filter(|column| *column != self.date)
            .partition(|column| self.wide.contains(column));
        let named = |columns: Vec<usize>| -> Vec<_> {
            columns.into_iter().map(|column| source.headers[column].as_str()).collect()
        };
        let mut notes = vec![format!("indicators: {}", named(used).join(", "))];
        if !unused.is_empty() {
            notes.push(format!("unused columns: {}", named(unused).join(", ")));
        }
        notes
    }

    /// The figures of a row, or all that is wrong with it.
    fn read(&self, source: &Source, fields: &Fields<'_>) -> Result<Vec<Indicator>, Vec<Reason>> {
        let mut reasons = Vec::new();
        let date = self.date(fields.get(self.date).trim()).map_err(|reason| reasons.push(reason));
        let mut found = Vec::new();
        let mut add = |name: &str, column: usize| {
            let Some(text) = figure_text(fields, column) else { return };
            match (read_figure(text, self.decimal), date) {
                (Ok(value), Ok(date)) => {
                    found.push(Indicator { name: name.to_owned(), date, value });
                }
                (Ok(_), Err(())) => {}
                (Err(_), _) => reasons.push(Reason {
                    check: check::INVALID_AMOUNT,
                    field: Some(name.to_owned()),
                    message: format!("{name} {text:?} is not a figure; write it like 1234.5"),
                }),
            }
        };
        match self.long {
            None => self.wide.iter().for_each(|column| add(&source.headers[*column], *column)),
            Some((name, value)) => match fields.get(name).trim() {
                "" => reasons.push(Reason {
                    check: check::MISSING_ID,
                    field: Some(Field::Name.name().to_owned()),
                    message: "the row names no indicator; name it or remove the row".to_owned(),
                }),
                name => add(name, value),
            },
        }
        if reasons.is_empty() { Ok(found) } else { Err(reasons) }
    }

    fn date(&self, text: &str) -> Result<Date, Reason> {
        if text.is_empty() {
            let message = "the row has no date; add it or remove the row".to_owned();
            return Err(Reason::new(check::MISSING_DATE, Field::EventDate, message));
        }
        match month_or_quarter(text) {
            Some(date) => Ok(date),
            None => self.dates.read_plausible(Field::EventDate, text),
        }
    }
}

/// The first day of `2024-03`, `2024-Q1` or `2024 Q1`.
fn month_or_quarter(text: &str) -> Option<Date> {
    let (year, part) = text.split_once(['-', ' ', '/'])?;
    if year.len() != 4 || part.len() != 2 {
        return None;
    }
    let month = match part.strip_prefix(['Q', 'q']) {
        Some(quarter @ ("1" | "2" | "3" | "4")) => quarter.parse::<i8>().ok()? * 3 - 2,
        Some(_) => return None,
        None => part.parse().ok()?,
    };
    Date::new(year.parse().ok()?, month, 1).ok()
}

/// The text of a figure; `None` for what stands for a blank.
fn figure_text<'r>(fields: &Fields<'r>, column: usize) -> Option<&'r str> {
    let text = fields.get(column).trim();
    (!text.is_empty() && text != "." && !is_null_word(text)).then_some(text)
}
