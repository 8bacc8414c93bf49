//! A load that dies leaves readers where they were, and the next load clean ground.

use std::fs;

use jiff::civil::date;
use winsight_model::Outcome;

use crate::company::{TestStore, deal};

#[tokio::test]
async fn a_load_that_dies_before_its_last_step_never_happened() {
    let today = date(2024, 12, 31);
    let won = |day| Some((date(2024, 3, day), Outcome::Won));
    let mut test = TestStore::new();
    test.load(&[deal("a", date(2024, 1, 5), won(1))], &[]).await;

    // Something stands where the catalog file belongs, so that the load fails after the tables
    // have been written: what a kill at that moment leaves behind.
    let catalog_file = test.folder.path().join("g0001/versions/0000000002.json");
    fs::create_dir_all(&catalog_file).expect("a folder in the way");
    let lost = Some((date(2024, 3, 9), Outcome::Lost));
    let deals = [deal("a", date(2024, 1, 5), lost), deal("b", date(2024, 1, 6), won(2))];
    let events = [("b", date(2024, 1, 6), "Proposal", Outcome::Open)];
    assert!(test.try_load(&deals, &events).await.is_err());
    fs::remove_dir_all(&catalog_file).expect("cleared");

    assert_eq!(test.won_and_lost(today).await, (1, 0), "readers keep what they had");
    let loaded = test.load(&deals, &events).await;
    assert_eq!((loaded.deals.inserted, loaded.deals.updated), (1, 1));
    assert_eq!(test.won_and_lost(today).await, (1, 1));
}

#[tokio::test]
async fn rows_staged_by_a_dead_process_are_swept_away() {
    let test = TestStore::new();
    let left_behind = test.folder.path().join("staging/deals.parquet");
    fs::create_dir_all(left_behind.parent().expect("a folder")).expect("created");
    fs::write(&left_behind, b"half a file").expect("written");
    drop(test.store.stage().expect("begins"));
    assert!(!left_behind.exists());
    assert!(test.store.latest().await.expect("reads").is_none());
}
