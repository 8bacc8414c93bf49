use winsight_insight::{Metrics, SegmentPair, Share, below_p_value, benjamini_hochberg, metrics};
use winsight_model::Settings;

use super::{Observation, Rule};
use crate::evidence::{Budget, Evidence};
use crate::wording::{days, distinct_percents, percent};
use crate::{Finding, Severity};

/// The lead sources that win less than `lead_source_win_rate` of their deals beyond chance,
/// strongest evidence first.
///
/// One-sided score test against the threshold, Benjamini–Hochberg over every source with
/// `min_deals` closed deals in the window.
pub fn lead_source_findings(observation: &Observation<'_>, settings: &Settings) -> Vec<Finding> {
    let threshold = settings.alerts.lead_source_win_rate;
    let sources = observation.values_of("lead_source").into_iter();
    let mut tested: Vec<_> = sources
        .filter(|(_, pair)| pair.current.deals() >= settings.min_deals.max(1))
        .map(|(source, pair)| Tested {
            source,
            pair,
            p_value: below_p_value(Share::from(&pair.current), threshold),
        })
        .collect();
    tested.sort_by(|left, right| left.p_value.total_cmp(&right.p_value));

    let budget = Budget::new(observation, settings, tested.len());
    let p_values: Vec<_> = tested.iter().map(|tested| tested.p_value).collect();
    let rejected = benjamini_hochberg(&p_values, budget.level());
    let low = tested
        .iter()
        .zip(rejected)
        .filter(|(tested, rejected)| *rejected || tested.is_still_low(observation, threshold));
    low.map(|(tested, _)| tested.finding(observation, settings, &budget)).collect()
}

struct Tested<'a> {
    source: &'a str,
    pair: &'a SegmentPair,
    p_value: f64,
}

impl Tested<'_> {
    /// Alerted on already, and still under the threshold.
    fn is_still_low(&self, observation: &Observation<'_>, threshold: f64) -> bool {
        observation.is_live(Rule::LeadSourceLow, &self.pair.segment)
            && Share::from(&self.pair.current).rate().is_some_and(|rate| rate < threshold)
    }

    fn finding(
        &self,
        observation: &Observation<'_>,
        settings: &Settings,
        budget: &Budget<'_>,
    ) -> Finding {
        let current = metrics(&self.pair.current, settings.min_deals);
        let baseline = metrics(&self.pair.baseline, settings.min_deals);
        let average = metrics(&observation.overall.current, settings.min_deals).median_cycle_days;
        let threshold = settings.alerts.lead_source_win_rate;
        let (rate, threshold) = distinct_percents(current.win_rate.unwrap_or(0.0), threshold);
        let message = format!(
            "Source: {}\nWin Rate: {rate} (below threshold of {threshold})\nSales Cycle: {}\n\
             Impact: Wasting sales time on low-quality leads, {} of {} deals lost",
            self.source,
            cycle(current.median_cycle_days, average),
            current.lost,
            current.deals,
        );
        Finding {
            rule: Rule::LeadSourceLow,
            severity: Severity::Warning,
            metric: "win_rate".to_owned(),
            segment: self.pair.segment.clone(),
            current: current.win_rate,
            baseline: baseline.win_rate,
            change: current.win_rate.zip(baseline.win_rate).map(|(now, before)| now - before),
            deals: current.deals,
            baseline_deals: baseline.deals,
            confidence: Some(1.0 - self.p_value),
            window: observation.window,
            baseline_window: Some(observation.baseline_window),
            impact: None,
            currency: observation.currency.to_owned(),
            title: "Lead Source Performance".to_owned(),
            message,
            action: "Tighten MQL→SQL qualification criteria".to_owned(),
            context: None,
            data_version: observation.data_version,
            evidence: self.evidence(&current, average, settings, budget),
        }
    }

    fn evidence(
        &self,
        current: &Metrics,
        average: Option<f64>,
        settings: &Settings,
        budget: &Budget<'_>,
    ) -> Evidence {
        let interval = current.win_rate_interval.map_or_else(String::new, |interval| {
            format!("; 95% interval {} to {}", percent(interval.low), percent(interval.high))
        });
        let summary =
            format!("{} deals{interval}; {}", current.deals, budget.describe("lead source"));
        budget
            .record(Evidence::new(summary))
            .with("method", "score_test_and_benjamini_hochberg")
            .with("p_value", self.p_value)
            .with("threshold", settings.alerts.lead_source_win_rate)
            .with("won", current.won)
            .with("median_cycle_days", current.median_cycle_days)
            .with("overall_median_cycle_days", average)
            .with_interval(current.win_rate_interval)
    }
}

/// `95 days (20% longer than average)`; both are medians of the window.
fn cycle(median: Option<f64>, average: Option<f64>) -> String {
    let Some(median) = median else { return "unknown".to_owned() };
    let comparison = average.filter(|&average| average > 0.0).map(|average| {
        let longer = (median / average - 1.0) * 100.0;
        match longer.round() {
            0.0 => "as long as average".to_owned(),
            more if more > 0.0 => format!("{more:.0}% longer than average"),
            less => format!("{:.0}% shorter than average", less.abs()),
        }
    });
    let comparison = comparison.map_or_else(String::new, |words| format!(" ({words})"));
    format!("{}{comparison}", days(median))
}
