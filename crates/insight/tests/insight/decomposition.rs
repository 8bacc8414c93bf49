//! Mix and rate: that parts add up exactly, and that they are the right ones.

use num_bigint::BigInt;
use proptest::prelude::*;
use serde::Deserialize;
use winsight_insight::{
    Part, SegmentPair, Share, SplitMetric, decompose, decompose_rwwr, loss_concentration, shapley,
};
use winsight_model::{Dimension, Money, Segment, Side, Tally};

use crate::{assert_close, pair, segment};

const DIMENSIONS: [&str; 3] = ["region", "product", "rep"];

/// Whole units of 10⁻¹² in a figure.
#[expect(clippy::cast_possible_truncation, reason = "a difference of rates is at most 1")]
fn units(figure: f64) -> i64 {
    (figure * 1e12).round() as i64
}

/// Deals and cents of one outcome in one window.
type Closed = (u32, u64);

fn side((deals, cents): Closed) -> Side {
    Side { deals: deals.into(), amount: Money::from_cents(cents.into()), ..Side::default() }
}

/// Cells over `count` dimensions of up to three values each, with what was won and lost.
fn any_cells(count: usize) -> impl Strategy<Value = Vec<SegmentPair>> {
    let closed = prop_oneof![
        1 => Just((0, 0)),
        4 => (0..4_000_000_u32, 0..90_000_000_000_000_000_u64),
        2 => (0..5_u32, 0..9_u64),
    ];
    let sides = (closed.clone(), closed.clone(), closed.clone(), closed);
    let cells = 3_usize.pow(u32::try_from(count).expect("few"));
    prop::collection::vec(sides, 1..=cells).prop_map(move |cells| {
        let pair = |(cell, sides): (usize, (Closed, Closed, Closed, Closed))| {
            let part = |place: usize| {
                let value = cell / 3_usize.pow(u32::try_from(place).expect("few")) % 3;
                let dimension = Dimension::built_in(DIMENSIONS[place]).expect("built in");
                (dimension, value.to_string())
            };
            SegmentPair {
                segment: Segment::of((0..count).map(part).collect()),
                current: Tally { won: side(sides.0), lost: side(sides.1) },
                baseline: Tally { won: side(sides.2), lost: side(sides.3) },
            }
        };
        cells.into_iter().enumerate().map(pair).collect()
    })
}

/// A fraction, never reduced.
#[derive(Clone)]
struct Exact(BigInt, BigInt);

impl Exact {
    fn of(part: i128, whole: i128) -> Self {
        Self(part.into(), whole.into())
    }

    fn plus(&self, other: &Self) -> Self {
        Self(&self.0 * &other.1 + &other.0 * &self.1, &self.1 * &other.1)
    }

    fn minus(&self, other: &Self) -> Self {
        self.plus(&Self(-&other.0, other.1.clone()))
    }

    fn times(&self, other: &Self) -> Self {
        Self(&self.0 * &other.0, &self.1 * &other.1)
    }

    fn half(&self) -> Self {
        Self(self.0.clone(), &self.1 * 2)
    }

    fn same(&self, other: &Self) -> bool {
        &self.0 * &other.1 == &other.0 * &self.1
    }

    /// Whether a figure lies within two units of 10⁻¹² of it.
    fn is_near(&self, figure: f64) -> bool {
        let scaled = &self.0 * 1_000_000_000_000_i128;
        let apart = scaled - BigInt::from(units(figure)) * &self.1;
        let apart = if apart < BigInt::ZERO { -apart } else { apart };
        apart <= &self.1 * 2
    }
}

/// Won and closed of each cell in both windows, by what a metric adds up.
fn weights(pairs: &[SegmentPair], metric: SplitMetric) -> Vec<[(i128, i128); 2]> {
    let weight = |tally: &Tally| match metric {
        SplitMetric::WinRate => (i128::from(tally.won.deals), i128::from(tally.deals())),
        SplitMetric::RevenueWeighted => {
            let won = tally.won.amount.cents();
            (won, won + tally.lost.amount.cents())
        }
    };
    pairs.iter().map(|pair| [weight(&pair.current), weight(&pair.baseline)]).collect()
}

