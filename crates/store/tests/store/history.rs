//! A store that is loaded at chosen instants, with everything a deal can have.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use tempfile::TempDir;
use winsight_model::{AcvBuckets, Money, Outcome, schema};
use winsight_store::{Commit, CommitRequest, FeatureStore};

/// A deal as one load has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) id: String,
    pub(crate) created: Option<Date>,
    pub(crate) closed: Option<(Date, Outcome)>,
    pub(crate) stage: Option<&'static str>,
    pub(crate) cents: Option<i128>,
    pub(crate) expected: Option<Date>,
    pub(crate) last_activity: Option<Date>,
    pub(crate) region: Option<&'static str>,
    pub(crate) rep: Option<&'static str>,
}

/// An open deal of which nothing but the created date is known.
pub(crate) fn open(id: &str, created: Date) -> State {
    State {
        id: id.to_owned(),
        created: Some(created),
        closed: None,
        stage: None,
        cents: None,
        expected: None,
        last_activity: None,
        region: None,
        rep: None,
    }
}

/// What one load brings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    pub(crate) deals: Vec<State>,
    /// `(deal, day, stage, outcome from then on)`, in order.
    pub(crate) events: Vec<(String, Date, &'static str, Outcome)>,
    /// `(deal, day)`.
    pub(crate) activities: Vec<(String, Date)>,
    pub(crate) deleted: Vec<String>,
}

pub(crate) struct HistoryStore {
    pub(crate) store: FeatureStore,
    pub(crate) folder: TempDir,
    loads: i64,
}

impl HistoryStore {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = FeatureStore::open(folder.path()).expect("opens");
        Self { store, folder, loads: 0 }
    }

    pub(crate) async fn load(&mut self, known_at: &str, load: &Load) {
        self.load_at(known_at.parse().expect("an instant"), load).await;
    }

    pub(crate) async fn load_at(&mut self, known_at: Timestamp, load: &Load) {
        self.loads += 1;
        let mut staging = self.store.stage().expect("begins");
        if !load.deals.is_empty() {
            staging.add_deals(&deals(&load.deals)).expect("stages");
        }
        if !load.events.is_empty() {
            staging.add_stage_events(&events(&load.events)).expect("stages");
        }
        if !load.activities.is_empty() {
            staging.add_activities(&activities(&load.activities)).expect("stages");
        }
        for id in &load.deleted {
            staging.delete_deal("test", id);
        }
        let comparison = self.store.compare(&mut staging).await.expect("compares");
        let request = CommitRequest { load: self.loads, known_at };
        self.store.load(&mut staging, comparison, request).await.expect("loads");
    }

    pub(crate) async fn latest(&self) -> Commit {
        self.store.latest().await.expect("reads").expect("a version")
    }
}

/// A row as its columns' texts; a null is an empty text.
pub(crate) type Row = BTreeMap<String, String>;

pub(crate) fn rows(batches: &[RecordBatch]) -> Vec<Row> {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let cells = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
                let texts = ArrayFormatter::try_new(column, &options).expect("prints");
                (field.name().clone(), texts.value(row).to_string())
            });
            rows.push(cells.collect());
        }
    }
    rows
}

fn texts<Record>(records: &[Record], of: impl Fn(&Record) -> Option<String>) -> ArrayRef {
    Arc::new(records.iter().map(of).collect::<StringArray>())
}

fn dates<Record>(records: &[Record], of: impl Fn(&Record) -> Option<Date>) -> ArrayRef {
    let epoch = date(1970, 1, 1);
    let number = |day: Date| epoch.until(day).expect("in range").get_days();
    Arc::new(records.iter().map(|it| of(it).map(number)).collect::<Date32Array>())
}

fn month(day: Option<Date>) -> String {
    day.map_or_else(|| schema::UNKNOWN_MONTH.to_owned(), |day| day.strftime("%Y-%m").to_string())
}

fn cycle(state: &State) -> Option<i32> {
    let (closed, _) = state.closed?;
    Some(state.created?.until(closed).expect("in range").get_days())
}

fn deals(states: &[State]) -> RecordBatch {
    let schema = schema::deals();
    let word = |text: Option<&str>| text.map(str::to_owned);
    let bucket = |cents| AcvBuckets::default().of(Money::from_cents(cents)).map(str::to_owned);
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "source" => texts(states, |_| Some("test".to_owned())),
        "deal_id" => texts(states, |state| Some(state.id.clone())),
        "created_date" => dates(states, |state| state.created),
        "closed_date" => dates(states, |state| state.closed.map(|(day, _)| day)),
        "expected_close_date" => dates(states, |state| state.expected),
        "last_activity_date" => dates(states, |state| state.last_activity),
        "outcome" => texts(states, |state| {
            Some(state.closed.map_or(Outcome::Open, |(_, outcome)| outcome).to_string())
        }),
        "stage" => texts(states, |state| word(state.stage)),
        "amount" => Arc::new(
            states
                .iter()
                .map(|state| state.cents)
                .collect::<Decimal128Array>()
                .with_data_type(schema::MONEY),
        ),
        "acv_bucket" => texts(states, |state| state.cents.and_then(bucket)),
        "currency" => texts(states, |_| Some("USD".to_owned())),
        "cycle_days" => Arc::new(states.iter().map(cycle).collect::<Int32Array>()),
        "region" => texts(states, |state| word(state.region)),
        "rep" => texts(states, |state| word(state.rep)),
        "created_month" => texts(states, |state| Some(month(state.created))),
        "row_hash" => Arc::new(states.iter().map(|it| Some(hash(it))).collect::<Int64Array>()),
        _ => arrow::array::new_null_array(field.data_type(), states.len()),
    });
    let columns = columns.collect();
    RecordBatch::try_new(Arc::clone(&schema), columns).expect("fits the schema")
}

fn hash(state: &State) -> i64 {
    let step = |hash: i64, byte: u8| hash.wrapping_mul(31).wrapping_add(byte.into());
    format!("{state:?}").bytes().fold(7, step)
}

fn events(events: &[(String, Date, &'static str, Outcome)]) -> RecordBatch {
    let positions = 0..i32::try_from(events.len()).expect("few events");
    let columns = vec![
        texts(events, |_| Some("test".to_owned())),
        texts(events, |event| Some(event.0.clone())),
        dates(events, |event| Some(event.1)),
        Arc::new(Int32Array::from_iter_values(positions)),
        texts(events, |event| Some(event.2.to_owned())),
        texts(events, |event| Some(event.3.to_string())),
        texts(events, |event| Some(month(Some(event.1)))),
    ];
    RecordBatch::try_new(schema::stage_events(), columns).expect("fits the schema")
}

fn activities(activities: &[(String, Date)]) -> RecordBatch {
    let columns = vec![
        texts(activities, |_| Some("test".to_owned())),
        texts(activities, |activity| Some(activity.0.clone())),
        dates(activities, |activity| Some(activity.1)),
        texts(activities, |_| Some("call".to_owned())),
        texts(activities, |activity| Some(month(Some(activity.1)))),
    ];
    RecordBatch::try_new(schema::activities(), columns).expect("fits the schema")
}
