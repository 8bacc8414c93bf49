//! What intervals and tests promise, counted over simulated deals. The tests run a few trials of it;
//! `cargo run --release -p winsight-insight --example simulate_statistics` runs all.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64Mcg;
use winsight_insight::{
    Cell, Interval, Metrics, SegmentPair, Share, drivers, headline_changes, metrics, newcombe,
};
use winsight_model::{Dimension, Money, Outcome, Segment, Settings, Tally};

/// How many times each interval held the truth.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) win_rate: u32,
    pub(crate) wr_delta: u32,
    pub(crate) rwwr: u32,
    pub(crate) dfi: u32,
    pub(crate) rwwr_change: u32,
    pub(crate) dfi_change: u32,
    pub(crate) trials: u32,
    pub(crate) change_trials: u32,
}

impl Coverage {
    pub(crate) fn shares(self) -> [(&'static str, f64); 6] {
        let share = |held: u32| f64::from(held) / f64::from(self.trials);
        let of_changes = |held: u32| f64::from(held) / f64::from(self.change_trials.max(1));
        [
            ("win_rate", share(self.win_rate)),
            ("wr_delta", share(self.wr_delta)),
            ("rwwr", share(self.rwwr)),
            ("dfi", share(self.dfi)),
            ("rwwr_change", of_changes(self.rwwr_change)),
            ("dfi_change", of_changes(self.dfi_change)),
        ]
    }
}

/// A kind of company: amounts and cycles are lognormal, larger deals are won less often.
struct Company {
    chance: f64,
    steepness: f64,
    friction: f64,
}

impl Company {
    fn chance(&self, amount: f64) -> f64 {
        self.chance - self.steepness * (amount / 100_000.0).min(1.0)
    }

    fn deals(&self, random: &mut Pcg64Mcg, deals: u32) -> Tally {
        let (amounts, cycles) = laws();
        let mut tally = Tally::default();
        for _ in 0..deals {
            let amount: f64 = amounts.sample(random);
            let won = random.random_bool(self.chance(amount));
            let length: f64 = cycles.sample(random) * if won { 1.0 } else { self.friction };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days")]
            let days = length.round() as u32;
            #[expect(clippy::cast_possible_truncation, reason = "cents")]
            let cents = (amount * 100.0) as i128;
            let outcome = if won { Outcome::Won } else { Outcome::Lost };
            tally.add(outcome, Some(Money::from_cents(cents)), Some(days));
        }
        tally
    }

