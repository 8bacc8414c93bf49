//! Quarters in which nothing happened.

use std::collections::BTreeMap;

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use winsight_alert::{dfi_findings, lead_source_findings, win_rate_findings};
use winsight_insight::SegmentPair;
use winsight_model::{Outcome, Segment, Settings, Tally};

use crate::data::{dollars, observe, pair, segment};

/// Values per dimension, about as many as a company of two dozen reps has.
const DIMENSIONS: [(&str, u32); 6] = [
    ("acv_bucket", 3),
    ("region", 5),
    ("industry", 6),
    ("product", 4),
    ("lead_source", 6),
    ("rep", 20),
];
const DEALS: usize = 714;
const QUARTERS: u32 = 300;

/// Both windows drawn from the same company: 45% won, skewed cycles, attributes by lot.
fn nothing_happened(random: &mut impl Rng) -> (SegmentPair, Vec<SegmentPair>) {
    let mut overall = pair(Segment::all(), Tally::default(), Tally::default());
    let mut pairs: BTreeMap<Segment, SegmentPair> = BTreeMap::new();
    for deal in 0..2 * DEALS {
        let outcome = if random.random_bool(0.45) { Outcome::Won } else { Outcome::Lost };
        let days = 5 + random.random_range(0..60) * random.random_range(0..60) / 20;
        let amount = Some(dollars(random.random_range(1_000..100_000)));
        let segments = DIMENSIONS.map(|(dimension, values)| {
            segment(dimension, &format!("value {}", random.random_range(0..values)))
        });
        let in_segments = segments.map(|segment| {
            let empty = || pair(segment.clone(), Tally::default(), Tally::default());
            pairs.entry(segment.clone()).or_insert_with(empty);
            segment
        });
        let add = |pair: &mut SegmentPair| {
            let window = if deal < DEALS { &mut pair.current } else { &mut pair.baseline };
            window.add(outcome, amount, Some(days));
        };
        add(&mut overall);
        in_segments.iter().filter_map(|segment| pairs.get_mut(segment).map(add)).for_each(drop);
    }
    (overall, pairs.into_values().collect())
}

/// With any drop large enough and one look a quarter, the rules together alert in at most 5% of the
/// quarters; the bound leaves three standard errors for the number of quarters tried.
#[test]
fn quarters_without_change_stay_within_the_budget() {
    let mut settings = Settings::default();
    settings.alerts.win_rate_drop = 0.0;
    settings.alerts.dfi_rise = 0.0;
    settings.alerts.lead_source_win_rate = 0.45;
    let mut random = Pcg64Mcg::seed_from_u64(20);
    let open = BTreeMap::new();
    let mut alarms = 0_u32;
    for _ in 0..QUARTERS {
        let (overall, pairs) = nothing_happened(&mut random);
        let observation = observe(&pairs, &overall, &open);
        let mut found = win_rate_findings(&observation, &settings);
        found.extend(lead_source_findings(&observation, &settings));
        found.extend(dfi_findings(&observation, &settings));
        alarms += u32::from(!found.is_empty());
    }
    let budget = settings.alerts.false_alarm_budget;
    let bound = budget + 3.0 * (budget * (1.0 - budget) / f64::from(QUARTERS)).sqrt();
    let rate = f64::from(alarms) / f64::from(QUARTERS);
    assert!(rate <= bound, "{rate} above {bound}");
}
