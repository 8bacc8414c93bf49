//! How long until something happens, and which of several things it will be, when some have only
//! been watched for a while.
//!
//! Works on counts per whole day, never on single deals, so that its cost depends on the days and not
//! on the number of deals. Counts may be fractions: a thin group borrows from its parent by adding the
//! parent's counts with a weight.
//!
//! An ending on the day on which another stay was last seen comes before: who was last seen on that day
//! was still at risk on it.

use std::collections::BTreeMap;

use winsight_model::DayHistogram;

use crate::Interval;
use crate::gaussian::Z_95;
use crate::proportion::score_interval;

/// Ways to end, each with how many ended so on each day; and those whose end has not been seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durations {
    causes: usize,
    /// The largest weight that counts were added with, at least 1.
    scale: f64,
    days: BTreeMap<u32, Counts>,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    ended: Vec<f64>,
    unseen: f64,
}

impl Durations {
    /// Stays that ended in one of `causes`, and those that have not ended.
    pub(crate) fn new(causes: &[&DayHistogram], ongoing: &DayHistogram) -> Self {
        let mut durations = Self { causes: causes.len(), scale: 1.0, days: BTreeMap::new() };
        durations.add(causes, ongoing, 1.0);
        durations
    }

    /// Adds counts with a weight.
    pub(crate) fn add(&mut self, causes: &[&DayHistogram], ongoing: &DayHistogram, weight: f64) {
        self.scale = self.scale.max(weight);
        for (cause, histogram) in causes.iter().enumerate() {
            for (day, deals) in histogram.iter() {
                self.at(day).ended[cause] += deals as f64 * weight;
            }
        }
        for (day, deals) in ongoing.iter() {
            self.at(day).unseen += deals as f64 * weight;
        }
    }

    fn at(&mut self, day: u32) -> &mut Counts {
        let causes = self.causes;
        let empty = || Counts { ended: vec![0.0; causes], unseen: 0.0 };
        self.days.entry(day).or_insert_with(empty)
    }
}

/// The Kaplan–Meier and Aalen–Johansen estimates from some durations.
#[derive(Clone, Debug, Default)]
pub(crate) struct CompetingRisks {
    rows: Vec<Row>,
    total: f64,
    scale: f64,
}

/// A day on which a stay ended or was last seen.
#[derive(Clone, Debug)]
struct Row {
    day: u32,
    at_risk: f64,
    /// Ended on this day, in any way.
    ended: f64,
    /// Ended on this day or later.
    ended_from_here: f64,
    /// By way of ending.
    by_cause: Vec<f64>,
    /// Share still there just before the day, and after it.
    before: f64,
    remaining: f64,
    /// Share that has ended in each way by the end of the day.
    incidence: Vec<f64>,
}

/// A sum of shares, without what rounding left between it and none or all.
fn certain(share: f64) -> f64 {
    const ROUNDING: f64 = 1e-12;
    match share {
        none if none < ROUNDING => 0.0,
        all if all > 1.0 - ROUNDING => 1.0,
        between => between,
    }
}

/// A share with its 95% interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The share, 0 to 1.
    pub value: f64,
    /// Its interval, inside 0 to 1.
    pub interval: Interval,
}

impl CompetingRisks {
    /// Kaplan and Meier (1958) for the share still there; Aalen and Johansen (1978) for the share that
    /// has ended in each way.
    pub(crate) fn of(durations: &Durations) -> Self {
        let total = |counts: &Counts| counts.ended.iter().sum::<f64>() + counts.unseen;
        let all: f64 = durations.days.values().map(total).sum();
        let (mut at_risk, mut remaining) = (all, 1.0);
        let mut incidence = vec![0.0; durations.causes];
        let mut rows = Vec::with_capacity(durations.days.len());
        for (&day, counts) in &durations.days {
            let ended: f64 = counts.ended.iter().sum();
            let before = remaining;
            if at_risk > 0.0 {
                for (share, count) in incidence.iter_mut().zip(&counts.ended) {
                    *share += before * count / at_risk;
                }
                // Rounding of fractions must not leave a share that is no share.
                remaining = (before * (1.0 - ended / at_risk)).max(0.0);
            }
            rows.push(Row {
                day,
                at_risk,
                ended,
                ended_from_here: 0.0,
                by_cause: counts.ended.clone(),
                before,
                remaining,
                incidence: incidence.clone(),
            });
            at_risk = (at_risk - total(counts)).max(0.0);
        }
        let mut later = 0.0;
        for row in rows.iter_mut().rev() {
            later += row.ended;
            row.ended_from_here = later;
        }
        Self { rows, total: all, scale: durations.scale }
    }

    /// The longest that any stay was watched; `None` without stays.
    pub(crate) fn longest(&self) -> Option<u32> {
        self.rows.last().map(|row| row.day)
    }

    /// Whether anything can be said about `day`: some stay was watched that long, or all had ended.
    fn reaches(&self, day: u32) -> bool {
        self.rows.last().is_some_and(|last| last.day >= day || last.remaining <= 0.0)
    }

    /// The last row up to `day`.
    fn row(&self, day: u32) -> Option<usize> {
        self.rows.partition_point(|row| row.day <= day).checked_sub(1)
    }

    /// The share that has ended in the way `cause` within `day` days. `None` when no stay was watched
    /// that long.
    pub(crate) fn ended(&self, cause: usize, day: u32) -> Option<Estimate> {
        self.ended_in(day, |by_cause| by_cause[cause])
    }

    /// The share that is still there after `day` days.
    pub(crate) fn remaining(&self, day: u32) -> Option<Estimate> {
        let ended = self.ended_in(day, |by_cause| by_cause.iter().sum())?;
        let share = certain(self.row(day).map_or(1.0, |row| self.rows[row].remaining));
        let interval = Interval { low: 1.0 - ended.interval.high, high: 1.0 - ended.interval.low };
        Some(Estimate { value: share, interval })
    }