    /// The win rate and the revenue-weighted win rate of infinitely many deals, by Simpson's rule over
    /// the standard normal logarithm of the amount.
    fn truth(&self) -> (f64, f64) {
        let steps = 20_000;
        let (mut rate, mut won, mut closed, mut mass) = (0.0, 0.0, 0.0, 0.0);
        for step in 0..=steps {
            let z = -9.0 + 18.0 * f64::from(step) / f64::from(steps);
            let weight = if step == 0 || step == steps {
                1.0
            } else if step % 2 == 1 {
                4.0
            } else {
                2.0
            } * (-z * z / 2.0).exp();
            let amount = (10.0 + z).exp();
            let chance = self.chance(amount);
            rate += weight * chance;
            won += weight * chance * amount;
            closed += weight * amount;
            mass += weight;
        }
        (rate / mass, won / closed)
    }
}

fn laws() -> (LogNormal<f64>, LogNormal<f64>) {
    (LogNormal::new(10.0, 1.0).expect("valid"), LogNormal::new(4.0, 0.6).expect("valid"))
}

/// How often the 95% intervals of so many deals hold the truth, each trial about another company: the
/// truth varies, since coverage at a single win rate depends on how whole numbers happen to fall.
/// Every `changes_in`-th trial also counts the slow intervals of changes.
pub(crate) fn coverage(deals: u32, trials: u32, seed: u64, changes_in: u32) -> Coverage {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut counted = Coverage { trials, ..Coverage::default() };
    let settings = Settings { min_deals: 1, ..Settings::default() };
    for trial in 0..trials {
        let mut company = || Company {
            chance: random.random_range(0.35..0.65),
            steepness: random.random_range(0.0..0.25),
            friction: random.random_range(0.7..1.5),
        };
        let (now, then) = (company(), company());
        let ((rate, rwwr), (before, rwwr_before)) = (now.truth(), then.truth());
        let (current, baseline) = (now.deals(&mut random, deals), then.deals(&mut random, deals));
        let found: Metrics = metrics(&current, 1);
        let holds = |interval: Option<Interval>, truth: f64| {
            u32::from(interval.is_some_and(|interval| interval.contains(truth)))
        };
        counted.win_rate += holds(found.win_rate_interval, rate);
        let delta = newcombe(Share::from(&current), Share::from(&baseline));
        counted.wr_delta += holds(delta, rate - before);
        counted.rwwr += holds(found.rwwr_interval, rwwr);
        counted.dfi += holds(found.dfi_interval, now.friction);
        if trial % changes_in > 0 {
            continue;
        }
        counted.change_trials += 1;
        let segment = Segment::all();
        let pair = SegmentPair { segment, current, baseline };
        let changes = headline_changes(&pair, &settings, 1);
        counted.rwwr_change += holds(changes.rwwr.interval, rwwr - rwwr_before);
        counted.dfi_change += holds(changes.dfi.interval, now.friction / then.friction);
    }
    counted
}

/// In how many of `trials` shuffles of the outcomes a driver is found.
pub(crate) fn false_discoveries(
    cells: &[Cell],
    dimensions: &[Dimension],
    trials: u32,
    seed: u64,
) -> u32 {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut outcomes: Vec<bool> = cells
        .iter()
        .flat_map(|cell| (0..cell.won + cell.lost).map(|place| place < cell.won))
        .collect();
    let mut found = 0;
    for _ in 0..trials {
        outcomes.shuffle(&mut random);
        let mut rest = outcomes.iter();
        let shuffled: Vec<Cell> = cells
            .iter()
            .map(|cell| {
                let deals = cell.won + cell.lost;
                let won = (0..deals).filter(|_| rest.next() == Some(&true)).count() as u64;
                Cell { values: cell.values.clone(), won, lost: deals - won, ..*cell }
            })
            .collect();
        let analysis = drivers(&shuffled, dimensions).expect("as many deals as before");
        found += u32::from(analysis.dimensions.iter().any(|test| test.significant));
    }
    found
}

/// In how many of `trials` companies of 5,000 deals a planted odds ratio of 1.5 is found: the
/// dimension, and the level itself.
pub(crate) fn planted_drivers(trials: u32, seed: u64) -> (u32, u32) {
    const PLANTED: f64 = 1.5;
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let dimensions: Vec<Dimension> = ["region", "industry", "product", "lead_source", "rep"]
        .map(|name| Dimension::built_in(name).expect("built in"))
        .to_vec();
    let levels = [4_usize, 5, 3, 4, 25];
    let (mut dimension, mut level) = (0, 0);
    for _ in 0..trials {
        let cell = |_| {
            let drawn = levels.map(|levels| random.random_range(0..levels));
            let odds = (0.45 / 0.55) * if drawn[3] == 1 { PLANTED } else { 1.0 };
            let won = random.random_bool(odds / (1.0 + odds));
            Cell {
                values: drawn.iter().map(|level| format!("level {level:02}")).collect(),
                won: u64::from(won),
                lost: u64::from(!won),
                ..Cell::default()
            }
        };
        let cells: Vec<Cell> = (0..5_000).map(cell).collect();
        let analysis = drivers(&cells, &dimensions).expect("enough deals");
        dimension += u32::from(analysis.dimensions[3].significant);
        // Where the planted level happens to be the largest, the others are found against it.
        level += u32::from(analysis.drivers.iter().any(|driver| {
            driver.significant
                && driver.dimension == dimensions[3]
                && (driver.value == "level 01" || driver.reference == "level 01")
        }));
    }
    (dimension, level)
}

/// The cells of the `SkyGeni` file, when it lies beside the checkout: one for each deal.
pub(crate) fn skygeni() -> Option<(Vec<Cell>, Vec<Dimension>)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/skygeni_sales_data.csv");
    let text = std::fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next()?.split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name);
    let columns = [
        ("region", place("region")?),
        ("industry", place("industry")?),
        ("product", place("product_type")?),
        ("lead_source", place("lead_source")?),
        ("rep", place("sales_rep_id")?),
        ("acv_bucket", place("deal_amount")?),
    ];
    let (outcome, amount) = (place("outcome")?, place("deal_amount")?);
    let cell = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let units: i128 = fields.get(amount)?.parse().ok()?;
        let bucket = match units {
            ..=10_000 => "SMB",
            10_001..=50_000 => "Mid-Market",
            _ => "Enterprise",
        };
        let value = |&(name, at): &(&str, usize)| {
            if name == "acv_bucket" { bucket.to_owned() } else { fields[at].to_owned() }
        };
        let won = fields[outcome] == "Won";
        let cents = Money::from_cents(units * 100);
        let nothing = Money::ZERO;
        Some(Cell {
            values: columns.iter().map(value).collect(),
            won: u64::from(won),
            lost: u64::from(!won),
            won_amount: if won { cents } else { nothing },
            lost_amount: if won { nothing } else { cents },
        })
    };
    let cells: Vec<Cell> = lines.filter_map(cell).collect();
    let dimensions = columns.map(|(name, _)| Dimension::built_in(name).expect("built in"));
    Some((cells, dimensions.to_vec()))
}
