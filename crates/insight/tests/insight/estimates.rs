//! How often the intervals of cohorts, projections and pools hold the truth, over simulated deals. The
//! tests run a few trials of it; `examples/simulate_statistics.rs` all.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::date;
use rand::{RngExt, SeedableRng};
use rand_distr::{Beta, Binomial, Distribution, Exp, Normal};
use rand_pcg::Pcg64Mcg;
use winsight_insight::{Cell, PeriodCount, Pool, Share, cohort_win_rate, reps, trend};
use winsight_model::{Dimension, Grain, Money, Period, Stays, Window};

/// So many of so many intervals held the truth.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    pub(crate) held: u32,
    pub(crate) of: u32,
}

impl Held {
    pub(crate) fn count(&mut self, is_held: bool) {
        self.held += u32::from(is_held);
        self.of += 1;
    }

    pub(crate) fn share(self) -> f64 {
        f64::from(self.held) / f64::from(self.of.max(1))
    }
}

/// Win rates within 180 days of cohorts of so many deals, created over a year and watched since, so
/// that some are still open; days to won and to lost are exponential, each cohort's of its own length.
pub(crate) fn cohorts(deals: u32, trials: u32, seed: u64) -> Held {
    const HORIZON: u32 = 180;
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let window = Window { from: date(2024, 1, 1), to: date(2024, 4, 1) };
    let quarter = window.periods(Grain::Quarter).remove(0);
    let mut counted = Held::default();
    for _ in 0..trials {
        let (won_within, lost_within) =
            (random.random_range(60.0..400.0), random.random_range(60.0..400.0));
        let mut days_of = |mean: f64| Exp::new(1.0 / mean).expect("a mean").sample(&mut random);
        let mut stays = Stays::default();
        for _ in 0..deals {
            let (won, lost) = (days_of(won_within), days_of(lost_within));
            // Between five months and a year and a half.
            let watched = 150.0 + 365.0 * (1.0 - (-days_of(1.0)).exp());
            let days = whole(won.min(lost));
            if days > whole(watched) {
                stays.ongoing.add(whole(watched), 1);
            } else if won < lost {
                stays.won.add(days, 1);
            } else {
                stays.lost.add(days, 1);
            }
        }
        let (of_won, of_lost) = (1.0 / won_within, 1.0 / lost_within);
        // A deal that closes in the course of a day counts as closed on it.
        let closed = 1.0 - (-(of_won + of_lost) * f64::from(HORIZON + 1)).exp();
        let truth = of_won / (of_won + of_lost) * closed;
        let found = cohort_win_rate(quarter.clone(), &stays, HORIZON, 1).win_rate;
        counted.count(found.is_some_and(|estimate| estimate.interval.contains(truth)));
    }
    counted
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some days")]
fn whole(days: f64) -> u32 {
    days as u32
}

/// How the level of a series goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Course {
    Steady,
    /// A random walk.
    Drifting,
    /// One drop of ten points in the second year.
    Broken,
}

/// Win rates and bookings of the three months after three years of so many deals a month, against what
/// was projected.
pub(crate) fn projections(course: Course, deals: u64, trials: u32, seed: u64) -> (Held, Held) {
    const YEARS: usize = 36;
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let step = Normal::new(0.0, 0.02).expect("valid");
    let mut months = Window { from: date(2021, 1, 1), to: date(2025, 1, 1) }.periods(Grain::Month);
    months.truncate(YEARS + 3);
    let (mut rates, mut amounts) = (Held::default(), Held::default());
    for _ in 0..trials {
        let mut level: f64 = 0.45;
        let mut point = |(place, period): (usize, &Period)| {
            match course {
                Course::Drifting => level = (level + step.sample(&mut random)).clamp(0.15, 0.85),
                Course::Broken if place == 15 => level = 0.35,
                Course::Steady | Course::Broken => {}
            }
            let closed = random.random_range(deals * 4 / 5..=deals * 6 / 5);
            let won = Binomial::new(closed, level).expect("a rate").sample(&mut random);
            let size = random.random_range(8_000..12_000);
            PeriodCount {
                period: period.clone(),
                share: Share { won, deals: closed },
                won_amount: Money::from_cents(i128::from(won) * size * 100),
            }
        };
        let points: Vec<PeriodCount> = months.iter().enumerate().map(&mut point).collect();
        let projection = trend(Grain::Month, &points[..YEARS], 0.05).projection;
        for (coming, seen) in projection.win_rates.iter().zip(&points[YEARS..]) {
            let rate = seen.share.rate().expect("deals");
            rates.count((coming.low..=coming.high).contains(&rate));
        }
        for (coming, seen) in projection.bookings.iter().zip(&points[YEARS..]) {
            amounts.count(coming.low <= seen.won_amount && seen.won_amount <= coming.high);
        }
    }
    (rates, amounts)
}