    fn ended_in(&self, day: u32, of: impl Fn(&[f64]) -> f64) -> Option<Estimate> {
        if !self.reaches(day) {
            return None;
        }
        let last = self.row(day);
        let value = certain(last.map_or(0.0, |row| of(&self.rows[row].incidence)));
        let is_certain = value <= 0.0 || value >= 1.0;
        let variance = last.filter(|_| !is_certain).map_or(0.0, |row| self.variance(row, &of));
        let watched = self.watched(day);
        // The number of deals that, watched to their end, would give a share as certain as this
        // (Dorey and Korn, Statistics in Medicine 6, 1987): with everything seen it is their number,
        // and the interval Wilson's.
        let effective = if variance > 0.0 {
            (value * (1.0 - value) / variance).min(self.total)
        } else {
            watched
        };
        Some(Estimate { value, interval: score_interval(value, effective, Z_95) })
    }

    /// Stays that ended by `day` or were watched that long.
    fn watched(&self, day: u32) -> f64 {
        let ended: f64 =
            self.rows.iter().take_while(|row| row.day <= day).map(|row| row.ended).sum();
        let place = self.rows.partition_point(|row| row.day <= day);
        ended + self.rows.get(place).map_or(0.0, |row| row.at_risk)
    }

    /// Variance of the share that has ended in some way by the end of `rows[last]`: the delta method
    /// (Marubini and Valsecchi, Analysing Survival Data from Clinical Trials, 1995, formula 10.12).
    /// For one way only it is Greenwood's.
    fn variance(&self, last: usize, of: &impl Fn(&[f64]) -> f64) -> f64 {
        let share = of(&self.rows[last].incidence);
        let terms = self.rows[..=last].iter().filter(|row| row.ended > 0.0).map(|row| {
            let to_come = share - of(&row.incidence);
            let (at_risk, cause) = (row.at_risk, of(&row.by_cause));
            let left = at_risk - row.ended;
            // Nobody left means nothing to come.
            let others = if left > 0.0 { row.ended / (at_risk * left) } else { 0.0 };
            let own = (at_risk - cause) * cause / at_risk.powi(3);
            to_come * to_come * others + row.before * row.before * own
                - 2.0 * to_come * row.before * cause / (at_risk * at_risk)
        });
        terms.sum::<f64>().max(0.0)
    }

    /// The first day by the end of which half are gone: the Kaplan–Meier median. `None` when more than
    /// half are still there after the longest stay seen.
    pub(crate) fn median(&self) -> Option<u32> {
        self.rows.iter().find(|row| row.remaining <= 0.5).map(|row| row.day)
    }

    /// The days between which the median lies with 95% confidence; an end that is not reached is
    /// `None`. From Greenwood's variance on the log-log scale (Brookmeyer and Crowley 1982; Klein and
    /// Moeschberger, Survival Analysis, section 4.5).
    pub(crate) fn median_days(&self) -> (Option<u32>, Option<u32>) {
        let mut sum = 0.0;
        let (mut low, mut high) = (None, None);
        for row in self.rows.iter().filter(|row| row.ended > 0.0) {
            let left = row.at_risk - row.ended;
            let (lower, upper) = if left > 0.0 && row.remaining > 0.0 {
                sum += row.ended / (row.at_risk * left);
                let log = row.remaining.ln();
                let half = Z_95 * sum.sqrt() / log.abs();
                (row.remaining.powf(half.exp()), row.remaining.powf((-half).exp()))
            } else {
                (0.0, 0.0)
            };
            if lower <= 0.5 && low.is_none() {
                low = Some(row.day);
            }
            if upper <= 0.5 && high.is_none() {
                high = Some(row.day);
            }
        }
        (low, high)
    }

    /// Of the stays that lasted longer than `after` days (`None`: of all), the share that ends in each
    /// way; what is missing to 1 never ends. `None` when fewer than `fewest` were seen to end at all;
    /// counts that were added with a weight above 1 count once.
    ///
    /// Where fewer than `fewest` ends came later, the last `fewest` tell the ways. A stay that has
    /// outlived every end seen ends with a chance of `fewest / (fewest + n)` when `n` stays have: a few
    /// are merely young, very many show that what has lasted so long does not end.
    pub(crate) fn ways_after(&self, after: Option<u32>, fewest: f64) -> Option<Vec<f64>> {
        let last = self.rows.iter().rfind(|row| row.ended > 0.0)?;
        let fewest = fewest * self.scale;
        let asked = after.map_or(0, |after| self.rows.partition_point(|row| row.day <= after));
        let enough =
            self.rows.partition_point(|row| row.ended_from_here >= fewest).checked_sub(1)?;
        let later = |place: usize| -> Vec<f64> {
            let before = place.checked_sub(1).map(|place| &self.rows[place].incidence);
            let shares = last.incidence.iter().enumerate();
            let before = |cause: usize| before.map_or(0.0, |incidence| incidence[cause]);
            shares.map(|(cause, share)| (share - before(cause)).max(0.0)).collect()
        };
        let ways = later(asked.min(enough));
        let sum: f64 = ways.iter().sum();
        let seen: f64 = later(asked).iter().sum();
        let outlived = (last.at_risk - last.ended).max(0.0);
        let beyond = fewest / (fewest + outlived);
        let there = seen + last.remaining;
        let ending = if there > 0.0 { (seen + last.remaining * beyond) / there } else { beyond };
        (sum > 0.0).then(|| ways.iter().map(|share| share / sum * ending).collect())
    }
}
