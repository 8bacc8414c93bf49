//! A deal's way through the CRM: stages with their dates, activities, pushed close dates, the last
//! edit. Everything after the end of the history is unknown and left out.

use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::{Rng, RngExt};
use rand_distr::Exp1;

use crate::calendar::Day;
use crate::company::{Company, weighted};
use crate::deal::Facts;
use crate::incident::Window;
use crate::scenario::{Dimension, Kind};

/// Longest time after closing that a late edit happens.
const LATE_EDIT_DAYS: Day = 60;
/// How far an overdue expected close date is pushed.
const PUSH_DAYS: std::ops::RangeInclusive<Day> = 14..=60;
/// The shortest stay in a stage within which a deal can be lost and taken up again.
const REOPENING_DAYS: Day = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Prospecting,
    Qualified,
    Demo,
    Proposal,
    Negotiation,
    ClosedWon,
    ClosedLost,
}

const OPEN_STAGES: [Stage; 5] =
    [Stage::Prospecting, Stage::Qualified, Stage::Demo, Stage::Proposal, Stage::Negotiation];

const ACTIVITIES: [(&str, f64); 3] = [("call", 0.40), ("email", 0.45), ("meeting", 0.15)];

/// What the CRM saw of a deal up to the end of the history. Reused from deal to deal.
#[derive(Default)]
pub(crate) struct Journey {
    /// Every stage entered, at most one a day, in order.
    pub(crate) stages: Vec<(Day, Stage)>,
    /// Day and kind, in order.
    pub(crate) activities: Vec<(Day, &'static str)>,
    pub(crate) expected_close: Day,
    pub(crate) updated: Day,
    pub(crate) reopened: bool,
    /// The window in which the deal stands still, if a stale pipeline was planted on it.
    standstill: Option<Window>,
}

/// Leads deals through the CRM.
pub(crate) struct Guide<'a> {
    company: &'a Company<'a>,
    lost_from: WeightedIndex<f64>,
    activity_kind: WeightedIndex<f64>,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prospecting => "Prospecting",
            Self::Qualified => "Qualified",
            Self::Demo => "Demo",
            Self::Proposal => "Proposal",
            Self::Negotiation => "Negotiation",
            Self::ClosedWon => "Closed Won",
            Self::ClosedLost => "Closed Lost",
        }
    }
}

impl<'a> Guide<'a> {
    pub(crate) fn new(company: &'a Company<'a>) -> Self {
        Self {
            lost_from: weighted(company.scenario.stages.loss_shares),
            activity_kind: weighted(ACTIVITIES.map(|(_, share)| share)),
            company,
        }
    }

    /// Fills `journey` with the way of one deal.
    pub(crate) fn lead(&self, facts: &Facts, journey: &mut Journey, rng: &mut impl Rng) {
        let ends = self.company.calendar.ends;
        journey.standstill = self.standstill(facts, rng);
        self.pass_stages(facts, journey, rng);
        journey.reopened = self.reopen(facts, journey, rng);
        journey.stages.retain(|(day, _)| *day <= ends);
        self.act(facts, journey, rng);
        let last_stage = journey.stages.last().map(|(day, _)| *day);
        let last_activity = journey.activities.last().map(|(day, _)| *day);
        journey.updated = facts.created.max(last_stage.max(last_activity).unwrap_or(0));
        self.expect_close(facts, journey, rng);
        if facts.closes <= ends && rng.random_bool(self.company.scenario.mess.late_edit) {
            let edited = facts.closes + rng.random_range(1..=LATE_EDIT_DAYS);
            journey.updated = edited.min(ends);
        }
    }

    fn standstill(&self, facts: &Facts, rng: &mut impl Rng) -> Option<Window> {
        let mut incidents = self.company.plan.iter().filter(|incident| {
            incident.kind == Kind::StalePipeline
                && is_open_throughout(facts, incident.window)
                && incident.concerns(&facts.values)
        });
        incidents.find(|it| rng.random_bool(it.size)).map(|it| it.window)
    }

