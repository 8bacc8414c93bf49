//! Counts while the deals stream by, in memory that does not grow with them.

use super::{Baseline, PlantedIncident, Realised, Totals, Truth};
use crate::calendar::{Day, LONGEST_CYCLE};
use crate::company::Company;
use crate::deal::Facts;
use crate::incident::Planted;
use crate::journey::{Journey, is_open_throughout};
use crate::mess::Row;
use crate::scenario::{Incident, Kind};

const BASELINE_DAYS: Day = 91;

/// Counts everything that ends up in the truth.
pub(crate) struct Observer<'a> {
    company: &'a Company<'a>,
    totals: Totals,
    /// By place in the plan: inside the incident, and in its baseline.
    tallies: Vec<[Tally; 2]>,
}

/// What one window holds. Which counts are used depends on the kind of incident.
#[derive(Clone)]
struct Tally {
    /// Deals that the metric is about.
    deals: u64,
    /// Deals among them that are won, in the segment, at a standstill or blank.
    hits: u64,
    /// Deals by whole days of cycle, for won and lost ones.
    won_cycles: Vec<u64>,
    lost_cycles: Vec<u64>,
}

impl<'a> Observer<'a> {
    pub(crate) fn new(company: &'a Company<'a>) -> Self {
        let tallies = company.plan.iter().map(|_| [Tally::new(), Tally::new()]);
        Self { totals: Totals::default(), tallies: tallies.collect(), company }
    }

    pub(crate) fn see(&mut self, facts: &Facts, journey: &Journey, row: &Row<'_>) {
        let closed = facts.closes <= self.company.calendar.ends;
        let totals = &mut self.totals;
        totals.deals += 1;
        totals.won += u64::from(closed && facts.won);
        totals.lost += u64::from(closed && !facts.won);
        totals.open += u64::from(!closed);
        totals.duplicates += u64::from(row.duplicated);
        totals.reopened += u64::from(journey.reopened);
        totals.stage_events += journey.stages.len() as u64;
        totals.activities += journey.activities.len() as u64;
        let pairs = self.company.plan.iter().zip(&mut self.tallies);
        for (place, (incident, [during, baseline])) in pairs.enumerate() {
            let concerned = incident.concerns(&facts.values);
            match incident.kind {
                Kind::DataFault => {
                    let blank = row.faults.contains(&place);
                    match period(incident, journey.updated) {
                        Some(Period::During) => during.count(blank),
                        Some(Period::Before) => baseline.count(blank),
                        None => {}
                    }
                }
                Kind::StalePipeline if is_open_throughout(facts, incident.window) => {
                    let tally = if concerned { during } else { baseline };
                    tally.count(is_silent(journey, incident));
                }
                Kind::WinRate | Kind::Cycle | Kind::MarketShift | Kind::MixShift if closed => {
                    let tally = match period(incident, facts.closes) {
                        Some(Period::During) => during,
                        Some(Period::Before) => baseline,
                        None => continue,
                    };
                    if incident.kind == Kind::MixShift {
                        tally.count(concerned);
                    } else if concerned {
                        tally.count(facts.won);
                        tally.add_cycle(facts);
                    }
                }
                _ => {}
            }
        }
    }

    pub(crate) fn conclude(self, seed: u64) -> Truth {
        let scenario = self.company.scenario;
        let pairs = scenario.incidents.iter().zip(&self.tallies);
        let planted: Vec<PlantedIncident> =
            pairs.map(|(incident, tallies)| conclude(incident, tallies)).collect();
        let of = |kinds: &[Kind]| {
            let chosen = planted.iter().filter(|it| kinds.contains(&it.kind));
            chosen.cloned().collect()
        };
        Truth {
            seed,
            deals: self.totals.deals,
            starts: scenario.starts(),
            ends: scenario.ends(),
            incidents: of(&[Kind::WinRate, Kind::Cycle, Kind::StalePipeline]),
            mix_shifts: of(&[Kind::MixShift]),
            market_shifts: of(&[Kind::MarketShift]),
            data_faults: of(&[Kind::DataFault]),
            totals: self.totals,
        }
    }
}

enum Period {
    Before,
    During,
}

