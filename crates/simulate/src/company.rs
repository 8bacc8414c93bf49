//! The company's small tables: values and how often they occur, seats and who holds them,
//! accounts, currencies.

use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::{Rng, RngExt};

use crate::calendar::{Calendar, Day};
use crate::incident::{self, Planted, Window};
use crate::names;
use crate::random::{Purpose, generator};
use crate::scenario::{Dimension, Kind, People, Scenario};

pub(crate) struct Company<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) calendar: Calendar,
    pub(crate) plan: Vec<Planted>,
    /// Names of the values of each dimension, by `Dimension as usize`.
    pub(crate) names: [Vec<String>; Dimension::ALL.len()],
    pub(crate) pickers: [ValuePicker; Dimension::BY_SHARE.len()],
    pub(crate) seats: Vec<Seat>,
    pub(crate) currencies: Vec<CurrencyRate>,
    /// Which currency a deal is sold in, by region.
    pub(crate) currency_pickers: Vec<WeightedIndex<f64>>,
    accounts_per_cell: usize,
}

/// Draws a value by its share, which a mix shift may move for a while.
pub(crate) struct ValuePicker {
    ordinary: WeightedIndex<f64>,
    shifted: Vec<(Window, WeightedIndex<f64>)>,
}

/// A job that one rep after the other holds; open deals stay with the seat.
pub(crate) struct Seat {
    pub(crate) team: usize,
    /// First day and rep, in order of time; the first holder was there before the history.
    holders: Vec<(Day, usize)>,
}

pub(crate) struct CurrencyRate {
    pub(crate) code: String,
    /// Dollars for one unit, in millionths.
    pub(crate) dollar_millionths: i64,
}

impl<'a> Company<'a> {
    pub(crate) fn new(scenario: &'a Scenario, seed: u64, deals: u64) -> Self {
        let calendar = Calendar::new(scenario);
        let plan = incident::plan(scenario, &calendar);
        let mut value_names = Dimension::ALL.map(|dimension| scenario.value_names(dimension));
        let reps = &mut value_names[Dimension::Rep as usize];
        let seats = hire(scenario, &calendar, seed, reps);
        let cells = scenario.region.len() * scenario.industry.len();
        // A handful of deals per account, as long as there are names for the accounts.
        let accounts = usize::try_from(deals / 5).map_or(names::COMPANIES, |it| it.max(100));
        Self {
            pickers: Dimension::BY_SHARE.map(|it| ValuePicker::new(scenario, &plan, it)),
            currencies: currencies(scenario),
            currency_pickers: currency_pickers(scenario),
            accounts_per_cell: (accounts.min(names::COMPANIES) / cells).max(1),
            names: value_names,
            scenario,
            calendar,
            plan,
            seats,
        }
    }

    /// A seat, and the rep who holds it on the given day; reps who are still ramping up get fewer
    /// deals.
    pub(crate) fn pick_seat(&self, day: Day, rng: &mut impl Rng) -> (usize, usize) {
        loop {
            let place = rng.random_range(0..self.seats.len());
            let seat = &self.seats[place];
            if rng.random::<f64>() < seat.load(day, &self.scenario.people) {
                return (place, seat.holder(day));
            }
        }
    }

    /// The name of an account in the region and industry; the same account never changes either.
    pub(crate) fn pick_account(
        &self,
        region: usize,
        industry: usize,
        rng: &mut impl Rng,
    ) -> String {
        let cell = region * self.scenario.industry.len() + industry;
        let account = rng.random_range(0..self.accounts_per_cell);
        names::company(cell * self.accounts_per_cell + account)
    }
}

