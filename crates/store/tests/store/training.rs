//! The training set: what was known at an age, and nothing that came later.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use winsight_model::{FiscalYearStart, Outcome};
use winsight_store::{FileFormat, TrainingRequest};

use crate::history::{HistoryStore, Load, Row, State, open, rows};

const START: Date = date(2024, 1, 1);
/// After everything that these tests let happen.
const END: Date = date(2024, 12, 31);

fn request(ages: impl Into<Vec<u16>>) -> TrainingRequest {
    TrainingRequest {
        as_of: END,
        time_zone: TimeZone::get("America/New_York").expect("known"),
        ages: ages.into(),
        include_unlabelled: false,
        fiscal_year_start: FiscalYearStart::JANUARY,
    }
}

/// Rows by deal and age, from the latest version.
type Rows = BTreeMap<(String, u16), Row>;

async fn training_set(test: &HistoryStore, request: &TrainingRequest) -> Rows {
    let commit = test.latest().await;
    let set = test.store.training_set(&commit, request).await.expect("computes");
    let rows = rows(&set.collect().await.expect("computes"));
    let key = |row: &Row| (row["deal_id"].clone(), row["age_days"].parse().expect("an age"));
    let count = rows.len();
    let by_key: Rows = rows.into_iter().map(|row| (key(&row), row)).collect();
    assert_eq!(by_key.len(), count, "one row per deal and age");
    by_key
}

fn cells<'a>(row: &'a Row, names: &[&str]) -> Vec<&'a str> {
    names.iter().map(|name| row[*name].as_str()).collect()
}

/// Created on 1 January; Europe, Ann and 10,000 until 20 January (in New York), then US, Bob and
/// 60,000; won on 10 March.
async fn one_deal_with_a_past() -> HistoryStore {
    let mut test = HistoryStore::new();
    let first = State {
        stage: Some("Prospecting"),
        cents: Some(1_000_000),
        expected: Some(date(2024, 2, 1)),
        last_activity: Some(date(2024, 1, 5)),
        region: Some("Europe"),
        rep: Some("Ann"),
        ..open("a", START)
    };
    let second = State {
        stage: Some("Proposal"),
        cents: Some(6_000_000),
        expected: Some(date(2024, 3, 1)),
        region: Some("US"),
        rep: Some("Bob"),
        ..first.clone()
    };
    let third = State {
        stage: Some("Closed Won"),
        closed: Some((date(2024, 3, 10), Outcome::Won)),
        ..second.clone()
    };
    let load = |state| Load { deals: vec![state], ..Load::default() };
    test.load("2024-01-10T12:00:00Z", &load(first)).await;
    // 21 January in London, but still the 20th in New York.
    test.load("2024-01-21T04:00:00Z", &load(second)).await;
    test.load("2024-03-11T12:00:00Z", &load(third)).await;
    test
}

#[tokio::test]
async fn has_each_age_as_it_was_known_then() {
    let test = one_deal_with_a_past().await;
    let set = training_set(&test, &request([5, 18, 19, 68, 69, 70])).await;
    let columns = [
        "known_then",
        "region",
        "amount",
        "stage",
        "expected_close_date",
        "close_date_pushes",
        "days_since_activity",
        "label_outcome",
        "label_cycle_days",
    ];
    for (age, expected) in [
        // Nothing had been loaded: the dimensions of the first state, and no more.
        (5, ["false", "Europe", "", "", "", "", "", "won", "69"]),
        (18, ["true", "Europe", "10000.00", "Prospecting", "2024-02-01", "0", "14", "won", "69"]),
        (19, ["true", "US", "60000.00", "Proposal", "2024-03-01", "1", "15", "won", "69"]),
        (68, ["true", "US", "60000.00", "Proposal", "2024-03-01", "1", "64", "won", "69"]),
    ] {
        let row = &set[&("a".to_owned(), age)];
        assert_eq!(cells(row, &columns), expected, "at {age} days");
    }
    assert_eq!(set.len(), 4, "closed from the 69th day on");
}

#[tokio::test]
async fn leaves_out_deals_without_an_outcome_unless_asked_for() {
    let mut test = one_deal_with_a_past().await;
    let still_open = open("b", date(2024, 1, 2));
    let to_delete = open("c", date(2024, 1, 2));
    let load = Load { deals: vec![still_open, to_delete], ..Load::default() };
    test.load("2024-03-12T12:00:00Z", &load).await;
    let gone = Load { deleted: vec!["c".to_owned()], ..Load::default() };
    test.load("2024-03-13T12:00:00Z", &gone).await;
    let ids = async |request: &TrainingRequest| -> Vec<(String, String)> {
        let set = training_set(&test, request).await;
        set.into_iter().map(|((id, _), row)| (id, row["label_outcome"].clone())).collect()
    };
    let pair = |id: &str, label: &str| (id.to_owned(), label.to_owned());
    assert_eq!(ids(&request([30])).await, [pair("a", "won")]);
    let all = TrainingRequest { include_unlabelled: true, ..request([30]) };
    assert_eq!(ids(&all).await, [pair("a", "won"), pair("b", "")], "c was deleted");
    // On 9 March the deal was open, and on 20 January no deal had reached 30 days.
    let before = TrainingRequest { as_of: date(2024, 3, 9), ..all.clone() };
    assert_eq!(ids(&before).await, [pair("a", ""), pair("b", "")]);
    let early = TrainingRequest { as_of: date(2024, 1, 20), ..all };
    assert_eq!(ids(&early).await, []);
}

