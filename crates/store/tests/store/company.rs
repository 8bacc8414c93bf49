//! A store in a temporary folder, and deals to put into it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::DataType;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use tempfile::TempDir;
use winsight_model::{AcvBuckets, CycleBuckets, Dimension, Money, Outcome, Tally, Window, schema};
use winsight_store::{
    Commit, CommitRequest, FeatureStore, Loaded, Staging, StoreError, Tallies, TallyRequest,
};

/// A deal as a test writes it.
#[derive(Clone, Debug)]
pub(crate) struct Deal {
    pub(crate) id: String,
    pub(crate) created: Date,
    pub(crate) closed: Option<(Date, Outcome)>,
    pub(crate) cents: Option<i128>,
    pub(crate) region: Option<&'static str>,
    pub(crate) rep: &'static str,
}

impl Deal {
    pub(crate) fn outcome_at(&self, day: Date) -> Outcome {
        match self.closed {
            Some((closed, outcome)) if closed <= day => outcome,
            _ => Outcome::Open,
        }
    }

    pub(crate) fn cycle(&self) -> Option<u32> {
        let (closed, _) = self.closed?;
        u32::try_from(self.created.until(closed).expect("ordered").get_days()).ok()
    }
}

pub(crate) fn deal(id: &str, created: Date, closed: Option<(Date, Outcome)>) -> Deal {
    Deal {
        id: id.to_owned(),
        created,
        closed,
        cents: Some(1_000_000),
        region: Some("Europe"),
        rep: "Ann",
    }
}

/// Stage events as `(deal, day, stage, outcome from then on)`.
pub(crate) type Event = (&'static str, Date, &'static str, Outcome);

pub(crate) struct TestStore {
    pub(crate) store: FeatureStore,
    pub(crate) folder: TempDir,
    loads: i64,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = FeatureStore::open(folder.path()).expect("opens");
        Self { store, folder, loads: 0 }
    }

    pub(crate) async fn load(&mut self, deals: &[Deal], events: &[Event]) -> Loaded {
        self.try_load(deals, events).await.expect("loads")
    }

    pub(crate) async fn try_load(
        &mut self,
        deals: &[Deal],
        events: &[Event],
    ) -> Result<Loaded, StoreError> {
        self.loads += 1;
        let mut staging = self.store.stage()?;
        // Two batches, so that nothing depends on a load being one.
        for part in deals.chunks(deals.len().div_ceil(2).max(1)) {
            staging.add_deals(&deal_rows(part))?;
        }
        if !events.is_empty() {
            staging.add_stage_events(&event_rows(events))?;
        }
        let known_at = Timestamp::from_second(1_700_000_000 + self.loads).expect("in range");
        let comparison = self.store.compare(&mut staging).await?;
        let request = CommitRequest { load: self.loads, known_at };
        self.store.load(&mut staging, comparison, request).await
    }

    /// Rows on their way in.
    pub(crate) fn staged(&self, deals: &[Deal]) -> Staging {
        let mut staging = self.store.stage().expect("begins");
        staging.add_deals(&deal_rows(deals)).expect("stages");
        staging
    }

    /// Loads with more said about the load than its rows.
    pub(crate) async fn load_with(
        &mut self,
        deals: &[Deal],
        scope: impl FnOnce(&mut Staging),
    ) -> Loaded {
        self.loads += 1;
        let mut staging = self.staged(deals);
        scope(&mut staging);
        let comparison = self.store.compare(&mut staging).await.expect("compares");
        let known_at = Timestamp::from_second(1_700_000_000 + self.loads).expect("in range");
        let request = CommitRequest { load: self.loads, known_at };
        self.store.load(&mut staging, comparison, request).await.expect("loads")
    }

    /// The latest version.
    pub(crate) async fn latest(&self) -> Commit {
        self.store.latest().await.expect("reads").expect("a version")
    }

    /// The tallies of one grouping in one window, as of a day, at the latest version.
    pub(crate) async fn tally(&self, by: &[&str], window: Window, as_of: Date) -> Tallies {
        let commit = self.latest().await;
        let request = request(&[by], vec![window], as_of);
        let mut result = self.store.tally(&commit, &request).await.expect("tallies");
        result.remove(0).remove(0)
    }

    /// Won and lost deals over all time, at the latest version.
    pub(crate) async fn won_and_lost(&self, as_of: Date) -> (u64, u64) {
        let all = self.tally(&[], Window::until(as_of), as_of).await;
        let tally = all.into_values().next().unwrap_or_else(Tally::default);
        (tally.won.deals, tally.lost.deals)
    }
}

