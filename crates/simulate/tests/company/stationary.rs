//! Without incidents nothing moves beyond chance, so an alert on such a company is a false one.

use std::collections::BTreeMap;

use winsight_simulate::Scenario;

use crate::written::{Written, write};

/// Won and closed deals by quarter.
type Quarters = BTreeMap<(i16, i8), (f64, f64)>;

fn by_segment(written: &Written) -> BTreeMap<(&'static str, String), Quarters> {
    let mut segments: BTreeMap<_, Quarters> = BTreeMap::new();
    for (deal, closed) in written.closed() {
        let quarter = (closed.year(), (closed.month() - 1) / 3);
        for (dimension, value) in [
            ("all", ""),
            ("region", &deal.region),
            ("industry", &deal.industry),
            ("product", &deal.product),
            ("lead_source", &deal.lead_source),
            ("rep", &deal.rep),
            ("team", &deal.team),
            ("deal_type", &deal.deal_type),
            ("acv_bucket", written.acv_bucket(deal)),
        ] {
            let quarters = segments.entry((dimension, value.to_owned())).or_default();
            let (won, deals) = quarters.entry(quarter).or_default();
            *won += f64::from(u8::from(deal.won()));
            *deals += 1.0;
        }
    }
    segments
}

/// How far the win rates of the quarters scatter around their common rate: Pearson's chi-squared,
/// standardised by its mean and deviation under a constant rate. Quarters with few deals are left
/// out; nothing when fewer than two remain.
fn scatter(quarters: &Quarters) -> Option<f64> {
    let quarters: Vec<&(f64, f64)> =
        quarters.values().filter(|(_, deals)| *deals >= 25.0).collect();
    let freedom = quarters.len().checked_sub(1).filter(|it| *it > 0)? as f64;
    let won: f64 = quarters.iter().map(|it| it.0).sum();
    let rate = won / quarters.iter().map(|it| it.1).sum::<f64>();
    let terms = quarters
        .iter()
        .map(|(won, deals)| (won - rate * deals).powi(2) / (deals * rate * (1.0 - rate)));
    Some((terms.sum::<f64>() - freedom) / (2.0 * freedom).sqrt())
}

fn scatters(written: &Written) -> BTreeMap<(&'static str, String), f64> {
    let segments = by_segment(written).into_iter();
    segments.filter_map(|(segment, quarters)| Some((segment, scatter(&quarters)?))).collect()
}

#[test]
fn without_incidents_every_segment_keeps_its_win_rate() {
    for seed in [1, 2, 3] {
        let scatters = scatters(&write(30_000, seed, &Scenario::quiet()));
        assert!(scatters.len() > 50);
        for (segment, scatter) in &scatters {
            assert!(*scatter < 4.5, "seed {seed}: {segment:?} scatters by {scatter}");
        }
        let mean = scatters.values().sum::<f64>() / scatters.len() as f64;
        assert!(mean.abs() < 0.5, "seed {seed}: {mean}");
    }
}

#[test]
fn the_same_check_finds_the_planted_incidents() {
    let scatters = scatters(&write(30_000, 1, &Scenario::default_scenario()));
    let of = |dimension, value: &str| scatters[&(dimension, value.to_owned())];
    assert!(of("acv_bucket", "Enterprise") > 10.0);
    assert!(of("lead_source", "Paid Ads") > 10.0);
    assert!(of("acv_bucket", "SMB") < 4.5);
}

#[test]
fn without_incidents_cycles_and_sizes_keep_their_level() {
    let written = write(30_000, 4, &Scenario::quiet());
    let mut years: BTreeMap<(bool, i16), Vec<f64>> = BTreeMap::new();
    let mut enterprise: BTreeMap<i16, Vec<f64>> = BTreeMap::new();
    for (deal, closed) in written.closed() {
        let days = deal.cycle_days().unwrap() as f64;
        years.entry((deal.won(), closed.year())).or_default().push(days);
        let is_enterprise = written.acv_bucket(deal) == "Enterprise";
        enterprise.entry(closed.year()).or_default().push(f64::from(u8::from(is_enterprise)));
    }
    let lost_and_won = [false, true].map(|side| {
        let of_side = years.iter().filter(move |((won, _), _)| *won == side);
        of_side.map(|(_, days)| days.clone()).collect::<Vec<_>>()
    });
    let shares = enterprise.into_values().collect::<Vec<_>>();
    for groups in lost_and_won.into_iter().chain([shares]) {
        let pooled = mean_and_error(&groups.concat()).0;
        for group in &groups {
            let (mean, error) = mean_and_error(group);
            assert!((mean - pooled).abs() < 4.0 * error, "{mean} against {pooled}, error {error}");
        }
    }
}

#[test]
fn business_grows_with_the_seasons() {
    let written = write(30_000, 6, &Scenario::quiet());
    let mut months: BTreeMap<(i16, i8), u32> = BTreeMap::new();
    for (_, closed) in written.closed() {
        *months.entry((closed.year(), closed.month())).or_default() += 1;
    }
    let count = |year, month| f64::from(months[&(year, month)]);
    let half = |year| (1..=6).map(|month| count(year, month)).sum::<f64>();
    assert!((1.2..1.4).contains(&(half(2026) / half(2025))), "thirty percent a year");
    for year in [2024, 2025] {
        assert!(count(year, 8) < 0.9 * count(year, 7), "holidays in August {year}");
        assert!(count(year, 9) > 1.1 * count(year, 8), "the quarter's end in September {year}");
        assert!(count(year, 12) < 0.95 * count(year, 9), "December {year}");
    }
}

fn mean_and_error(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let variance = numbers.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}