    /// Splits the time from created to closed over the stages that the deal reaches.
    fn pass_stages(&self, facts: &Facts, journey: &mut Journey, rng: &mut impl Rng) {
        let reached = if facts.won { OPEN_STAGES.len() } else { self.lost_from.sample(rng) + 1 };
        let mut stays = [0.0; OPEN_STAGES.len()];
        for (stay, share) in stays.iter_mut().zip(self.company.scenario.stages.time_shares) {
            let (one, other): (f64, f64) = (Exp1.sample(rng), Exp1.sample(rng));
            *stay = share * (one + other);
        }
        let stays = &stays[..reached];
        let days_per_stay = f64::from(facts.closes - facts.created) / stays.iter().sum::<f64>();
        journey.stages.clear();
        let mut passed = 0.0;
        for (stage, stay) in OPEN_STAGES.iter().zip(stays) {
            let entered = facts.created + whole_days(passed * days_per_stay);
            let entered = delayed(entered, journey.standstill);
            // A stage left on the day it was entered is not recorded.
            journey.stages.pop_if(|(day, _)| *day == entered);
            if entered < facts.closes {
                journey.stages.push((entered, *stage));
            }
            passed += stay;
        }
        let closed = if facts.won { Stage::ClosedWon } else { Stage::ClosedLost };
        journey.stages.push((facts.closes, closed));
    }

    /// Lets some deals be lost for a while, within the last long stay in a stage.
    fn reopen(&self, facts: &Facts, journey: &mut Journey, rng: &mut impl Rng) -> bool {
        let chosen = rng.random_bool(self.company.scenario.mess.reopened);
        if !chosen || journey.standstill.is_some() {
            return false;
        }
        let calendar = &self.company.calendar;
        let known_until = facts.closes.min(calendar.ends);
        let stays = journey.stages.windows(2).enumerate();
        let reopening = stays.rev().find_map(|(place, stay)| {
            let ((entered, stage), (left, _)) = (stay[0], stay[1]);
            let days = left.min(known_until) - entered.min(known_until);
            let mut lost = entered + days / 3;
            while calendar.is_weekend(lost) {
                lost -= 1;
            }
            let again = entered + 2 * days / 3;
            (days >= REOPENING_DAYS).then_some((place, lost, again, stage))
        });
        let Some((place, lost, again, stage)) = reopening else {
            return false;
        };
        journey.stages.insert(place + 1, (lost, Stage::ClosedLost));
        journey.stages.insert(place + 2, (again, stage));
        true
    }

    fn act(&self, facts: &Facts, journey: &mut Journey, rng: &mut impl Rng) {
        let calendar = &self.company.calendar;
        let known_until = facts.closes.min(calendar.ends);
        let [shortest, longest] = self.company.scenario.activity.gap_days;
        journey.activities.clear();
        let mut day = facts.created + rng.random_range(0..=3);
        loop {
            while calendar.is_weekend(day) {
                day += 1;
            }
            if day > known_until {
                return;
            }
            let kind = ACTIVITIES[self.activity_kind.sample(rng)].0;
            if !journey.standstill.is_some_and(|window| window.covers(day)) {
                journey.activities.push((day, kind));
            }
            day += rng.random_range(shortest..=longest);
        }
    }

    /// Reps expect the usual cycle of the deal's bucket, and push the date when it has passed.
    fn expect_close(&self, facts: &Facts, journey: &mut Journey, rng: &mut impl Rng) {
        let known_until = facts.closes.min(self.company.calendar.ends);
        let bucket = facts.values[Dimension::AcvBucket as usize];
        let usual = f64::from(self.company.scenario.acv_bucket[bucket].cycle_days);
        let mut expected = facts.created + whole_days(usual * rng.random_range(0.6..1.2));
        while expected < known_until {
            let neglected = journey.standstill.is_some_and(|window| window.covers(expected));
            if neglected || !rng.random_bool(self.company.scenario.mess.pushed) {
                break;
            }
            journey.updated = journey.updated.max(expected);
            expected += rng.random_range(PUSH_DAYS);
        }
        journey.expected_close = expected;
    }
}

/// Whether a deal was open on every day of the window.
pub(crate) fn is_open_throughout(facts: &Facts, window: Window) -> bool {
    facts.created < window.from && facts.closes > window.to
}

/// A step that falls into a standstill is taken on the day after it.
fn delayed(day: Day, standstill: Option<Window>) -> Day {
    match standstill {
        Some(window) if window.covers(day) => window.to + 1,
        _ => day,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a cycle, which is at most two years"
)]
fn whole_days(days: f64) -> Day {
    days as Day
}
