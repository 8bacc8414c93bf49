//! What happened to deals, one row each: stages entered, and activities.

use std::path::Path;

use arrow::array::RecordBatch;
use jiff::civil::Date;
use winsight_model::Outcome;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::batch::HistoryBatch;
use crate::columns::Columns;
use crate::date::DateReader;
use crate::deal::day_number;
use crate::field::{Field, Table};
use crate::identity::HashedMap;
use crate::load::{QUARANTINE_ROWS, no_rows, too_many};
use crate::outcome::OutcomeReader;
use crate::pipeline::{in_order, one_per_core};
use crate::plan::Plan;
use crate::preset::Preset;
use crate::source::{Block, Feed, Fields, Record, Source};
use crate::values::Replacements;
use crate::{
    EtlError, EventsReport, ImportOptions, Mapping, Progress, Quarantined, Reason, SinkError, check,
};

/// Kind of an activity that names none.
const UNNAMED_KIND: &str = "activity";

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
    let source = open(path, options, Table::Events)?;
    read_events_in(&source, options, &mut Positions::default(), sink, progress)
}

/// As [`read_events`], from elsewhere than a file. The rows of a deal must follow one another.
///
/// # Errors
/// As [`read_events`].
pub fn read_events_of(
    feed: &Feed,
    options: &ImportOptions,
    sink: &mut dyn FnMut(RecordBatch) -> Result<(), SinkError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<EventsReport, EtlError> {
    let mut positions = Positions { are_deals_together: true, ..Positions::default() };
    read_events_in(&Source::of_feed(feed)?, options, &mut positions, sink, progress)
}

fn open(path: &Path, options: &ImportOptions, table: Table) -> Result<Source, EtlError> {
    Source::open(path, &mapping_of(options)?, table)
}

fn read_events_in(
    source: &Source,
    options: &ImportOptions,
    positions: &mut Positions,
    sink: &mut dyn FnMut(RecordBatch) -> Result<(), SinkError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<EventsReport, EtlError> {
    let mut take = |mut happened: Happened| {
        let days = happened.deal_days.iter();
        let positions = days.map(|of| positions.next(*of)).collect();
        sink(happened.batch.take_events(&options.source, positions))
    };
    read_history(source, options, Table::Events, &mut take, progress)
}

/// Counts the events of each deal on each day.
#[derive(Default)]
struct Positions {
    next: HashedMap<i32>,
    /// Whether the rows of a deal follow one another, so that those before it need not be kept.
    are_deals_together: bool,
    deal: u64,
}

impl Positions {
    /// The place of the next event among those of its deal on its day, from 0.
    fn next(&mut self, DealDay { deal, day }: DealDay) -> i32 {
        if self.are_deals_together && deal != self.deal {
            self.next.clear();
            self.deal = deal;
        }
        let next = self.next.entry(day).or_insert(0);
        *next += 1;
        *next - 1
    }
}

/// Reads a file of activities, one row per call, mail or meeting: deal, date and kind. Sends the
/// valid ones to `sink` in batches of [`winsight_model::schema::activities`].
///
/// A row without a kind is an `activity`. The mapping is used as by [`read_events`].
///
/// # Errors
/// [`EtlError`] when the file as a whole cannot be used; the batches sent until then are void.
pub fn read_activities(
    path: &Path,
    options: &ImportOptions,
    sink: &mut dyn FnMut(RecordBatch) -> Result<(), SinkError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<EventsReport, EtlError> {
    read_activities_in(&open(path, options, Table::Activities)?, options, sink, progress)
}

/// As [`read_activities`], from elsewhere than a file.
///
/// # Errors
/// As [`read_activities`].
pub fn read_activities_of(
    feed: &Feed,
    options: &ImportOptions,
    sink: &mut dyn FnMut(RecordBatch) -> Result<(), SinkError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<EventsReport, EtlError> {
    read_activities_in(&Source::of_feed(feed)?, options, sink, progress)
}

fn read_activities_in(
    source: &Source,
    options: &ImportOptions,
    sink: &mut dyn FnMut(RecordBatch) -> Result<(), SinkError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<EventsReport, EtlError> {
    let mut take = |mut happened: Happened| sink(happened.batch.take_activities(&options.source));
    read_history(source, options, Table::Activities, &mut take, progress)
}

/// What became of a block of rows.
struct Happened {
    rows: u64,
    batch: HistoryBatch,
    /// For each row of the batch.
    deal_days: Vec<DealDay>,
    quarantined: Vec<Quarantined>,
}

/// Whose event it is, and when.
#[derive(Clone, Copy)]
struct DealDay {
    /// Hash of the deal.
    deal: u64,
    /// Hash of the deal and the day.
    day: u64,
}

fn read_history(
    source: &Source,
    options: &ImportOptions,
    table: Table,
    take: &mut dyn FnMut(Happened) -> Result<(), SinkError>,
    progress: &mut dyn FnMut(Progress),
) -> Result<EventsReport, EtlError> {
    let given = mapping_of(options)?;
    let path = source.path();
    let plan = Plan::make(source, &given, &options.settings, table)?;
    let reader = HistoryReader {
        table,
        values: Replacements::new(&given, &plan.columns),
        outcomes: OutcomeReader::new(&given.outcomes, &given.stages),
        dates: plan.dates.clone(),
        columns: plan.columns.clone(),
        width: source.width(),
        today: options.today,
    };
    let workers = one_per_core(|| {
        let reader = reader.clone();
        move |block: &Block| reader.read(block)
    });
    let mut quarantined = Vec::new();
    let (mut rows_read, mut accepted) = (0, 0);
    let ended = in_order(source, workers, |mut happened, reached| {
        rows_read += happened.rows;
        quarantined.append(&mut happened.quarantined);
        if quarantined.len() > QUARANTINE_ROWS {
            return Err(too_many(path, &quarantined));
        }
        if !happened.deal_days.is_empty() {
            accepted += happened.deal_days.len() as u64;
            take(happened)?;
        }
        progress(Progress { rows: rows_read, ..reached });
        Ok(())
    })?;
    progress(Progress { rows: rows_read, ..ended.progress });
    if rows_read == 0 {
        return Err(no_rows(path));
    }
    let Plan { mapping, notes: mapping_notes, issues, .. } = plan;
    Ok(EventsReport { mapping, mapping_notes, rows_read, accepted, quarantined, issues })
}

/// What of the mapping of the deals is true of their history as well.
fn mapping_of(options: &ImportOptions) -> Result<Mapping, EtlError> {
    let deals = options.mapping.clone().unwrap_or_default();
    deals.validate()?;
    let mut stages = match &deals.preset {
        Some(name) => Preset::named(name)?.stages.clone(),
        None => std::collections::BTreeMap::new(),
    };
    stages.extend(deals.stages);
    let mut values = deals.values;
    values.retain(|field, _| field == Field::Stage.name());
    let (date_format, columns) = (deals.date_format, deals.columns);
    Ok(Mapping { date_format, columns, stages, values, ..Mapping::default() })
}

/// Reads and checks the rows of one file.
#[derive(Clone)]
struct HistoryReader {
    table: Table,
    values: Replacements,
    outcomes: OutcomeReader,
    dates: DateReader,
    columns: Columns,
    width: usize,
    today: Date,
}

impl HistoryReader {
    fn read(&self, block: &Block) -> Happened {
        let mut happened = Happened {
            rows: 0,
            batch: HistoryBatch::default(),
            deal_days: Vec::with_capacity(block.len()),
            quarantined: Vec::new(),
        };
        for record in block.records() {
            happened.rows += 1;
            if let Err((deal_id, reasons)) = self.read_row(&record, &mut happened) {
                let (line, raw) = (record.line, record.raw());
                happened.quarantined.push(Quarantined { line, deal_id, reasons, raw });
            }
        }
        happened
    }

    fn read_row(
        &self,
        record: &Record<'_>,
        happened: &mut Happened,
    ) -> Result<(), (Option<String>, Vec<Reason>)> {
        let fields =
            record.fields(Some(self.width)).map_err(|fault| (None, vec![fault.reason()]))?;
        let deal_id = self.text(&fields, Field::DealId);
        let word = match self.table {
            Table::Events => self.stage(&fields),
            _ => Ok((self.text(&fields, Field::Kind).unwrap_or(UNNAMED_KIND), Outcome::Open)),
        };
        match (deal_id, word, self.date(&fields)) {
            (Some(deal_id), Ok((word, outcome)), Ok(date)) => {
                let day = u64::from(day_number(date).cast_unsigned());
                let hash = |seed| xxh3_64_with_seed(deal_id.as_bytes(), seed);
                happened.deal_days.push(DealDay { deal: hash(0), day: hash(day) });
                happened.batch.push(deal_id, date, word, outcome);
                Ok(())
            }
            (deal_id, word, date) => {
                let unnamed = deal_id.is_none().then(|| {
                    let message = "the row has no deal id; give it one or remove it".to_owned();
                    Reason::new(check::MISSING_ID, Field::DealId, message)
                });
                let reasons = [unnamed, word.err(), date.err()].into_iter().flatten().collect();
                Err((deal_id.map(str::to_owned), reasons))
            }
        }
    }

    fn text<'r>(&'r self, fields: &Fields<'r>, field: Field) -> Option<&'r str> {
        self.values.text(field, fields.get(self.columns.get(field)?))
    }

    fn stage<'r>(&'r self, fields: &Fields<'r>) -> Result<(&'r str, Outcome), Reason> {
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
        let date = self.dates.read_plausible(Field::EventDate, text)?;
        if date > self.today {
            let today = self.today;
            let message = format!("{date} lies after today, {today}; correct the date");
            return Err(Reason::new(check::EVENT_IN_FUTURE, Field::EventDate, message));
        }
        Ok(date)
    }
}
