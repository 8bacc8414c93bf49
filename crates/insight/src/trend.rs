//! Win rates and bookings over time: level, season, change points, the year before, and what comes
//! next.

mod bookings;
mod likelihood;
mod projection;
mod season;
mod segmentation;

use jiff::civil::Date;
use winsight_model::{Grain, Money, Period};

use self::bookings::project_bookings;
use self::likelihood::{Counts, Sums};
use self::projection::project_win_rate;
pub use self::season::Season;
use self::season::separated;
use self::segmentation::{Levels, level_starts};
use crate::proportion::newcombe_of;
use crate::{Interval, Share, difference_p_value, newcombe, wilson};

/// Fewest periods with deals in which a change point is looked for.
const SHORTEST_SERIES: usize = 6;
/// A change in the location of a level start that costs less likelihood than this is as good: the 95%
/// point of the chi-squared distribution with one degree of freedom.
const AS_LIKELY: f64 = 3.841_458_820_694_124;

/// The closed deals of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodCount {
    /// Which days.
    pub period: Period,
    /// Won and closed.
    pub share: Share,
    /// Amount won.
    pub won_amount: Money,
}

/// A series taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Length of the periods.
    pub grain: Grain,
    /// The whole periods, in order.
    pub points: Vec<TrendPart>,
    /// Where the level of the win rate changed, in order.
    pub change_points: Vec<ChangePoint>,
    /// What the months of the year add, where that is more than chance.
    pub season: Option<Season>,
    /// How many times as much win rates of neighbouring periods vary as the number of deals explains;
    /// 1 at least.
    pub dispersion: f64,
    /// The latest quarter against the same one a year before; `None` with too short a history.
    pub year_over_year: Option<YearOverYear>,
    /// The periods to come; empty with too short a history.
    pub projection: Projection,
    /// What could not be said, and why.
    pub note: Option<String>,
}

/// A period and its parts: win rate = level + season + rest.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendPart {
    /// The counts.
    pub count: PeriodCount,
    /// Won over closed; `None` without deals.
    pub win_rate: Option<f64>,
    /// Wilson's 95% interval.
    pub interval: Option<Interval>,
    /// The level of the win rate, free of the season.
    pub level: Option<f64>,
    /// What the season adds to it.
    pub season: f64,
}

/// A day from which the win rate had another level.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangePoint {
    /// First day of the first period at the new level.
    pub date: Date,
    /// The earliest and the latest such day that the deals allow (95%, by likelihood).
    pub between: (Date, Date),
    /// Level before, 0 to 1, free of the season.
    pub before: f64,
    /// Level since.
    pub after: f64,
    /// 95% interval of the difference: Newcombe's, widened by the dispersion. It takes the day as
    /// known, and so is a little narrow.
    pub interval: Interval,
}

/// A quarter against the same one a year before.
#[derive(Clone, Debug, PartialEq)]
pub struct YearOverYear {
    /// The latest quarter.
    pub current: Share,
    /// The same a year before.
    pub year_before: Share,
    /// Current minus year-before win rate.
    pub change: f64,
    /// Newcombe's 95% interval of it.
    pub interval: Interval,
    /// Chance of a difference as large if nothing had changed.
    pub p_value: f64,
    /// Win rate of the latest quarter minus that of the quarter before it.
    pub step: f64,
    /// The same a year before.
    pub step_year_before: f64,
    /// Whether last year had the step too, at least half as large, and the year made no difference
    /// beyond chance: the step is seasonal.
    pub seasonal: bool,
}

/// What the next periods will be like if things go on as they did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    /// Win rates.
    pub win_rates: Vec<Projected<f64>>,
    /// Of earlier periods projected the same way, how many had win rates inside the interval.
    pub win_rate_backtest: Backtest,
    /// Amounts won.
    pub bookings: Vec<Projected<Money>>,
    /// The same of the amounts.
    pub bookings_backtest: Backtest,
    /// How the amounts were projected: `recent mean`, `line` or `year before`, whichever was nearest in
    /// the past.
    pub bookings_method: Option<&'static str>,
}

/// A period to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Projected<T> {
    /// Which days.
    pub period: Period,
    /// The middle.
    pub value: T,
    /// The interval that holds 95% of what earlier projections missed by: of the value that will be
    /// seen, not of its mean.
    pub low: T,
    /// Upper end.
    pub high: T,
}

/// How often intervals held what they were made for, each made from what came before only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backtest {
    /// Inside.
    pub inside: u32,
    /// Of.
    pub of: u32,
}

