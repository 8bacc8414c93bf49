//! Whether a win rate dropped, asked anew on every day of a growing window.
//!
//! The window is compared with the year before it. A year holds every season once and has four times
//! the deals of the quarter before; what the year cannot say, the season of the window and the course
//! of the market, is estimated beside it and its uncertainty is counted.

use crate::exact::{fewer_than_rate_p_value, fewer_won_p_value};
use crate::sequential::z_of;
use crate::{Share, anytime_p_value};

/// Closed deals of a segment as a sequence of looks sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DropCounts {
    /// From the first day of the window to the day of the look.
    pub current: Share,
    /// The year before the window, or as much of it as there is.
    pub baseline: Share,
    /// The part of the baseline that lies one year before the window; `None` when it is not there in
    /// full.
    pub season: Option<Share>,
}

impl DropCounts {
    /// The deals that are here and not among `part`.
    pub fn without(&self, part: &Self) -> Self {
        Self {
            current: minus(self.current, part.current),
            baseline: minus(self.baseline, part.baseline),
            season: self.season.zip(part.season).map(|(all, part)| minus(all, part)),
        }
    }
}

/// How far a window has come, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Days of the window that have passed.
    pub elapsed: u32,
    /// Days that it will have.
    pub days: u32,
    /// Days of the baseline.
    pub baseline_days: u32,
}

impl Course {
    /// The deals that a segment will have at the end, at the pace of its baseline from now on.
    pub fn deals_at_end(&self, counts: &DropCounts) -> f64 {
        let left = f64::from(self.days.saturating_sub(self.elapsed));
        counts.current.deals as f64 + left * self.pace(counts)
    }

    /// The deals that a segment is expected to get, foreseen on the first day.
    pub(crate) fn deals_foreseen(&self, counts: &DropCounts) -> f64 {
        f64::from(self.days) * self.pace(counts)
    }

    fn pace(&self, counts: &DropCounts) -> f64 {
        counts.baseline.deals as f64 / f64::from(self.baseline_days.max(1))
    }
}

/// What a look says about a segment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropTest {
    /// Chance of evidence this strong at any look if there was no drop; see [`anytime_p_value`].
    pub p_value: f64,
    /// How much of the rise or fall of all other deals was expected of this segment.
    pub market: f64,
    /// How much lower this segment was expected to be because it was so last year, 0 or less.
    pub season: f64,
}

impl DropTest {
    pub(crate) const NO_EVIDENCE: Self = Self { p_value: 1.0, market: 0.0, season: 0.0 };
}

/// A win rate may move this much with the market from one quarter to another; company-wide rates that
/// are seen to move more are believed to.
const USUAL_MARKET: f64 = 0.02;

/// Of a season's distance from the other three quarters, three quarters are its distance from the year.
const OF_THE_YEAR: f64 = 0.75;

/// Statistics below this many standard errors are no evidence, and not computed exactly.
const WORTH_A_LOOK: f64 = 1.0;

/// Whether the win rate of a segment fell, and fell more than that of `rest`, the other deals, and
/// more than it did last year.
///
/// The statistic is Fisher's exact test (mid-p) of the window against its baseline, moved by the
/// shift of the market and of the season and widened by their uncertainty. Both shifts are shrunken
/// towards none by how uncertain they are (James and Stein): where nothing moves they cost little. The
/// market counts at least by the part of the company that the segment is: what is left beside a large
/// segment cannot show that the company stood still.
pub fn drop_test(segment: &DropCounts, rest: &DropCounts, course: &Course) -> DropTest {
    let Some(own) = Comparison::of(segment.current, segment.baseline) else {
        return DropTest::NO_EVIDENCE;
    };
    let market = Comparison::of(rest.current, rest.baseline).map_or(Shift::NONE, |market| {
        let squared =
            (market.change * market.change - market.variance).max(USUAL_MARKET * USUAL_MARKET);
        let part =
            segment.current.deals as f64 / (segment.current.deals + rest.current.deals) as f64;
        let weight = (squared / (squared + market.variance)).max(part);
        Shift { by: weight * market.change, variance: weight * market.variance }
    });
    let season = match (Comparison::of_season(segment), Comparison::of_season(rest)) {
        (Some(own), Some(rest)) => Shift::of_season(&own.minus(&rest)),
        _ => Shift::NONE,
    };
    test(segment, &own, &market, &season, course)
}