#[tokio::test]
async fn is_written_as_csv_and_parquet() {
    let test = one_deal_with_a_past().await;
    let commit = test.latest().await;
    for name in ["set.csv", "set.parquet"] {
        let path = test.folder.path().join(name);
        let format = FileFormat::of(&path).expect("known");
        let set = test.store.training_set(&commit, &request([18, 19])).await.expect("computes");
        assert_eq!(set.write_to(&path, format).await.expect("writes"), 2);
        let bytes = std::fs::read(&path).expect("there");
        match format {
            FileFormat::Parquet => assert_eq!(bytes[..4], *b"PAR1"),
            FileFormat::Csv => {
                let written = String::from_utf8(bytes).expect("text");
                assert_eq!(written.lines().count(), 3);
                assert!(written.starts_with("source,deal_id,region,"));
                assert!(
                    written.contains("test,a,Europe,,,,Ann,,,10000.00,SMB,2024-01-01,2024-01,")
                );
            }
        }
    }
    assert_eq!(FileFormat::of(std::path::Path::new("set.xlsx")), None);
    let nowhere = test.folder.path().join("missing/set.csv");
    let set = test.store.training_set(&commit, &request([18])).await.expect("computes");
    let error = set.write_to(&nowhere, FileFormat::Csv).await.expect_err("no such folder");
    assert!(error.to_string().contains("cannot write"), "{error}");
}

// The proof that nothing leaks: two histories with the same past up to a day, and different futures.

const REGIONS: [Option<&str>; 3] = [None, Some("Europe"), Some("US")];
const STAGES: [&str; 3] = ["Prospecting", "Proposal", "Negotiation"];
const DEALS: usize = 3;
/// The last day of the shared past, counted from [`START`].
const CUT: i64 = 60;
/// The day after the last of the futures.
const FUTURE_END: i64 = 170;
const AGES: std::ops::RangeInclusive<u16> = 0..=60;

/// Numbers from which one state of a deal is made.
#[derive(Clone, Debug)]
struct Draw {
    deal: usize,
    cents: Option<i128>,
    words: (usize, usize, usize),
    expected: Option<i64>,
    last_activity: Option<i64>,
    created: i64,
    closed: Option<(i64, bool)>,
    deleted: bool,
}

/// Facts of one stretch of time.
#[derive(Clone, Debug)]
struct Facts {
    /// `(day, hour, what was loaded)`.
    loads: Vec<(i64, i64, Vec<Draw>)>,
    /// `(deal, day, stage, closed by it)`.
    events: Vec<(usize, i64, usize, bool)>,
    activities: Vec<(usize, i64)>,
}

/// Days of a stretch, half of them among its first three: a leak of one day must show.
fn early(days: std::ops::Range<i64>) -> impl Strategy<Value = i64> {
    prop_oneof![days.start..days.start + 3, days]
}

fn draw(days: std::ops::Range<i64>) -> impl Strategy<Value = Draw> {
    let amount = prop::option::of((1_i128..9).prop_map(|it| it * 1_000_000));
    let words = (0..REGIONS.len(), 0..REGIONS.len(), 0..STAGES.len());
    let day = || prop::option::of(0_i64..200);
    let closed = prop::option::weighted(0.3, (days, any::<bool>()));
    (0..DEALS, amount, words, day(), day(), 0_i64..50, closed, prop::bool::weighted(0.1)).prop_map(
        |(deal, cents, words, expected, last_activity, created, closed, deleted)| Draw {
            deal,
            cents,
            words,
            expected,
            last_activity,
            created,
            closed,
            deleted,
        },
    )
}

fn facts(days: std::ops::Range<i64>, loads: usize) -> impl Strategy<Value = Facts> {
    let states = prop::collection::vec(draw(days.clone()), 1..4);
    (
        prop::collection::vec((early(days.clone()), 0_i64..24, states), 0..=loads),
        prop::collection::vec(
            (0..DEALS, early(days.clone()), 0..STAGES.len(), prop::bool::weighted(0.2)),
            0..8,
        ),
        prop::collection::vec((0..DEALS, early(days)), 0..8),
    )
        .prop_map(|(loads, events, activities)| Facts { loads, events, activities })
}

fn day(number: i64) -> Date {
    START.saturating_add(number.days())
}

fn state(draw: &Draw) -> State {
    let (region, rep, stage) = draw.words;
    let closed = |(number, won)| (day(number), if won { Outcome::Won } else { Outcome::Lost });
    State {
        closed: draw.closed.map(closed),
        stage: Some(if draw.closed.is_some() { "Closed" } else { STAGES[stage] }),
        cents: draw.cents,
        expected: draw.expected.map(day),
        last_activity: draw.last_activity.map(day),
        region: REGIONS[region],
        rep: REGIONS[rep],
        ..open(&draw.deal.to_string(), day(draw.created))
    }
}