/// Takes a series apart. Periods cut off at either end are left out; those without deals stay.
///
/// The win rate is a level that is constant between change points, plus a season of twelve months
/// where two years show one, plus a rest. Change points are those of the largest binomial likelihood
/// less a penalty for each (Jackson and others 2005, optimal partitioning). The penalty is calibrated
/// by simulation with a fixed seed: of series with these numbers of deals and no change, a share
/// `false_alarms` shows one. Over several series it is to be divided by their number.
pub fn trend(grain: Grain, points: &[PeriodCount], false_alarms: f64) -> Trend {
    let starts = |day: Date| grain.start_of(day) == day;
    let whole =
        |point: &&PeriodCount| starts(point.period.window.from) && starts(point.period.window.to);
    let points: Vec<PeriodCount> = points.iter().filter(whole).cloned().collect();
    let with_deals: Vec<&PeriodCount> =
        points.iter().filter(|point| point.share.deals > 0).collect();
    let counts = Counts::new(&with_deals);
    let (season, levels, note) = if with_deals.len() < SHORTEST_SERIES {
        let note = format!(
            "{} whole {}s with closed deals are too few to look for a change of level; {} are needed",
            with_deals.len(),
            name(grain),
            SHORTEST_SERIES,
        );
        (None, Levels::one(&counts), Some(note))
    } else {
        let (season, levels) = separated(grain, &counts, false_alarms);
        (season, levels, None)
    };
    let adjusted = counts.less(season.as_ref());
    let change_points = change_points(&with_deals, &adjusted, &levels);
    let mut level_of = level_starts(&levels, &adjusted).into_iter();
    let parts = points.iter().map(|count| {
        let has_deals = count.share.deals > 0;
        TrendPart {
            win_rate: count.share.rate(),
            interval: wilson(count.share.won, count.share.deals),
            level: if has_deals { level_of.next() } else { None },
            season: season.as_ref().map_or(0.0, |season| season.of(count.period.window.from)),
            count: count.clone(),
        }
    });
    let points: Vec<TrendPart> = parts.collect();
    let dispersion = levels.dispersion;
    let mut projection = project_win_rate(grain, &points, &counts, season.as_ref(), &levels);
    project_bookings(grain, &points, &mut projection);
    let year_over_year = year_over_year(grain, &points);
    Trend { grain, points, change_points, season, dispersion, year_over_year, projection, note }
}

/// Whole periods in a year.
fn periods_in_a_year(grain: Grain) -> usize {
    match grain {
        Grain::Week => 52,
        Grain::Month => 12,
        Grain::Quarter => 4,
    }
}

/// The name of a period, as in sentences.
fn name(grain: Grain) -> &'static str {
    match grain {
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
    }
}

fn change_points(periods: &[&PeriodCount], counts: &Counts, levels: &Levels) -> Vec<ChangePoint> {
    let sums = Sums::new(counts);
    let day = |place: usize| periods[place].period.window.from;
    let mut bounds = vec![0];
    bounds.extend(&levels.starts);
    bounds.push(periods.len());
    let change_point = |around: &[usize]| {
        let &[from, start, to] = around else { return None };
        let cost = |split: usize| sums.cost(from, split) + sums.cost(split, to);
        let best = cost(start);
        let as_likely = |split: &usize| cost(*split) - best <= AS_LIKELY * levels.dispersion;
        let mut likely = (from + 1..to).filter(as_likely);
        let earliest = likely.next().unwrap_or(start);
        let latest = likely.next_back().unwrap_or(earliest).max(start);
        let (before, after) = (sums.rate(from, start), sums.rate(start, to));
        let deals = |from, to| sums.deals(from, to) / levels.dispersion;
        Some(ChangePoint {
            date: day(start),
            between: (day(earliest), day(latest)),
            before,
            after,
            interval: newcombe_of((after, deals(start, to)), (before, deals(from, start))),
        })
    };
    bounds.windows(3).filter_map(change_point).collect()
}

fn year_over_year(grain: Grain, points: &[TrendPart]) -> Option<YearOverYear> {
    let (year, quarter) = (periods_in_a_year(grain), periods_in_a_year(grain) / 4);
    let last = points.len();
    let quarter_ending = |end: usize| {
        let start = end.checked_sub(quarter)?;
        let sum = points.get(start..end)?.iter().fold(Share::default(), |sum, point| Share {
            won: sum.won + point.count.share.won,
            deals: sum.deals + point.count.share.deals,
        });
        Some(sum)
    };
    let (current, preceding) = (quarter_ending(last)?, quarter_ending(last - quarter)?);
    let year_before = quarter_ending(last.checked_sub(year)?)?;
    let before_that = quarter_ending((last - year).checked_sub(quarter)?)?;
    let (change, interval) =
        (current.rate()? - year_before.rate()?, newcombe(current, year_before)?);
    let step = current.rate()? - preceding.rate()?;
    let step_year_before = year_before.rate()? - before_that.rate()?;
    let repeated = step * step_year_before > 0.0 && step_year_before.abs() >= step.abs() / 2.0;
    Some(YearOverYear {
        current,
        year_before,
        change,
        interval,
        p_value: difference_p_value(current, year_before),
        step,
        step_year_before,
        seasonal: repeated && !interval.excludes_zero(),
    })
}
