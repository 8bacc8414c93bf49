use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_insight::{Decomposition, GatedChange, Part, SegmentChange};
use winsight_jobs::ChangesTable;
use winsight_model::{Dimension, Segment};

use super::{Cause, LossConcentration, Window, high, low};

/// What changed between two windows, over the values of one dimension or of several.
///
/// The changes of the win rate and of the revenue-weighted win rate split exactly into mix (the
/// shares of the segments moved) and rate (rates inside segments moved): Kitagawa's identity. All of
/// it is association, never cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    /// The dimension that the deals are split by; several are joined with ` × `.
    pub dimension: String,
    /// The window looked at.
    pub window: Window,
    /// The window it is compared with.
    pub baseline_window: Window,
    /// Every deal together.
    pub overall: Change,
    /// The revenue-weighted win rate of every deal together; its change is the difference.
    pub rwwr: MetricChange,
    /// The Deal Friction Index of every deal together; its change is the ratio: 1.2 is a fifth up.
    pub dfi: MetricChange,
    /// Each value of the dimension, or combination of values.
    pub segments: Vec<Change>,
    /// With several dimensions, what the mix of each contributes: Shapley values of the split, which
    /// add up to the `mix` of all deals.
    pub mix_by_dimension: Vec<DimensionMix>,
    /// Whether losses gather in a few values; null without losses in the window.
    #[schema(required)]
    pub loss_concentration: Option<LossConcentration>,
    /// The segments that the change comes from, clearest first; null when not asked for.
    #[schema(required)]
    pub causes: Option<Vec<Cause>>,
    /// What keeps parts of this empty, in sentences.
    pub remarks: Vec<String>,
}

/// What the mix of one dimension contributes to a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DimensionMix {
    /// The dimension.
    pub dimension: String,
    /// Its part of the change of the win rate.
    pub mix: f64,
    /// Its part of the change of the revenue-weighted win rate; null when there is none.
    #[schema(required)]
    pub rwwr_mix: Option<f64>,
}

/// The change of one segment's win rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// The dimension, or `all`.
    pub dimension: String,
    /// The value, or `all`.
    pub value: String,
    /// Closed deals in the window.
    pub deals: u64,
    /// Won deals in the window.
    pub won: u64,
    /// Win rate in the window; null without closed deals.
    #[schema(required)]
    pub win_rate: Option<f64>,
    /// Closed deals in the baseline window.
    pub baseline_deals: u64,
    /// Won deals in the baseline window.
    pub baseline_won: u64,
    /// Win rate in the baseline window; null without closed deals.
    #[schema(required)]
    pub baseline_win_rate: Option<f64>,
    /// `win_rate` minus `baseline_win_rate`.
    #[schema(required)]
    pub wr_delta: Option<f64>,
    /// Lower end of its 95% Newcombe interval.
    #[schema(required)]
    pub wr_delta_low: Option<f64>,
    /// Upper end of its 95% Newcombe interval.
    #[schema(required)]
    pub wr_delta_high: Option<f64>,
    /// Part of the overall change that comes from this segment's share of the deals.
    #[schema(required)]
    pub mix: Option<f64>,
    /// Part of the overall change that comes from the win rate inside this segment.
    #[schema(required)]
    pub rate: Option<f64>,
    /// The same of the revenue-weighted win rate: its share of the closed amount.
    #[schema(required)]
    pub rwwr_mix: Option<f64>,
    /// The same of the revenue-weighted win rate: the rate inside this segment.
    #[schema(required)]
    pub rwwr_rate: Option<f64>,
    /// Its deals, as values of `where` in `/api/v1/closed-deals`: `region=Europe`.
    pub filter: Vec<String>,
    /// What the evidence says about the change.
    pub verdict: Verdict,
    /// False when either window has too few deals for a verdict.
    pub enough_data: bool,
}

/// The change of a headline metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MetricChange {
    /// The metric in the window.
    #[schema(required)]
    pub current: Option<f64>,
    /// The metric in the baseline window.
    #[schema(required)]
    pub baseline: Option<f64>,
    /// How far it moved; null unless both windows have it.
    #[schema(required)]
    pub change: Option<f64>,
    /// Lower end of its 95% interval.
    #[schema(required)]
    pub change_low: Option<f64>,
    /// Upper end of its 95% interval.
    #[schema(required)]
    pub change_high: Option<f64>,
    /// What the evidence says about the change.
    pub verdict: Verdict,
}

