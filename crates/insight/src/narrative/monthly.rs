use serde_json::json;
use winsight_model::{Money, Play, Settings};

use super::explained::{causes_evidence, explanation};
use super::wording::{
    capitalized, compared_with, counted, dimension_words, grouped, listed, moved, percent,
};
use super::{ASSOCIATION, Cadence, Insight, InsightKind, MonthlyInput, evidence, short_money};
use crate::{
    DimensionTest, Driver, DriverAnalysis, GatedChange, LOOKS_PER_QUARTER, Metrics, gate_changes,
    metrics, segment_change, tested_segments,
};

/// Drivers, the period against the one before, and one recommendation.
pub fn monthly_insights(input: &MonthlyInput<'_>, settings: &Settings) -> Vec<Insight> {
    vec![
        match &input.drivers {
            Ok(analysis) => driver_insight(analysis),
            Err(reason) => no_drivers(reason),
        },
        period_over_period(input, settings),
        recommendation(input, settings),
    ]
}

fn no_drivers(reason: &str) -> Insight {
    Insight {
        kind: InsightKind::Drivers,
        cadence: Cadence::Monthly,
        title: "No driver analysis".to_owned(),
        text: format!("No driver could be looked for: {reason}."),
        caution: None,
        action: None,
        evidence: evidence([("reason", json!(reason))]),
        rank: 90.0,
    }
}

fn driver_insight(analysis: &DriverAnalysis) -> Insight {
    let tested: Vec<&DimensionTest> =
        analysis.dimensions.iter().filter(|test| test.untested.is_none()).collect();
    let names: Vec<String> =
        tested.iter().map(|test| dimension_words(test.dimension.as_str())).collect();
    let deals = counted(analysis.deals, "closed deal");
    let significant: Vec<&DimensionTest> =
        tested.iter().copied().filter(|test| test.significant).collect();
    let (title, text) = if tested.is_empty() {
        let text = format!(
            "No driver could be looked for: {deals} do not differ in any attribute enough to compare."
        );
        ("No driver analysis".to_owned(), text)
    } else if significant.is_empty() {
        let text = format!(
            "No driver: in {deals}, winning goes with {} beyond chance (false-discovery rate 5%).",
            match &names[..] {
                [one] => format!("no value of {one}"),
                several => format!("none of {}", listed(several)),
            }
        );
        ("No driver".to_owned(), text)
    } else {
        let found: Vec<String> =
            significant.iter().map(|test| dimension_words(test.dimension.as_str())).collect();
        let sentences: Vec<String> =
            significant.iter().map(|test| dimension_sentence(test, &analysis.drivers)).collect();
        (format!("Winning goes with {}", listed(&found)), sentences.join(" "))
    };
    let tests = analysis.dimensions.iter().map(|test| {
        json!({
            "dimension": test.dimension.as_str(),
            "statistic": test.statistic,
            "degrees_of_freedom": test.degrees_of_freedom,
            "p_value": test.p_value,
            "significant": test.significant,
            "untested": test.untested,
        })
    });
    let drivers = analysis.drivers.iter().filter(|driver| driver.significant).map(|driver| {
        json!({
            "dimension": driver.dimension.as_str(),
            "value": driver.value,
            "reference": driver.reference,
            "odds_ratio": driver.odds_ratio,
            "interval": driver.interval,
            "p_value": driver.p_value,
            "wrds": driver.wrds,
            "exposure": driver.exposure,
            "trend": driver.trend.as_str(),
        })
    });
    let dropped = analysis.dropped.iter().map(|level| {
        json!({
            "dimension": level.dimension.as_str(), "value": level.value, "reason": level.reason,
        })
    });
    Insight {
        kind: InsightKind::Drivers,
        cadence: Cadence::Monthly,
        title,
        text,
        caution: (!significant.is_empty()).then(|| ASSOCIATION.to_owned()),
        action: None,
        evidence: evidence([
            ("deals", json!(analysis.deals)),
            ("won", json!(analysis.won)),
            ("dimensions", tests.collect()),
            ("drivers", drivers.collect()),
            ("dropped", dropped.collect()),
        ]),
        rank: 90.0,
    }
}