/// Kitagawa's terms as exact fractions: the mix and the rate of every cell, and the change.
fn kitagawa(weights: &[[(i128, i128); 2]]) -> (Vec<(Exact, Exact)>, Exact) {
    let sum = |window: usize| {
        let all = weights.iter().map(|both| both[window]);
        all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let (now, then) = (sum(0), sum(1));
    let (rate_now, rate_then) = (Exact::of(now.0, now.1), Exact::of(then.0, then.1));
    let level = rate_now.plus(&rate_then).half();
    let terms = weights.iter().map(|&[current, baseline]| {
        let rated = |one: (i128, i128), other: (i128, i128)| match (one.1, other.1) {
            (0, 0) => Exact::of(0, 1),
            (0, _) => Exact::of(other.0, other.1),
            _ => Exact::of(one.0, one.1),
        };
        let (rate, before) = (rated(current, baseline), rated(baseline, current));
        let (share, share_before) = (Exact::of(current.1, now.1), Exact::of(baseline.1, then.1));
        let mix = share.minus(&share_before).times(&rate.plus(&before).half().minus(&level));
        (mix, rate.minus(&before).times(&share.plus(&share_before).half()))
    });
    (terms.collect(), rate_now.minus(&rate_then))
}

fn total(terms: impl Iterator<Item = Exact>) -> Exact {
    terms.fold(Exact::of(0, 1), |sum, term| sum.plus(&term))
}

/// The worth of the dimensions in `subset`: the mix of the split by their combinations.
fn mix_by(pairs: &[SegmentPair], metric: SplitMetric, subset: usize) -> Exact {
    let mut merged: std::collections::BTreeMap<Vec<String>, [(i128, i128); 2]> =
        std::collections::BTreeMap::new();
    for (pair, weight) in pairs.iter().zip(weights(pairs, metric)) {
        let parts = pair.segment.parts().iter().enumerate();
        let chosen = parts.filter(|(place, _)| subset >> place & 1 == 1);
        let sum = merged.entry(chosen.map(|(_, (_, value))| value.clone()).collect()).or_default();
        for (sum, more) in sum.iter_mut().zip(weight) {
            *sum = (sum.0 + more.0, sum.1 + more.1);
        }
    }
    let merged: Vec<_> = merged.into_values().collect();
    total(kitagawa(&merged).0.into_iter().map(|(mix, _)| mix))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_are_exact_and_add_up_to_the_last_digit(pairs in any_cells(2)) {
        for metric in [SplitMetric::WinRate, SplitMetric::RevenueWeighted] {
            let split = match metric {
                SplitMetric::WinRate => decompose(&pairs),
                SplitMetric::RevenueWeighted => decompose_rwwr(&pairs),
            };
            let weights = weights(&pairs, metric);
            let closed = |window: usize| weights.iter().map(|both| both[window].1).sum::<i128>();
            let Some(split) = split else {
                prop_assert!(metric == SplitMetric::RevenueWeighted || closed(0) == 0 || closed(1) == 0);
                continue;
            };
            // The identity of the exact terms, then that the figures are these.
            let (terms, change) = kitagawa(&weights);
            let both = total(terms.iter().map(|(mix, rate)| mix.plus(rate)));
            prop_assert!(both.same(&change));
            prop_assert!(change.is_near(split.total));
            prop_assert!(total(terms.iter().map(|(mix, _)| mix.clone())).is_near(split.mix));
            for (part, (mix, rate)) in split.parts.iter().zip(&terms) {
                prop_assert!(mix.is_near(part.mix) && rate.is_near(part.rate));
            }
            let sum = |figure: fn(&Part) -> f64| split.parts.iter().map(figure).map(units).sum::<i64>();
            prop_assert_eq!(sum(|part| part.mix), units(split.mix));
            prop_assert_eq!(sum(|part| part.rate), units(split.rate));
            prop_assert_eq!(units(split.mix) + units(split.rate), units(split.total));
        }
    }

    #[test]
    fn shapley_values_are_exact_and_add_up(pairs in any_cells(3)) {
        for metric in [SplitMetric::WinRate, SplitMetric::RevenueWeighted] {
            let Some(split) = shapley(&pairs, metric) else { continue };
            let worth: Vec<Exact> = (0..8).map(|subset| mix_by(&pairs, metric, subset)).collect();
            // Over the six orders in which three dimensions can be brought in.
            let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
            for (place, (_, mix)) in split.mixes.iter().enumerate() {
                let gains = orders.iter().map(|order| {
                    let before: usize =
                        order.iter().take_while(|&&other| other != place).map(|other| 1 << other).sum();
                    worth[before | 1 << place].minus(&worth[before])
                });
                let mean = total(gains).times(&Exact::of(1, 6));
                prop_assert!(mean.is_near(*mix));
            }
            let mixes: i64 = split.mixes.iter().map(|(_, mix)| units(*mix)).sum();
            prop_assert_eq!(mixes + units(split.rate), units(split.total));
            let joint = if metric == SplitMetric::WinRate { decompose(&pairs) } else { decompose_rwwr(&pairs) };
            let joint = joint.expect("the same change");
            prop_assert_eq!((mixes, units(split.rate)), (units(joint.mix), units(joint.rate)));
        }
    }

    #[test]
    fn losses_of_the_top_three_are_a_share(pairs in any_cells(2)) {
        if let Some(found) = loss_concentration(&pairs) {
            prop_assert!((0.0..=1.0).contains(&found.lcr) && found.lcr > 0.0);
            prop_assert!((0.0..=1.0).contains(&found.share_of_deals));
            prop_assert!(found.baseline.is_none_or(|before| (0.0..=1.0).contains(&before)));
            prop_assert!(found.values.is_sorted_by(|a, b| a.1 >= b.1));
        }
    }
}

#[test]
fn a_dimension_that_moved_nothing_gets_nothing() {
    let cell = |region: &str, product: &str, current, baseline| {
        let [region, product] = [segment("region", region), segment("product", product)];
        let parts = region.parts().iter().chain(product.parts()).cloned().collect();
        pair(Segment::of(parts), current, baseline)
    };
    // Deals moved from Europe to Asia, evenly over the products.
    let cells = [
        cell("Europe", "Core", (20, 20), (40, 40)),
        cell("Europe", "Pro", (20, 20), (40, 40)),
        cell("Asia", "Core", (12, 48), (4, 16)),
        cell("Asia", "Pro", (12, 48), (4, 16)),
    ];
    let split = shapley(&cells, SplitMetric::WinRate).expect("deals in both windows");
    assert_eq!(split.mixes[1], (Dimension::built_in("product").expect("built in"), 0.0));
    assert_close(split.mixes[0].1, split.total, 1e-12, "region");
    assert_close(split.rate, 0.0, 1e-12, "rate");
    assert_eq!(shapley(&[], SplitMetric::WinRate), None);
}

#[test]
fn losses_are_compared_with_the_deals() {
    let pairs = [
        pair(segment("region", "Asia"), (50, 10), (10, 40)),
        pair(segment("region", "Europe"), (10, 30), (10, 30)),
        pair(segment("region", "India"), (10, 20), (10, 20)),
        pair(segment("region", "Africa"), (10, 40), (10, 10)),
    ];
    let found = loss_concentration(&pairs).expect("losses");
    assert_close(found.lcr, 0.9, 1e-12, "lcr");
    assert_close(found.share_of_deals, 120.0 / 180.0, 1e-12, "deals");
    assert_close(found.baseline.expect("losses before"), 0.9, 1e-12, "before");
    let values: Vec<_> = found.values.iter().map(|(value, _)| value.value_label()).collect();
    assert_eq!(values, ["Africa", "Europe", "India"]);
    assert_eq!(loss_concentration(&[]), None);
    assert_eq!(loss_concentration(&[pair(segment("region", "Asia"), (5, 0), (5, 5))]), None);
}

#[derive(Deserialize)]
struct Known {
    label: String,
    dimensions: Vec<String>,
    cells: Vec<KnownCell>,
    win_rate: KnownSplit,
    rwwr: Option<KnownSplit>,
}

/// Values, then won and lost deals and won and lost cents, now and before.
#[derive(Deserialize)]
struct KnownCell(Vec<String>, [u32; 4], [u64; 4]);

#[derive(Deserialize)]
struct KnownSplit {
    total: f64,
    mix: f64,
    rate: f64,
    parts: Vec<(f64, f64)>,
    shapley: Vec<f64>,
}

#[test]
fn splits_of_known_files() {
    let text = include_str!("../reference/decomposition.json");
    let known: Vec<Known> = serde_json::from_str(text).expect("valid answers");
    assert!(known.len() >= 4);
    for Known { label, dimensions, cells, win_rate, rwwr } in known {
        let pairs: Vec<SegmentPair> = cells
            .iter()
            .map(|KnownCell(values, deals, cents)| {
                let part = |(name, value): (&String, &String)| {
                    (Dimension::built_in(name).expect("built in"), value.clone())
                };
                let side = |place: usize| side((deals[place], cents[place]));
                SegmentPair {
                    segment: Segment::of(dimensions.iter().zip(values).map(part).collect()),
                    current: Tally { won: side(0), lost: side(1) },
                    baseline: Tally { won: side(2), lost: side(3) },
                }
            })
            .collect();
        for (metric, expected) in
            [(SplitMetric::WinRate, Some(win_rate)), (SplitMetric::RevenueWeighted, rwwr)]
        {
            let Some(expected) = expected else { continue };
            let found = match metric {
                SplitMetric::WinRate => decompose(&pairs),
                SplitMetric::RevenueWeighted => decompose_rwwr(&pairs),
            };
            let found = found.expect("deals in both windows");
            let what = format!("{label}, {metric:?}");
            let near = |found: f64, expected: f64| {
                assert!((found - expected).abs() < 3e-12, "{what}: {found} and not {expected}");
            };
            near(found.total, expected.total);
            near(found.mix, expected.mix);
            near(found.rate, expected.rate);
            for (part, expected) in found.parts.iter().zip(&expected.parts) {
                near(part.mix, expected.0);
                near(part.rate, expected.1);
            }
            let several = shapley(&pairs, metric).expect("dimensions");
            for ((_, mix), &expected) in several.mixes.iter().zip(&expected.shapley) {
                near(*mix, expected);
            }
        }
    }
}

#[test]
fn a_share_of_nothing_is_no_rate() {
    let empty = pair(segment("region", "Asia"), (0, 0), (3, 4));
    assert_eq!(decompose(std::slice::from_ref(&empty)), None);
    assert_eq!(decompose_rwwr(&[empty]), None);
    assert_eq!(decompose(&[]), None);
    assert_eq!(Share::default().rate(), None);
}
