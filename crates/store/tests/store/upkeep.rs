//! Upkeep: fewer files, old versions dropped, nothing lost that a retained version needs.

use std::sync::Arc;

use futures::TryStreamExt;
use jiff::{Timestamp, ToSpan};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use winsight_model::DataVersion;
use winsight_store::{Commit, FeatureStore, StoreError, UpkeepReport, UpkeepRequest};

use crate::faulty::{Faulty, LastWrite};
use crate::histories::{Random, State, load, state};

struct Kept {
    objects: Arc<InMemory>,
    scratch: tempfile::TempDir,
}

impl Kept {
    /// A store after some loads, and what each version held.
    async fn after_loads(loads: i64) -> (Self, Vec<State>) {
        let scratch = tempfile::tempdir().expect("a folder");
        let kept = Self { objects: Arc::new(InMemory::new()), scratch };
        let store = kept.store();
        let mut random = Random(7);
        let mut states: Vec<State> = Vec::new();
        for number in 1..=loads {
            let batch = random.batch();
            load(&store, &batch, number).await.expect("loads");
            states.push(states.last().cloned().unwrap_or_default().after(&batch));
            states.dedup();
        }
        assert_eq!(store.commits().await.expect("reads").len(), states.len());
        (kept, states)
    }

    fn store(&self) -> FeatureStore {
        FeatureStore::over(self.objects.clone(), self.scratch.path()).expect("opens")
    }

    fn dying_at(&self, write: i64, last: LastWrite) -> FeatureStore {
        let faulty = Arc::new(Faulty::dying_at(&self.objects, write, last));
        FeatureStore::over(faulty, self.scratch.path()).expect("opens")
    }

    async fn files(&self) -> usize {
        let files: Vec<_> = self.objects.list(None).try_collect().await.expect("lists");
        files.len()
    }

    async fn assert_holds(&self, states: &[State], first: usize) {
        let store = self.store();
        let commits = store.commits().await.expect("reads");
        assert_eq!(commits.len(), states.len() - first);
        for (commit, expected) in commits.iter().zip(&states[first..]) {
            assert_eq!(state(&store, commit).await, *expected, "version {}", commit.version);
        }
    }
}

fn days_later(days: i64, dry_run: bool, versions_at_least: usize) -> UpkeepRequest {
    let now = Timestamp::from_second(1_700_000_000).expect("in range");
    let now = now.checked_add((24 * days).hours()).expect("in range");
    UpkeepRequest { now, versions_days: 30, versions_at_least, dry_run }
}

async fn upkeep(store: &FeatureStore, request: UpkeepRequest) -> Result<UpkeepReport, StoreError> {
    store.upkeep(&store.stage()?, request).await
}

#[tokio::test]
async fn many_small_files_become_few_and_every_version_stays() {
    let (kept, states) = Kept::after_loads(12).await;
    let store = kept.store();
    let planned = upkeep(&store, days_later(1, true, 1)).await.expect("looks");
    assert!(planned.files_compacted > planned.files_written && planned.files_written > 0);
    kept.assert_holds(&states, 0).await;

    let pinned = store.latest().await.expect("reads").expect("a version");
    let done = upkeep(&store, days_later(1, false, 1)).await.expect("works");
    assert_eq!(
        (done.files_compacted, done.files_written),
        (planned.files_compacted, planned.files_written)
    );
    kept.assert_holds(&states, 0).await;
    assert_eq!(state(&store, &pinned).await, states[states.len() - 1], "a reader goes on");
    let revised = store.latest().await.expect("reads").expect("a version");
    assert_eq!((revised.version, revised.known_at), (pinned.version, pinned.known_at));
    assert!(revised.tables != pinned.tables);
    let again = upkeep(&store, days_later(1, false, 1)).await.expect("works");
    assert_eq!((again.files_compacted, again.files_deleted), (0, 0));
}

