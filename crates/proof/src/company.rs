//! Companies whose truth is known.

use std::f64::consts::TAU;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Normal, Poisson};
use rand_pcg::Pcg64Mcg;
use winsight_model::Window;

use crate::History;

/// What happens to a company.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each may happen beside the others")]
pub struct Scenario {
    /// Every win rate follows the season by up to five points, that of each industry by three more
    /// with a season of its own.
    pub season: bool,
    /// A quarter of the reps leave when the quarter begins; those who follow win ten points less.
    pub turnover: bool,
    /// Half of the deals of the best lead source come from the worst when the quarter begins, which
    /// wins twelve points less.
    pub mix: bool,
    /// Deals become known days after they closed, won ones later than lost ones.
    pub late: bool,
    /// Its deals are imported once a week instead of daily, on a weekday of its own.
    pub weekly: bool,
    /// What is to be found.
    pub drop: Option<Drop>,
}

/// A drop in win rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drop {
    /// Where.
    pub target: Target,
    /// By how much, as a share.
    pub by: f64,
    /// On which day of the quarter, counted from 0.
    pub day: i64,
}

/// A segment, by how many deals it closes in a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A rep: 50 deals.
    Rep,
    /// The smallest region: 150 deals.
    SmallRegion,
    /// The largest region: 400 deals.
    LargeRegion,
}

impl Target {
    /// Every target, the smallest first.
    pub const ALL: [Self; 3] = [Self::Rep, Self::SmallRegion, Self::LargeRegion];

    /// Closed deals a quarter.
    pub const fn deals(self) -> u32 {
        match self {
            Self::Rep => 50,
            Self::SmallRegion => 150,
            Self::LargeRegion => 400,
        }
    }

    /// The number of the segment in the company's history.
    pub fn segment(self) -> usize {
        match self {
            Self::Rep => first_of(REP),
            Self::SmallRegion => first_of(REGION) + 4,
            Self::LargeRegion => first_of(REGION),
        }
    }
}

const REGION: usize = 0;
const INDUSTRY: usize = 2;
const LEAD_SOURCE: usize = 4;
const REP: usize = 6;
const NEWCOMERS: usize = 6;

/// Closed deals per quarter of each value of each dimension: region, size, industry, product, lead
/// source, deal type, rep. The last six reps come when others leave.
const VALUES: [&[u32]; 7] = [
    &[400, 300, 200, 150, 150],
    &[600, 450, 150],
    &[400, 250, 200, 150, 150, 50],
    &[400, 400, 250, 150],
    &[400, 300, 250, 150, 100],
    &[800, 400],
    &[
        50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50,
        50, 0, 0, 0, 0, 0, 0,
    ],
];
const DEALS: u32 = 1_200;
const WIN_RATE: f64 = 0.45;
const START: Date = date(2022, 1, 1);
const END: Date = date(2023, 10, 1);
/// Longest time from closing a deal until it is known, in days.
const LATEST: usize = 21;

fn first_of(dimension: usize) -> usize {
    VALUES[..dimension].iter().map(|values| values.len()).sum()
}

/// A company and what it closed in seven quarters, of which the sixth is the one to look at.
#[derive(Clone, Debug)]
pub struct Company {
    /// What was closed.
    pub history: History,
    /// The true win rate of each segment in the half year that ends with the quarter looked at.
    pub win_rates: Vec<f64>,
}

impl Company {
    /// The dimension that the rule on lead sources looks at.
    pub const LEAD_SOURCE: usize = LEAD_SOURCE;

    /// The quarter in which things happen.
    pub const QUARTER: Window = Window { from: date(2023, 4, 1), to: date(2023, 7, 1) };

    /// The quarters of the history that are over by the end of the quarter after it.
    pub const QUARTERS: [Window; 4] = [
        Window { from: date(2022, 10, 1), to: date(2023, 1, 1) },
        Window { from: date(2023, 1, 1), to: date(2023, 4, 1) },
        Self::QUARTER,
        Window { from: date(2023, 7, 1), to: date(2023, 10, 1) },
    ];