/// A new store with everything loaded, and the last state of each deal.
struct Replayed {
    test: HistoryStore,
    last: [Option<State>; DEALS],
}

/// Loads a past and a future. What is first known of each deal has the created date and the
/// dimensions of its identity, so that both futures may begin with any deal; a last load brings the
/// deals that are still missing, and all stage events and activities.
async fn replay(past: &Facts, future: &Facts, identities: &[Draw]) -> Replayed {
    let mut loads: Vec<_> = past.loads.iter().chain(&future.loads).cloned().collect();
    loads.sort_by_key(|(number, hour, _)| (*number, *hour));
    let mut replayed = Replayed { test: HistoryStore::new(), last: [const { None }; DEALS] };
    let mut seen = [false; DEALS];
    for (number, hour, draws) in &loads {
        let load = load_of(draws, identities, &mut seen, &mut replayed.last);
        replayed.test.load_at(instant(*number, *hour), &load).await;
    }
    let missing: Vec<_> = identities.iter().filter(|draw| !seen[draw.deal]).cloned().collect();
    let mut load = load_of(&missing, identities, &mut seen, &mut replayed.last);
    let facts = || [past, future].into_iter();
    let outcome = |closed| if closed { Outcome::Lost } else { Outcome::Open };
    let mut events: Vec<_> = facts().flat_map(|facts| &facts.events).collect();
    events.sort_by_key(|event| event.1);
    load.events = events
        .into_iter()
        .map(|(deal, number, stage, closed)| {
            (deal.to_string(), day(*number), STAGES[*stage], outcome(*closed))
        })
        .collect();
    load.activities = facts()
        .flat_map(|facts| &facts.activities)
        .map(|(deal, number)| (deal.to_string(), day(*number)))
        .collect();
    replayed.test.load_at(instant(FUTURE_END, 0), &load).await;
    replayed
}

fn load_of(
    draws: &[Draw],
    identities: &[Draw],
    seen: &mut [bool; DEALS],
    last: &mut [Option<State>; DEALS],
) -> Load {
    let mut load = Load::default();
    let mut named = [false; DEALS];
    for draw in draws {
        let deal = draw.deal;
        if std::mem::replace(&mut named[deal], true) {
            continue;
        }
        if draw.deleted && seen[deal] {
            load.deleted.push(deal.to_string());
            last[deal] = None;
            continue;
        }
        let mut state = state(draw);
        if !std::mem::replace(&mut seen[deal], true) {
            let identity = &identities[deal];
            state.created = Some(day(identity.created));
            state.region = REGIONS[identity.words.0];
            state.rep = REGIONS[identity.words.1];
        }
        last[deal] = Some(state.clone());
        load.deals.push(state);
    }
    load
}

fn instant(number: i64, hour: i64) -> Timestamp {
    let zone = TimeZone::get("America/New_York").expect("known");
    let local = day(number).at(i8::try_from(hour).expect("an hour"), 30, 0, 0);
    local.to_zoned(zone).expect("in range").timestamp()
}

/// The features of a row: all but the labels.
fn features(row: &Row) -> Row {
    let is_feature = |name: &str| !name.starts_with("label_");
    row.iter().filter(|(name, _)| is_feature(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

proptest! {
    // Every step of shrinking loads two stores: a smaller example is not worth minutes.
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn no_later_fact_changes_a_feature(
        past in facts(0..CUT + 1, 3),
        futures in [facts(CUT + 1..FUTURE_END, 3), facts(CUT + 1..FUTURE_END, 3)],
        mut identities in prop::collection::vec(draw(CUT + 1..FUTURE_END), DEALS),
    ) {
        for (deal, identity) in identities.iter_mut().enumerate() {
            identity.deal = deal;
        }
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let [one, other] = runtime.block_on(async {
            let mut sets = Vec::new();
            for future in &futures {
                let replayed = replay(&past, future, &identities).await;
                let request = TrainingRequest {
                    include_unlabelled: true,
                    ..request(AGES.collect::<Vec<_>>())
                };
                sets.push((training_set(&replayed.test, &request).await, replayed.last));
            }
            <[_; 2]>::try_from(sets).expect("two")
        });
        let cut = day(CUT).to_string();
        let mut keys: Vec<_> = one.0.iter().chain(&other.0).collect();
        keys.retain(|(_, row)| row["day"] <= cut);
        for (key, row) in keys {
            let (deal, _) = key;
            for (set, last) in [&one, &other] {
                if let Some(same) = set.get(key) {
                    prop_assert_eq!(features(row), features(same));
                } else {
                    // It takes a deletion, or a close date up to that day, to leave out a row.
                        let last = &last[deal.parse::<usize>().expect("a number")];
                        let closed = last.as_ref().and_then(|state| state.closed);
                        let is_closed = closed.is_some_and(|(day, _)| day.to_string() <= row["day"]);
                        prop_assert!(last.is_none() || is_closed, "{key:?} is missing");
                }
            }
        }
    }
}
