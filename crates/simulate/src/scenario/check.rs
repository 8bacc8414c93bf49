//! Finds everything that makes no sense in a scenario, not just the first thing.

use std::collections::BTreeSet;

use super::{Dimension, Incident, Kind, Scenario};
use crate::error::SimulateError;

/// Lists longer than this are a mistake, and would run out of account names.
const MOST_VALUES: usize = 50;
const MOST_REPS: usize = 400;
const MOST_INCIDENTS: usize = 100;
const BUCKETS: [&str; 3] = ["SMB", "Mid-Market", "Enterprise"];

/// Problems found so far.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn require(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.0.push(problem());
        }
    }

    fn between(&mut self, what: &str, value: f64, low: f64, high: f64) {
        self.require((low..=high).contains(&value), || {
            format!("{what} is {value}, but must be between {low} and {high}")
        });
    }
}

impl Scenario {
    pub(super) fn checked(self) -> Result<Self, SimulateError> {
        let mut problems = Problems::default();
        self.check_span(&mut problems);
        self.check_rates(&mut problems);
        self.check_shapes(&mut problems);
        for dimension in Dimension::ALL {
            self.check_values(dimension, &mut problems);
        }
        self.check_buckets(&mut problems);
        self.check_currencies(&mut problems);
        problems.require(self.incidents.len() <= MOST_INCIDENTS, || {
            format!("more than {MOST_INCIDENTS} incidents")
        });
        for (index, incident) in self.incidents.iter().enumerate() {
            let label = format!("incident {} ({})", index + 1, incident.kind.name());
            self.check_incident(incident, &label, &mut problems);
        }
        self.check_overlapping_shifts(&mut problems);
        if problems.0.is_empty() {
            Ok(self)
        } else {
            Err(SimulateError::ScenarioContent(problems.0))
        }
    }

    fn check_span(&self, problems: &mut Problems) {
        let (starts, ends) = (self.starts, self.ends);
        let sensible = |year: i16| (1980..=2200).contains(&year);
        problems.require(sensible(starts.year()) && sensible(ends.year()), || {
            format!("the span {starts} to {ends} leaves the years 1980 to 2200")
        });
        let days = ends.duration_since(starts).as_hours() / 24 + 1;
        problems.require((28..=366 * 20).contains(&days), || {
            format!("starts {starts} and ends {ends} must be 4 weeks to 20 years apart")
        });
    }

    fn check_rates(&self, problems: &mut Problems) {
        let (mess, people) = (&self.mess, &self.people);
        problems.between("win_rate", self.win_rate, 0.01, 0.99);
        for (key, share) in [
            ("mess.blank_region", mess.blank_region),
            ("mess.blank_industry", mess.blank_industry),
            ("mess.spelling", mess.spelling),
            ("mess.duplicate", mess.duplicate),
            ("mess.late_edit", mess.late_edit),
            ("mess.reopened", mess.reopened),
            ("mess.pushed", mess.pushed),
            ("people.turnover_per_year", people.turnover_per_year),
        ] {
            problems.between(key, share, 0.0, 1.0);
        }
        // A load of zero could leave a day on which nobody takes a deal.
        problems.between("people.ramp_start", people.ramp_start, 0.05, 1.0);
        problems.require(people.ramp_days <= 730, || {
            format!("people.ramp_days is {}, but must be at most 730", people.ramp_days)
        });
        problems.require((1..=MOST_REPS).contains(&people.reps), || {
            format!("people.reps is {}, but must be 1 to {MOST_REPS}", people.reps)
        });
        problems.require(people.reps >= self.team.len(), || {
            format!("{} reps are too few for {} teams", people.reps, self.team.len())
        });
    }