/// Segments of so many deals each, their rates drawn from a beta distribution worth so many deals; from
/// one rate, if none.
pub(crate) struct Company {
    pub(crate) segments: usize,
    pub(crate) deals: Range<u64>,
    pub(crate) worth: Option<f64>,
}

/// Pooled win rates of segments, their common mean another in every trial: of those with fewer deals
/// than the middle one of their company, and of the others.
pub(crate) fn pools(company: &Company, trials: u32, seed: u64) -> [Held; 2] {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut counted = [Held::default(); 2];
    for _ in 0..trials {
        let mean = random.random_range(0.3..0.7);
        let beta = |worth: f64| Beta::new(mean * worth, (1.0 - mean) * worth).expect("a pool");
        let law = company.worth.map(beta);
        let mut segments: Vec<(f64, Share)> = (0..company.segments)
            .map(|_| {
                let rate = law.map_or(mean, |law| law.sample(&mut random));
                let deals = random.random_range(company.deals.clone());
                let won = Binomial::new(deals, rate).expect("a rate").sample(&mut random);
                (rate, Share { won, deals })
            })
            .collect();
        segments.sort_by_key(|(_, share)| share.deals);
        let shares: Vec<Share> = segments.iter().map(|&(_, share)| share).collect();
        let pool = Pool::of(&shares).expect("siblings");
        for (place, (rate, share)) in segments.into_iter().enumerate() {
            let held = &mut counted[usize::from(2 * place >= company.segments)];
            held.count(pool.rate(share).interval.contains(rate));
        }
    }
    counted
}

/// Shrunken win rates of 20 reps with so many deals, whose odds differ by a normal law of so much
/// spread, half of the deals from a source that is won half as often.
pub(crate) fn shrunken_reps(deals: u64, spread: f64, trials: u32, seed: u64) -> Held {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let skill = Normal::new(0.0, spread).expect("a spread");
    let dimensions = ["lead_source", "rep"].map(|name| Dimension::built_in(name).expect("known"));
    let mut counted = Held::default();
    for _ in 0..trials {
        let base = random.random_range(0.3..0.6);
        let factors: Vec<f64> =
            (0..20).map(|_| (1.0 + skill.sample(&mut random)).max(0.1)).collect();
        let mut cells = Vec::new();
        for (rep, factor) in factors.iter().enumerate() {
            for (source, chance) in [("Inbound", base), ("Outbound", base / 2.0)] {
                let chance = (chance * factor).min(0.95);
                let won = Binomial::new(deals / 2, chance).expect("a chance").sample(&mut random);
                cells.push(Cell {
                    values: vec![source.to_owned(), format!("rep {rep:02}")],
                    won,
                    lost: deals / 2 - won,
                    ..Cell::default()
                });
            }
        }
        let found = reps(&cells, &dimensions, &BTreeMap::new(), 1).expect("enough deals");
        let mean = factors.iter().sum::<f64>() / 20.0;
        let expected = 0.75 * base * mean;
        for rep in found.reps {
            let place: usize = rep.rep["rep ".len()..].parse().expect("a number");
            counted.count(rep.shrunken_interval.contains(expected * factors[place] / mean));
        }
    }
    counted
}
