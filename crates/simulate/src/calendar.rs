//! The days of a simulation: their text, which are working days, and how many deals close on each.

use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};
use rand::distr::weighted::WeightedIndex;

use crate::scenario::{Scenario, Volume};

/// A day, counted from [`Calendar::origin`].
pub(crate) type Day = u32;

/// No deal takes longer: it bounds how far the calendar reaches beyond the history.
pub(crate) const LONGEST_CYCLE: Day = 730;

pub(crate) struct Calendar {
    origin: Date,
    texts: Vec<String>,
    weekends: Vec<bool>,
    pub(crate) starts: Day,
    pub(crate) ends: Day,
    /// Relative number of deals that close on `starts + index`, past `ends` too: those are open.
    pub(crate) closings: WeightedIndex<f64>,
}

impl Calendar {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let origin = date_before(scenario.starts(), LONGEST_CYCLE);
        let starts = LONGEST_CYCLE;
        let ends = starts + days_between(scenario.starts(), scenario.ends());
        let last_close = ends + LONGEST_CYCLE;
        let days = last_close + LONGEST_CYCLE;
        let dates: Vec<Date> = (0..=days).map(|day| date_after(origin, day)).collect();
        let closing_dates = &dates[starts as usize..=last_close as usize];
        let weights = closing_dates.iter().zip(0..);
        #[expect(clippy::expect_used, reason = "factors are checked to be positive and finite")]
        let closings = WeightedIndex::new(
            weights.map(|(date, age)| closing_weight(&scenario.volume, *date, age)),
        )
        .expect("invariant: four weeks of positive factors have a positive sum");
        Self {
            origin,
            texts: dates.iter().map(Date::to_string).collect(),
            weekends: dates.iter().map(|date| is_weekend(*date)).collect(),
            starts,
            ends,
            closings,
        }
    }

    /// The day of a date that is not before the origin.
    pub(crate) fn day(&self, date: Date) -> Day {
        days_between(self.origin, date)
    }

    /// The date of a day.
    pub(crate) fn date(&self, day: Day) -> Date {
        date_after(self.origin, day)
    }

    /// ISO date. Days beyond the calendar are given as its last day.
    pub(crate) fn text(&self, day: Day) -> &str {
        &self.texts[(day as usize).min(self.texts.len() - 1)]
    }

    pub(crate) fn is_weekend(&self, day: Day) -> bool {
        self.weekends[(day as usize).min(self.weekends.len() - 1)]
    }
}

fn closing_weight(volume: &Volume, date: Date, age: u32) -> f64 {
    if is_weekend(date) {
        return 0.0;
    }
    let growth = (1.0 + volume.growth_per_year).powf(f64::from(age) / 365.25);
    let month = volume.month_factors[usize::from(date.month().unsigned_abs()) - 1];
    let later = date_after(date, volume.quarter_end_days);
    let quarter = |date: Date| (date.year(), (date.month() - 1) / 3);
    let rush = if quarter(later) == quarter(date) { 1.0 } else { volume.quarter_end_factor };
    growth * month * rush
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn date_after(date: Date, days: u32) -> Date {
    date.saturating_add(SignedDuration::from_hours(24 * i64::from(days)))
}

fn date_before(date: Date, days: u32) -> Date {
    date.saturating_sub(SignedDuration::from_hours(24 * i64::from(days)))
}

#[expect(clippy::expect_used, reason = "scenario dates are checked")]
fn days_between(from: Date, to: Date) -> u32 {
    u32::try_from(to.duration_since(from).as_hours() / 24)
        .expect("invariant: incidents and ends come after the calendar's origin")
}
