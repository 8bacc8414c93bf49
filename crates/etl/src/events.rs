use std::path::Path;

use arrow::array::RecordBatch;
use jiff::civil::Date;
use winsight_model::Outcome;
use xxhash_rust::xxh3::xxh3_64;

use crate::batch::{Event, EventBatch};
use crate::date::DateFault;
use crate::deal::day_number;
use crate::deals::{PROGRESS_ROWS, QUARANTINE_ROWS, no_rows, too_many};
use crate::field::{Field, Table};
use crate::identity::HashedMap;
use crate::outcome::OutcomeReader;
use crate::plan::Plan;
use crate::source::{Fields, Source};
use crate::{
    EtlError, EventsReport, ImportOptions, Mapping, Progress, Quarantined, Reason, SinkError, check,
};

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
    let (mut rows_read, mut accepted) = (0, 0);
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
        if rows_read % PROGRESS_ROWS == 0 {
            progress(rows.progress(rows_read));
        }
    }
    if !batch.is_empty() {
        sink(batch.take())?;
    }
    progress(rows.progress(rows_read));
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
        let mut reasons = Vec::new();
        let mut add = |check, field: Field, message: String| {
            reasons.push(Reason { check, field: Some(field.name().to_owned()), message });
        };
        let deal_id = self.text(fields, Field::DealId);
        if deal_id.is_none() {
            let message = "the row has no deal id; give it one or remove it".to_owned();
            add(check::MISSING_ID, Field::DealId, message);
        }
        let stage = self.text(fields, Field::Stage);
        let outcome = stage.and_then(|stage| self.outcomes.stage(stage));
        match (stage, outcome) {
            (None, _) => {
                let message = "the row names no stage; add it or remove the row".to_owned();
                add(check::MISSING_STAGE, Field::Stage, message);
            }
            (Some(stage), None) => {
                let message = format!(
                    "{stage:?} says neither won, lost nor open; say what it means under [stages] in the mapping: {stage:?} = \"lost\""
                );
                add(check::UNKNOWN_OUTCOME, Field::Stage, message);
            }
            (Some(_), Some(_)) => {}
        }
        let date = self.date(fields).map_err(|(check, message)| add(check, Field::EventDate, message));
        match (deal_id, stage, outcome, date) {
            (Some(deal_id), Some(stage), Some(outcome), Ok(date)) => {
                Ok(self.event(deal_id, date, stage, outcome))
            }
            _ => Err(reasons),
        }
    }

    fn date(&self, fields: &Fields<'_>) -> Result<Date, (&'static str, String)> {
        let Some(text) = self.text(fields, Field::EventDate) else {
            return Err((check::MISSING_DATE, "the row has no date; add it or remove the row".to_owned()));
        };
        match self.plan.dates.read(text) {
            Ok(date) if date > self.today => Err((
                check::EVENT_IN_FUTURE,
                format!("the stage was entered on {date}, after today, {}; correct the date", self.today),
            )),
            Ok(date) => Ok(date),
            Err(fault) => Err(date_problem("date", text, fault)),
        }
    }

    fn event<'r>(&mut self, deal_id: &'r str, date: Date, stage: &'r str, outcome: Outcome) -> Event<'r> {
        let deal_and_day = xxh3_64(deal_id.as_bytes()) ^ xxh3_64(&day_number(date).to_le_bytes());
        let next = self.positions.entry(deal_and_day).or_insert(0);
        let position = *next;
        *next += 1;
        Event { deal_id, date, position, stage, outcome }
    }
}
