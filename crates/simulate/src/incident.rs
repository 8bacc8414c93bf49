//! Planted incidents, ready to be asked about one deal.

use crate::calendar::{Calendar, Day};
use crate::scenario::{Dimension, Field, Kind, Scenario};

/// A deal's value in every dimension, as its place in the list of that dimension's names.
pub(crate) type Values = [usize; Dimension::ALL.len()];

/// Days from `from` to `to`, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: Day,
    pub(crate) to: Day,
    still_going_on: bool,
}

#[derive(Debug)]
pub(crate) struct Planted {
    pub(crate) kind: Kind,
    pub(crate) window: Window,
    pub(crate) size: f64,
    pub(crate) field: Option<Field>,
    segment: Vec<(Dimension, usize)>,
}

impl Window {
    /// Whether the day is in the window as the scenario states it.
    pub(crate) fn covers(self, day: Day) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// Whether the incident acts on a deal closing that day: one that lasts to the end of the
    /// history also acts on deals that close later.
    pub(crate) fn acts_on(self, day: Day) -> bool {
        self.from <= day && (day <= self.to || self.still_going_on)
    }
}

impl Planted {
    /// Whether a deal with these values belongs to the incident's segment.
    pub(crate) fn concerns(&self, values: &Values) -> bool {
        let matches =
            |(dimension, value): &(Dimension, usize)| values[*dimension as usize] == *value;
        self.segment.iter().all(matches)
    }
}

/// The scenario's incidents in its order, with dates and names resolved.
pub(crate) fn plan(scenario: &Scenario, calendar: &Calendar) -> Vec<Planted> {
    let incidents = scenario.incidents.iter();
    let resolved = incidents.map(|incident| Planted {
        kind: incident.kind,
        window: Window {
            from: calendar.day(incident.from),
            to: calendar.day(incident.to),
            still_going_on: incident.to == scenario.ends(),
        },
        size: incident.size,
        field: incident.field,
        segment: incident
            .segment
            .iter()
            .map(|(dimension, value)| (*dimension, place(scenario, *dimension, value)))
            .collect(),
    });
    resolved.collect()
}

/// Points added to the win rate of a deal.
pub(crate) fn win_rate_effect(plan: &[Planted], values: &Values, closes: Day) -> f64 {
    plan.iter()
        .filter(|it| matches!(it.kind, Kind::WinRate | Kind::MarketShift))
        .filter(|it| it.window.acts_on(closes) && it.concerns(values))
        .map(|it| it.size)
        .sum()
}

/// Factor on the cycle of a lost deal.
pub(crate) fn lost_cycle_effect(plan: &[Planted], values: &Values, closes: Day) -> f64 {
    plan.iter()
        .filter(|it| it.kind == Kind::Cycle)
        .filter(|it| it.window.acts_on(closes) && it.concerns(values))
        .map(|it| it.size)
        .product()
}

#[expect(clippy::expect_used, reason = "scenarios are checked when they are read")]
fn place(scenario: &Scenario, dimension: Dimension, value: &str) -> usize {
    let names = scenario.value_names(dimension);
    let place = names.iter().position(|name| name == value);
    place.expect("invariant: a checked scenario names known values")
}
