//! Recognising columns by their values, where the headers say nothing.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use strsim::normalized_levenshtein;
use winsight_model::{Money, Outcome};

use crate::EtlError;
use crate::amount::{Decimal, read_amount};
use crate::columns::{Columns, quoted};
use crate::date::{DateOrder, DateReader};
use crate::field::{Field, Table};
use crate::outcome::outcome_of_word;
use crate::source::Source;

/// Rows looked at.
const SAMPLE_ROWS: usize = 1000;

/// The first rows of a file.
pub(crate) struct Sample {
    rows: Vec<Vec<String>>,
}

impl Sample {
    /// Reads the first rows that are readable.
    pub(crate) fn read(source: &Source) -> Result<Self, EtlError> {
        let mut rows = source.rows()?;
        let mut sample = Vec::new();
        while sample.len() < SAMPLE_ROWS && rows.advance()? {
            if let Ok(fields) = rows.record().fields(Some(source.width())) {
                let row = (0..source.width()).map(|index| fields.get(index).trim().to_owned());
                sample.push(row.collect());
            }
        }
        Ok(Self { rows: sample })
    }

    fn values(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().map(move |row| row[column].as_str()).filter(|value| !value.is_empty())
    }

    fn all(&self, column: usize, test: impl Fn(&str) -> bool) -> bool {
        self.values(column).next().is_some() && self.values(column).all(test)
    }

    fn holds_dates(&self, column: usize) -> bool {
        self.all(column, |value| read_date(value).is_some())
    }

    fn holds_outcomes(&self, column: usize) -> bool {
        let is_closed =
            |value: &str| matches!(outcome_of_word(value), Some(Outcome::Won | Outcome::Lost));
        self.all(column, |value| outcome_of_word(value).is_some())
            && self.values(column).any(is_closed)
    }

    /// Whether every value is an amount and one is too large to count days, people or percent.
    fn holds_amounts(&self, column: usize) -> bool {
        let amount = |value: &str| read_amount(value, Some(Decimal::Point)).ok();
        let is_large =
            |value: &str| amount(value).is_some_and(|read| read.value > Money::from_cents(100_000));
        self.all(column, |value| amount(value).is_some()) && self.values(column).any(is_large)
    }

    /// Whether no date of one column lies after that of another.
    fn never_after(&self, earlier: usize, later: usize) -> bool {
        let pair = |row: &Vec<String>| Some((read_date(&row[earlier])?, read_date(&row[later])?));
        self.rows.iter().filter_map(pair).all(|(earlier, later)| earlier <= later)
    }
}

fn read_date(text: &str) -> Option<Date> {
    let read = |order| {
        DateReader { order: Some(order), pattern: None, zone: TimeZone::UTC }.read(text).ok()
    };
    read(DateOrder::MonthFirst).or_else(|| read(DateOrder::DayFirst))
}

/// Gives columns to the fields of a deal that have none, where the values leave no choice. Returns
/// what was recognised.
pub(crate) fn by_values(source: &Source, sample: &Sample, columns: &mut Columns) -> Vec<Field> {
    let mut guessed = Vec::new();
    let mut assign = |columns: &mut Columns, field, column| {
        columns.set(field, column);
        guessed.push(field);
    };
    let unused = |columns: &Columns, test: &dyn Fn(usize) -> bool| -> Vec<usize> {
        columns.unused(source.width()).into_iter().filter(|column| test(*column)).collect()
    };
    let has_flags = columns.has(Field::IsWon) && columns.has(Field::IsClosed);
    if !columns.has(Field::Outcome)
        && !has_flags
        && let [only] = unused(columns, &|column| sample.holds_outcomes(column))[..]
    {
        assign(columns, Field::Outcome, only);
    }
    let dates = unused(columns, &|column| sample.holds_dates(column));
    match (columns.get(Field::CreatedDate), columns.get(Field::ClosedDate), &dates[..]) {
        (None, None, &[one, other]) => {
            if sample.never_after(one, other) {
                assign(columns, Field::CreatedDate, one);
                assign(columns, Field::ClosedDate, other);
            } else if sample.never_after(other, one) {
                assign(columns, Field::CreatedDate, other);
                assign(columns, Field::ClosedDate, one);
            }
        }
        (Some(created), None, &[only]) if sample.never_after(created, only) => {
            assign(columns, Field::ClosedDate, only);
        }
        (None, Some(closed), &[only]) if sample.never_after(only, closed) => {
            assign(columns, Field::CreatedDate, only);
        }
        _ => {}
    }
    if !columns.has(Field::Amount)
        && let [only] = unused(columns, &|column| sample.holds_amounts(column))[..]
    {
        assign(columns, Field::Amount, only);
    }
    guessed
}