/// The levels of a significant dimension that stand out, highest driver score first.
fn dimension_sentence(test: &DimensionTest, drivers: &[Driver]) -> String {
    let words = dimension_words(test.dimension.as_str());
    let mut levels: Vec<&Driver> = drivers
        .iter()
        .filter(|driver| driver.significant && driver.dimension == test.dimension)
        .collect();
    levels.sort_by(|a, b| b.wrds.unwrap_or(0.0).total_cmp(&a.wrds.unwrap_or(0.0)));
    let Some(first) = levels.first() else {
        return format!(
            "Win rates differ by {words}, though no single value stands out from the largest."
        );
    };
    let clauses: Vec<String> = levels
        .iter()
        .map(|driver| {
            format!(
                "{} {:.1} times (95% interval {:.1} to {:.1})",
                driver.value, driver.odds_ratio, driver.interval.low, driver.interval.high,
            )
        })
        .collect();
    format!(
        "{}: the odds of winning against those of {} are, other attributes equal, {}.",
        capitalized(&words),
        first.reference,
        listed(&clauses),
    )
}

fn period_over_period(input: &MonthlyInput<'_>, settings: &Settings) -> Insight {
    let currency = settings.reporting_currency.as_str();
    let now = metrics(&input.overall.current, settings.min_deals);
    let then = metrics(&input.overall.baseline, settings.min_deals);
    let rate = |value: f64| percent(value);
    let days = |value: f64| format!("{value:.0} days");
    let index = |value: f64| format!("{value:.2}");
    let money = |amount: Money| short_money(amount, currency);
    let figures: Vec<String> = [
        compared("win rate", now.win_rate, then.win_rate, rate),
        compared("revenue-weighted win rate", now.rwwr, then.rwwr, rate),
        compared("median cycle", now.median_cycle_days, then.median_cycle_days, days),
        compared("Deal Friction Index", now.dfi, then.dfi, index),
    ]
    .into_iter()
    .flatten()
    .collect();
    let baseline = compared_with(input.baseline_window, input.window);
    let is_blank = |metrics: &Metrics| metrics.won > 0 && metrics.won_amount == Money::ZERO;
    // Deals without amounts are not worth nothing: then their number is told.
    let by_number = is_blank(&now) || is_blank(&then);
    let won = |of: &Metrics| if by_number { grouped(&of.won) } else { money(of.won_amount) };
    let mut text = format!(
        "{} closed {} and {} won, against {} and {} in {baseline}.",
        counted(now.deals, "deal"),
        input.window,
        won(&now),
        grouped(&then.deals),
        won(&then),
    );
    if !figures.is_empty() {
        text = format!("{text} {}.", capitalized(&listed(&figures)));
    }
    if let Some(why) = why(input, settings) {
        text = format!("{text} {why}");
    }
    Insight {
        kind: InsightKind::PeriodOverPeriod,
        cadence: Cadence::Monthly,
        title: if is_blank(&now) {
            format!(
                "{} won of {}, without amounts",
                grouped(&now.won),
                counted(now.deals, "closed deal")
            )
        } else {
            format!("{} won from {}", money(now.won_amount), counted(now.deals, "closed deal"))
        },
        text,
        caution: (!now.enough_data || !then.enough_data)
            .then(|| "One of the windows has too few closed deals for rates.".to_owned()),
        action: None,
        evidence: evidence([
            ("window", json!(input.window.to_string())),
            ("baseline_window", json!(input.baseline_window.to_string())),
            ("current", metrics_evidence(&now)),
            ("baseline", metrics_evidence(&then)),
            ("causes", causes_evidence(&input.causes)),
            ("currency", json!(currency)),
        ]),
        rank: 80.0,
    }
}

/// What the change of the win rate comes from, where its interval excludes none.
fn why(input: &MonthlyInput<'_>, settings: &Settings) -> Option<String> {
    let change = segment_change(&input.overall, settings.min_deals);
    change.interval.filter(|interval| interval.excludes_zero())?;
    explanation(change.change?, &input.overall, &input.segments, &input.causes)
}