#[tokio::test]
async fn old_versions_go_and_what_only_they_needed_goes_a_day_later() {
    let (kept, states) = Kept::after_loads(12).await;
    let store = kept.store();
    let newest = states.len() as u64;
    let before = kept.files().await;
    let done = upkeep(&store, days_later(60, false, 2)).await.expect("works");
    assert_eq!(done.versions_dropped, newest - 2);
    assert!(done.files_waiting > 0 && done.files_deleted == 0, "{done:?}");
    let gone = store.commit(DataVersion(1)).await;
    assert!(matches!(gone, Err(StoreError::NoSuchVersion { .. })));
    let done = upkeep(&store, days_later(62, false, 2)).await.expect("works");
    assert!(done.files_deleted > 0 && done.bytes_deleted > 0, "{done:?}");
    assert!(kept.files().await < before);
    kept.assert_holds(&states, states.len() - 2).await;

    // Life goes on above what is gone.
    let batch = Random(99).batch();
    load(&store, &batch, 50).await.expect("loads");
    let latest = store.latest().await.expect("reads").expect("a version");
    assert_eq!(state(&store, &latest).await, states[states.len() - 1].after(&batch));
}

#[tokio::test]
async fn a_long_log_is_condensed_and_its_beginning_forgotten() {
    let (kept, states) = Kept::after_loads(30).await;
    let store = kept.store();
    let done = upkeep(&store, days_later(60, false, 1)).await.expect("works");
    assert!(done.checkpoints > 0, "{done:?}");
    // Only now is there a checkpoint to begin with, so that what lies before it can wait for its end.
    upkeep(&store, days_later(61, false, 1)).await.expect("works");
    let done = upkeep(&store, days_later(63, false, 1)).await.expect("works");
    assert!(done.files_deleted > 20, "{done:?}");
    kept.assert_holds(&states, states.len() - 1).await;
    load(&store, &Random(99).batch(), 50).await.expect("loads");
}

#[tokio::test]
async fn a_crash_at_any_write_of_upkeep_harms_no_version() {
    let mut crashes = 0;
    for last in [LastWrite::Lost, LastWrite::Done] {
        let (kept, states) = Kept::after_loads(10).await;
        for (round, days) in [(0, 60), (1, 62)] {
            for write in 1.. {
                let survived =
                    upkeep(&kept.dying_at(write, last), days_later(days, false, 3)).await.is_ok();
                let commits = kept.store().commits().await.expect("reads");
                let first = states.len() - commits.len();
                assert!(commits.len() >= 3, "round {round}, write {write}");
                kept.assert_holds(&states, first).await;
                if survived {
                    break;
                }
                crashes += 1;
            }
        }
        load(&kept.store(), &Random(99).batch(), 50).await.expect("loads");
    }
    assert!(crashes > 15, "only {crashes} crashes");
}

#[tokio::test]
async fn an_earlier_version_becomes_the_newest_and_nothing_is_lost() {
    let (kept, mut states) = Kept::after_loads(8).await;
    let store = kept.store();
    let wanted: Commit = store.commit(DataVersion(2)).await.expect("there");
    let mut staging = store.stage().expect("begins");
    let known_at = Timestamp::from_second(1_800_000_000).expect("in range");
    let request = winsight_store::CommitRequest { load: 0, known_at };
    let done = store.revert_to(&mut staging, &wanted, request).await.expect("reverts");
    drop(staging);
    let newest = done.commit.expect("a new version");
    let found = state(&store, &newest).await;
    assert_eq!((&found.deals, &found.events), (&states[1].deals, &states[1].events));
    let undone = usize::try_from(done.deals.updated + done.deals.deleted).expect("small");
    assert_eq!(found.superseded, states[states.len() - 1].superseded + undone);
    states.push(found);
    kept.assert_holds(&states, 0).await;

    let mut staging = store.stage().expect("begins");
    let again = store.revert_to(&mut staging, &newest, request).await.expect("looks");
    assert!(again.commit.is_none(), "it is the newest already");
}

#[tokio::test]
async fn a_crash_at_any_write_of_a_return_leaves_the_newest_version() {
    let (kept, states) = Kept::after_loads(5).await;
    let request = winsight_store::CommitRequest {
        load: 0,
        known_at: Timestamp::from_second(1_800_000_000).expect("in range"),
    };
    for write in 1.. {
        let dying = kept.dying_at(write, LastWrite::Lost);
        let reverted = async {
            let wanted = dying.commit(DataVersion(1)).await?;
            let mut staging = dying.stage()?;
            dying.revert_to(&mut staging, &wanted, request).await
        };
        if reverted.await.is_ok() {
            assert!(write > 3, "it writes several times");
            break;
        }
        kept.assert_holds(&states, 0).await;
    }
    let store = kept.store();
    let newest = store.latest().await.expect("reads").expect("a version");
    assert_eq!(state(&store, &newest).await.deals, states[0].deals);
}
