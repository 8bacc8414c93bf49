//! `run` and `insights`: the insight jobs and what they said.

use anyhow::Result;
use winsight_insight::{Cadence, Insight};
use winsight_server::wire;

use crate::cli::Place;
use crate::configuration;
use crate::output::{say, say_json};

use super::{deliveries, say_label};

pub(crate) async fn run_job(place: &Place, job: Cadence, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let report = workspace.run(job).await?;
    deliveries::after(&workspace).await;
    if json {
        return say_json(&wire::RunReport::from(report));
    }
    say(&format!(
        "{} run as of {}, data version {}, {} deals, {} ms",
        job.as_str(),
        report.as_of,
        report.data_version,
        report.deals,
        report.duration_ms
    ))?;
    for insight in &report.insights {
        print(insight)?;
    }
    for alert in &report.alerts_opened {
        say(&format!("\n{}", winsight_alert::printed(alert)))?;
    }
    let opened = report.alerts_opened.len();
    let alerts = if opened == 1 { "alert" } else { "alerts" };
    say(&format!("\n{opened} {alerts} opened, {} resolved", report.alerts_resolved.len()))?;
    say_label(&workspace).await
}

pub(crate) async fn list(place: &Place, cadence: Option<Cadence>, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let insights = workspace.insights(cadence).await?;
    if json {
        let wired: Vec<_> = insights.into_iter().map(wire::Insight::from).collect();
        return say_json(&wired);
    }
    if insights.is_empty() {
        return say("no insights yet; run `winsight run weekly`");
    }
    for insight in &insights {
        print(insight)?;
    }
    say_label(&workspace).await
}

fn print(insight: &Insight) -> Result<()> {
    say(&format!("\n{}\n  {}", insight.title, insight.text))?;
    if let Some(caution) = &insight.caution {
        say(&format!("  Caution: {caution}"))?;
    }
    if let Some(action) = &insight.action {
        say(&format!("  Action: {action}"))?;
    }
    Ok(())
}