/// `win rate 48% (50% before)`; nothing unless both are known.
fn compared(
    name: &str,
    now: Option<f64>,
    then: Option<f64>,
    show: impl Fn(f64) -> String,
) -> Option<String> {
    Some(format!("{name} {} ({} before)", show(now?), show(then?)))
}

fn metrics_evidence(metrics: &Metrics) -> serde_json::Value {
    json!({
        "deals": metrics.deals,
        "won": metrics.won,
        "win_rate": metrics.win_rate,
        "win_rate_interval": metrics.win_rate_interval,
        "rwwr": metrics.rwwr,
        "rwwr_interval": metrics.rwwr_interval,
        "rwwr_reason": metrics.rwwr_reason,
        "dfi": metrics.dfi,
        "dfi_interval": metrics.dfi_interval,
        "median_cycle_days": metrics.median_cycle_days,
        "won_amount": metrics.won_amount.to_string(),
        "closed_amount": metrics.closed_amount.to_string(),
    })
}

/// The clearest drop first, then the clearest driver, else that nothing calls for action.
fn recommendation(input: &MonthlyInput<'_>, settings: &Settings) -> Insight {
    let tested = tested_segments(&input.overall, &input.segments);
    let gated = gate_changes(&tested, settings, LOOKS_PER_QUARTER);
    let dropped =
        |gated: &&GatedChange| gated.real && gated.change.change.is_some_and(|by| by < 0.0);
    // A segment tells where to look, so it goes before the win rate of all deals.
    let (overall, segments) = gated.split_at(gated.len().min(1));
    let by_evidence =
        |a: &&GatedChange, b: &&GatedChange| a.change.p_value.total_cmp(&b.change.p_value);
    let drop = segments.iter().filter(dropped).min_by(by_evidence);
    let drop = drop.or_else(|| overall.iter().find(dropped));
    let drivers = input.drivers.as_ref().ok().map(|analysis| analysis.ranked());
    let driver = drivers.as_ref().and_then(|ranked| ranked.first().copied());

    let enough = gated.iter().filter(|gated| gated.change.enough_data).count();
    let (text, action) = if let Some(gated) = drop {
        let segment = &gated.change.segment;
        let place = match segment.parts() {
            [(dimension, value)] => format!("{value} ({})", dimension_words(dimension.as_str())),
            _ => "all deals".to_owned(),
        };
        let text = format!(
            "Start with {place}: its win rate is {}, the clearest drop of {} tested.",
            moved(gated.change.change.unwrap_or(0.0)),
            counted(enough as u64, "segment"),
        );
        let action = match segment.parts() {
            [(dimension, value)] => {
                settings.playbook.action(Play::SegmentDrop, dimension.as_str(), value)
            }
            _ => settings.playbook.action(Play::WinRateDrop, "", ""),
        };
        (text, Some(action))
    } else if let Some(driver) = driver {
        let direction = if driver.odds_ratio < 1.0 { "less" } else { "more" };
        let words = dimension_words(driver.dimension.as_str());
        let text = format!(
            "Look at {} ({words}): its deals are won {direction} often than those of {}, other attributes equal.",
            driver.value, driver.reference,
        );
        let dimension = driver.dimension.as_str();
        (text, Some(settings.playbook.action(Play::Driver, dimension, &driver.value)))
    } else if enough == 0 {
        let text =
            "Nothing can be recommended yet: no segment has enough closed deals in both windows.";
        (text.to_owned(), None)
    } else {
        let text = "Nothing calls for a change of course: no segment dropped and no attribute goes with winning beyond chance.";
        (text.to_owned(), None)
    };
    Insight {
        kind: InsightKind::Recommendation,
        cadence: Cadence::Monthly,
        title: "Recommendation".to_owned(),
        text,
        caution: action.is_some().then(|| ASSOCIATION.to_owned()),
        action,
        evidence: evidence([
            ("drop", json!(drop.map(|gated| super::change_evidence(&gated.change)))),
            ("driver", json!(driver.map(|driver| driver.value.clone()))),
        ]),
        rank: 100.0,
    }
}