fn period(incident: &Planted, day: Day) -> Option<Period> {
    let window = incident.window;
    if window.covers(day) {
        Some(Period::During)
    } else if (window.from.saturating_sub(BASELINE_DAYS)..window.from).contains(&day) {
        Some(Period::Before)
    } else {
        None
    }
}

/// Whether nothing happened on the deal in the incident's window.
fn is_silent(journey: &Journey, incident: &Planted) -> bool {
    let in_window = |day: Day| incident.window.covers(day);
    !journey.activities.iter().any(|(day, _)| in_window(*day))
        && !journey.stages.iter().any(|(day, _)| in_window(*day))
}

impl Tally {
    fn new() -> Self {
        let no_cycles = vec![0; LONGEST_CYCLE as usize + 1];
        Self { deals: 0, hits: 0, won_cycles: no_cycles.clone(), lost_cycles: no_cycles }
    }

    fn count(&mut self, hit: bool) {
        self.deals += 1;
        self.hits += u64::from(hit);
    }

    fn add_cycle(&mut self, facts: &Facts) {
        let cycles = if facts.won { &mut self.won_cycles } else { &mut self.lost_cycles };
        cycles[(facts.closes - facts.created) as usize] += 1;
    }

    fn value(&self, kind: Kind) -> Option<f64> {
        if kind == Kind::Cycle {
            return Some(median(&self.lost_cycles)? / median(&self.won_cycles)?);
        }
        (self.deals > 0).then(|| self.hits as f64 / self.deals as f64)
    }
}

/// The median of whole numbers given as counts by number.
fn median(counts: &[u64]) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    let at_rank = |rank: u64| {
        let mut seen = 0;
        counts.iter().position(|count| {
            seen += count;
            seen > rank
        })
    };
    let low = at_rank(total.checked_sub(1)? / 2)?;
    let high = at_rank(total / 2)?;
    Some((low + high) as f64 / 2.0)
}

fn conclude(incident: &Incident, [during, baseline]: &[Tally; 2]) -> PlantedIncident {
    let kind = incident.kind;
    PlantedIncident {
        kind,
        metric: metric(kind).to_owned(),
        segment: incident.segment.clone(),
        field: incident.field,
        size: incident.size,
        from: incident.from,
        to: incident.to,
        description: describe(incident),
        realised: Realised {
            deals: during.deals,
            value: during.value(kind),
            baseline_is: match kind {
                Kind::StalePipeline => Baseline::OutsideSegment,
                _ => Baseline::DaysBefore,
            },
            baseline_deals: baseline.deals,
            baseline: baseline.value(kind),
        },
    }
}

fn metric(kind: Kind) -> &'static str {
    match kind {
        Kind::WinRate | Kind::MarketShift => "win_rate",
        Kind::Cycle => "dfi",
        Kind::StalePipeline => "standstill_share",
        Kind::MixShift => "share",
        Kind::DataFault => "blank_share",
    }
}

fn describe(incident: &Incident) -> String {
    let Incident { kind, size, from, to, .. } = incident;
    let values = incident.segment.iter();
    let values: Vec<String> =
        values.map(|(key, value)| format!("{} = {value}", key.name())).collect();
    let segment = values.join(" and ");
    let percent = size * 100.0;
    let field = incident.field.map_or("", |field| field.name());
    match kind {
        Kind::WinRate => format!(
            "The win rate of deals with {segment} moves by {percent:+.1} points for deals closing from {from} to {to}."
        ),
        Kind::MarketShift => format!(
            "The win rate of all deals moves by {percent:+.1} points for deals closing from {from} to {to}."
        ),
        Kind::Cycle => format!(
            "Lost deals with {segment} closing from {from} to {to} take {size} times as long."
        ),
        Kind::StalePipeline => format!(
            "{percent:.0}% of the deals with {segment} that are open all through {from} to {to} see no activity and no change of stage in that time."
        ),
        Kind::MixShift => format!(
            "The share of deals with {segment} moves by {percent:+.1} points for deals closing from {from} to {to}."
        ),
        Kind::DataFault => format!(
            "A bad sync leaves {field} blank in {percent:.0}% of the rows last updated from {from} to {to}."
        ),
    }
}
