use std::path::Path;

use arrow::array::RecordBatch;
use jiff::civil::Date;
use winsight_model::Outcome;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::batch::{Event, EventBatch};
use crate::deal::day_number;
use crate::deals::{QUARANTINE_ROWS, no_rows, too_many};
use crate::field::{Field, Table};
use crate::identity::HashedMap;
use crate::outcome::OutcomeReader;
use crate::plan::Plan;
use crate::source::{Fields, Source};
use crate::{
    EtlError, EventsReport, ImportOptions, Mapping, Progress, Quarantined, Reason, SinkError, check,
};

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 10_000;

/// Reads a file of stage events, one row per stage entered: deal, date and stage. Sends the valid
/// ones to `sink` in batches of [`winsight_model::schema::stage_events`].
///
/// Of the mapping it uses the words for stages, the date format, and the columns where the file has
/// them; delimiter and encoding are those of the deals file and are recognised anew.
///
/// # Errors
/// [`EtlError`] when the file as a whole cannot be used; the batches sent until then are void.
pub fn read_events(
    path: &Path,
    options: &ImportOptions,
    sink: &mut dyn FnMut(RecordBatch) -> Result<(), SinkError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<EventsReport, EtlError> {
    let deals_mapping = options.mapping.clone().unwrap_or_default();
    deals_mapping.validate()?;
    let given = Mapping {
        date_format: deals_mapping.date_format,
        columns: deals_mapping.columns,
        stages: deals_mapping.stages,
        ..Mapping::default()
    };
    let source = Source::open(path, &given, Table::Events)?;
    let plan = Plan::make(&source, &given, &options.settings, Table::Events)?;
    let mut reader = EventReader {
        outcomes: OutcomeReader::new(&given.outcomes, &given.stages),
        positions: HashedMap::default(),
        today: options.today,
        plan,
    };
    let mut rows = source.rows()?;
    let mut batch = EventBatch::new();
    let mut quarantined = Vec::new();
    let (mut rows_read, mut accepted) = (0_u64, 0);
    while rows.advance()? {
        let record = rows.record();
        if record.is_blank() {
            continue;
        }
        rows_read += 1;
        let read = match record.fields(Some(source.width())) {
            Ok(fields) => reader.read(&fields).map_err(|reasons| {
                (reader.text(&fields, Field::DealId).map(str::to_owned), reasons)
            }),
            Err(fault) => Err((None, vec![fault.reason()])),
        };
        match read {
            Ok(event) => {
                batch.push(&options.source, &event);
                accepted += 1;
            }
            Err((deal_id, reasons)) => {
                let (line, raw) = (record.line, record.raw());
                quarantined.push(Quarantined { line, deal_id, reasons, raw });
            }
        }
        if quarantined.len() > QUARANTINE_ROWS {
            return Err(too_many(path, &quarantined));
        }
        if batch.is_full() {
            sink(batch.take())?;
        }
        if rows_read.is_multiple_of(PROGRESS_ROWS) {
            progress(Progress { rows: rows_read, ..rows.progress() });
        }
    }
    if !batch.is_empty() {
        sink(batch.take())?;
    }
    progress(Progress { rows: rows_read, ..rows.progress() });
    if rows_read == 0 {
        return Err(no_rows(path));
    }
    let Plan { mapping, notes: mapping_notes, issues, .. } = reader.plan;
    Ok(EventsReport { mapping, mapping_notes, rows_read, accepted, quarantined, issues })
}

/// Reads and checks the rows of one file of events.
struct EventReader {
    outcomes: OutcomeReader,
    plan: Plan,
    /// Events so far, by deal and day.
    positions: HashedMap<i32>,
    today: Date,
}

impl EventReader {
    fn text<'r>(&self, fields: &Fields<'r>, field: Field) -> Option<&'r str> {
        let text = fields.get(self.plan.columns.get(field)?).trim();
        (!text.is_empty()).then_some(text)
    }

    fn read<'r>(&mut self, fields: &Fields<'r>) -> Result<Event<'r>, Vec<Reason>> {
        let deal_id = self.text(fields, Field::DealId).ok_or_else(|| {
            let message = "the row has no deal id; give it one or remove it".to_owned();
            Reason::new(check::MISSING_ID, Field::DealId, message)
        });
        let stage = self.stage(fields);
        let date = self.date(fields);
        match (deal_id, stage, date) {
            (Ok(deal_id), Ok((stage, outcome)), Ok(date)) => {
                let position = self.position(deal_id, date);
                Ok(Event { deal_id, date, position, stage, outcome })
            }
            (deal_id, stage, date) => {
                Err([deal_id.err(), stage.err(), date.err()].into_iter().flatten().collect())
            }
        }
    }

    fn stage<'r>(&self, fields: &Fields<'r>) -> Result<(&'r str, Outcome), Reason> {
        let Some(stage) = self.text(fields, Field::Stage) else {
            let message = "the row names no stage; add it or remove the row".to_owned();
            return Err(Reason::new(check::MISSING_STAGE, Field::Stage, message));
        };
        let outcome = self.outcomes.stage(stage).ok_or_else(|| {
            let message = format!(
                "{stage:?} says neither won, lost nor open; say what it means under [stages] in the mapping: {stage:?} = \"lost\""
            );
            Reason::new(check::UNKNOWN_OUTCOME, Field::Stage, message)
        })?;
        Ok((stage, outcome))
    }

    fn date(&self, fields: &Fields<'_>) -> Result<Date, Reason> {
        let Some(text) = self.text(fields, Field::EventDate) else {
            let message = "the row has no date; add it or remove the row".to_owned();
            return Err(Reason::new(check::MISSING_DATE, Field::EventDate, message));
        };
        let date = self.plan.dates.read_plausible(Field::EventDate, text)?;
        if date > self.today {
            let today = self.today;
            let message =
                format!("the stage was entered on {date}, after today, {today}; correct the date");
            return Err(Reason::new(check::EVENT_IN_FUTURE, Field::EventDate, message));
        }
        Ok(date)
    }

    /// The place of one more event among those of its deal on that day.
    fn position(&mut self, deal_id: &str, date: Date) -> i32 {
        let deal_and_day =
            xxh3_64_with_seed(deal_id.as_bytes(), u64::from(day_number(date).cast_unsigned()));
        let next = self.positions.entry(deal_and_day).or_insert(0);
        let position = *next;
        *next += 1;
        position
    }
}
