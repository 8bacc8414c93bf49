//! What stage events and activities say about points: one pass over each table, with a few numbers per
//! point.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, DictionaryArray, Int32Array, Int64Array, RecordBatch,
};
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type};
use futures::StreamExt;
use hashbrown::{HashMap, HashSet};

use crate::StoreError;
use crate::diff::{Key, column};
use crate::engine::Engine;
use crate::known_days::from_epoch_day;
use crate::past::{States, keys_of};
use crate::tally::deal_files::{dictionary, dictionary_of};

/// Days within which activities are counted.
const ACTIVITY_DAYS: [i32; 3] = [14, 30, 90];

/// The days of the points of each deal.
pub(super) struct Points {
    /// First of each deal's days in `days`, and how many there are.
    of_deal: HashMap<Key, (u32, u32)>,
    /// The day of a point and its place, deal by deal.
    days: Vec<(i32, u32)>,
    last_day: i32,
}

impl Points {
    pub(super) fn of(batches: &[RecordBatch]) -> Result<Self, StoreError> {
        let mut points: Vec<(Key, i32, u32)> = Vec::new();
        for batch in batches {
            let days = column(batch, "day")?.as_primitive::<Date32Type>();
            let places = u32::try_from(points.len()).unwrap_or(u32::MAX)..;
            let rows = keys_of(batch)?.into_iter().zip(days.values()).zip(places);
            points.extend(rows.map(|((key, day), place)| (key, *day, place)));
        }
        points.sort_unstable();
        let mut of_deal: HashMap<Key, (u32, u32)> = HashMap::new();
        for (place, (key, ..)) in (0_u32..).zip(&points) {
            of_deal.entry(*key).or_insert((place, 0)).1 += 1;
        }
        let days: Vec<_> = points.into_iter().map(|(_, day, place)| (day, place)).collect();
        // Without points any day will do.
        let last_day = days.iter().map(|(day, _)| *day).max().unwrap_or_default();
        Ok(Self { of_deal, days, last_day })
    }

    /// The points of a deal from a day on.
    fn since(&self, key: Key, day: i32) -> impl Iterator<Item = (i32, usize)> + '_ {
        let (first, count) = self.of_deal.get(&key).copied().unwrap_or_default();
        let own = &self.days[first as usize..(first + count) as usize];
        own.iter().filter(move |(of, _)| *of >= day).map(|(of, place)| (*of, *place as usize))
    }
}

/// The columns that [`with_history`] adds.
pub(super) fn history_fields() -> Vec<Field> {
    vec![
        Field::new("last_stage", dictionary(), true),
        Field::new("last_outcome", dictionary(), true),
        Field::new("entered", DataType::Date32, true),
        Field::new("entered_stages", DataType::Int64, true),
        Field::new("last_active", DataType::Date32, true),
        Field::new("active_14", DataType::Int64, true),
        Field::new("active_30", DataType::Int64, true),
        Field::new("active_90", DataType::Int64, true),
    ]
}

/// By point: the state after its last event, the day of that event and the number of different open
/// stages entered; the day of its last activity, and the activities of some days up to the point, null
/// where the source had recorded none by then.
pub(super) async fn history(
    engine: &Engine,
    batches: &[RecordBatch],
) -> Result<Vec<Vec<ArrayRef>>, StoreError> {
    let points = Points::of(batches)?;
    let events = Events::read(engine, &points).await?;
    let activities = Activities::read(engine, &points).await?;
    let mut first = 0;
    let columns = batches.iter().map(|batch| {
        let rows = first..first + batch.num_rows();
        first = rows.end;
        let mut columns = events.columns(rows.clone())?;
        columns.extend(activities.columns(rows, batch)?);
        Ok(columns)
    });
    columns.collect()
}

/// The last event of a point: its day and position, and the code of the state after it.
type Latest = (i32, i32, i32);

struct Events {
    states: States,
    latest: Vec<Option<Latest>>,
    /// The open stages entered, one bit for each of the first 64; the others in `more`.
    entered: Vec<u64>,
    more: HashSet<(usize, i32)>,
}

impl Events {
    async fn read(engine: &Engine, points: &Points) -> Result<Self, StoreError> {
        let count = points.days.len();
        let mut events = Self {
            states: States::default(),
            latest: vec![None; count],
            entered: vec![0; count],
            more: HashSet::new(),
        };
        let query = format!(
            "SELECT source, deal_id, date, position, stage, outcome FROM stage_events
             WHERE date <= DATE '{}'",
            from_epoch_day(points.last_day)
        );
        let mut rows = engine.sql(&query).await?.execute_stream().await?;
        while let Some(batch) = rows.next().await {
            events.add(&batch?, points)?;
        }
        Ok(events)
    }

