//! Deals that go, and the states of deals that a load supersedes.

use jiff::civil::{Date, date};
use winsight_model::{LoadCounts, Outcome};
use winsight_store::{Comparison, FeatureStore, Staging};

use crate::company::{Deal, TestStore, deal};

fn won(day: i8) -> (Date, Outcome) {
    (date(2024, 3, day), Outcome::Won)
}

fn three() -> [Deal; 3] {
    ["a", "b", "c"].map(|id| deal(id, date(2024, 1, 5), Some(won(1))))
}

const TODAY: Date = date(2024, 12, 31);

#[tokio::test]
async fn a_deal_that_the_source_deleted_is_gone() {
    let mut test = TestStore::new();
    test.load(&three(), &[("b", date(2024, 1, 6), "Proposal", Outcome::Open)]).await;
    let loaded = test.load_with(&[], |staging| staging.delete_deal("test", "b")).await;
    assert_eq!(loaded.deals, LoadCounts { deleted: 1, ..LoadCounts::default() });
    assert_eq!(test.won_and_lost(TODAY).await, (2, 0));
    let again = test.load_with(&[], |staging| staging.delete_deal("test", "b")).await;
    assert!(again.commit.is_none(), "it is gone already");
    // Undeleted, it comes back without the events of its former life.
    test.load(&[deal("b", date(2024, 1, 5), None)], &[]).await;
    assert_eq!(test.won_and_lost(TODAY).await, (2, 0));
}

#[tokio::test]
async fn a_load_of_nothing_but_deletions_is_compared_with_the_deals_of_its_source() {
    let mut test = TestStore::new();
    test.load(&three(), &[]).await;
    let mut staging = test.store.stage().expect("free");
    staging.delete_deal("test", "b");
    let comparison = test.store.compare(&mut staging).await.expect("compared");
    assert_eq!((comparison.stored, comparison.deals.deleted), (3, 1));
}

#[tokio::test]
async fn a_complete_load_deletes_what_it_lacks_and_nothing_of_other_sources() {
    let mut test = TestStore::new();
    test.load(&three(), &[]).await;
    let whole = |staging: &mut Staging| {
        staging.is_complete("test");
        staging.leave_deal("test", "c");
    };
    let loaded = test.load_with(&three()[..1], whole).await;
    assert_eq!(loaded.deals, LoadCounts { unchanged: 1, deleted: 1, ..LoadCounts::default() });
    assert_eq!(test.won_and_lost(TODAY).await, (2, 0), "c was to be left alone");
    let other = test.load_with(&[], |staging| staging.is_complete("another source")).await;
    assert!(other.commit.is_none());
}

#[tokio::test]
async fn a_held_load_can_be_taken_up_by_another_process() {
    let mut test = TestStore::new();
    test.load(&three()[..1], &[]).await;
    let staging = test.staged(&three());
    staging.hold(&test.store, 7).await.expect("is held");
    assert_eq!(test.won_and_lost(TODAY).await, (1, 0));

    let other = FeatureStore::open(test.folder.path()).expect("opens");
    let mut staging = other.take_up(7).await.expect("is there");
    let comparison = other.compare(&mut staging).await.expect("compares");
    assert_eq!((comparison.deals.inserted, comparison.deals.unchanged), (2, 1));
    drop(staging);
    other.discard_held(7).await.expect("discards");
    assert!(other.take_up(7).await.is_err(), "nothing is held any more");
}

#[tokio::test]
async fn a_comparison_counts_the_fields_that_would_become_blank() {
    let mut test = TestStore::new();
    test.load(&three(), &[]).await;
    let mut deals = three();
    deals[0].cents = None;
    deals[1].cents = None;
    deals[1].region = None;
    let mut staging = test.staged(&deals);
    let comparison: Comparison = test.store.compare(&mut staging).await.expect("compares");
    assert_eq!((comparison.stored, comparison.deals.updated), (3, 2));
    let blanked = test.store.blanked(&mut staging, &comparison).await.expect("counts");
    assert_eq!((blanked["amount"], blanked["region"], blanked.get("rep")), (2, 1, None));
}