    fn check_shapes(&self, problems: &mut Problems) {
        let volume = &self.volume;
        problems.between("volume.growth_per_year", volume.growth_per_year, -0.9, 5.0);
        problems.between("volume.quarter_end_factor", volume.quarter_end_factor, 0.1, 10.0);
        problems.require(volume.quarter_end_days <= 90, || {
            format!(
                "volume.quarter_end_days is {}, but must be at most 90",
                volume.quarter_end_days
            )
        });
        for factor in volume.month_factors {
            problems.between("a value of volume.month_factors", factor, 0.01, 10.0);
        }
        problems.between("cycle.shape", self.cycle.shape, 0.5, 50.0);
        problems.between("cycle.lost_factor", self.cycle.lost_factor, 0.1, 5.0);
        for share in self.stages.time_shares {
            problems.between("a value of stages.time_shares", share, 0.001, 1_000.0);
        }
        for share in self.stages.loss_shares {
            problems.between("a value of stages.loss_shares", share, 0.0, 1_000.0);
        }
        problems.require(self.stages.loss_shares.iter().sum::<f64>() > 0.0, || {
            "stages.loss_shares are all 0".to_owned()
        });
        let [shortest, longest] = self.activity.gap_days;
        problems.require(1 <= shortest && shortest <= longest && longest <= 365, || {
            format!("activity.gap_days [{shortest}, {longest}] must grow and lie within 1 to 365")
        });
    }

    fn check_values(&self, dimension: Dimension, problems: &mut Problems) {
        let key = dimension.name();
        let names = self.value_names(dimension);
        problems.require(!names.is_empty(), || format!("[[{key}]] is missing: give at least one"));
        if dimension == Dimension::Rep {
            return;
        }
        problems.require(names.len() <= MOST_VALUES, || {
            format!("[[{key}]] has {} values, but at most {MOST_VALUES} are possible", names.len())
        });
        let mut seen = BTreeSet::new();
        for name in &names {
            problems.require(!name.trim().is_empty() && name.trim() == name, || {
                format!("{key} \"{name}\" is blank or has spaces around it")
            });
            problems.require(seen.insert(name.to_lowercase()), || {
                format!("{key} \"{name}\" appears twice")
            });
        }
        for value in self.plain_values(dimension) {
            let of = |what: &str| format!("{what} of {key} \"{}\"", value.name);
            problems.between(&of("win_rate"), value.win_rate, -0.9, 0.9);
            problems.between(&of("cycle"), value.cycle, 0.1, 5.0);
            problems.between(&of("amount"), value.amount, 0.01, 100.0);
        }
        let shares = self.shares(dimension);
        for share in &shares {
            problems.between(&format!("a share of {key}"), *share, 0.0, 1_000_000.0);
        }
        if dimension != Dimension::Team {
            problems.require(shares.iter().sum::<f64>() > 0.0, || {
                format!("the shares of {key} are all 0")
            });
        }
    }

    fn check_buckets(&self, problems: &mut Problems) {
        let names: Vec<&str> = self.acv_bucket.iter().map(|it| it.name.as_str()).collect();
        problems.require(names == BUCKETS, || {
            format!("the [[acv_bucket]] names must be {BUCKETS:?} in this order, not {names:?}")
        });
        for bucket in &self.acv_bucket {
            let of = |what: &str| format!("{what} of acv_bucket \"{}\"", bucket.name);
            problems.between(&of("win_rate"), bucket.win_rate, -0.9, 0.9);
            problems.between(&of("cycle_days"), f64::from(bucket.cycle_days), 2.0, 365.0);
            problems.between(&of("spread"), bucket.spread, 0.01, 3.0);
            problems.between(&of("median_amount"), f64::from(bucket.median_amount), 1.0, 1e9);
        }
        for team in &self.team {
            problems.between(
                &format!("win_rate of team \"{}\"", team.name),
                team.win_rate,
                -0.9,
                0.9,
            );
        }
    }

