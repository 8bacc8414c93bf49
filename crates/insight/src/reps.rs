//! Reps judged by the deals they were given.

mod skill;

use std::collections::BTreeMap;

use statrs::distribution::{ChiSquared, ContinuousCDF};
use winsight_model::{Dimension, Tally};

use self::skill::Skill;
use crate::drivers::chances;
use crate::friction::{deal_friction, deal_friction_interval, deal_friction_p_value};
use crate::gaussian::Z_95;
use crate::{Cell, DriverError, Interval, Share, Spread, benjamini_hochberg, rep_spread};

/// Standard errors to the outer control limits of a funnel: 99.8% of reps who win as expected lie
/// inside.
const Z_998: f64 = 3.090_232_306_167_813_5;
/// Level of the test whether reps differ at all.
const LEVEL: f64 = 0.05;

/// How the reps do, each against what the deals they were given let expect. Associations only.
#[derive(Clone, Debug, PartialEq)]
pub struct RepAnalysis {
    /// Closed deals of all reps.
    pub deals: u64,
    /// Win rate of all deals.
    pub win_rate: f64,
    /// The attributes that the expectation holds equal.
    pub adjusted_for: Vec<Dimension>,
    /// The reps with enough deals: best first where they differ beyond chance, else by name.
    pub reps: Vec<Rep>,
    /// How many reps have too few deals to show.
    pub with_few_deals: usize,
    /// The spread of the plain win rates against chance; `None` with fewer than two reps.
    pub spread: Option<Spread>,
    /// Cochran's heterogeneity of the adjusted win rates; `None` with fewer than two reps.
    pub heterogeneity: Option<Heterogeneity>,
    /// Whether reps may be ranked: both their plain and their adjusted win rates differ by more than
    /// chance gives.
    pub ranked: bool,
}

/// One rep.
#[derive(Clone, Debug, PartialEq)]
pub struct Rep {
    /// Who.
    pub rep: String,
    /// Won and closed deals.
    pub share: Share,
    /// How many of the deals would be won if all reps won deals of a kind equally often.
    pub expected_won: f64,
    /// Observed over expected × overall win rate, cut to 1: the win rate on an average mix of deals.
    pub adjusted_win_rate: f64,
    /// The same pulled towards the overall win rate by how much of it may be luck.
    pub shrunken_win_rate: f64,
    /// 95% interval of the shrunken rate.
    pub shrunken_interval: Interval,
    /// Where 95% of adjusted win rates lie on so many deals, if the rep wins as expected.
    pub limits_95: Interval,
    /// Where 99.8% do.
    pub limits_998: Interval,
    /// On which side of the limits the adjusted win rate lies.
    pub position: FunnelPosition,
    /// Deal Friction Index.
    pub dfi: Option<f64>,
    /// Its 95% interval.
    pub dfi_interval: Option<Interval>,
    /// Whether the index differs from 1 beyond chance, among all reps (Benjamini–Hochberg at 5%).
    pub dfi_stands_out: bool,
}

/// Where a point of a funnel plot lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunnelPosition {
    /// Above the outer limits.
    Above,
    /// Between the limits of 99.8%: nothing that chance does not give.
    Inside,
    /// Below the outer limits.
    Below,
}

impl FunnelPosition {
    /// The name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Inside => "inside",
            Self::Below => "below",
        }
    }
}

/// How much estimates differ beyond their own uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heterogeneity {
    /// Cochran's Q.
    pub statistic: f64,
    /// Estimates − 1.
    pub degrees_of_freedom: usize,
    /// Chance of a Q at least as large if there were no difference.
    pub p_value: f64,
    /// Mean of the estimates, each weighted by its precision.
    pub mean: f64,
    /// Variance of what is estimated (`DerSimonian` and Laird 1986), 0 if chance explains it all.
    pub variance: f64,
}

/// Cochran's test and the method-of-moments variance of effects with known sampling variances.
/// `None` with fewer than two, or with a variance of 0.
///
/// Cochran (1954); `DerSimonian` and Laird (1986).
pub fn heterogeneity(effects: &[(f64, f64)]) -> Option<Heterogeneity> {
    if effects.len() < 2 || effects.iter().any(|&(_, variance)| variance <= 0.0) {
        return None;
    }
    let weights: Vec<f64> = effects.iter().map(|(_, variance)| 1.0 / variance).collect();
    let total: f64 = weights.iter().sum();
    let mean =
        effects.iter().zip(&weights).map(|((effect, _), weight)| effect * weight).sum::<f64>()
            / total;
    let statistic: f64 = effects
        .iter()
        .zip(&weights)
        .map(|((effect, _), weight)| weight * (effect - mean).powi(2))
        .sum();
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    let degrees_of_freedom = effects.len() - 1;
    let freedom = degrees_of_freedom as f64;
    let variance = ((statistic - freedom) / (total - squares / total)).max(0.0);
    let p_value = ChiSquared::new(freedom).map_or(1.0, |law| law.sf(statistic));
    Some(Heterogeneity { statistic, degrees_of_freedom, p_value, mean, variance })
}

