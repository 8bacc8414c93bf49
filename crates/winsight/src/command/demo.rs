//! `demo`: a simulated company through the whole pipeline.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Serialize;
use winsight_alert::{AlertState, printed};
use winsight_insight::{Cadence, Interval};
use winsight_jobs::{Beside, ImportReport, ImportRequest, MetricRow, MetricsQuery, Workspace};
use winsight_model::Clock;
use winsight_server::{Server, wire};
use winsight_simulate::{Scenario, Truth};

use crate::cli::{AsOf, Demo, Place, Usage};
use crate::command::{import, serve, simulate};
use crate::configuration;
use crate::output::{progress_bar, remark, say, say_json};

/// How far back the jobs are replayed.
const REPLAYED_WEEKS: i64 = 13;
const REPLAYED_DAYS: i64 = 7;
/// Where simulated deals come from.
const SOURCE: &str = "demo";

/// The JSON form of what the demo shows.
#[derive(Serialize)]
struct Shown {
    /// Of all deals in the window that alerts look at.
    metrics: Vec<wire::Metric>,
    /// Open alerts, the most severe first.
    alerts: Vec<wire::Alert>,
    /// What `truth.json` says was planted, in words.
    planted: Vec<String>,
    /// Where the dashboard is; null with `--no-serve`.
    dashboard: Option<String>,
}

pub(crate) async fn run(place: &Place, demo: &Demo, json: bool) -> Result<()> {
    let scenario = simulate::ending(Scenario::default_scenario(), place)?;
    let today = scenario.ends();
    let folder = demo_home(place)?;
    configuration::create_private(&folder)?;
    remark(&format!("the demo lives in {}", folder.display()));
    let place = Place {
        home: Some(folder.clone()),
        as_of: Some(AsOf::Day(today)),
        known_at: None,
        ..place.clone()
    };
    let workspace = configuration::open(&place).await?;
    refuse_real_deals(&workspace).await?;
    let company = folder.join("company");
    let truth = simulate::write(&company, demo.deals, demo.seed, scenario)?;
    let reports = load(&workspace, &company).await?;
    if !json {
        reports.iter().try_for_each(|report| import::print(report, false))?;
    }
    replay(&workspace, today).await?;
    let window = workspace.status().await?.window;
    let query =
        MetricsQuery { from: Some(window.from), to: Some(window.to), ..MetricsQuery::default() };
    let rows = workspace.metrics(&query).await?;
    let mut alerts = workspace.alerts(Some(AlertState::Open)).await?;
    alerts.sort_by_key(|alert| alert.finding.severity);
    let planted = planted(truth);
    let server = if demo.no_serve { None } else { Some(Server::bind(demo.listen).await?) };
    if json {
        say_json(&Shown {
            metrics: rows.into_iter().map(wire::Metric::from).collect(),
            alerts: alerts.into_iter().map(wire::Alert::from).collect(),
            planted,
            dashboard: server.as_ref().map(serve::url),
        })?;
    } else {
        rows.iter().try_for_each(headline)?;
        alerts.iter().try_for_each(|alert| say(&format!("\n{}", printed(alert))))?;
        say("\nWhat was planted (truth.json):")?;
        planted.iter().try_for_each(|planted| say(&format!("- {planted}")))?;
    }
    let Some(server) = server else { return Ok(()) };
    if !json {
        say("")?;
        serve::announce(&server)?;
    }
    serve::until_stopped(server, workspace).await
}

fn planted(truth: Truth) -> Vec<String> {
    let planted = truth.incidents.into_iter().chain(truth.mix_shifts);
    let planted = planted.chain(truth.market_shifts).chain(truth.data_faults);
    planted.map(|incident| incident.description).collect()
}

/// A home that was named may be one in use: simulated deals must not get among real ones.
async fn refuse_real_deals(workspace: &Workspace) -> Result<()> {
    match workspace.latest_source().await? {
        Some(source) if source != SOURCE => Err(Usage(
            "this home holds deals of your own; give the demo another one with --home".to_owned(),
        )
        .into()),
        _ => Ok(()),
    }
}

/// A demo without a named home starts afresh each time in a folder of its own.
fn demo_home(place: &Place) -> Result<PathBuf> {
    if place.home.is_some() {
        return configuration::home(place);
    }
    let folder = configuration::home(place)?.join("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot clear the last demo in {}", folder.display()))?;
    }
    Ok(folder)
}

async fn load(workspace: &Workspace, company: &Path) -> Result<Vec<ImportReport>> {
    let request = ImportRequest {
        files: vec![company.join("deals.csv")],
        beside: Beside {
            events: Some(company.join("stage_events.csv")),
            activities: Some(company.join("activities.csv")),
            indicators: None,
        },
        shown_as: None,
        source: SOURCE.to_owned(),
        mapping: Some(import::read_mapping(&company.join("mapping.toml"))?),
        full: false,
        dry_run: false,
    };
    Ok(workspace.import(&request, import::progress()).await?)
}

/// Runs the jobs on the days they would have run on, oldest first.
async fn replay(workspace: &Workspace, today: Date) -> Result<()> {
    let runs = due_runs(today);
    let bar = progress_bar(runs.len() as u64, "replaying the last quarter", false);
    for (day, job) in runs {
        let clock = Clock::end_of(day, workspace.clock().time_zone().clone())?;
        workspace.at(clock).run(job).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Every Monday's weekly run, every first Monday's monthly run, the last days' daily runs, and all
/// three on the last day.
fn due_runs(today: Date) -> Vec<(Date, Cadence)> {
    let mut runs = Vec::new();
    let first = today.saturating_sub((7 * REPLAYED_WEEKS).days());
    for day in first.series(1.day()).take_while(|day| *day <= today) {
        let last = day == today;
        let monday = day.weekday() == Weekday::Monday;
        if last || day > today.saturating_sub(REPLAYED_DAYS.days()) {
            runs.push((day, Cadence::Daily));
        }
        if last || monday {
            runs.push((day, Cadence::Weekly));
        }
        if last || (monday && day.day() <= 7) {
            runs.push((day, Cadence::Monthly));
        }
    }
    runs
}

fn headline(row: &MetricRow) -> Result<()> {
    let (window, metrics) = (row.window, &row.metrics);
    say(&format!(
        "\nThe {} days to {}: {} closed deals",
        window.days(),
        window.last_day(),
        metrics.deals
    ))?;
    let percent = |name: &str, rate: Option<f64>, interval: Option<Interval>| match (rate, interval)
    {
        (Some(rate), Some(interval)) => say(&format!(
            "  {name:<26} {:5.1}%  (95% interval {:.1} to {:.1})",
            rate * 100.0,
            interval.low * 100.0,
            interval.high * 100.0
        )),
        _ => say(&format!("  {name:<26} not enough deals")),
    };
    percent("win rate", metrics.win_rate, metrics.win_rate_interval)?;
    percent("revenue-weighted win rate", metrics.rwwr, metrics.rwwr_interval)?;
    if let (Some(dfi), Some(interval)) = (metrics.dfi, metrics.dfi_interval) {
        say(&format!(
            "  {:<26} {dfi:5.2}   (95% interval {:.2} to {:.2})",
            "deal friction index", interval.low, interval.high
        ))?;
    }
    say(&format!("  {:<26} {} {}", "won", metrics.won_amount, row.currency))
}
