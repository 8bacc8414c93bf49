use winsight_insight::{SegmentPair, benjamini_hochberg};
use winsight_model::{Segment, Settings, Tally};

use super::{Observation, Rule};
use crate::evidence::{Budget, Evidence};
use crate::{Finding, Severity};

/// One value of a dimension, put to a rule's test.
pub(super) struct Tested<'a> {
    pub(super) name: &'a str,
    pub(super) pair: &'a SegmentPair,
    /// Chance of evidence at least this strong if there were nothing to find.
    pub(super) p_value: f64,
    /// Whether that is little enough for the false-alarm budget.
    pub(super) passed: bool,
    /// Whether it is alerted on already.
    pub(super) is_live: bool,
    rule: Rule,
}

/// The named values of a dimension that have enough deals, strongest evidence first: each tested,
/// and all judged together by Benjamini–Hochberg at the level of one look.
pub(super) fn tested<'a>(
    rule: Rule,
    dimension: &str,
    observation: &'a Observation<'a>,
    settings: &'a Settings,
    p_value: impl Fn(&SegmentPair) -> f64,
) -> (Vec<Tested<'a>>, Budget<'a>) {
    let values = observation.values_of(dimension).into_iter();
    let mut tested: Vec<_> = values
        .filter(|(_, pair)| rule.can_judge(pair, settings))
        .map(|(name, pair)| Tested {
            name,
            pair,
            p_value: p_value(pair),
            passed: false,
            is_live: observation.is_live(rule, &pair.segment),
            rule,
        })
        .collect();
    tested.sort_by(|left, right| left.p_value.total_cmp(&right.p_value));
    let budget = Budget::new(observation, settings, tested.len());
    let p_values: Vec<_> = tested.iter().map(|tested| tested.p_value).collect();
    for (tested, passed) in tested.iter_mut().zip(benjamini_hochberg(&p_values, budget.level())) {
        tested.passed = passed;
    }
    (tested, budget)
}

/// What a rule says of a value it found.
pub(super) struct Said {
    pub(super) metric: &'static str,
    pub(super) current: Option<f64>,
    pub(super) baseline: Option<f64>,
    pub(super) title: &'static str,
    pub(super) message: String,
    pub(super) action: &'static str,
    pub(super) evidence: Evidence,
}

impl Tested<'_> {
    pub(super) fn finding(&self, observation: &Observation<'_>, said: Said) -> Finding {
        Finding {
            rule: self.rule,
            severity: Severity::Warning,
            metric: said.metric.to_owned(),
            segment: self.pair.segment.clone(),
            current: said.current,
            baseline: said.baseline,
            change: said.current.zip(said.baseline).map(|(now, before)| now - before),
            deals: self.pair.current.deals(),
            baseline_deals: self.pair.baseline.deals(),
            confidence: Some(1.0 - self.p_value),
            window: observation.window,
            baseline_window: Some(observation.baseline_window),
            impact: None,
            currency: observation.currency.to_owned(),
            title: said.title.to_owned(),
            message: said.message,
            action: said.action.to_owned(),
            context: None,
            data_version: observation.data_version,
            evidence: said.evidence,
        }
    }
}

impl Rule {
    /// Whether a segment has the deals that this rule needs for a judgement.
    fn can_judge(self, pair: &SegmentPair, settings: &Settings) -> bool {
        let fewest = settings.min_deals.max(1);
        let of_known_length = |tally: &Tally| {
            tally.won.cycle_days.total().min(tally.lost.cycle_days.total()) >= fewest
        };
        match self {
            Self::WinRateDrop => pair.current.deals().min(pair.baseline.deals()) >= fewest,
            Self::LeadSourceLow => pair.current.deals() >= fewest,
            Self::DfiRise => of_known_length(&pair.current) && of_known_length(&pair.baseline),
            Self::HighRiskDeals | Self::PipelineQuality | Self::DataQuality => true,
        }
    }
}

/// The live alerts of the testing rules on segments that have too few deals by now to be judged. No
/// data is no good news: they stay as they were last found, with a remark.
pub fn unjudged_findings(observation: &Observation<'_>, settings: &Settings) -> Vec<Finding> {
    let nothing = SegmentPair::default();
    let unjudged = observation.live.iter().filter_map(|alert| {
        let finding = &alert.finding;
        let pair = observation.pair(&finding.segment).unwrap_or(&nothing);
        if finding.rule.can_judge(pair, settings) {
            return None;
        }
        let (deals, before) = (pair.current.deals(), pair.baseline.deals());
        let evidence = finding.evidence.clone().unjudged(deals, before);
        Some(Finding { evidence, ..finding.clone() })
    });
    unjudged.collect()
}

impl<'a> Observation<'a> {
    /// The deals of a segment in both windows; `None` when it has none.
    fn pair(&self, segment: &Segment) -> Option<&'a SegmentPair> {
        if *segment == Segment::all() {
            return Some(self.overall);
        }
        self.pairs.iter().find(|pair| pair.segment == *segment)
    }
}