    /// The company with this number.
    pub fn draw(scenario: &Scenario, number: u64) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(number);
        let dimensions = (0..VALUES.len())
            .flat_map(|dimension| VALUES[dimension].iter().map(move |_| dimension))
            .collect();
        let days = START.until(END).map_or(0, |span| span.get_days()).unsigned_abs() as usize;
        let latest = if scenario.late { LATEST } else { 0 };
        let mut history = History::new(START, days, dimensions, latest);
        let rates = Rates::draw(scenario, &mut random);
        let mut chances = vec![(0.0, 0.0); history.dimensions().len()];
        for quarter in (Window { from: START, to: END }).periods(winsight_model::Grain::Quarter) {
            let deals = Poisson::new(f64::from(DEALS)).map_or(DEALS, |deals| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a Poisson number of deals around 1,200"
                )]
                let deals = deals.sample(&mut random) as u32;
                deals
            });
            for _ in 0..deals {
                let day = closing_day(quarter.window, &mut random);
                let values = Rates::values(scenario, day, &mut random);
                let chance = rates.win_rate(scenario, day, &values);
                let won = random.random_bool(chance);
                if day >= Self::QUARTERS[1].from && day < Self::QUARTER.to {
                    for value in values {
                        chances[value].0 += chance;
                        chances[value].1 += 1.0;
                    }
                }
                let late = if scenario.late { lateness(won, &mut random) } else { 0 };
                let number = START.until(day).map_or(0, |span| span.get_days()).unsigned_abs();
                history.add(number as usize, late, won, &values);
            }
        }
        let win_rates = chances.iter().map(|(sum, deals)| sum / f64::max(*deals, 1.0)).collect();
        Self { history: history.finished(), win_rates }
    }
}

/// A day of the quarter; its last two weeks see twice as many deals close as others.
fn closing_day(quarter: Window, random: &mut impl Rng) -> Date {
    let (days, busy) = (i64::from(quarter.days()), 14);
    let drawn = random.random_range(0..days + busy);
    quarter.from.saturating_add(if drawn < days { drawn } else { drawn - busy }.days())
}

/// Half of the won deals are entered on the day, a tenth of them a week later and more; of the lost
/// ones four in five on the day.
fn lateness(won: bool, random: &mut impl Rng) -> usize {
    let (on_the_day, another_day) = if won { (0.5, 0.6) } else { (0.8, 0.5) };
    if random.random_bool(on_the_day) {
        return 0;
    }
    let mut late = 1;
    while late < LATEST && random.random_bool(another_day) {
        late += 1;
    }
    late
}

/// What the chance of winning is made of.
struct Rates {
    /// Points that each value adds.
    values: Vec<f64>,
    /// When the season of all deals, and of each industry, is highest, as a share of the year.
    phases: Vec<f64>,
}

impl Rates {
    fn draw(scenario: &Scenario, random: &mut impl Rng) -> Self {
        let count = first_of(VALUES.len());
        let mut values = vec![0.0; count];
        if let Ok(spread) = Normal::new(0.0, 0.03) {
            values.fill_with(|| spread.sample(random));
        }
        if scenario.mix {
            values[first_of(LEAD_SOURCE)] = 0.06;
            values[first_of(LEAD_SOURCE) + 4] = -0.06;
        }
        if scenario.turnover {
            values[first_of(REP) + VALUES[REP].len() - NEWCOMERS..].fill(-0.10);
        }
        let phases = (0..=VALUES[INDUSTRY].len()).map(|_| random.random()).collect();
        Self { values, phases }
    }

    /// One value of each dimension, by lot.
    fn values(scenario: &Scenario, day: Date, random: &mut impl Rng) -> [usize; 7] {
        let in_quarter = day >= Company::QUARTER.from;
        std::array::from_fn(|dimension| {
            let mut lot = random.random_range(0..DEALS);
            let mut value = 0;
            while lot >= VALUES[dimension][value] {
                lot -= VALUES[dimension][value];
                value += 1;
            }
            if in_quarter && scenario.turnover && dimension == REP && value >= 24 - NEWCOMERS {
                value += NEWCOMERS;
            }
            let mut moves = || random.random_bool(0.5);
            if in_quarter && scenario.mix && dimension == LEAD_SOURCE && value == 0 && moves() {
                value = 4;
            }
            first_of(dimension) + value
        })
    }

    fn win_rate(&self, scenario: &Scenario, day: Date, values: &[usize; 7]) -> f64 {
        let mut rate = WIN_RATE + values.iter().map(|value| self.values[*value]).sum::<f64>();
        if scenario.season {
            let of_year = f64::from(day.day_of_year()) / 365.0;
            let wave = |phase: f64| (TAU * (of_year - phase)).cos();
            let industry = values[INDUSTRY] - first_of(INDUSTRY);
            rate += 0.05 * wave(self.phases[0]) + 0.03 * wave(self.phases[industry + 1]);
        }
        if let Some(drop) = scenario.drop
            && day >= Company::QUARTER.from.saturating_add(drop.day.days())
            && values.contains(&drop.target.segment())
        {
            rate -= drop.by;
        }
        rate.clamp(0.02, 0.98)
    }
}
