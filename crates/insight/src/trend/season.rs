//! What the months of the year add to a win rate.

use jiff::ToSpan;
use jiff::civil::Date;
use statrs::distribution::{ChiSquared, ContinuousCDF};
use winsight_model::Grain;

use super::likelihood::{Counts, Sums, deviance};
use super::segmentation::{Levels, level_starts};

/// Months that a season needs: two years.
const MONTHS: i64 = 24;
const FREE_MONTHS: f64 = 11.0;
/// A season is only seen where chance alone would give it this seldom.
const LEVEL: f64 = 0.01;
/// How often levels and season are fitted in turn: enough to be those of least squares to a millionth.
const ROUNDS: usize = 12;
/// Half a year in days.
const HALF_A_YEAR: i32 = 183;

/// What the months of the year add to the win rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Season {
    /// January to December: points of win rate as a share (0.02 is two points). Over all deals they
    /// add up to nothing.
    pub effects: [f64; 12],
    /// Chance of as much season in deals without one: the likelihood-ratio test.
    pub p_value: f64,
}

impl Season {
    /// What the month of a day adds.
    pub fn of(&self, day: Date) -> f64 {
        self.effects[month(day)]
    }

    /// The effects of largest likelihood, nearly, about known levels.
    fn about(counts: &Counts, levels: &[Option<f64>]) -> Self {
        let mut surplus = [0.0; 12];
        let mut deals = [0.0; 12];
        for (place, level) in levels.iter().enumerate() {
            let Some(level) = level else { continue };
            let month = month(counts.periods[place].window.from);
            surplus[month] += counts.won[place] - counts.deals[place] * level;
            deals[month] += counts.deals[place];
        }
        let mut effects = [0.0; 12];
        for month in 0..12 {
            if deals[month] > 0.0 {
                effects[month] = surplus[month] / deals[month];
            }
        }
        let all: f64 = deals.iter().sum();
        let mean = effects.iter().zip(&deals).map(|(effect, deals)| effect * deals).sum::<f64>()
            / all.max(f64::MIN_POSITIVE);
        Self { effects: effects.map(|effect| effect - mean), p_value: 1.0 }
    }
}

fn month(day: Date) -> usize {
    usize::from(day.month().unsigned_abs() - 1)
}

/// Levels alone, or a season and the levels left when it is taken out, whichever explains more for
/// what it costs.
pub(super) fn separated(
    grain: Grain,
    counts: &Counts,
    false_alarms: f64,
) -> (Option<Season>, Levels) {
    let alone = Levels::of(grain, counts, false_alarms);
    let Some(mut season) = first_guess(counts) else { return (None, alone) };
    let mut levels = alone.clone();
    for _ in 0..ROUNDS {
        let adjusted = counts.less(Some(&season));
        levels = Levels::at_penalty(grain, &adjusted, alone.penalty);
        let of_period = level_starts(&levels, &adjusted);
        season = Season::about(counts, &of_period.into_iter().map(Some).collect::<Vec<_>>());
    }
    let adjusted = counts.less(Some(&season));
    let with_season = |place: usize, level: f64| {
        let rate = level + season.of(counts.periods[place].window.from);
        deviance(counts.won[place], counts.deals[place], rate.clamp(1e-6, 1.0 - 1e-6))
    };
    let of_period = level_starts(&levels, &adjusted);
    let cost: f64 =
        of_period.iter().enumerate().map(|(place, &level)| with_season(place, level)).sum();
    let scale = levels.dispersion;
    let cost_of_levels = |levels: &Levels| {
        let sums = Sums::new(counts);
        let mut bounds = vec![0];
        bounds.extend(&levels.starts);
        bounds.push(counts.len());
        bounds.windows(2).map(|run| sums.cost(run[0], run[1])).sum::<f64>()
    };
    let Ok(law) = ChiSquared::new(FREE_MONTHS) else { return (None, alone) };
    let starts = |levels: &Levels| {
        if levels.starts.is_empty() { 0.0 } else { levels.penalty * levels.starts.len() as f64 }
    };
    let of_alone = cost_of_levels(&alone) / scale + starts(&alone);
    let of_both = cost / scale + starts(&levels) + law.inverse_cdf(1.0 - LEVEL);
    let p_value = law.sf(((cost_of_levels(&levels) - cost) / scale).max(0.0));
    if of_both < of_alone && p_value <= LEVEL {
        (Some(Season { p_value, ..season }), levels)
    } else {
        (None, alone)
    }
}

/// The season about a running mean of one year, which holds no season itself. `None` with less than
/// two years.
fn first_guess(counts: &Counts) -> Option<Season> {
    let (first, last) = (counts.periods.first()?.window.from, counts.periods.last()?.window.to);
    if first.checked_add(MONTHS.months()).ok()? > last {
        return None;
    }
    let half = i64::from(HALF_A_YEAR).days();
    let mean = |place: usize| {
        let day = counts.periods[place].window.from;
        let (from, to) = (day.checked_sub(half).ok()?, day.checked_add(half).ok()?);
        if from < first || to > last {
            return None;
        }
        let inside = |other: &usize| (from..to).contains(&counts.periods[*other].window.from);
        let (won, deals) = (0..counts.len()).filter(inside).fold((0.0, 0.0), |sum, other| {
            (sum.0 + counts.won[other], sum.1 + counts.deals[other])
        });
        (deals > 0.0).then(|| won / deals)
    };
    Some(Season::about(counts, &(0..counts.len()).map(mean).collect::<Vec<_>>()))
}
