//! Where the win rate stands over time, and what is to be expected.

use serde_json::{Value, json};
use winsight_model::{Grain, Money, Play, Settings};

use super::wording::{interval_in_points, listed, moved, percent, points};
use super::{ASSOCIATION, Cadence, Insight, InsightKind, evidence, rank, short_money};
use crate::{Breadth, BreadthKind, ChangePoint, IndicatorMove, Projected, Trend};

/// What the trend insight is made from.
#[derive(Clone, Copy, Debug)]
pub struct TrendInput<'a> {
    /// The run it belongs to.
    pub cadence: Cadence,
    /// The win rate of all deals, taken apart.
    pub trend: &'a Trend,
    /// How far the change between the windows of the run is shared.
    pub breadth: Option<&'a Breadth>,
    /// External series between the same windows.
    pub indicators: &'a [IndicatorMove],
}

/// The level of the win rate, when it last changed, its season, the year before, and what comes.
pub fn trend_insight(input: &TrendInput<'_>, settings: &Settings) -> Insight {
    let trend = input.trend;
    let change = trend.change_points.last();
    let (title, mut sentences) = level(trend, change);
    sentences.extend(season(trend));
    sentences.extend(year_before(trend));
    sentences.extend(projection(trend, &settings.reporting_currency));
    sentences.extend(shared(input));
    let seasonal =
        trend.year_over_year.as_ref().is_some_and(|year| year.seasonal && year.step < 0.0);
    let fell = change.is_some_and(|change| change.after < change.before);
    let playbook = &settings.playbook;
    let action = if fell {
        Some(playbook.action(Play::LevelDrop, "", ""))
    } else {
        seasonal.then(|| playbook.action(Play::SeasonalDrop, "", ""))
    };
    let certainty = if change.is_some() { 0.95 } else { 0.0 };
    Insight {
        kind: InsightKind::Trend,
        cadence: input.cadence,
        title,
        text: sentences.join(" "),
        caution: change
            .is_some()
            .then(|| format!("The day and the size of a change are estimates. {ASSOCIATION}")),
        action,
        evidence: evidence([
            ("grain", json!(name(trend.grain))),
            ("change_points", trend.change_points.iter().map(change_point).collect()),
            ("season", json!(trend.season.as_ref().map(|season| season.effects))),
            ("dispersion", json!(trend.dispersion)),
            ("year_over_year", year_evidence(trend)),
            ("win_rates_to_come", trend.projection.win_rates.iter().map(to_come).collect()),
            ("bookings_to_come", trend.projection.bookings.iter().map(amount_to_come).collect()),
            ("backtests", backtests(trend)),
            ("breadth", json!(input.breadth.map(|breadth| breadth.kind.as_str()))),
            ("indicators", input.indicators.iter().map(indicator).collect()),
        ]),
        rank: rank(85.0, certainty, 1.0),
    }
}

fn name(grain: Grain) -> &'static str {
    match grain {
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
    }
}

fn level(trend: &Trend, change: Option<&ChangePoint>) -> (String, Vec<String>) {
    let now = trend.points.iter().rev().find_map(|point| point.level);
    match (change, now) {
        (_, None) => ("No trend yet".to_owned(), vec![capital(trend.note.as_deref())]),
        (Some(change), Some(now)) => {
            let by = change.after - change.before;
            let title = format!("Win rate at a level of {} since {}", percent(now), change.date);
            // Beside "nothing changed", which speaks of the two latest windows only.
            let text = format!(
                "Over all of {} {}s the level of the win rate is {}, {} from {} since {} (between {} and {}; {}); whether anything changed between the two latest windows is another question, with an insight of its own.",
                trend.points.iter().filter(|point| point.level.is_some()).count(),
                name(trend.grain),
                percent(change.after),
                moved(by),
                percent(change.before),
                change.date,
                change.between.0,
                change.between.1,
                interval_in_points(change.interval),
            );
            (title, vec![text])
        }
        (None, Some(now)) => {
            let count = trend.points.iter().filter(|point| point.level.is_some()).count();
            let text = match &trend.note {
                Some(note) => capital(Some(note)),
                None => format!(
                    "The win rate has kept to one level, {}, over {count} {}s: no change beyond chance.",
                    percent(now),
                    name(trend.grain),
                ),
            };
            let title = match &trend.note {
                Some(_) => "Too short a history for a trend".to_owned(),
                None => format!("Win rate steady at {}", percent(now)),
            };
            (title, vec![text])
        }
    }
}

fn capital(text: Option<&str>) -> String {
    format!("{}.", super::wording::capitalized(text.unwrap_or("there are no closed deals")))
}