/// What the evidence says about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Down, past the false-alarm budget; a win rate also by more than the rule's threshold.
    Fell,
    /// Up, past the false-alarm budget; a win rate also by more than the rule's threshold.
    Rose,
    /// Nothing beyond chance, or no more than the threshold.
    NoRealChange,
    /// Too few deals in either window to tell.
    NotEnoughData,
}

impl Changes {
    /// The table of what changed over the values of the dimensions in `by`.
    pub fn new(by: &[Dimension], table: ChangesTable) -> Self {
        let splits = [&table.decomposition, &table.rwwr_decomposition];
        let segment = |GatedChange { change, real, .. }: &GatedChange| {
            let of = |split: &Option<Decomposition>| {
                let parts = split.as_ref().map_or(&[][..], |split| &split.parts);
                let part = parts.iter().find(|part| part.segment == change.segment);
                part.map(|Part { mix, rate, .. }| (*mix, *rate))
            };
            Change::new(change, *real, splits.map(of))
        };
        let whole = splits.map(|split| split.as_ref().map(|split| (split.mix, split.rate)));
        let names: Vec<_> = by.iter().map(Dimension::as_str).collect();
        let rwwr_mixes = table.rwwr_shapley.map(|split| split.mixes).unwrap_or_default();
        let mixes = table.shapley.map(|split| split.mixes).unwrap_or_default();
        let mixes = mixes.into_iter().enumerate().map(|(place, (dimension, mix))| DimensionMix {
            dimension: dimension.to_string(),
            mix,
            rwwr_mix: rwwr_mixes.get(place).map(|(_, mix)| *mix),
        });
        Self {
            dimension: names.join(" × "),
            window: table.window.into(),
            baseline_window: table.baseline.into(),
            overall: Change::new(&table.overall.change, table.overall.real, whole),
            rwwr: MetricChange::new(&table.headline.rwwr, 0.0),
            dfi: MetricChange::new(&table.headline.dfi, 1.0),
            segments: table.segments.iter().map(segment).collect(),
            mix_by_dimension: mixes.collect(),
            loss_concentration: table.concentration.map(LossConcentration::from),
            causes: table.causes.map(|causes| causes.causes.into_iter().map(Cause::from).collect()),
            remarks: table.remarks,
        }
    }
}

impl Change {
    fn new(change: &SegmentChange, real: bool, [win_rate, rwwr]: [Option<(f64, f64)>; 2]) -> Self {
        Self {
            dimension: change.segment.dimension_label(),
            value: change.segment.value_label(),
            deals: change.current.deals,
            won: change.current.won,
            win_rate: change.current.rate(),
            baseline_deals: change.baseline.deals,
            baseline_won: change.baseline.won,
            baseline_win_rate: change.baseline.rate(),
            wr_delta: change.change,
            wr_delta_low: low(change.interval),
            wr_delta_high: high(change.interval),
            mix: win_rate.map(|(mix, _)| mix),
            rate: win_rate.map(|(_, rate)| rate),
            rwwr_mix: rwwr.map(|(mix, _)| mix),
            rwwr_rate: rwwr.map(|(_, rate)| rate),
            filter: filter(&change.segment),
            verdict: Verdict::of(change.change, real),
            enough_data: change.enough_data,
        }
    }
}

/// A segment as values of `where`.
pub(super) fn filter(segment: &Segment) -> Vec<String> {
    segment.parts().iter().map(|(dimension, value)| format!("{dimension}={value}")).collect()
}

impl MetricChange {
    /// A change that would be `unchanged` if nothing had moved.
    fn new(change: &winsight_insight::MetricChange, unchanged: f64) -> Self {
        let by = change.change.filter(|_| change.interval.is_some()).map(|by| by - unchanged);
        Self {
            current: change.current,
            baseline: change.baseline,
            change: change.change,
            change_low: low(change.interval),
            change_high: high(change.interval),
            verdict: Verdict::of(by, change.real),
        }
    }
}

impl Verdict {
    fn of(change: Option<f64>, real: bool) -> Self {
        match change {
            None => Self::NotEnoughData,
            Some(_) if !real => Self::NoRealChange,
            Some(by) if by < 0.0 => Self::Fell,
            Some(_) => Self::Rose,
        }
    }
}