impl ValuePicker {
    fn new(scenario: &Scenario, plan: &[Planted], dimension: Dimension) -> Self {
        let shares = scenario.shares(dimension);
        let total: f64 = shares.iter().sum();
        let pairs = plan.iter().zip(&scenario.incidents);
        let shifts = pairs.filter(|(planted, _)| planted.kind == Kind::MixShift);
        let shifted = shifts.filter_map(|(planted, incident)| {
            let value = incident.segment.get(&dimension)?;
            let names = scenario.value_names(dimension);
            let moved =
                names.iter().zip(&shares).map(|(name, share)| (name == value, share / total));
            let moved: Vec<(bool, f64)> = moved.collect();
            let old: f64 = moved.iter().filter(|it| it.0).map(|it| it.1).sum();
            let new = old + planted.size;
            let weights = moved
                .iter()
                .map(|(hit, share)| if *hit { new } else { share * (1.0 - new) / (1.0 - old) });
            Some((planted.window, weighted(weights)))
        });
        Self { shifted: shifted.collect(), ordinary: weighted(shares) }
    }

    pub(crate) fn pick(&self, closes: Day, rng: &mut impl Rng) -> usize {
        let shifted = self.shifted.iter().find(|(window, _)| window.acts_on(closes));
        shifted.map_or(&self.ordinary, |(_, shares)| shares).sample(rng)
    }
}

impl Seat {
    pub(crate) fn holder(&self, day: Day) -> usize {
        let (_, rep) = self.holders[self.holder_place(day)];
        rep
    }

    fn holder_place(&self, day: Day) -> usize {
        self.holders.partition_point(|(since, _)| *since <= day).saturating_sub(1)
    }

    /// Share of a full load that the holder carries.
    fn load(&self, day: Day, people: &People) -> f64 {
        let place = self.holder_place(day);
        let tenure = day.saturating_sub(self.holders[place].0);
        if place == 0 || tenure >= people.ramp_days {
            return 1.0;
        }
        let progress = f64::from(tenure) / f64::from(people.ramp_days);
        people.ramp_start + (1.0 - people.ramp_start) * progress
    }
}

/// Fills the seats over the whole history; successors are added to the names of the reps.
fn hire(scenario: &Scenario, calendar: &Calendar, seed: u64, reps: &mut Vec<String>) -> Vec<Seat> {
    let mut rng = generator(seed, Purpose::Company, 0);
    let daily_chance = 1.0 - (1.0 - scenario.people.turnover_per_year).powf(1.0 / 365.25);
    let stays = |rep: &String| {
        let segments = scenario.incidents.iter().map(|incident| &incident.segment);
        segments.filter_map(|it| it.get(&Dimension::Rep)).any(|name| name == rep)
    };
    let seats = (0..scenario.people.reps).map(|place| {
        let mut holders = vec![(0, place)];
        if !stays(&reps[place]) {
            for day in calendar.starts..=calendar.ends {
                if rng.random_bool(daily_chance) {
                    holders.push((day, reps.len()));
                    reps.push(names::person(reps.len()));
                }
            }
        }
        Seat { team: place % scenario.team.len(), holders }
    });
    seats.collect()
}

fn currencies(scenario: &Scenario) -> Vec<CurrencyRate> {
    let dollar = CurrencyRate { code: "USD".to_owned(), dollar_millionths: 1_000_000 };
    let others = scenario.currency.iter().filter_map(|currency| {
        Some(CurrencyRate {
            code: currency.code.clone(),
            dollar_millionths: currency.dollar_millionths()?,
        })
    });
    std::iter::once(dollar).chain(others).collect()
}

fn currency_pickers(scenario: &Scenario) -> Vec<WeightedIndex<f64>> {
    let regions = scenario.region.iter().map(|region| {
        let dollars = scenario.dollar_share(&region.name).max(0.0);
        let others = scenario.currency.iter();
        let others = others.map(|it| it.regions.get(&region.name).copied().unwrap_or(0.0));
        weighted(std::iter::once(dollars).chain(others))
    });
    regions.collect()
}

#[expect(clippy::expect_used, reason = "scenarios are checked when they are read")]
pub(crate) fn weighted(shares: impl IntoIterator<Item = f64>) -> WeightedIndex<f64> {
    WeightedIndex::new(shares).expect("invariant: checked shares are finite, and one is positive")
}