    fn add(&mut self, batch: &RecordBatch, points: &Points) -> Result<(), StoreError> {
        let dates = column(batch, "date")?.as_primitive::<Date32Type>();
        let positions = column(batch, "position")?.as_primitive::<Int32Type>();
        let codes = self.states.codes(batch)?;
        for (row, key) in keys_of(batch)?.into_iter().enumerate() {
            let (day, code) = (dates.value(row), codes[row]);
            let event = (day, positions.value(row), code);
            let is_open = self.states.is_open(code);
            for (_, point) in points.since(key, day) {
                self.latest[point] = self.latest[point].max(Some(event));
                match u32::try_from(code) {
                    Ok(bit @ ..64) if is_open => self.entered[point] |= 1 << bit,
                    _ if is_open => _ = self.more.insert((point, code)),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn columns(&self, rows: std::ops::Range<usize>) -> Result<Vec<ArrayRef>, StoreError> {
        let latest = &self.latest[rows.clone()];
        let codes: Int32Array = latest.iter().map(|event| event.map(|(.., code)| code)).collect();
        let days: Date32Array = latest.iter().map(|event| event.map(|(day, ..)| day)).collect();
        let mut more: HashMap<usize, i64> = HashMap::new();
        for (point, _) in &self.more {
            *more.entry(*point).or_default() += 1;
        }
        let entered: Int64Array = rows
            .map(|point| {
                let first = i64::from(self.entered[point].count_ones());
                let more = more.get(&point).copied().unwrap_or_default();
                self.latest[point].is_some().then_some(first + more)
            })
            .collect();
        let [stage, outcome] = self.states.columns(&codes)?;
        Ok(vec![stage, outcome, Arc::new(days), Arc::new(entered)])
    }
}

struct Activities {
    last: Vec<Option<i32>>,
    /// By the days within which they are counted.
    counts: [Vec<u32>; 3],
    /// The first day of any activity, by source.
    recorded_since: HashMap<String, i32>,
}

impl Activities {
    async fn read(engine: &Engine, points: &Points) -> Result<Self, StoreError> {
        let count = points.days.len();
        let mut activities = Self {
            last: vec![None; count],
            counts: ACTIVITY_DAYS.map(|_| vec![0; count]),
            recorded_since: HashMap::new(),
        };
        let query = format!(
            "SELECT source, deal_id, date FROM activities WHERE date <= DATE '{}'",
            from_epoch_day(points.last_day)
        );
        let mut rows = engine.sql(&query).await?.execute_stream().await?;
        while let Some(batch) = rows.next().await {
            activities.add(&batch?, points)?;
        }
        Ok(activities)
    }

    fn add(&mut self, batch: &RecordBatch, points: &Points) -> Result<(), StoreError> {
        let dates = column(batch, "date")?.as_primitive::<Date32Type>();
        let source = dictionary_of(column(batch, "source")?)?;
        let names = source.values().as_string::<i32>();
        let mut since = vec![i32::MAX; names.len()];
        for (source, day) in source.keys().values().iter().zip(dates.values()) {
            let since = &mut since[source.cast_unsigned() as usize];
            *since = (*since).min(*day);
        }
        for (name, day) in names.iter().zip(since) {
            let (Some(name), true) = (name, day < i32::MAX) else { continue };
            self.recorded_since
                .entry_ref(name)
                .and_modify(|first| *first = day.min(*first))
                .or_insert(day);
        }
        for (key, day) in keys_of(batch)?.into_iter().zip(dates.values()) {
            for (of, point) in points.since(key, *day) {
                self.last[point] = self.last[point].max(Some(*day));
                for (counts, days) in self.counts.iter_mut().zip(ACTIVITY_DAYS) {
                    counts[point] += u32::from(of - day < days);
                }
            }
        }
        Ok(())
    }

    fn columns(
        &self,
        rows: std::ops::Range<usize>,
        batch: &RecordBatch,
    ) -> Result<Vec<ArrayRef>, StoreError> {
        let source: DictionaryArray<Int32Type> = dictionary_of(column(batch, "source")?)?;
        let names = source.values().as_string::<i32>();
        let days = column(batch, "day")?.as_primitive::<Date32Type>();
        let since: Vec<_> = names
            .iter()
            .map(|name| name.and_then(|name| self.recorded_since.get(name)).copied())
            .collect();
        let is_recorded: Vec<bool> = source
            .keys()
            .values()
            .iter()
            .zip(days.values())
            .map(|(source, day)| {
                since[source.cast_unsigned() as usize].is_some_and(|since| since <= *day)
            })
            .collect();
        let last: Date32Array = self.last[rows.clone()].iter().copied().collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(last)];
        for counts in &self.counts {
            let counts = counts[rows.clone()].iter().zip(&is_recorded);
            let counts: Int64Array =
                counts.map(|(count, known)| known.then_some(i64::from(*count))).collect();
            columns.push(Arc::new(counts));
        }
        Ok(columns)
    }
}