/// How reps win against what the mix of their deals lets expect.
///
/// Indirect standardisation: a logistic regression over all deals on the attributes in `dimensions`
/// other than rep and team gives each deal a chance, and a rep's expected wins are their sum. The
/// control limits are those of a sum of independent outcomes with these chances (Spiegelhalter 2005,
/// Funnel plots for comparing institutional performance). The shrunken rate is that of the normal
/// model (Morris 1983) with the variance between reps integrated out, as in [`Pool`](crate::Pool).
///
/// `cells` hold a value for each of `dimensions`, one of which is `rep`; `tallies` are those of each
/// rep, for the Deal Friction Index.
///
/// # Errors
/// As [`drivers`](crate::drivers): no deals, deals that all ended alike, or too few.
pub fn reps(
    cells: &[Cell],
    dimensions: &[Dimension],
    tallies: &BTreeMap<String, Tally>,
    min_deals: u64,
) -> Result<RepAnalysis, DriverError> {
    let is_person = |dimension: &&Dimension| matches!(dimension.as_str(), "rep" | "team");
    let mix: Vec<Dimension> =
        dimensions.iter().filter(|dimension| !is_person(dimension)).cloned().collect();
    let (chances, adjusted_for) = chances(cells, dimensions, &mix)?;
    let rep_at = dimensions.iter().position(|dimension| dimension.as_str() == "rep");
    let mut sums: BTreeMap<&str, Sums> = BTreeMap::new();
    for (cell, chance) in cells.iter().zip(chances) {
        let rep = rep_at.and_then(|at| cell.values.get(at)).map_or("", String::as_str);
        sums.entry(rep).or_default().add(cell, chance);
    }
    let deals: u64 = sums.values().map(|sums| sums.share.deals).sum();
    let won: u64 = sums.values().map(|sums| sums.share.won).sum();
    let win_rate = won as f64 / deals.max(1) as f64;
    if rep_at.is_none() {
        sums.clear();
    }
    let reps = sums.len();
    sums.retain(|_, sums| sums.share.deals >= min_deals.max(1) && sums.expected > 0.0);
    let with_few_deals = reps - sums.len();

    let shares: Vec<Share> = sums.values().map(|sums| sums.share).collect();
    let spread = rep_spread(&shares, min_deals);
    let effects: Vec<(f64, f64)> = sums.values().map(Sums::excess).collect();
    let heterogeneity = heterogeneity(&effects);
    let ranked = spread.as_ref().is_some_and(|spread| !spread.within_chance)
        && heterogeneity.is_some_and(|found| found.p_value < LEVEL);
    let skill = Skill::behind(&effects, win_rate);
    let mut reps: Vec<Rep> =
        sums.into_iter().map(|(rep, sums)| sums.rep(rep, win_rate, &skill)).collect();
    add_friction(&mut reps, tallies, min_deals);
    if ranked {
        reps.sort_by(|a, b| b.shrunken_win_rate.total_cmp(&a.shrunken_win_rate));
    }
    Ok(RepAnalysis {
        deals,
        win_rate,
        adjusted_for,
        reps,
        with_few_deals,
        spread,
        heterogeneity,
        ranked,
    })
}

/// The deals of a rep.
#[derive(Default)]
struct Sums {
    share: Share,
    expected: f64,
    /// Variance of the number of won deals, given the chances.
    variance: f64,
}

impl Sums {
    fn add(&mut self, cell: &Cell, chance: f64) {
        let deals = (cell.won + cell.lost) as f64;
        self.share.won += cell.won;
        self.share.deals += cell.won + cell.lost;
        self.expected += deals * chance;
        self.variance += deals * chance * (1.0 - chance);
    }

    /// Observed over expected minus 1, and its sampling variance.
    fn excess(&self) -> (f64, f64) {
        let ratio = self.share.won as f64 / self.expected;
        (ratio - 1.0, self.variance / (self.expected * self.expected))
    }

    fn rep(&self, rep: &str, win_rate: f64, skill: &Skill) -> Rep {
        let (excess, within) = self.excess();
        let error = within.sqrt();
        let rate = |ratio: f64| (win_rate * ratio).clamp(0.0, 1.0);
        let limits = |z: f64| Interval { low: rate(1.0 - z * error), high: rate(1.0 + z * error) };
        let (shrunken, error_of_shrunken) = skill.of((excess, within));
        let (shrunken, half) = (1.0 + shrunken, Z_95 * error_of_shrunken);
        let outer = limits(Z_998);
        let adjusted_win_rate = rate(1.0 + excess);
        let position = if excess > Z_998 * error {
            FunnelPosition::Above
        } else if excess < -Z_998 * error {
            FunnelPosition::Below
        } else {
            FunnelPosition::Inside
        };
        Rep {
            rep: rep.to_owned(),
            share: self.share,
            expected_won: self.expected,
            adjusted_win_rate,
            shrunken_win_rate: rate(shrunken),
            shrunken_interval: Interval { low: rate(shrunken - half), high: rate(shrunken + half) },
            limits_95: limits(Z_95),
            limits_998: outer,
            position,
            dfi: None,
            dfi_interval: None,
            dfi_stands_out: false,
        }
    }
}

/// The Deal Friction Index of every rep with enough won and enough lost deals.
fn add_friction(reps: &mut [Rep], tallies: &BTreeMap<String, Tally>, min_deals: u64) {
    let mut tested: Vec<(&mut Rep, f64)> = Vec::new();
    for rep in reps {
        let Some(tally) = tallies.get(&rep.rep) else { continue };
        if tally.won.deals.min(tally.lost.deals) < min_deals {
            continue;
        }
        rep.dfi = deal_friction(tally);
        rep.dfi_interval = deal_friction_interval(tally);
        if rep.dfi.is_some() {
            tested.push((rep, deal_friction_p_value(tally)));
        }
    }
    let p_values: Vec<f64> = tested.iter().map(|&(_, p_value)| p_value).collect();
    for ((rep, _), stands_out) in tested.into_iter().zip(benjamini_hochberg(&p_values, LEVEL)) {
        rep.dfi_stands_out = stands_out;
    }
}
