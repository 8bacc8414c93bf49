//! Random histories of loads, with a crash at one write after another: whatever a dead process
//! left, the next one finds the state before the load or the state after it, and can go on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};
use futures::TryStreamExt;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use object_store::memory::InMemory;
use winsight_model::{Outcome, schema};
use winsight_store::{Commit, CommitRequest, FeatureStore, StoreError};

use crate::company::{Deal, Event, deal, deal_rows, event_rows, hash};
use crate::faulty::{Faulty, LastWrite};

const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Crashes are tried at every `STRIDE`th write of a load; the histories take turns in where they
/// begin, so that together they crash at every write.
const STRIDE: u64 = 6;

/// What a version holds: the contents of every deal, the events by deal, the superseded states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) deals: BTreeMap<String, i64>,
    pub(crate) events: BTreeMap<String, Vec<i32>>,
    pub(crate) superseded: usize,
}

/// One load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    deals: Vec<Deal>,
    events: Vec<Event>,
    deleted: Vec<&'static str>,
}

impl State {
    pub(crate) fn after(&self, batch: &Batch) -> Self {
        let mut next = self.clone();
        for deal in &batch.deals {
            let before = next.deals.insert(deal.id.clone(), hash(deal));
            next.superseded += usize::from(before.is_some_and(|before| before != hash(deal)));
        }
        for id in batch.deleted.iter().copied() {
            if batch.deals.iter().any(|deal| deal.id == id) {
                continue;
            }
            if next.deals.remove(id).is_some() {
                next.superseded += 1;
                next.events.remove(id);
            }
        }
        for (id, ..) in &batch.events {
            next.events.remove(*id);
        }
        for (id, day, ..) in &batch.events {
            next.events.entry((*id).to_owned()).or_default().push(days(*day));
        }
        next
    }
}

fn days(day: Date) -> i32 {
    date(1970, 1, 1).until(day).expect("in range").get_days()
}

/// The `SplitMix64` generator.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn id(&mut self) -> &'static str {
        IDS[usize::try_from(self.below(IDS.len() as u64)).expect("small")]
    }

    pub(crate) fn batch(&mut self) -> Batch {
        let mut deals = BTreeMap::new();
        for _ in 0..=self.below(3) {
            let id = self.id();
            let created = date(2024, 1 + i8::from(self.below(2) == 1), 5);
            let closed = (self.below(2) == 1).then_some((date(2024, 3, 1), Outcome::Won));
            let cents = Some(i128::from(self.below(3)) * 100_000);
            deals.insert(id, Deal { cents, ..deal(id, created, closed) });
        }
        let mut batch = Batch { deals: deals.into_values().collect(), ..Batch::default() };
        if self.below(3) == 0 {
            let day = date(2024, 1, 6 + i8::from(self.below(2) == 1));
            let id = IDS.into_iter().find(|id| *id == batch.deals[0].id).expect("known");
            batch.events.push((id, day, "Proposal", Outcome::Open));
        }
        if self.below(3) == 0 {
            batch.deleted.push(self.id());
        }
        batch
    }
}

pub(crate) async fn load(
    store: &FeatureStore,
    batch: &Batch,
    number: i64,
) -> Result<(), StoreError> {
    let mut staging = store.stage()?;
    staging.add_deals(&deal_rows(&batch.deals))?;
    if !batch.events.is_empty() {
        staging.add_stage_events(&event_rows(&batch.events))?;
    }
    for id in &batch.deleted {
        staging.delete_deal("test", id);
    }
    let comparison = store.compare(&mut staging).await?;
    let known_at = Timestamp::from_second(1_700_000_000 + number).expect("in range");
    store.load(&mut staging, comparison, CommitRequest { load: number, known_at }).await?;
    Ok(())
}

