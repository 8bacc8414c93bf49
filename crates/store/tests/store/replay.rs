//! The world as it stood: what was not known on a day is not seen on that day.

use jiff::civil::{Date, date};
use winsight_model::{Outcome, Window};

use crate::company::{Event, TestStore, deal};

const TODAY: Date = date(2024, 12, 31);

#[tokio::test]
async fn a_deal_closed_later_is_open_and_one_created_later_is_not_there() {
    let mut test = TestStore::new();
    let closed = Some((date(2024, 5, 10), Outcome::Won));
    test.load(&[deal("a", date(2024, 1, 5), closed), deal("b", date(2024, 4, 1), None)], &[]).await;
    let commit = test.store.latest().await.expect("reads").expect("a version");
    for (day, deals, open, won) in [
        (date(2024, 1, 4), 0, 0, 0),
        (date(2024, 3, 1), 1, 1, 0),
        (date(2024, 5, 9), 2, 2, 0),
        (date(2024, 5, 10), 2, 1, 1),
    ] {
        let counts = test.store.deal_counts(&commit, day).await.expect("counts");
        assert_eq!((counts.deals, counts.open), (deals, open), "{day}");
        assert_eq!(test.won_and_lost(day).await, (won, 0), "{day}");
    }
}

#[tokio::test]
async fn a_reopened_deal_counts_by_what_it_was_then() {
    let events: [Event; 5] = [
        ("a", date(2024, 1, 5), "Prospecting", Outcome::Open),
        ("a", date(2024, 2, 1), "Proposal", Outcome::Open),
        ("a", date(2024, 3, 1), "Closed Lost", Outcome::Lost),
        ("a", date(2024, 4, 1), "Negotiation", Outcome::Open),
        ("a", date(2024, 5, 1), "Closed Won", Outcome::Won),
    ];
    let mut test = TestStore::new();
    let closed = Some((date(2024, 5, 1), Outcome::Won));
    test.load(&[deal("a", date(2024, 1, 5), closed)], &events).await;
    let commit = test.store.latest().await.expect("reads").expect("a version");
    for (day, won_and_lost, stage) in [
        (date(2024, 1, 31), (0, 0), Some("Prospecting")),
        (date(2024, 2, 10), (0, 0), Some("Proposal")),
        (date(2024, 3, 15), (0, 1), None),
        (date(2024, 4, 15), (0, 0), Some("Negotiation")),
        (TODAY, (1, 0), None),
    ] {
        assert_eq!(test.won_and_lost(day).await, won_and_lost, "{day}");
        let open = test.store.open_deals(&commit, day, &[], None).await.expect("reads");
        let stages: Vec<_> = open.iter().map(|deal| deal.stage.as_deref()).collect();
        assert_eq!(stages, stage.map(Some).into_iter().collect::<Vec<_>>(), "{day}");
    }
    // Lost on 1 March after 56 days: Medium then, though Very slow in the end.
    let march = Window { from: date(2024, 3, 1), to: date(2024, 3, 2) };
    let then = test.tally(&["cycle_bucket"], march, date(2024, 3, 15)).await;
    assert_eq!(then.keys().flatten().collect::<Vec<_>>(), ["Medium"]);
}

#[tokio::test]
async fn an_open_deal_does_not_show_the_stage_it_reached_later() {
    let mut test = TestStore::new();
    let closed = Some((date(2024, 5, 1), Outcome::Lost));
    test.load(&[deal("a", date(2024, 1, 5), closed)], &[]).await;
    let commit = test.store.latest().await.expect("reads").expect("a version");
    let open = test.store.open_deals(&commit, date(2024, 2, 1), &[], None).await.expect("reads");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].stage, None, "without events the stage of that day is unknown");
}