/// Refuses a file in which a required field has no column, naming the columns it could be.
pub(crate) fn require(
    source: &Source,
    sample: &Sample,
    columns: &Columns,
    table: Table,
) -> Result<(), EtlError> {
    let required: &[(Field, &str)] = match table {
        Table::Events => &[
            (Field::DealId, "the id of the deal"),
            (Field::EventDate, "the day the stage was entered"),
            (Field::Stage, "the stage that was entered"),
        ],
        Table::Activities => {
            &[(Field::DealId, "the id of the deal"), (Field::EventDate, "the day of the activity")]
        }
        Table::Indicators => &[(Field::EventDate, "the day, month or quarter of the figure")],
        Table::Deals | Table::Lookup => &[
            (Field::DealId, "the id of the deal"),
            (Field::ClosedDate, "the day the deal was won or lost"),
            (Field::Outcome, "whether the deal was won or lost; a stage that says so will do"),
        ],
    };
    for (field, meaning) in required {
        let by_flags = columns.has(Field::IsWon) && columns.has(Field::IsClosed);
        let other_way = *field == Field::Outcome && (columns.has(Field::Stage) || by_flags);
        if columns.has(*field) || other_way {
            continue;
        }
        let taken = |header: &String| {
            let column = source.headers.iter().position(|known| known == header)?;
            table.rank(header, *field)?;
            Some((header.clone(), columns.field_of(column)?))
        };
        if let Some((header, other)) = source.headers.iter().find_map(taken) {
            let (name, other) = (field.name(), other.name());
            let problem =
                format!("{header:?} would hold {name} ({meaning}), and is read as {other}");
            let hint = format!("name another column for {other} under [columns] in the mapping");
            let refused = EtlError::refused(source.path(), problem, hint);
            return Err(refused.on_line(1).about(name));
        }
        let candidates = candidates(source, sample, columns, *field);
        let example = candidates.first().cloned().unwrap_or_default();
        return Err(EtlError::refused(
            source.path(),
            format!(
                "no column holds {} ({meaning}); candidates: {}; all columns: {}",
                field.name(),
                quoted(&candidates),
                quoted(&source.headers)
            ),
            format!(
                "name the column in a mapping file: under [columns] write {} = {example:?}",
                field.name()
            ),
        )
        .on_line(1)
        .about(field.name()));
    }
    Ok(())
}

/// Up to three headers that a field may have: columns not in use before others, those with fitting
/// values first, then by the likeness of their names.
fn candidates(source: &Source, sample: &Sample, columns: &Columns, field: Field) -> Vec<String> {
    let fits = |column: usize| match field {
        Field::ClosedDate | Field::EventDate => sample.holds_dates(column),
        Field::Outcome => sample.holds_outcomes(column),
        _ => false,
    };
    let likeness = |column: usize| {
        normalized_levenshtein(&source.headers[column].to_lowercase(), field.name())
    };
    let mut ranked = columns.unused(source.width());
    if ranked.is_empty() {
        ranked = (0..source.width()).collect();
    }
    ranked.sort_by(|left, right| {
        fits(*right).cmp(&fits(*left)).then(likeness(*right).total_cmp(&likeness(*left)))
    });
    ranked.into_iter().take(3).map(|column| source.headers[column].clone()).collect()
}
