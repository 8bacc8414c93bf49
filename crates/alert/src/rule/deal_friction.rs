use winsight_insight::{Metrics, SegmentPair, benjamini_hochberg, dfi_change_p_value, metrics};
use winsight_model::{DayHistogram, Settings, Tally};

use super::{Observation, Rule};
use crate::evidence::{Budget, Evidence};
use crate::wording::{days, p_value, period};
use crate::{Finding, Severity};

/// The reps whose Deal Friction Index rose by more than `dfi_rise` beyond chance, strongest
/// evidence first.
///
/// [`dfi_change_p_value`], Benjamini–Hochberg over every rep with `min_deals` won and as many lost
/// deals in each window.
pub fn dfi_findings(observation: &Observation<'_>, settings: &Settings) -> Vec<Finding> {
    let reps = observation.values_of("rep").into_iter();
    let mut tested: Vec<_> = reps
        .filter(|(_, pair)| has_enough(&pair.current, settings))
        .filter(|(_, pair)| has_enough(&pair.baseline, settings))
        .map(|(rep, pair)| Tested {
            rep,
            pair,
            p_value: dfi_change_p_value(&pair.current, &pair.baseline),
        })
        .collect();
    tested.sort_by(|left, right| left.p_value.total_cmp(&right.p_value));

    let budget = Budget::new(observation, settings, tested.len());
    let p_values: Vec<_> = tested.iter().map(|tested| tested.p_value).collect();
    let rejected = benjamini_hochberg(&p_values, budget.level());
    let is_live = |tested: &Tested<'_>| observation.is_live(Rule::DfiRise, &tested.pair.segment);
    let changed =
        tested.iter().zip(rejected).filter(|(tested, rejected)| *rejected || is_live(tested));
    changed.filter_map(|(tested, _)| tested.finding(observation, settings, &budget)).collect()
}

fn has_enough(tally: &Tally, settings: &Settings) -> bool {
    tally.won.cycle_days.total().min(tally.lost.cycle_days.total()) >= settings.min_deals.max(1)
}

struct Tested<'a> {
    rep: &'a str,
    pair: &'a SegmentPair,
    p_value: f64,
}

impl Tested<'_> {
    /// `None` when the index did not rise by more than the threshold; half of it is enough to keep
    /// an alert open.
    fn finding(
        &self,
        observation: &Observation<'_>,
        settings: &Settings,
        budget: &Budget<'_>,
    ) -> Option<Finding> {
        let current = metrics(&self.pair.current, settings.min_deals);
        let baseline = metrics(&self.pair.baseline, settings.min_deals);
        let (now, before) = current.dfi.zip(baseline.dfi)?;
        let is_live = observation.is_live(Rule::DfiRise, &self.pair.segment);
        let rise = settings.alerts.dfi_rise * if is_live { 0.5 } else { 1.0 };
        if now <= before * (1.0 + rise) {
            return None;
        }
        let message = format!(
            "Rep: {}\nDeal Friction Index: {now:.2} (up from {before:.2} {})\n\
             Impact: lost deals take {} to close, won deals {}",
            self.rep,
            period(observation.baseline_window, observation.window),
            median(&self.pair.current.lost.cycle_days),
            median(&self.pair.current.won.cycle_days),
        );
        Some(Finding {
            rule: Rule::DfiRise,
            severity: Severity::Warning,
            metric: "dfi".to_owned(),
            segment: self.pair.segment.clone(),
            current: Some(now),
            baseline: Some(before),
            change: Some(now - before),
            deals: current.deals,
            baseline_deals: baseline.deals,
            confidence: Some(1.0 - self.p_value),
            window: observation.window,
            baseline_window: Some(observation.baseline_window),
            impact: None,
            currency: observation.currency.to_owned(),
            title: "Deal Friction Rising".to_owned(),
            message,
            action: "Review the oldest open deals with this rep and qualify out sooner".to_owned(),
            context: None,
            data_version: observation.data_version,
            evidence: self.evidence(&current, &baseline, budget),
        })
    }

    fn evidence(&self, current: &Metrics, baseline: &Metrics, budget: &Budget<'_>) -> Evidence {
        let interval = current.dfi_interval.map_or_else(String::new, |interval| {
            format!("; 95% interval {:.2} to {:.2}", interval.low, interval.high)
        });
        let summary = format!(
            "{} lost and {} won deals against {} and {}{interval}; {}; {}",
            current.lost,
            current.won,
            baseline.lost,
            baseline.won,
            p_value(self.p_value),
            budget.describe("rep"),
        );
        budget
            .record(Evidence::new(summary))
            .with("method", "median_confidence_distributions_and_benjamini_hochberg")
            .with("p_value", self.p_value)
            .with_interval(current.dfi_interval)
    }
}

fn median(cycle_days: &DayHistogram) -> String {
    cycle_days.median().map_or_else(|| "unknown".to_owned(), days)
}
