//! How a rule does on many companies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_model::{Settings, Window};

use crate::{Company, Scenario, Watch, five_points, quarterly_levels, watch};

/// What a rule did in many company-quarters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Quarters in which it raised any alert.
    pub any: u32,
    /// Days from the drop to the alert on its segment, where the drop was seen in the quarter.
    pub days: Vec<u32>,
    /// The same within two quarters.
    pub days_in_two: Vec<u32>,
}

/// The lowest levels at which the quarterly z-test would have raised alerts, one of each company, in
/// ascending order; infinite where no level would.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuarterlyLevels {
    /// Any alert in the quarter.
    pub any: Vec<f64>,
    /// One on the segment that dropped, in the quarter.
    pub found: Vec<f64>,
    /// The same within two quarters.
    pub found_in_two: Vec<f64>,
}

/// The rules on the same companies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// Company-quarters.
    pub companies: u32,
    /// Winsight, looking every day.
    pub engine: Tried,
    /// The plain five-point rule at the end of the quarter.
    pub five_points: Tried,
    /// The z-test with Benjamini–Hochberg at the end of the quarter.
    pub quarterly: QuarterlyLevels,
}

/// Runs the rules on `companies` companies of a scenario, numbered from `first`.
pub fn score(scenario: &Scenario, companies: u32, first: u64, settings: &Settings) -> Score {
    let next = AtomicU64::new(0);
    let work = || {
        let mut score = Score::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= u64::from(companies) {
                return score;
            }
            score.add(scenario, first + number, settings);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut total = Score::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            if let Ok(part) = worker.join() {
                total.merge(part);
            }
        }
    });
    total.sort();
    total
}

impl Score {
    fn add(&mut self, scenario: &Scenario, number: u64, settings: &Settings) {
        let company = Company::draw(scenario, number);
        let history = &company.history;
        let every = if scenario.weekly { 7 } else { 1 };
        let weekday = i64::try_from(number % 7).unwrap_or(0) % every;
        // What opened before the quarter is no alert of the quarter.
        let from = Company::QUARTER.from.saturating_sub(2.months()).saturating_add(weekday.days());
        let two_quarters = scenario.drop.is_some();
        let to = Company::QUARTERS[if two_quarters { 3 } else { 2 }].to;
        let lead_source = Some(Company::LEAD_SOURCE);
        let mut seen = watch(history, Window { from, to }, every, lead_source, settings);
        // A lead source that is below its threshold in truth is no false alarm.
        for (found, rate) in seen.lead_sources.iter_mut().zip(&company.win_rates) {
            *found = found.filter(|_| *rate >= settings.alerts.lead_source_win_rate);
        }
        self.companies += 1;
        self.engine.add(scenario, &seen);
        self.five_points.add(scenario, &five_points(history, &Company::QUARTERS[1..]));
        self.quarterly.add(scenario, &quarterly_levels(history, &Company::QUARTERS[1..]));
    }

    fn merge(&mut self, other: Self) {
        self.companies += other.companies;
        self.engine.merge(other.engine);
        self.five_points.merge(other.five_points);
        self.quarterly.merge(other.quarterly);
    }

    /// Threads finish in any order; the result must not show it.
    fn sort(&mut self) {
        for tried in [&mut self.engine, &mut self.five_points] {
            tried.days.sort_unstable();
            tried.days_in_two.sort_unstable();
        }
        let QuarterlyLevels { any, found, found_in_two } = &mut self.quarterly;
        for levels in [any, found, found_in_two] {
            levels.sort_by(f64::total_cmp);
        }
    }
}

impl Tried {
    fn add(&mut self, scenario: &Scenario, watch: &Watch) {
        self.any += u32::from(watch.is_any_on(Company::QUARTER));
        let Some(drop) = scenario.drop else { return };
        let began = Company::QUARTER.from.saturating_add(drop.day.days());
        let until_the_next = Window { from: began, to: Company::QUARTERS[3].to };
        let Some(found) = watch.segments[drop.target.segment()] else { return };
        if !until_the_next.contains(found.judged) {
            return;
        }
        let days = days_between(began, found.on);
        if Company::QUARTER.contains(found.judged) {
            self.days.push(days);
        }
        self.days_in_two.push(days);
    }

    fn merge(&mut self, other: Self) {
        self.any += other.any;
        self.days.extend(other.days);
        self.days_in_two.extend(other.days_in_two);
    }

    /// The median of the days to find, of those found.
    pub fn median(days: &[u32]) -> Option<u32> {
        days.get(days.len() / 2).copied()
    }
}

impl QuarterlyLevels {
    fn add(&mut self, scenario: &Scenario, levels: &[Vec<f64>]) {
        let [quarter, next] = levels else { return };
        self.any.push(quarter.iter().copied().fold(f64::INFINITY, f64::min));
        let Some(drop) = scenario.drop else { return };
        let dropped = drop.target.segment() + 1;
        self.found.push(quarter[dropped]);
        self.found_in_two.push(quarter[dropped].min(next[dropped]));
    }

    fn merge(&mut self, other: Self) {
        self.any.extend(other.any);
        self.found.extend(other.found);
        self.found_in_two.extend(other.found_in_two);
    }

    /// The level that raises an alert in `quarters` of the quarters.
    pub fn level_for(&self, quarters: u32) -> f64 {
        let last = usize::try_from(quarters).unwrap_or(usize::MAX).checked_sub(1);
        last.and_then(|last| self.any.get(last)).copied().unwrap_or(0.0)
    }
}

/// How many of `levels`, in ascending order, a test at `level` reaches.
pub(crate) fn reached(levels: &[f64], level: f64) -> u32 {
    u32::try_from(levels.partition_point(|lowest| *lowest <= level)).unwrap_or(u32::MAX)
}

/// Days until a drop is told of: one that is told of on its first day took one.
fn days_between(began: Date, found: Date) -> u32 {
    began.until(found).map_or(0, |span| span.get_days()).unsigned_abs() + 1
}
