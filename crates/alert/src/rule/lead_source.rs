use winsight_insight::{Metrics, Share, below_rate_p_value, metrics};
use winsight_model::{Play, Settings};

use super::tested::{Said, Tested, deals_at_end, tested};
use super::{Observation, Rule};
use crate::Finding;
use crate::evidence::{Budget, Evidence, Standing};
use crate::wording::{days, distinct_percents, percent};

/// The lead sources that win less than `lead_source_win_rate` of their deals beyond chance,
/// strongest evidence first.
///
/// Exact binomial test against the threshold, looked at every day and shared among the sources; a
/// source needs `min_deals` closed deals in the window. An alert stays open while the rate is under the
/// threshold.
pub fn lead_source_findings(observation: &Observation<'_>, settings: &Settings) -> Vec<Finding> {
    let threshold = settings.alerts.lead_source_win_rate;
    let (sources, budget) =
        tested(Rule::LeadSourceLow, "lead_source", observation, settings, |look, pair| {
            below_rate_p_value(Share::from(&pair.current), threshold, deals_at_end(look, pair))
        });
    let is_low = |source: &&Tested<'_>| {
        let under = Share::from(&source.pair.current).rate().is_some_and(|rate| rate < threshold);
        source.passed() || (source.is_live && under)
    };
    let low = sources.iter().filter(is_low);
    low.map(|source| finding(source, observation, settings, &budget)).collect()
}

fn finding(
    source: &Tested<'_>,
    observation: &Observation<'_>,
    settings: &Settings,
    budget: &Budget<'_>,
) -> Finding {
    let current = metrics(&source.pair.current, settings.min_deals);
    let average = metrics(&observation.overall.current, settings.min_deals).median_cycle_days;
    let threshold = settings.alerts.lead_source_win_rate;
    let (rate, threshold) = distinct_percents(current.win_rate.unwrap_or(0.0), threshold);
    let message = format!(
        "Source: {}\nWin Rate: {rate} (below threshold of {threshold})\nSales Cycle: {}\n\
         Impact: Wasting sales time on low-quality leads, {} of {} deals lost",
        source.name,
        cycle(current.median_cycle_days, average),
        current.lost,
        current.deals,
    );
    let standing =
        Standing::new(source.passed(), || format!("the win rate is still below {threshold}"));
    let said = Said {
        metric: "win_rate",
        current: current.win_rate,
        baseline: metrics(&source.pair.baseline, settings.min_deals).win_rate,
        title: "Lead Source Performance",
        message,
        action: settings.playbook.action(
            Play::LeadSourceLow,
            "lead_source",
            &source.pair.segment.value_label(),
        ),
        evidence: evidence(source, &current, &standing, budget)
            .with("threshold", settings.alerts.lead_source_win_rate)
            .with("overall_median_cycle_days", average),
    };
    source.finding(observation, said)
}

fn evidence(
    source: &Tested<'_>,
    current: &Metrics,
    standing: &Standing,
    budget: &Budget<'_>,
) -> Evidence {
    let interval = current.win_rate_interval.map_or_else(String::new, |interval| {
        format!("; 95% interval {} to {}", percent(interval.low), percent(interval.high))
    });
    let budget_words = budget.describe("lead source", standing);
    budget
        .record(
            Evidence::new(format!("{} deals{interval}; {budget_words}", current.deals)),
            source.level,
            standing,
        )
        .with("method", "sequential_binomial_test")
        .with("p_value", source.p_value)
        .with("won", current.won)
        .with("median_cycle_days", current.median_cycle_days)
        .with_interval(current.win_rate_interval)
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