fn season(trend: &Trend) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let season = trend.season.as_ref()?;
    let by_effect = |a: &usize, b: &usize| season.effects[*a].total_cmp(&season.effects[*b]);
    let (low, high) = ((0..12).min_by(by_effect)?, (0..12).max_by(by_effect)?);
    Some(format!(
        "It has a season: {} adds {}, {} takes {}.",
        MONTHS[high],
        points(season.effects[high]),
        MONTHS[low],
        points(season.effects[low]),
    ))
}

fn year_before(trend: &Trend) -> Option<String> {
    let year = trend.year_over_year.as_ref()?;
    let verdict = if year.seasonal {
        "the step from the quarter before is one that last year had too"
    } else if year.interval.excludes_zero() {
        "more than chance alone gives"
    } else {
        "within what chance alone gives"
    };
    Some(format!(
        "Against the same quarter a year before it is {} ({}): {verdict}.",
        moved(year.change),
        interval_in_points(year.interval),
    ))
}

fn projection(trend: &Trend, currency: &str) -> Option<String> {
    let rate = trend.projection.win_rates.first()?;
    let mut text = format!(
        "If things go on as they did, {} will show {} (95% interval {} to {})",
        rate.period.label,
        percent(rate.value),
        percent(rate.low),
        percent(rate.high),
    );
    if let Some(amount) = trend.projection.bookings.first() {
        let money = |amount: Money| short_money(amount, currency);
        text = format!(
            "{text} and {} won ({} to {})",
            money(amount.value),
            money(amount.low),
            money(amount.high)
        );
    }
    let of = trend.projection.win_rate_backtest;
    let tested = if of.of == 0 {
        String::new()
    } else {
        format!("; {} of {} earlier such intervals held the win rate", of.inside, of.of)
    };
    Some(format!("{text}{tested}."))
}

/// Whether all segments moved, and what else did.
fn shared(input: &TrendInput<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    match input.breadth.map(|breadth| (breadth.kind, &breadth.least_alike)) {
        Some((BreadthKind::BroadBased, _)) => sentences.push(
            "What moved since the window before is broad-based: most segments moved together."
                .to_owned(),
        ),
        Some((BreadthKind::Local, Some((dimension, _)))) => {
            let words = super::wording::dimension_words(dimension);
            sentences.push(format!(
                "What moved since the window before is local: by {words} the values moved differently."
            ));
        }
        _ => {}
    }
    let unusual: Vec<String> = input
        .indicators
        .iter()
        .filter(|moved| moved.is_unusual())
        .map(|moved| match moved.relative {
            Some(by) => format!("{} by {:+.0}%", moved.name, by * 100.0),
            None => format!("{} from {:.3} to {:.3}", moved.name, moved.baseline, moved.current),
        })
        .collect();
    if !unusual.is_empty() {
        sentences.push(format!(
            "In the same days these external series moved more than they usually do: {}.",
            listed(&unusual)
        ));
    }
    sentences
}

fn change_point(change: &ChangePoint) -> Value {
    json!({
        "date": change.date.to_string(),
        "between": [change.between.0.to_string(), change.between.1.to_string()],
        "before": change.before,
        "after": change.after,
        "interval": change.interval,
    })
}

fn year_evidence(trend: &Trend) -> Value {
    let year = |year: &crate::YearOverYear| {
        json!({
            "current": year.current, "year_before": year.year_before, "change": year.change,
            "interval": year.interval, "p_value": year.p_value, "seasonal": year.seasonal,
        })
    };
    trend.year_over_year.as_ref().map_or(Value::Null, year)
}

fn to_come(projected: &Projected<f64>) -> Value {
    json!({
        "period": projected.period.label, "win_rate": projected.value,
        "low": projected.low, "high": projected.high,
    })
}

fn amount_to_come(projected: &Projected<Money>) -> Value {
    json!({
        "period": projected.period.label, "amount": projected.value.to_string(),
        "low": projected.low.to_string(), "high": projected.high.to_string(),
    })
}

fn backtests(trend: &Trend) -> Value {
    let projection = &trend.projection;
    json!({
        "win_rate": [projection.win_rate_backtest.inside, projection.win_rate_backtest.of],
        "bookings": [projection.bookings_backtest.inside, projection.bookings_backtest.of],
        "bookings_method": projection.bookings_method,
    })
}

fn indicator(moved: &IndicatorMove) -> Value {
    json!({
        "name": moved.name, "current": moved.current, "baseline": moved.baseline,
        "relative": moved.relative, "usual_moves": moved.usual_moves, "unusual": moved.is_unusual(),
    })
}
