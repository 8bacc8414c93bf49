use winsight_insight::{DropCounts, SegmentPair};
use winsight_model::{Segment, Settings, Tally, Window};

use super::{Observation, Rule, values_of};
use crate::evidence::{Budget, Evidence};
use crate::{Finding, SequenceLook, Severity};

/// One value of a dimension, put to a rule's test.
pub(super) struct Tested<'a> {
    pub(super) name: &'a str,
    pub(super) pair: &'a SegmentPair,
    /// Chance of evidence at least this strong at any look if there were nothing to find.
    pub(super) p_value: f64,
    /// The p-value that it needs: its share of the false-alarm budget.
    pub(super) level: f64,
    /// Whether it is alerted on already.
    pub(super) is_live: bool,
    pub(super) window: Window,
    pub(super) baseline_window: Window,
    rule: Rule,
}

/// The named values of a dimension that have enough deals, strongest evidence first. Each is tested
/// in every sequence under way and judged by the one that says most; the values share the level of the
/// rule equally. Values that no sequence can judge yet are judged by the latest days, without a test.
pub(super) fn tested<'a>(
    rule: Rule,
    dimension: &str,
    observation: &'a Observation<'a>,
    settings: &'a Settings,
    p_value: impl Fn(&SequenceLook, &SegmentPair) -> f64,
) -> (Vec<Tested<'a>>, Budget<'a>) {
    let mut tested: Vec<Tested<'a>> = Vec::new();
    let mut most = 0;
    for look in observation.sequences {
        let values = values_of(&look.pairs, dimension);
        most = most.max(values.len());
        let level = rule.level(settings, &look.sequence) / values.len().max(1) as f64;
        for (name, pair) in values {
            if !rule.can_judge(pair, settings) {
                continue;
            }
            let candidate = Tested {
                name,
                pair,
                p_value: p_value(look, pair),
                level,
                is_live: observation.is_live(rule, &pair.segment),
                window: look.sequence.window,
                baseline_window: look.sequence.baseline,
                rule,
            };
            match tested.iter_mut().find(|known| known.name == name) {
                Some(known) if candidate.weight() < known.weight() => *known = candidate,
                Some(_) => {}
                None => tested.push(candidate),
            }
        }
    }
    for known in &mut tested {
        known.follow(observation, settings);
    }
    for (name, pair) in values_of(observation.pairs, dimension) {
        let is_live = observation.is_live(rule, &pair.segment);
        let is_new = tested.iter().all(|known| known.name != name);
        if is_new && is_live && rule.can_judge(pair, settings) {
            let (window, baseline_window) = (observation.window, observation.baseline_window);
            let (p_value, level) = (1.0, 0.0);
            tested.push(Tested {
                name,
                pair,
                p_value,
                level,
                is_live,
                window,
                baseline_window,
                rule,
            });
        }
    }
    tested.sort_by(|left, right| left.weight().total_cmp(&right.weight()));
    (tested, Budget::new(settings, most))
}

/// What a rule says of a value it found.
pub(super) struct Said {
    pub(super) metric: &'static str,
    pub(super) current: Option<f64>,
    pub(super) baseline: Option<f64>,
    pub(super) title: &'static str,
    pub(super) message: String,
    pub(super) action: String,
    pub(super) evidence: Evidence,
}

impl<'a> Tested<'a> {
    /// Whether there is little enough doubt for the false-alarm budget.
    pub(super) fn passed(&self) -> bool {
        self.p_value <= self.level
    }

    /// How much the evidence lacks; comparable between sequences with different levels.
    fn weight(&self) -> f64 {
        if self.level > 0.0 { self.p_value / self.level } else { f64::MAX }
    }

    /// An open alert without new evidence is followed over the latest days.
    fn follow(&mut self, observation: &Observation<'a>, settings: &Settings) {
        if self.is_live
            && !self.passed()
            && let Some(pair) = observation.pair(&self.pair.segment)
            && self.rule.can_judge(pair, settings)
        {
            self.pair = pair;
            self.window = observation.window;
            self.baseline_window = observation.baseline_window;
        }
    }

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
            window: self.window,
            baseline_window: Some(self.baseline_window),
            impact: None,
            currency: observation.currency.to_owned(),
            title: said.title.to_owned(),
            message: said.message,
            action: said.action,
            context: None,
            data_version: observation.data_version,
            custom: None,
            subject: None,
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
            Self::HighRiskDeals
            | Self::PipelineQuality
            | Self::DataQuality
            | Self::JobFailed
            | Self::SyncFailed
            | Self::RuleFailed
            | Self::DataStale
            | Self::Custom => true,
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
        Some(finding.clone().unjudged(deals, before))
    });
    unjudged.collect()
}

impl<'a> Observation<'a> {
    /// The latest deals of a segment and those before; `None` when it has none.
    pub(super) fn pair(&self, segment: &Segment) -> Option<&'a SegmentPair> {
        if *segment == Segment::all() {
            return Some(self.overall);
        }
        self.pairs.iter().find(|pair| pair.segment == *segment)
    }
}

/// The deals that `pair` will have at the end of a sequence.
pub(super) fn deals_at_end(look: &SequenceLook, pair: &SegmentPair) -> f64 {
    look.sequence.course().deals_at_end(&DropCounts {
        current: (&pair.current).into(),
        baseline: (&pair.baseline).into(),
        season: None,
    })
}
