//! Tallies kept per closed month: equal to counting everything anew, to the last byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use winsight_model::{Outcome, Window};
use winsight_store::{Commit, FeatureStore, Spellings, Staging};

use crate::company::{Deal, TestStore, deal, deal_rows, request, without_aggregates};
use crate::tallies::any_deal;

const TODAY: Date = date(2026, 12, 31);
const BY: [&[&str]; 4] = [&[], &["region"], &["rep"], &["cycle_bucket"]];

/// The bytes of every object that the newest commit names, by month.
async fn objects(test: &TestStore) -> BTreeMap<String, Vec<u8>> {
    let folder = test.folder.path().join("g0001/aggregates");
    let read = |month: &str, object: &str| {
        fs::read(folder.join(month).join(object)).expect("an object that a commit names")
    };
    let commit = test.latest().await;
    commit.aggregates.iter().map(|(month, name)| (month.clone(), read(month, name))).collect()
}

/// A load: deals by number, and the numbers of deals that the source deleted.
type AnyLoad = (BTreeMap<usize, Deal>, BTreeSet<usize>);

/// Loads with new deals, edits, deals that were closed and are open again, and deals that go, some of
/// them to come back.
fn any_history() -> impl Strategy<Value = Vec<AnyLoad>> {
    let deals = prop::collection::btree_map(0usize..25, any_deal(), 0..12);
    let deleted = prop::collection::btree_set(0usize..25, 0..8);
    prop::collection::vec((deals, deleted), 1..6)
}

fn id(number: usize) -> String {
    format!("deal-{number}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn of_a_history_equal_those_of_its_last_state(history in any_history()) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (incremental, anew, known_days, spellings) = runtime.block_on(async {
            let (mut grown, mut fresh) = (TestStore::new(), TestStore::new());
            let mut state = BTreeMap::new();
            // So that there is a version even where everything goes.
            let stays = deal("stays", date(2024, 1, 5), None);
            grown.load(std::slice::from_ref(&stays), &[]).await;
            state.insert(usize::MAX, stays);
            for (mut load, deleted) in history {
                for (number, deal) in &mut load {
                    deal.id = id(*number);
                }
                let deals: Vec<_> = load.values().cloned().collect();
                let gone = |staging: &mut Staging| {
                    for number in &deleted {
                        staging.delete_deal("test", &id(*number));
                    }
                };
                grown.load_with(&deals, gone).await;
                // A deal that is both deleted and loaded is there.
                state.retain(|number, _| !deleted.contains(number));
                state.extend(load);
            }
            // In another order, so that nothing depends on where a deal lies.
            let last: Vec<_> = state.into_values().rev().collect();
            fresh.load(&last, &[]).await;
            let known_days = (grown.latest().await.known_days, fresh.latest().await.known_days);
            let spellings = [kept_spellings(&grown).await, kept_spellings(&fresh).await];
            (objects(&grown).await, objects(&fresh).await, known_days, spellings)
        });
        prop_assert_eq!(incremental, anew);
        prop_assert_eq!(known_days.0, known_days.1);
        prop_assert_eq!(&spellings[0], &spellings[1]);
    }
}

/// The spellings that the newest version keeps, which are those of its deals.
async fn kept_spellings(test: &TestStore) -> Spellings {
    let commit = test.latest().await;
    assert!(commit.spellings.is_some(), "none are kept");
    let as_opened = || FeatureStore::open(test.folder.path()).expect("opens");
    let kept = as_opened().spellings(&commit).await.expect("reads");
    let without = Commit { spellings: None, ..commit };
    assert_eq!(kept, as_opened().spellings(&without).await.expect("counts"));
    kept
}

fn three_deals() -> [Deal; 3] {
    let closed = |month, day, outcome| Some((date(2024, month, day), outcome));
    [
        deal("a", date(2024, 1, 5), closed(3, 10, Outcome::Won)),
        deal("b", date(2024, 1, 6), closed(4, 20, Outcome::Lost)),
        deal("c", date(2024, 2, 7), closed(4, 30, Outcome::Won)),
    ]
}

#[tokio::test]
async fn a_load_leaves_the_months_alone_that_it_does_not_touch() {
    let mut test = TestStore::new();
    let mut deals = three_deals();
    test.load(&deals, &[]).await;
    let before = test.latest().await.aggregates;
    assert_eq!(before.keys().collect::<Vec<_>>(), ["2024-03", "2024-04"]);
    // Moves from April to June.
    deals[2].closed = Some((date(2024, 6, 1), Outcome::Won));
    test.load(&deals[2..], &[]).await;
    let after = test.latest().await.aggregates;
    assert_eq!(after["2024-03"], before["2024-03"]);
    assert_ne!(after["2024-04"], before["2024-04"]);
    // The only deal of March opens again.
    deals[0].closed = None;
    test.load(&deals[..1], &[]).await;
    let months = test.latest().await.aggregates;
    assert_eq!(months.keys().collect::<Vec<_>>(), ["2024-04", "2024-06"]);
}

