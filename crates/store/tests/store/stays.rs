//! How long deals stood in stages, and what happened to the pipeline between two days.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use winsight_model::{AfterState, DealMove, Dimension, Money, OpenState, Outcome, Stays, Window};
use winsight_store::{MovesRequest, StayRequest};

use crate::company::{Deal, Event, TestStore, deal};

const JAN: fn(i8) -> Date = |day| date(2024, 1, day);
const FEB: fn(i8) -> Date = |day| date(2024, 2, day);

fn year() -> Window {
    Window { from: date(2024, 1, 1), to: date(2025, 1, 1) }
}

/// Five deals: won through two stages, lost from the first, still open, lost and taken up again, and
/// one whose end only the deal itself knows.
fn company() -> (Vec<Deal>, Vec<Event>) {
    let deals = vec![
        deal("won", JAN(1), Some((JAN(20), Outcome::Won))),
        Deal { region: Some("Asia"), ..deal("lost", JAN(2), Some((JAN(12), Outcome::Lost))) },
        deal("open", JAN(5), None),
        deal("reopened", JAN(3), None),
        deal("silent", JAN(4), Some((JAN(24), Outcome::Won))),
        deal("without events", JAN(6), Some((JAN(16), Outcome::Lost))),
    ];
    let events = vec![
        ("won", JAN(1), "Demo", Outcome::Open),
        ("won", JAN(6), "Proposal", Outcome::Open),
        ("won", JAN(20), "Closed Won", Outcome::Won),
        ("lost", JAN(2), "Demo", Outcome::Open),
        ("lost", JAN(12), "Closed Lost", Outcome::Lost),
        ("open", JAN(5), "Demo", Outcome::Open),
        ("open", JAN(8), "Demo", Outcome::Open),
        ("open", JAN(15), "Proposal", Outcome::Open),
        ("reopened", JAN(3), "Demo", Outcome::Open),
        ("reopened", JAN(10), "Closed Lost", Outcome::Lost),
        ("reopened", FEB(5), "Demo", Outcome::Open),
        ("silent", JAN(4), "Demo", Outcome::Open),
    ];
    (deals, events)
}

fn histogram(pairs: &[(u32, u64)]) -> winsight_model::DayHistogram {
    pairs.iter().copied().collect()
}

async fn loaded() -> TestStore {
    let mut test = TestStore::new();
    let (deals, events) = company();
    test.load(&deals, &events).await;
    test
}

async fn stages(
    test: &TestStore,
    as_of: Date,
    by: &[&str],
) -> BTreeMap<(Vec<String>, String), Stays> {
    let by = by.iter().map(|name| Dimension::built_in(name).expect("known")).collect();
    let request = StayRequest { as_of, entered: vec![year()], created: vec![year()], by };
    let commit = test.latest().await;
    let mut counted = test.store.stays(&commit, &request).await.expect("counts");
    counted.stages.remove(0)
}

fn all(stage: &str) -> (Vec<String>, String) {
    (Vec::new(), stage.to_owned())
}

#[tokio::test]
async fn stays_begin_and_end_with_events() {
    let test = loaded().await;
    let as_of = FEB(10);
    let stages = stages(&test, as_of, &[]).await;
    let demo = &stages[&all("Demo")];
    assert_eq!(demo.moved["Proposal"], histogram(&[(5, 1), (10, 1)]));
    assert_eq!(demo.lost, histogram(&[(7, 1), (10, 1)]));
    assert_eq!(demo.won, histogram(&[(20, 1)]), "the deal itself says when it was won");
    assert_eq!(demo.ongoing, histogram(&[(5, 1)]), "since it was taken up again");
    assert_eq!(demo.of_won_deals, histogram(&[(5, 1), (20, 1)]));
    let proposal = &stages[&all("Proposal")];
    assert_eq!(proposal.won, histogram(&[(14, 1)]));
    assert_eq!(proposal.ongoing, histogram(&[(26, 1)]));
    assert_eq!(stages.len(), 2);
}

#[tokio::test]
async fn a_day_before_sees_nothing_of_what_came_later() {
    let test = loaded().await;
    let stages = stages(&test, JAN(11), &[]).await;
    let demo = &stages[&all("Demo")];
    assert_eq!(demo.moved["Proposal"], histogram(&[(5, 1)]));
    assert_eq!(demo.lost, histogram(&[(7, 1)]), "closed then, though it is open again today");
    assert_eq!(demo.ongoing, histogram(&[(9, 1), (6, 1), (7, 1)]));
    assert_eq!(demo.of_won_deals, histogram(&[]), "nothing is won yet");
}

