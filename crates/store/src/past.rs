//! Where deals stood at the end of a past day, by their stage events.
//!
//! Only of deals that by what they say today had not closed by then: nobody asks about the others. One
//! pass over the events up to the day finds the last one of each, and the answer is kept, since a run
//! asks for the same day again and again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, DictionaryArray, Int32Array, RecordBatch,
    StringArray,
};
use arrow::compute::filter;
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use futures::StreamExt;
use hashbrown::HashMap;
use jiff::civil::Date;
use tokio::sync::Mutex;

use crate::diff::{Key, Keys, column, text};
use crate::engine::Engine;
use crate::known_days::epoch_day;
use crate::tally::deal_files::{dictionary, dictionary_of};
use crate::{Commit, FeatureStore, Generation, StoreError};

/// The table versions and the day that an answer is for.
type Question = (Generation, BTreeMap<String, u64>, Date);

/// The last answer.
#[derive(Default)]
pub(crate) struct LastPast(Mutex<Option<(Question, Arc<Past>)>>);

/// What the events say about the deals that were open on a day or have been opened again since.
pub(crate) struct Past {
    /// `source`, `deal_id`, and `stage`, `outcome` and `date` of the last event.
    last_events: Vec<RecordBatch>,
    /// The deals that had closed by then and were opened again, as they stood then.
    pub(crate) reopened: Vec<RecordBatch>,
}

impl fmt::Debug for LastPast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastPast")
    }
}

impl FeatureStore {
    /// What the events say as of `day`; `None` when nothing is known to have happened after that day,
    /// so that the deals themselves say it.
    pub(crate) async fn past(
        &self,
        commit: &Commit,
        day: Date,
    ) -> Result<Option<Arc<Past>>, StoreError> {
        if self.known_days(commit).await?.last.is_none_or(|last| day >= last) {
            return Ok(None);
        }
        let question = (commit.generation, commit.tables.clone(), day);
        let mut known = self.past.0.lock().await;
        if let Some((same, past)) = known.as_ref()
            && *same == question
        {
            return Ok(Some(Arc::clone(past)));
        }
        let past = Arc::new(Past::of(&self.engine(commit).await?, day).await?);
        *known = Some((question, Arc::clone(&past)));
        Ok(Some(past))
    }

    /// Registers the last events as of `day` and returns the name of the table; `None` as above.
    pub(crate) async fn register_past(
        &self,
        engine: &Engine,
        commit: &Commit,
        day: Date,
    ) -> Result<Option<String>, StoreError> {
        let Some(past) = self.past(commit, day).await? else { return Ok(None) };
        let name = format!("past_{}", epoch_day(day).cast_unsigned());
        register(engine, &name, past.last_events.clone())?;
        Ok(Some(name))
    }
}

fn register(engine: &Engine, name: &str, rows: Vec<RecordBatch>) -> Result<(), StoreError> {
    let table = MemTable::try_new(schema(), vec![rows])?;
    engine.context().register_table(name, Arc::new(table))?;
    Ok(())
}

impl Past {
    async fn of(engine: &Engine, day: Date) -> Result<Self, StoreError> {
        let last_events = last_events(engine, day).await?;
        register(engine, "last_events", last_events.clone())?;
        let reopened = engine
            .sql(
                "SELECT deals.* EXCEPT (outcome, closed_date, cycle_days),
                        past.outcome, past.date AS closed_date,
                        CAST(past.date - deals.created_date AS INT) AS cycle_days
                 FROM deals JOIN last_events AS past
                   ON past.source = deals.source AND past.deal_id = deals.deal_id
                 WHERE past.outcome <> 'open'",
            )
            .await?;
        Ok(Self { last_events, reopened: reopened.collect().await? })
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", dictionary(), false),
        Field::new("deal_id", DataType::Utf8, false),
        Field::new("stage", dictionary(), false),
        Field::new("outcome", dictionary(), false),
        Field::new("date", DataType::Date32, false),
    ]))
}

/// The last event of a deal: its day and position, and the code of its stage and outcome.
type Latest = (i32, i32, i32);

