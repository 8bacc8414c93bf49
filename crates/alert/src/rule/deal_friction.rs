use winsight_insight::{Metrics, dfi_anytime_p_value, metrics};
use winsight_model::{DayHistogram, Play, Settings};

use super::tested::{Said, Tested, deals_at_end, tested};
use super::{Observation, Rule};
use crate::Finding;
use crate::evidence::{Budget, Evidence, Standing};
use crate::wording::{days, p_value, percent, period};

/// The reps whose Deal Friction Index rose by more than `dfi_rise` beyond chance, strongest
/// evidence first.
///
/// [`dfi_anytime_p_value`], looked at every day and shared among the reps; a rep needs `min_deals` won
/// and as many lost deals in both windows.
pub fn dfi_findings(observation: &Observation<'_>, settings: &Settings) -> Vec<Finding> {
    let (reps, budget) = tested(Rule::DfiRise, "rep", observation, settings, |look, pair| {
        dfi_anytime_p_value(&pair.current, &pair.baseline, deals_at_end(look, pair))
    });
    reps.iter().filter_map(|rep| finding(rep, observation, settings, &budget)).collect()
}

/// `None` when the index did not rise by more than the threshold; half of it is enough to keep an
/// alert open.
fn finding(
    rep: &Tested<'_>,
    observation: &Observation<'_>,
    settings: &Settings,
    budget: &Budget<'_>,
) -> Option<Finding> {
    if !rep.passed() && !rep.is_live {
        return None;
    }
    let current = metrics(&rep.pair.current, settings.min_deals);
    let baseline = metrics(&rep.pair.baseline, settings.min_deals);
    let (now, before) = current.dfi.zip(baseline.dfi)?;
    let rise = settings.alerts.dfi_rise;
    let opens = rep.passed() && now > before * (1.0 + rise);
    let holds = rep.is_live && now > before * (1.0 + rise / 2.0);
    if !(opens || holds) {
        return None;
    }
    let standing = Standing::new(opens, || {
        format!(
            "the index is still up by more than half of the {} that open an alert",
            percent(rise)
        )
    });
    let message = format!(
        "Rep: {}\nDeal Friction Index: {now:.2} (up from {before:.2} {})\n\
         Impact: lost deals take {} to close, won deals {}",
        rep.name,
        period(rep.baseline_window, rep.window),
        median(&rep.pair.current.lost.cycle_days),
        median(&rep.pair.current.won.cycle_days),
    );
    let said = Said {
        metric: "dfi",
        current: Some(now),
        baseline: Some(before),
        title: "Deal Friction Rising",
        message,
        action: settings.playbook.action(
            Play::DealFriction,
            "rep",
            &rep.pair.segment.value_label(),
        ),
        evidence: evidence(rep, (&current, &baseline), &standing, budget),
    };
    Some(rep.finding(observation, said))
}

fn evidence(
    rep: &Tested<'_>,
    (current, baseline): (&Metrics, &Metrics),
    standing: &Standing,
    budget: &Budget<'_>,
) -> Evidence {
    let interval = current.dfi_interval.map_or_else(String::new, |interval| {
        format!("; 95% interval {:.2} to {:.2}", interval.low, interval.high)
    });
    let summary = format!(
        "{} lost and {} won deals against {} and {}{interval}; {}; {}",
        current.lost,
        current.won,
        baseline.lost,
        baseline.won,
        p_value(rep.p_value),
        budget.describe("rep", standing),
    );
    budget
        .record(Evidence::new(summary), rep.level, standing)
        .with("method", "sequential_median_confidence_distributions")
        .with("p_value", rep.p_value)
        .with_interval(current.dfi_interval)
}

fn median(cycle_days: &DayHistogram) -> String {
    cycle_days.median().map_or_else(|| "unknown".to_owned(), days)
}
