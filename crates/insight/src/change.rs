use winsight_model::{Dimension, Segment, Settings, Tally};

use crate::{Interval, Share, benjamini_hochberg, difference_p_value, newcombe};

/// A segment in two windows; by default all deals, none of them closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentPair {
    /// Which deals.
    pub segment: Segment,
    /// Those closed in the current window.
    pub current: Tally,
    /// Those closed in the window it is compared with.
    pub baseline: Tally,
}

/// The change of a segment's win rate between two windows.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentChange {
    /// Which deals.
    pub segment: Segment,
    /// Won and closed in the current window.
    pub current: Share,
    /// Won and closed in the baseline window.
    pub baseline: Share,
    /// Current minus baseline win rate (0.05 is five points); `None` without enough data.
    pub change: Option<f64>,
    /// Newcombe's 95% interval of the change; `None` without enough data.
    pub interval: Option<Interval>,
    /// Chance of a difference at least as large if nothing had changed; see
    /// [`difference_p_value`]. 1 without enough data.
    pub p_value: f64,
    /// Whether both windows have enough closed deals.
    pub enough_data: bool,
}

/// How the win rate of `pair` changed; no verdict unless both windows have `min_deals` deals.
pub fn segment_change(pair: &SegmentPair, min_deals: u64) -> SegmentChange {
    let (current, baseline) = (Share::from(&pair.current), Share::from(&pair.baseline));
    let enough_data = current.deals.min(baseline.deals) >= min_deals.max(1);
    let difference = || Some(current.rate()? - baseline.rate()?);
    SegmentChange {
        segment: pair.segment.clone(),
        current,
        baseline,
        change: if enough_data { difference() } else { None },
        interval: if enough_data { newcombe(current, baseline) } else { None },
        p_value: if enough_data { difference_p_value(current, baseline) } else { 1.0 },
        enough_data,
    }
}

/// A change and what the evidence gate says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct GatedChange {
    /// The change.
    pub change: SegmentChange,
    /// Whether it passed the gate.
    pub real: bool,
    /// The false-discovery level it was tested at: [`level_of_a_look`].
    pub adjusted_level: f64,
}

/// How often a quarter is looked at for changes: every week. The false-alarm budget is shared out
/// over these looks.
pub const LOOKS_PER_QUARTER: u32 = 13;

/// How many alert rules test for what chance may give: drops of win rates, weak lead sources, rising
/// deal friction. The narrative divides the budget of a look among them equally.
pub const TESTING_RULES: u32 = 3;

/// The false-discovery level of one rule at one look: the workspace's budget for a quarter, divided
/// by the rules and by their looks.
///
/// A union bound (Bonferroni): safe however rules and looks depend on each other, and more cautious
/// than a sequential test would need to be.
pub fn level_of_a_look(settings: &Settings, looks_per_quarter: u32) -> f64 {
    settings.alerts.false_alarm_budget
        / f64::from(TESTING_RULES)
        / f64::from(looks_per_quarter.max(1))
}

/// The segments that alerts and narrative put through [`gate_changes`]: `overall` first, then those
/// of `segments` that are one value of one dimension known while a deal is open. A segment that
/// holds every deal is `overall` under another name, and left out.
pub fn tested_segments(overall: &SegmentPair, segments: &[SegmentPair]) -> Vec<SegmentPair> {
    let known = Dimension::known_while_open();
    let is_tested = |pair: &&SegmentPair| {
        let is_known = matches!(pair.segment.parts(), [(name, _)] if known.contains(name));
        let holds_every_deal = pair.current.deals() == overall.current.deals()
            && pair.baseline.deals() == overall.baseline.deals();
        is_known && !holds_every_deal
    };
    let segments = segments.iter().filter(is_tested);
    std::iter::once(overall).chain(segments).cloned().collect()
}

/// The evidence gate of alerts and narrative alike, in the order of `pairs`.
///
/// A change is real when both windows have `min_deals` deals, it is larger than
/// `alerts.win_rate_drop` either way, its Newcombe interval excludes 0, and Benjamini–Hochberg over
/// every segment with enough deals rejects "no change" at [`level_of_a_look`].
pub fn gate_changes(
    pairs: &[SegmentPair],
    settings: &Settings,
    looks_per_quarter: u32,
) -> Vec<GatedChange> {
    let adjusted_level = level_of_a_look(settings, looks_per_quarter);
    let changes: Vec<SegmentChange> =
        pairs.iter().map(|pair| segment_change(pair, settings.min_deals)).collect();
    let tested: Vec<f64> =
        changes.iter().filter(|change| change.enough_data).map(|change| change.p_value).collect();
    let mut rejected = benjamini_hochberg(&tested, adjusted_level).into_iter();
    let mut gate = |change: SegmentChange| {
        let rejected = change.enough_data && rejected.next().unwrap_or(false);
        let large = change.change.is_some_and(|by| by.abs() > settings.alerts.win_rate_drop);
        let one_sided = change.interval.is_some_and(Interval::excludes_zero);
        GatedChange { change, real: rejected && large && one_sided, adjusted_level }
    };
    changes.into_iter().map(&mut gate).collect()
}
