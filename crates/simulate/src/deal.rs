//! Decides what a deal is: when it closes, in which segment, whether it is won, how long it took.
//!
//! The close date comes first and the created date last. So the outcome depends on the close date
//! through the planted incidents alone, and a longer cycle moves no deal into another window.

use rand::distr::Distribution;
use rand::{Rng, RngExt};
use rand_distr::{Gamma, StandardNormal};

use crate::calendar::{Day, LONGEST_CYCLE};
use crate::company::Company;
use crate::incident::{self, Values};
use crate::scenario::Dimension;

/// Whole dollars between which the amounts of each ACV bucket lie; the gap to the bucket's bounds
/// keeps a rounded foreign amount on the right side.
const AMOUNT_BOUNDS: [(f64, f64); 3] =
    [(500.0, 9_900.0), (10_100.0, 49_500.0), (50_500.0, 5_000_000.0)];

/// Redraws before an amount is put on the bound of its bucket.
const AMOUNT_TRIES: usize = 20;

/// What is true of a deal, whatever the CRM says about it.
pub(crate) struct Facts {
    pub(crate) created: Day,
    /// After the end of the history for an open deal.
    pub(crate) closes: Day,
    pub(crate) values: Values,
    pub(crate) seat: usize,
    pub(crate) won: bool,
    pub(crate) currency: usize,
    /// In cents of the deal's currency.
    pub(crate) amount: i64,
}

/// Draws deals, one by one.
pub(crate) struct DealMaker<'a> {
    company: &'a Company<'a>,
    /// Cycle length relative to its mean.
    cycle: Gamma<f64>,
}

impl<'a> DealMaker<'a> {
    #[expect(clippy::expect_used, reason = "the shape is checked to be positive")]
    pub(crate) fn new(company: &'a Company<'a>) -> Self {
        let shape = company.scenario.cycle.shape;
        Self {
            cycle: Gamma::new(shape, 1.0 / shape).expect("invariant: a positive shape"),
            company,
        }
    }

    pub(crate) fn draw(&self, rng: &mut impl Rng) -> Facts {
        loop {
            // A deal that would be created after the end does not exist yet: draw another.
            if let Some(facts) = self.draw_once(rng) {
                return facts;
            }
        }
    }

    fn draw_once(&self, rng: &mut impl Rng) -> Option<Facts> {
        let company = self.company;
        let calendar = &company.calendar;
        let age = u32::try_from(calendar.closings.sample(rng)).ok()?;
        let closes = calendar.starts + age;
        let (seat, rep) = company.pick_seat(closes.min(calendar.ends), rng);
        let mut values = [0; Dimension::ALL.len()];
        for (dimension, picker) in Dimension::BY_SHARE.iter().zip(&company.pickers) {
            values[*dimension as usize] = picker.pick(closes, rng);
        }
        values[Dimension::Team as usize] = company.seats[seat].team;
        values[Dimension::Rep as usize] = rep;

        let won = rng.random::<f64>() < self.win_chance(&values, closes);
        let created = closes - self.cycle_days(&values, closes, won, rng);
        if created > calendar.ends {
            return None;
        }
        let dollar_cents = self.dollar_cents(&values, rng);
        let region = values[Dimension::Region as usize];
        let currency = company.currency_pickers[region].sample(rng);
        let rate = company.currencies[currency].dollar_millionths;
        Some(Facts {
            created,
            closes,
            values,
            seat,
            won,
            currency,
            amount: (dollar_cents * 1_000_000 + rate / 2) / rate,
        })
    }

    fn win_chance(&self, values: &Values, closes: Day) -> f64 {
        let scenario = self.company.scenario;
        let effects = Dimension::ALL.iter().map(|dimension| {
            let value = values[*dimension as usize];
            match dimension {
                Dimension::AcvBucket => scenario.acv_bucket[value].win_rate,
                Dimension::Team => scenario.team[value].win_rate,
                Dimension::Rep => 0.0,
                plain => scenario.plain_values(*plain)[value].win_rate,
            }
        });
        let incidents = incident::win_rate_effect(&self.company.plan, values, closes);
        scenario.win_rate + effects.sum::<f64>() + incidents
    }

    /// Whole days, at least one.
    fn cycle_days(&self, values: &Values, closes: Day, won: bool, rng: &mut impl Rng) -> Day {
        let scenario = self.company.scenario;
        let bucket = &scenario.acv_bucket[values[Dimension::AcvBucket as usize]];
        let mut days = f64::from(bucket.cycle_days) * self.cycle.sample(rng);
        for dimension in Dimension::BY_SHARE {
            let plain = scenario.plain_values(dimension).get(values[dimension as usize]);
            days *= plain.map_or(1.0, |value| value.cycle);
        }
        if !won {
            days *= scenario.cycle.lost_factor;
            days *= incident::lost_cycle_effect(&self.company.plan, values, closes);
        }
        whole(days.clamp(1.0, f64::from(LONGEST_CYCLE)))
    }

    fn dollar_cents(&self, values: &Values, rng: &mut impl Rng) -> i64 {
        let scenario = self.company.scenario;
        let place = values[Dimension::AcvBucket as usize];
        let (bucket, (low, high)) = (&scenario.acv_bucket[place], AMOUNT_BOUNDS[place]);
        let plain = Dimension::BY_SHARE.iter();
        let factors = plain.filter_map(|it| scenario.plain_values(*it).get(values[*it as usize]));
        let factor: f64 = factors.map(|value| value.amount).product();
        let median = f64::from(bucket.median_amount) * factor;
        let mut dollars = median;
        for _ in 0..AMOUNT_TRIES {
            let deviation: f64 = StandardNormal.sample(rng);
            dollars = median * (bucket.spread * deviation).exp();
            if (low..=high).contains(&dollars) {
                break;
            }
        }
        // Prices are whole dollars; other currencies get their cents from the rate.
        100 * i64::from(whole(dollars.clamp(low, high)))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers clamp to a small positive range"
)]
fn whole(number: f64) -> u32 {
    number.round() as u32
}