    fn check_currencies(&self, problems: &mut Problems) {
        let regions = self.value_names(Dimension::Region);
        let mut seen = BTreeSet::new();
        for currency in &self.currency {
            let code = &currency.code;
            let well_formed = code.len() == 3 && code.bytes().all(|it| it.is_ascii_uppercase());
            problems.require(well_formed && code != "USD", || {
                format!("currency \"{code}\" must be three capital letters other than USD")
            });
            problems.require(seen.insert(code), || format!("currency \"{code}\" appears twice"));
            problems.require(currency.dollar_millionths().is_some(), || {
                format!(
                    "dollars of currency \"{code}\" is \"{}\", but must be a decimal from 0.001 to 1000 with at most 6 places",
                    currency.dollars
                )
            });
            for (region, share) in &currency.regions {
                problems.require(regions.contains(region), || {
                    unknown_value(
                        &format!("currency \"{code}\""),
                        Dimension::Region,
                        region,
                        &regions,
                    )
                });
                problems.between(
                    &format!("share of currency \"{code}\" in \"{region}\""),
                    *share,
                    0.0,
                    1.0,
                );
            }
        }
        for region in &regions {
            problems.require(self.dollar_share(region) > -1e-9, || {
                format!("the currencies' shares of region \"{region}\" add up to more than 1")
            });
        }
    }

    fn check_incident(&self, incident: &Incident, label: &str, problems: &mut Problems) {
        let Incident { kind, from, to, segment, .. } = incident;
        problems.require(self.starts <= *from && from <= to && *to <= self.ends, || {
            format!(
                "{label}: the window {from} to {to} must lie within {} to {}",
                self.starts, self.ends
            )
        });
        let (low, high) = match kind {
            Kind::WinRate | Kind::MarketShift => (-0.9, 0.9),
            Kind::Cycle => (0.2, 5.0),
            Kind::MixShift => (-1.0, 1.0),
            Kind::StalePipeline | Kind::DataFault => (0.0, 1.0),
        };
        problems.between(&format!("{label}: size"), incident.size, low, high);
        for (dimension, value) in segment {
            let names = self.value_names(*dimension);
            problems
                .require(names.contains(value), || unknown_value(label, *dimension, value, &names));
        }
        let whole_company = matches!(kind, Kind::MarketShift | Kind::DataFault);
        problems.require(segment.is_empty() == whole_company, || {
            let wish = if whole_company { "takes no segment" } else { "needs a segment" };
            format!("{label}: this kind {wish}")
        });
        problems.require(incident.field.is_some() == (*kind == Kind::DataFault), || {
            format!("{label}: `field` belongs to data_fault, and only there")
        });
        if *kind == Kind::MixShift {
            self.check_mix_shift(incident, label, problems);
        }
    }

    fn check_mix_shift(&self, incident: &Incident, label: &str, problems: &mut Problems) {
        let Some((dimension, value)) = incident.segment.first_key_value() else {
            return;
        };
        problems.require(
            incident.segment.len() == 1 && Dimension::BY_SHARE.contains(dimension),
            || format!("{label}: the segment must be one dimension, and neither rep nor team"),
        );
        let shares = self.shares(*dimension);
        let names = self.value_names(*dimension);
        if let Some(index) = names.iter().position(|name| name == value)
            && let Some(share) = shares.get(index)
        {
            let old = share / shares.iter().sum::<f64>();
            let new = old + incident.size;
            problems.require(old < 1.0 && (0.0..1.0).contains(&new), || {
                format!("{label}: the share of \"{value}\" cannot go from {old:.3} to {new:.3}")
            });
        }
    }

    fn check_overlapping_shifts(&self, problems: &mut Problems) {
        let shifts = self.incidents.iter().filter(|it| it.kind == Kind::MixShift);
        let shifts: Vec<&Incident> = shifts.collect();
        for (index, one) in shifts.iter().enumerate() {
            for other in &shifts[index + 1..] {
                let same = one.segment.keys().eq(other.segment.keys());
                problems.require(!same || one.to < other.from || other.to < one.from, || {
                    format!(
                        "two mix_shift incidents of one dimension overlap from {} to {}",
                        one.from.max(other.from),
                        one.to.min(other.to)
                    )
                });
            }
        }
    }
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WinRate => "win_rate",
            Self::Cycle => "cycle",
            Self::StalePipeline => "stale_pipeline",
            Self::MixShift => "mix_shift",
            Self::MarketShift => "market_shift",
            Self::DataFault => "data_fault",
        }
    }
}

fn unknown_value(label: &str, dimension: Dimension, value: &str, names: &[String]) -> String {
    let key = dimension.name();
    format!("{label}: {key} \"{value}\" is not known; choose from {}", names.join(", "))
}
