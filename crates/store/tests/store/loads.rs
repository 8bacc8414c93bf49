//! What a load changes, and what it leaves alone.

use jiff::civil::{Date, date};
use winsight_model::{COUNTED_SPELLINGS, DataVersion, Dimension, LoadCounts, Outcome};
use winsight_store::{FeatureStore, Spellings, StoreError};

use crate::company::{Deal, TestStore, deal};

fn won(day: i8) -> (Date, Outcome) {
    (date(2024, 3, day), Outcome::Won)
}

#[tokio::test]
async fn the_same_rows_again_make_no_new_version() {
    let mut test = TestStore::new();
    let deals = [deal("a", date(2024, 1, 5), Some(won(1))), deal("b", date(2024, 2, 5), None)];
    let first = test.load(&deals, &[]).await;
    assert_eq!(first.deals, LoadCounts { inserted: 2, updated: 0, unchanged: 0, deleted: 0 });
    assert_eq!(first.commit.map(|commit| commit.version), Some(DataVersion(1)));
    let again = test.load(&deals, &[]).await;
    assert_eq!(again.deals, LoadCounts { inserted: 0, updated: 0, unchanged: 2, deleted: 0 });
    assert!(again.commit.is_none());
    assert_eq!(test.store.commits().await.expect("reads").len(), 1);
}

#[tokio::test]
async fn an_update_replaces_the_row_even_in_another_month() {
    let mut test = TestStore::new();
    let today = date(2024, 12, 31);
    test.load(
        &[deal("a", date(2024, 1, 5), Some(won(1))), deal("b", date(2024, 1, 6), Some(won(2)))],
        &[],
    )
    .await;
    let corrected = deal("a", date(2024, 2, 5), Some((date(2024, 3, 9), Outcome::Lost)));
    let loaded = test.load(&[corrected, deal("c", date(2024, 1, 7), Some(won(3)))], &[]).await;
    assert_eq!(loaded.deals, LoadCounts { inserted: 1, updated: 1, unchanged: 0, deleted: 0 });
    assert_eq!(test.won_and_lost(today).await, (2, 1));
    // A later load of the same rows finds the moved deal where it went.
    let moved = deal("a", date(2024, 2, 5), Some((date(2024, 3, 9), Outcome::Lost)));
    assert!(test.load(&[moved], &[]).await.commit.is_none());
}

#[tokio::test]
async fn an_old_version_answers_as_it_did() {
    let mut test = TestStore::new();
    test.load(&[deal("a", date(2024, 1, 5), Some(won(1))), deal("b", date(2024, 1, 6), None)], &[])
        .await;
    test.load(&[deal("b", date(2024, 1, 6), Some(won(2))), deal("c", date(2024, 1, 6), None)], &[])
        .await;
    let old = test.store.commit(DataVersion(1)).await.expect("there");
    let new = test.store.commit(DataVersion(2)).await.expect("there");
    let today = date(2024, 12, 31);
    let old = test.store.deal_counts(&old, today).await.expect("counts");
    let new = test.store.deal_counts(&new, today).await.expect("counts");
    assert_eq!((old.deals, old.open), (2, 1));
    assert_eq!((new.deals, new.open), (3, 1));
    let missing = test.store.commit(DataVersion(9)).await;
    assert!(matches!(missing, Err(StoreError::NoSuchVersion { newest: Some(DataVersion(2)), .. })));
}

#[tokio::test]
async fn only_one_load_runs_at_a_time() {
    let test = TestStore::new();
    let running = test.store.stage().expect("the first load begins");
    let other = FeatureStore::open(test.folder.path()).expect("opens");
    assert!(matches!(other.stage(), Err(StoreError::Busy)));
    drop(running);
    other.stage().expect("the lock is free again");
}

#[tokio::test]
async fn open_amounts_add_up_to_the_whole_pipeline() {
    let mut test = TestStore::new();
    let mut deals = ["a", "b", "c"].map(|id| deal(id, date(2024, 1, 5), None));
    deals[1].region = None;
    deals[2].closed = Some(won(1));
    test.load(&deals, &[]).await;
    let commit = test.store.latest().await.expect("reads").expect("a version");
    let region = Dimension::built_in("region").expect("known");
    let open = test.store.open_amounts(&commit, date(2024, 12, 31), std::slice::from_ref(&region));
    let amounts: Vec<_> = open
        .await
        .expect("reads")
        .into_iter()
        .map(|(segment, amount)| (segment.to_string(), amount.to_string()))
        .collect();
    let expected =
        [("all deals", "20000.00"), ("region=(none)", "10000.00"), ("region=Europe", "10000.00")];
    assert_eq!(amounts, expected.map(|(name, sum)| (name.to_owned(), sum.to_owned())));
}

#[tokio::test]
async fn spellings_count_each_way_of_writing() {
    let mut test = TestStore::new();
    let mut deals = [deal("a", date(2024, 1, 5), Some(won(1))), deal("b", date(2024, 1, 5), None)];
    deals[1].region = Some("EUROPE");
    test.load(&deals, &[]).await;
    let commit = test.store.latest().await.expect("reads").expect("a version");
    let spellings = test.store.spellings(&commit).await.expect("reads");
    let region: Vec<_> = spellings["region"].iter().map(|(name, n)| (name.as_str(), *n)).collect();
    assert_eq!(region, [("EUROPE", 1), ("Europe", 1)]);
}

/// Accounts of a large workspace are as many as its deals: what is kept of them must not grow with it.
#[tokio::test]
async fn a_field_with_too_many_spellings_is_not_counted() {
    let most = COUNTED_SPELLINGS;
    let mut test = TestStore::new();
    test.load(&deals_of_reps(0..most), &[]).await;
    let spellings = kept_spellings(&test).await;
    assert_eq!(spellings["rep"].len(), most);

    // One more, by a small load.
    test.load(&deals_of_reps(most..most + 1), &[]).await;
    let spellings = kept_spellings(&test).await;
    assert_eq!(spellings.get("rep"), None);
    assert_eq!(spellings["region"]["Europe"], most as u64 + 1);

    let mut anew = TestStore::new();
    anew.load(&deals_of_reps(0..most + 1), &[]).await;
    assert_eq!(kept_spellings(&anew).await, spellings);
}

/// A deal for each of so many reps.
fn deals_of_reps(numbers: std::ops::Range<usize>) -> Vec<Deal> {
    let of = |number: usize| Deal {
        rep: format!("Rep {number}").leak(),
        ..deal(&format!("d{number}"), date(2024, 1, 5), Some(won(1)))
    };
    numbers.map(of).collect()
}

/// As a program reads them that begins now.
async fn kept_spellings(test: &TestStore) -> Spellings {
    let store = FeatureStore::open(test.folder.path()).expect("opens");
    store.spellings(&test.latest().await).await.expect("reads")
}