/// Asks for tables by the named dimensions.
pub(crate) fn request(groupings: &[&[&str]], windows: Vec<Window>, as_of: Date) -> TallyRequest {
    let dimension = |name: &&str| Dimension::built_in(name).expect("known");
    TallyRequest {
        as_of,
        windows,
        excluding: Vec::new(),
        groupings: groupings.iter().map(|by| by.iter().map(dimension).collect()).collect(),
        cycle_buckets: CycleBuckets::default(),
    }
}

/// The commit as one that keeps no tallies, so that deals are counted.
pub(crate) fn without_aggregates(commit: &Commit) -> Commit {
    Commit { aggregates: BTreeMap::new(), known_days: None, ..commit.clone() }
}

pub(crate) fn deal_rows(deals: &[Deal]) -> RecordBatch {
    let schema = schema::deals();
    let columns =
        schema.fields().iter().map(|field| column(field.name(), field.data_type(), deals));
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).expect("fits the schema")
}

fn column(name: &str, data_type: &DataType, deals: &[Deal]) -> ArrayRef {
    let text = |of: &dyn Fn(&Deal) -> Option<String>| -> ArrayRef {
        Arc::new(deals.iter().map(of).collect::<StringArray>())
    };
    match name {
        "source" => text(&|_| Some("test".to_owned())),
        "deal_id" => text(&|deal| Some(deal.id.clone())),
        "created_date" => {
            Arc::new(deals.iter().map(|deal| Some(days(deal.created))).collect::<Date32Array>())
        }
        "closed_date" => Arc::new(
            deals.iter().map(|deal| deal.closed.map(|(day, _)| days(day))).collect::<Date32Array>(),
        ),
        "outcome" => text(&|deal| Some(deal.outcome_at(Date::MAX).to_string())),
        "stage" => text(&|deal| Some(deal.closed.map_or("Proposal", |_| "Closed").to_owned())),
        "amount" | "amount_original" => Arc::new(
            deals
                .iter()
                .map(|deal| deal.cents)
                .collect::<Decimal128Array>()
                .with_data_type(schema::MONEY),
        ),
        "currency" => text(&|_| Some("USD".to_owned())),
        "cycle_days" => Arc::new(
            deals
                .iter()
                .map(|deal| deal.cycle().and_then(|d| i32::try_from(d).ok()))
                .collect::<Int32Array>(),
        ),
        "acv_bucket" => text(&|deal| {
            AcvBuckets::default().of(Money::from_cents(deal.cents?)).map(str::to_owned)
        }),
        "cycle_bucket" => {
            text(&|deal| deal.cycle().map(|d| CycleBuckets::default().of(d).to_owned()))
        }
        "region" => text(&|deal| deal.region.map(str::to_owned)),
        "rep" => text(&|deal| Some(deal.rep.to_owned())),
        "created_month" => text(&|deal| Some(deal.created.strftime("%Y-%m").to_string())),
        "row_hash" => Arc::new(deals.iter().map(|deal| Some(hash(deal))).collect::<Int64Array>()),
        _ => arrow::array::new_null_array(data_type, deals.len()),
    }
}

pub(crate) fn hash(deal: &Deal) -> i64 {
    format!("{deal:?}")
        .bytes()
        .fold(7, |hash: i64, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
}

fn days(day: Date) -> i32 {
    date(1970, 1, 1).until(day).expect("in range").get_days()
}

pub(crate) fn event_rows(events: &[Event]) -> RecordBatch {
    let text = |of: &dyn Fn(&Event) -> String| -> ArrayRef {
        Arc::new(events.iter().map(|event| Some(of(event))).collect::<StringArray>())
    };
    let columns: Vec<ArrayRef> = vec![
        text(&|_| "test".to_owned()),
        text(&|event| event.0.to_owned()),
        Arc::new(events.iter().map(|event| Some(days(event.1))).collect::<Date32Array>()),
        Arc::new(Int32Array::from(vec![0; events.len()])),
        text(&|event| event.2.to_owned()),
        text(&|event| event.3.to_string()),
        text(&|event| event.1.strftime("%Y-%m").to_string()),
    ];
    RecordBatch::try_new(schema::stage_events(), columns).expect("fits the schema")
}
