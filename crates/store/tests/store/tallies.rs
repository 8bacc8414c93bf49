//! Tallies against a plain loop over the deals.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;
use winsight_model::{
    CellTable, CycleBuckets, Dimension, Money, NONE, Outcome, Segment, Tally, Window,
};
use winsight_store::{CellRequest, Tallies, TallyRequest};

use crate::company::{Deal, TestStore, request, without_aggregates};

pub(crate) fn any_deal() -> impl Strategy<Value = Deal> {
    let region = prop_oneof![Just(None), Just(Some("Europe")), Just(Some("APAC"))];
    let outcome = prop_oneof![Just(Outcome::Won), Just(Outcome::Lost)];
    let rep = prop_oneof![Just("Ann"), Just("Bob"), Just("Cem")];
    let amount = prop_oneof![Just(None), (0i128..10_000_000).prop_map(Some)];
    (0i64..500, prop::option::of((0i64..300, outcome)), amount, region, rep).prop_map(
        |(created, closed, cents, region, rep)| {
            let created = date(2023, 1, 1).saturating_add(created.days());
            let closed =
                closed.map(|(after, outcome)| (created.saturating_add(after.days()), outcome));
            Deal { id: String::new(), created, closed, cents, region, rep }
        },
    )
}

fn value(deal: &Deal, dimension: &str) -> String {
    let name = match dimension {
        "region" => deal.region,
        "rep" => Some(deal.rep),
        "cycle_bucket" => deal.cycle().map(|days| CycleBuckets::default().of(days)),
        _ => None,
    };
    name.unwrap_or(NONE).to_owned()
}

fn counted(deals: &[Deal], by: &[&str], window: Window, request: &TallyRequest) -> Tallies {
    let mut tallies: BTreeMap<Vec<String>, Tally> = BTreeMap::new();
    for deal in deals {
        let Some((closed, outcome)) = deal.closed else { continue };
        let left_out = request.excluding.iter().any(|segment| {
            segment.parts().iter().all(|(name, of)| value(deal, name.as_str()) == *of)
        });
        if closed <= request.as_of && window.contains(closed) && !left_out {
            let key = by.iter().map(|name| value(deal, name)).collect();
            let amount = deal.cents.map(Money::from_cents);
            tallies.entry(key).or_default().add(outcome, amount, deal.cycle());
        }
    }
    tallies
}

/// A segment to leave out, or none.
fn any_excluded() -> impl Strategy<Value = Vec<Segment>> {
    let of = |parts: &[(&str, &str)]| {
        let part = |(name, value): &(&str, &str)| {
            (Dimension::built_in(name).expect("known"), (*value).to_owned())
        };
        vec![Segment::of(parts.iter().map(part).collect())]
    };
    prop_oneof![
        3 => Just(Vec::new()),
        1 => Just(of(&[("region", NONE)])),
        1 => Just(of(&[("region", "Europe"), ("rep", "Bob")])),
        1 => Just(of(&[("industry", NONE)])),
    ]
}

/// Won and closed in the window, then in the baseline window, of every cell.
fn by_name(cells: &CellTable, by: &[&str]) -> BTreeMap<Vec<String>, [u64; 4]> {
    let place = |name: &&str| cells.dimensions().iter().position(|known| known.as_str() == *name);
    let places: Vec<_> = by.iter().filter_map(place).collect();
    let value = |place: usize, cell: usize| {
        cells.values(place)[usize::from(cells.codes(place)[cell])].clone()
    };
    let all = cells.counts().iter().enumerate();
    all.map(|(cell, counts)| {
        let key = places.iter().map(|&place| value(place, cell)).collect();
        let won = [counts.won, counts.deals, counts.baseline_won, counts.baseline_deals];
        (key, won.map(u64::from))
    })
    .collect()
}

const GROUPINGS: [&[&str]; 5] =
    [&[], &["region"], &["cycle_bucket"], &["rep", "region"], &["region", "rep", "team"]];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn equal_a_plain_count(
        mut deals in prop::collection::vec(any_deal(), 1..120),
        last in 0i64..900,
        windows in prop::collection::vec((0i64..700, 0i64..400), 1..6),
        excluding in any_excluded(),
        plain in any::<bool>(),
    ) {
        for (number, deal) in deals.iter_mut().enumerate() {
            deal.id = format!("deal-{number}");
        }
        let day = |days: i64| date(2023, 1, 1).saturating_add(days.days());
        let mut windows: Vec<_> = windows
            .iter()
            .map(|&(from, days)| Window { from: day(from), to: day(from + days) })
            .collect();
        windows.push(Window::until(day(last)));
        let groupings = if plain { &GROUPINGS[..3] } else { &GROUPINGS[..] };
        let asked = TallyRequest { excluding, ..request(groupings, windows.clone(), day(last)) };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let by = GROUPINGS[4];
        let counts = CellRequest {
            as_of: asked.as_of,
            window: windows[0],
            baseline: windows[windows.len() - 1],
            dimensions: by.iter().map(|name| Dimension::built_in(name).expect("known")).collect(),
            cycle_buckets: CycleBuckets::default(),
        };
        let (kept, anew, cells) = runtime.block_on(async {
            let mut test = TestStore::new();
            // In two loads, the second of which also repeats a part of the first.
            let middle = deals.len() / 2;
            test.load(&deals[..middle.max(1)], &[]).await;
            test.load(&deals[middle / 2..], &[]).await;
            let commit = test.latest().await;
            let kept = test.store.tally(&commit, &asked).await.expect("tallies");
            let anew = test.store.tally(&without_aggregates(&commit), &asked).await;
            let cells = test.store.cells(&commit, &counts).await.expect("cells");
            (kept, anew.expect("tallies"), cells)
        });
        let everything = TallyRequest { excluding: Vec::new(), ..asked.clone() };
        let sides = [counts.window, counts.baseline]
            .map(|window| counted(&deals, by, window, &everything));
        let mut expected: BTreeMap<Vec<String>, [u64; 4]> = BTreeMap::new();
        for (place, side) in sides.into_iter().enumerate() {
            for (values, tally) in side {
                let cell = expected.entry(values).or_default();
                (cell[place * 2], cell[place * 2 + 1]) = (tally.won.deals, tally.deals());
            }
        }
        prop_assert_eq!(by_name(&cells, by), expected);
        prop_assert_eq!(&kept, &anew);
        for (by, by_window) in groupings.iter().zip(&anew) {
            for (window, tallies) in windows.iter().zip(by_window) {
                prop_assert_eq!(tallies, &counted(&deals, by, *window, &asked));
            }
        }
    }
}