#[tokio::test]
async fn lengths_of_deals_and_segments() {
    let test = loaded().await;
    let by = vec![Dimension::built_in("region").expect("known")];
    let january = Window { from: JAN(1), to: JAN(4) };
    let commit = test.latest().await;
    let request =
        StayRequest { as_of: FEB(10), entered: Vec::new(), created: vec![january, year()], by };
    let counted = test.store.stays(&commit, &request).await.expect("counts");
    assert!(counted.stages.is_empty());
    let (europe, asia) = (vec!["Europe".to_owned()], vec!["Asia".to_owned()]);
    let first = &counted.deals[0];
    assert_eq!(
        (&first[&europe].won, &first[&europe].ongoing),
        (&histogram(&[(19, 1)]), &histogram(&[(38, 1)]))
    );
    assert_eq!(first[&asia].lost, histogram(&[(10, 1)]));
    let all = &counted.deals[1];
    assert_eq!(all[&europe].total() + all[&asia].total(), 6);
    let by_segment = stages(&test, FEB(10), &["region"]).await;
    assert_eq!(by_segment[&(asia, "Demo".to_owned())].lost, histogram(&[(10, 1)]));
}

#[tokio::test]
async fn open_deals_know_when_they_entered_their_stage() {
    let test = loaded().await;
    let commit = test.latest().await;
    let by = vec![Dimension::built_in("region").expect("known")];
    let request =
        StayRequest { as_of: FEB(10), entered: vec![year()], created: Vec::new(), by: by.clone() };
    let stays = test.store.stays(&commit, &request).await.expect("counts");
    let open = test.store.open_deals(&commit, FEB(10), &by, Some(&stays)).await.expect("reads");
    let seen: Vec<_> = open
        .iter()
        .map(|deal| (deal.deal_id.as_str(), deal.stage_entered_date, deal.chance_segment.join(",")))
        .collect();
    assert_eq!(
        seen,
        [
            ("open", Some(JAN(15)), "Europe".to_owned()),
            // Its last event is of another stage than the one it says it is in.
            ("reopened", None, "Europe".to_owned())
        ]
    );
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("in range")
}

fn moves_by_id(moves: Vec<DealMove>) -> BTreeMap<String, DealMove> {
    moves.into_iter().map(|deal| (deal.deal_id.clone(), deal)).collect()
}

fn open(cents: i128) -> OpenState {
    OpenState { amount: Money::from_cents(cents), expected_close_date: None }
}

#[tokio::test]
async fn moves_between_two_days() {
    let mut test = TestStore::new();
    let (mut deals, events) = company();
    // The loads are one second apart.
    test.load(&deals, &events).await;
    deals[2].cents = Some(1_500_000);
    test.load(&deals, &events).await;
    let commit = test.latest().await;
    let request = MovesRequest {
        first: JAN(10),
        first_instant: instant(1),
        last: JAN(22),
        last_instant: instant(2),
    };
    let counted = test.store.deal_moves(&commit, &request).await.expect("reads");
    assert_eq!(counted.unknown_at_first, 0);
    let moves = moves_by_id(counted.moves);
    let after = |id: &str| (moves[id].before, moves[id].after);
    let same = Some(open(1_000_000));
    assert_eq!(after("won"), (same, AfterState::Won(Money::from_cents(1_000_000))));
    assert_eq!(after("lost"), (same, AfterState::Lost(open(1_000_000))));
    assert_eq!(after("open"), (same, AfterState::Open(open(1_500_000))), "as known at each day");
    assert_eq!(after("silent"), (same, AfterState::Open(open(1_000_000))));
    assert!(!moves.contains_key("reopened"), "closed on both days");
    assert_eq!(moves.len(), 5);

    let later = MovesRequest { first: JAN(22), last: FEB(10), ..request };
    let moves = moves_by_id(test.store.deal_moves(&commit, &later).await.expect("reads").moves);
    assert_eq!(moves["reopened"].before, None, "taken up again");
    assert_eq!(moves["reopened"].after, AfterState::Open(open(1_000_000)));
    let early = MovesRequest { first: JAN(4), last: JAN(10), ..request };
    let moves = moves_by_id(test.store.deal_moves(&commit, &early).await.expect("reads").moves);
    assert_eq!(moves["reopened"].after, AfterState::Lost(open(1_000_000)), "lost for a while");
}

#[tokio::test]
async fn states_loaded_later_are_said_to_be() {
    let test = loaded().await;
    let commit = test.latest().await;
    let request = MovesRequest {
        first: JAN(10),
        first_instant: instant(0),
        last: JAN(22),
        last_instant: instant(0),
    };
    let counted = test.store.deal_moves(&commit, &request).await.expect("reads");
    assert_eq!(counted.unknown_at_first, 5, "{counted:?}");
    assert_eq!(counted.moves.iter().filter(|deal| deal.before.is_some()).count(), 5);
}
