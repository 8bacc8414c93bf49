//! Tallies against a plain loop over the deals.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use winsight_model::{Money, NONE, Outcome, Tally, Window};
use winsight_store::Tallies;

use crate::company::{Deal, TestStore};

fn any_deal() -> impl Strategy<Value = Deal> {
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

fn counted(deals: &[Deal], window: Window, as_of: Date) -> Tallies {
    let mut tallies: BTreeMap<Vec<String>, Tally> = BTreeMap::new();
    for deal in deals {
        let Some((closed, outcome)) = deal.closed else { continue };
        if closed <= as_of && window.contains(closed) {
            let key = vec![deal.region.unwrap_or(NONE).to_owned(), deal.rep.to_owned()];
            let amount = deal.cents.map(Money::from_cents);
            tallies.entry(key).or_default().add(outcome, amount, deal.cycle());
        }
    }
    tallies
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn equal_a_plain_count(mut deals in prop::collection::vec(any_deal(), 1..120), last in 0i64..900) {
        for (number, deal) in deals.iter_mut().enumerate() {
            deal.id = format!("deal-{number}");
        }
        let as_of = date(2023, 1, 1).saturating_add(last.days());
        let window = Window { from: date(2023, 6, 1), to: date(2024, 6, 1) };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let tallies = runtime.block_on(async {
            let mut test = TestStore::new();
            // In two loads, the second of which also repeats a part of the first.
            let middle = deals.len() / 2;
            test.load(&deals[..middle.max(1)], &[]).await;
            test.load(&deals[middle / 2..], &[]).await;
            test.tally(&["region", "rep"], window, as_of).await
        });
        prop_assert_eq!(tallies, counted(&deals, window, as_of));
    }
}