#[tokio::test]
async fn answer_without_the_deals_and_give_way_when_lost() {
    let mut test = TestStore::new();
    test.load(&three_deals(), &[]).await;
    let commit = test.latest().await;
    let windows = vec![Window::until(TODAY), Window { from: date(2024, 4, 1), to: TODAY }];
    let asked = request(&BY, windows, TODAY);
    let expected = test.store.tally(&without_aggregates(&commit), &asked).await.expect("counts");

    let deals = test.folder.path().join("g0001/deals");
    let aside = test.folder.path().join("aside");
    fs::rename(&deals, &aside).expect("moved");
    let kept = test.store.tally(&commit, &asked).await.expect("needs no deal");
    assert_eq!(kept, expected);
    fs::rename(&aside, &deals).expect("moved back");

    let damaged =
        test.folder.path().join("g0001/aggregates/2024-04").join(&commit.aggregates["2024-04"]);
    fs::write(&damaged, b"something else").expect("written");
    assert_eq!(test.store.tally(&commit, &asked).await.expect("counts"), expected);
    fs::remove_file(&damaged).expect("removed");
    assert_eq!(test.store.tally(&commit, &asked).await.expect("counts"), expected);
}

#[tokio::test]
async fn a_store_from_before_they_were_kept_gets_them_all_with_its_next_load() {
    let mut test = TestStore::new();
    let deals = three_deals();
    test.load(&deals, &[]).await;
    let complete = test.latest().await;
    let file = test.folder.path().join("g0001/versions/0000000001.json");
    let mut commit: serde_json::Value =
        serde_json::from_slice(&fs::read(&file).expect("reads")).expect("JSON");
    for added_later in ["aggregates", "known_days"] {
        commit.as_object_mut().expect("an object").remove(added_later).expect("was there");
    }
    fs::write(&file, commit.to_string()).expect("written");
    assert_eq!(test.won_and_lost(TODAY).await, (2, 1));

    test.load(&[deal("d", date(2024, 2, 1), None)], &[]).await;
    assert_eq!(test.latest().await.aggregates, complete.aggregates);
}

#[tokio::test]
async fn a_load_of_many_months_that_may_keep_little_in_memory_is_the_same() {
    const MONTHS: usize = 90;
    let deals: Vec<_> = (0..40_000)
        .map(|number: usize| {
            let months = i64::try_from(number % MONTHS).expect("few");
            let created = date(2016, 1, 3).saturating_add(jiff::Span::new().months(months));
            let closed = created.saturating_add(jiff::Span::new().days(1 + months % 20));
            let outcome = if number.is_multiple_of(3) { Outcome::Won } else { Outcome::Lost };
            deal(&number.to_string(), created, Some((closed, outcome)))
        })
        .collect();
    let mut usual = TestStore::new();
    usual.load(&deals, &[]).await;
    let mut little = TestStore::new();
    let (first, others) = deals.split_at(1);
    little
        .load_with(first, |staging| {
            staging.keep_in_memory(512 << 10);
            for batch in others.chunks(1_000) {
                staging.add_deals(&deal_rows(batch)).expect("stages");
            }
        })
        .await;
    let files = |test: &TestStore| {
        let folders = fs::read_dir(test.folder.path().join("g0001/deals")).expect("there");
        let months = folders.map(|folder| folder.expect("there").path());
        let months = months.filter(|path| path.to_string_lossy().contains("month"));
        months.map(|month| fs::read_dir(month).expect("there").count()).sum::<usize>()
    };
    assert_eq!(files(&usual), MONTHS);
    assert!(files(&little) > MONTHS, "files were completed on the way: {}", files(&little));
    assert!(usual.latest().await.aggregates.len() >= MONTHS);
    assert_eq!(objects(&little).await, objects(&usual).await);
    let asked = request(&BY, vec![Window::until(TODAY)], TODAY);
    let commit = without_aggregates(&little.latest().await);
    let counted = little.store.tally(&commit, &asked).await.expect("counts");
    assert_eq!(counted, usual.store.tally(&usual.latest().await, &asked).await.expect("adds"));
}