pub(crate) async fn state(store: &FeatureStore, commit: &Commit) -> State {
    let mut state = State::default();
    for batch in read(store, commit, schema::DEALS).await {
        let (ids, hashes) = (batch["deal_id"].as_string::<i32>(), &batch["row_hash"]);
        let hashes = hashes.as_primitive::<Int64Type>();
        let rows = ids.iter().flatten().map(str::to_owned).zip(hashes.values().iter().copied());
        for (id, hash) in rows {
            assert!(state.deals.insert(id, hash).is_none(), "a deal is stored twice");
        }
    }
    for batch in read(store, commit, schema::STAGE_EVENTS).await {
        let dates = arrow::compute::cast(&batch["date"], &arrow::datatypes::DataType::Int32);
        let dates = dates.expect("days are numbers").as_primitive::<Int32Type>().clone();
        for (id, date) in batch["deal_id"].as_string::<i32>().iter().zip(dates.values()) {
            state.events.entry(id.expect("not null").to_owned()).or_default().push(*date);
        }
    }
    let superseded = read(store, commit, schema::DEAL_VERSIONS).await;
    state.superseded = superseded.iter().map(|batch| batch["deal_id"].len()).sum();
    state
}

async fn read(
    store: &FeatureStore,
    commit: &Commit,
    table: &str,
) -> Vec<BTreeMap<String, arrow::array::ArrayRef>> {
    let rows = store.rows(commit, table).await.expect("opens");
    let batches: Vec<_> = rows.try_collect().await.expect("reads");
    batches
        .iter()
        .map(|batch| {
            let names = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
            let names: Vec<_> = names;
            names.into_iter().zip(batch.columns().iter().cloned()).collect()
        })
        .collect()
}

/// What a process that starts now finds: how many versions, and what is in the newest.
async fn newest(objects: &Arc<InMemory>, scratch: &Path) -> (usize, State) {
    let store = FeatureStore::over(objects.clone(), scratch).expect("opens");
    let commits = store.commits().await.expect("reads");
    match commits.last() {
        Some(commit) => (commits.len(), state(&store, commit).await),
        None => (0, State::default()),
    }
}

/// Replays one history; returns how many crashes it survived.
async fn replay(seed: u64) -> u64 {
    let mut random = Random(seed);
    let scratch = tempfile::tempdir().expect("a folder");
    let objects = Arc::new(InMemory::new());
    let mut history: Vec<State> = Vec::new();
    let mut crashes = 0;
    for number in 1..=3 {
        let batch = random.batch();
        let last = if random.below(2) == 0 { LastWrite::Lost } else { LastWrite::Done };
        let mut at = i64::try_from(1 + seed % STRIDE).expect("small");
        loop {
            let before = history.last().cloned().unwrap_or_default();
            let after = before.after(&batch);
            let dying = Arc::new(Faulty::dying_at(&objects, at, last));
            let store = FeatureStore::over(dying, scratch.path()).expect("opens");
            let survived = load(&store, &batch, number).await.is_ok();
            if !survived && seed.is_multiple_of(3) {
                let staging = scratch.path().join("staging");
                fs::create_dir_all(&staging).expect("created");
                fs::write(staging.join("deals.parquet"), b"half a file").expect("written");
            }
            let (versions, found) = newest(&objects, scratch.path()).await;
            if versions > history.len() {
                history.push(after.clone());
            }
            assert_eq!(versions, history.len(), "history {seed}, load {number}, write {at}");
            let expected = history.last().cloned().unwrap_or_default();
            assert_eq!(found, expected, "history {seed}, load {number}, write {at}");
            if survived {
                assert_eq!(found, after, "history {seed}, load {number}: loaded");
                break;
            }
            crashes += 1;
            at += i64::try_from(STRIDE).expect("small");
        }
    }
    let store = FeatureStore::over(objects, scratch.path()).expect("opens");
    for (commit, expected) in store.commits().await.expect("reads").iter().zip(&history) {
        assert_eq!(state(&store, commit).await, *expected, "history {seed}: an old version");
    }
    crashes
}

/// The part of the 500 histories that one test replays: as many tests as may run side by side.
async fn replay_part(part: u64) {
    let mut crashes = 0;
    for seed in (part..500).step_by(4) {
        crashes += replay(seed).await;
    }
    assert!(crashes > 250, "only {crashes} crashes");
}

#[tokio::test]
async fn the_first_quarter_of_500_histories_survives_a_crash_at_every_write() {
    replay_part(0).await;
}

#[tokio::test]
async fn the_second_quarter_of_500_histories_survives_a_crash_at_every_write() {
    replay_part(1).await;
}

#[tokio::test]
async fn the_third_quarter_of_500_histories_survives_a_crash_at_every_write() {
    replay_part(2).await;
}

#[tokio::test]
async fn the_last_quarter_of_500_histories_survives_a_crash_at_every_write() {
    replay_part(3).await;
}