/// Whether the win rate of all deals fell, apart from what their mix explains and more than it did
/// last year. `mix` is the part of the change that is mix, as a share; 0 or less makes it lower.
pub fn overall_drop_test(all: &DropCounts, mix: f64, course: &Course) -> DropTest {
    let Some(own) = Comparison::of(all.current, all.baseline) else {
        return DropTest::NO_EVIDENCE;
    };
    let season = Comparison::of_season(all).map_or(Shift::NONE, |season| Shift::of_season(&season));
    test(all, &own, &Shift { by: mix.min(0.0), variance: 0.0 }, &season, course)
}

/// Whether a segment wins less than `rate` of its deals, looked at every day.
pub fn below_rate_p_value(share: Share, rate: f64, deals_at_end: f64) -> f64 {
    let z = z_of(fewer_than_rate_p_value(share, rate));
    anytime_p_value(z, share.deals as f64 / deals_at_end.max(1.0))
}

fn test(
    segment: &DropCounts,
    own: &Comparison,
    market: &Shift,
    season: &Shift,
    course: &Course,
) -> DropTest {
    let added = market.variance + season.variance;
    let end = 1.0 / course.deals_at_end(segment).max(1.0) + 1.0 / segment.baseline.deals as f64;
    let at_end = own.unit * end;
    let shift = market.by + season.by;
    let roughly = (shift - own.change) / (own.variance + added).sqrt();
    if roughly < WORTH_A_LOOK {
        return DropTest { market: market.by, season: season.by, ..DropTest::NO_EVIDENCE };
    }
    let exact = z_of(fewer_won_p_value(segment.current, segment.baseline));
    let adjusted = (exact * own.variance.sqrt() + shift) / (own.variance + added).sqrt();
    let information = (at_end + added) / (own.variance + added);
    DropTest {
        p_value: anytime_p_value(adjusted, information),
        market: market.by,
        season: season.by,
    }
}

/// The difference between two rates.
struct Comparison {
    change: f64,
    variance: f64,
    /// The variance of one deal.
    unit: f64,
}

impl Comparison {
    /// `None` when either side has no deals, or all deals ended alike.
    fn of(current: Share, baseline: Share) -> Option<Self> {
        let change = current.rate()? - baseline.rate()?;
        let won = (current.won + baseline.won) as f64;
        let rate = won / (current.deals + baseline.deals) as f64;
        let unit = rate * (1.0 - rate);
        let variance = unit * (1.0 / current.deals as f64 + 1.0 / baseline.deals as f64);
        (variance > 0.0).then_some(Self { change, variance, unit })
    }

    /// Last year's season against the rest of that year.
    fn of_season(counts: &DropCounts) -> Option<Self> {
        let season = counts.season?;
        Self::of(season, minus(counts.baseline, season))
    }

    fn minus(&self, other: &Self) -> Self {
        Self {
            change: self.change - other.change,
            variance: self.variance + other.variance,
            unit: self.unit,
        }
    }
}

/// A change that is expected, and how uncertain it is.
struct Shift {
    by: f64,
    variance: f64,
}

impl Shift {
    const NONE: Self = Self { by: 0.0, variance: 0.0 };

    /// A dip of last year, as far as it is more than chance: no dip is believed in that is smaller
    /// than √2 standard errors, where a model with it is no better than one without (Akaike). A season
    /// that was better is not asked for again.
    fn of_season(season: &Comparison) -> Self {
        if season.change >= 0.0 {
            return Self::NONE;
        }
        let weight = (1.0 - 2.0 * season.variance / (season.change * season.change)).max(0.0);
        let weight = weight * OF_THE_YEAR;
        Self { by: weight * season.change, variance: weight * weight * season.variance }
    }
}

fn minus(all: Share, part: Share) -> Share {
    Share { won: all.won.saturating_sub(part.won), deals: all.deals.saturating_sub(part.deals) }
}