async fn last_events(engine: &Engine, day: Date) -> Result<Vec<RecordBatch>, StoreError> {
    let query = format!(
        "SELECT source, deal_id FROM deals WHERE closed_date IS NULL OR closed_date > DATE '{day}'"
    );
    let deals = engine.sql(&query).await?.collect().await?;
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut next = 0..;
    for batch in &deals {
        places.extend(keys_of(batch)?.into_iter().zip(&mut next));
    }
    let mut latest: Vec<Option<Latest>> = vec![None; next.start];
    let mut states = States::default();
    let query = format!(
        "SELECT source, deal_id, date, position, stage, outcome FROM stage_events
         WHERE date <= DATE '{day}'"
    );
    let mut events = engine.sql(&query).await?.execute_stream().await?;
    while let Some(batch) = events.next().await {
        let batch = batch?;
        let dates = column(&batch, "date")?.as_primitive::<Date32Type>();
        let positions = column(&batch, "position")?.as_primitive::<Int32Type>();
        let codes = states.codes(&batch)?;
        for (row, key) in keys_of(&batch)?.into_iter().enumerate() {
            let Some(&place) = places.get(&key) else { continue };
            let event = (dates.value(row), positions.value(row), codes[row]);
            latest[place] = latest[place].max(Some(event));
        }
    }
    let mut rest = latest.as_slice();
    let rows = deals.iter().map(|batch| {
        let (own, others) = rest.split_at(batch.num_rows());
        rest = others;
        states.rows(batch, own)
    });
    rows.collect()
}

/// The keys of the deals that the rows are of.
pub(crate) fn keys_of(batch: &RecordBatch) -> Result<Vec<Key>, StoreError> {
    let source = dictionary_of(column(batch, "source")?)?;
    let names = source.values().as_string::<i32>();
    let id = text(batch, "deal_id")?;
    let mut keys = Keys::default();
    let rows = source.keys().values().iter().enumerate();
    Ok(rows
        .map(|(row, source)| keys.of(names.value(source.cast_unsigned() as usize), id.value(row)))
        .collect())
}

/// Stages with the outcome from then on, by code.
#[derive(Debug, Default)]
pub(crate) struct States {
    names: Vec<(String, String)>,
    codes: HashMap<(String, String), i32>,
}

impl States {
    /// The codes of the events of a batch.
    pub(crate) fn codes(&mut self, batch: &RecordBatch) -> Result<Vec<i32>, StoreError> {
        let stage = dictionary_of(column(batch, "stage")?)?;
        let outcome = dictionary_of(column(batch, "outcome")?)?;
        let (stages, outcomes) =
            (stage.values().as_string::<i32>(), outcome.values().as_string::<i32>());
        let mut known: HashMap<(i32, i32), i32> = HashMap::new();
        let rows = stage.keys().values().iter().zip(outcome.keys().values());
        Ok(rows
            .map(|(&stage, &outcome)| {
                *known.entry((stage, outcome)).or_insert_with(|| {
                    let name = |names: &StringArray, code: i32| {
                        names.value(code.cast_unsigned() as usize).to_owned()
                    };
                    self.code((name(stages, stage), name(outcomes, outcome)))
                })
            })
            .collect())
    }

    fn code(&mut self, state: (String, String)) -> i32 {
        let next = i32::try_from(self.names.len()).unwrap_or(i32::MAX);
        *self.codes.entry(state).or_insert_with_key(|state| {
            self.names.push(state.clone());
            next
        })
    }

    /// The stages, and the outcomes, of codes; null where there is none.
    pub(crate) fn columns(&self, codes: &Int32Array) -> Result<[ArrayRef; 2], StoreError> {
        let stages: StringArray = self.names.iter().map(|(stage, _)| Some(stage)).collect();
        let outcomes: StringArray = self.names.iter().map(|(_, outcome)| Some(outcome)).collect();
        let column = |names: StringArray| -> Result<ArrayRef, StoreError> {
            Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(codes.clone(), Arc::new(names))?))
        };
        Ok([column(stages)?, column(outcomes)?])
    }

    /// Whether a deal is open in the state.
    pub(crate) fn is_open(&self, code: i32) -> bool {
        let state = self.names.get(code.cast_unsigned() as usize);
        state.is_some_and(|(_, outcome)| outcome == winsight_model::Outcome::Open.as_str())
    }

    /// The deals that have an event, with the last one of each.
    fn rows(
        &self,
        deals: &RecordBatch,
        latest: &[Option<Latest>],
    ) -> Result<RecordBatch, StoreError> {
        let has_any: BooleanArray = latest.iter().map(|event| Some(event.is_some())).collect();
        let codes: Int32Array = latest.iter().flatten().map(|(_, _, code)| *code).collect();
        let days: Date32Array = latest.iter().flatten().map(|(day, _, _)| Some(*day)).collect();
        let [stage, outcome] = self.columns(&codes)?;
        let columns: Vec<ArrayRef> = vec![
            filter(&dictionary_of(column(deals, "source")?)?, &has_any)?,
            filter(&text(deals, "deal_id")?, &has_any)?,
            stage,
            outcome,
            Arc::new(days),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}
