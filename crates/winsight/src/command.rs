//! One module per command: ask, then print as text or JSON.

mod alerts;
mod analysis;
mod changes;
mod channels;
mod crm;
mod deliveries;
mod demo;
mod doctor;
mod history;
mod import;
mod insights;
mod key;
mod ownership;
mod pipeline;
mod quality;
mod question;
mod rules;
mod serve;
mod simulate;
mod source;

use anyhow::{Context, Result};
use winsight_insight::Cadence;
use winsight_jobs::Workspace;

use crate::cli::{Cli, Command, Job, Place, Simulate, Simulated};
use crate::configuration::{self, DEFAULT_FILE, FILE_NAME};
use crate::output::{say, say_json};

pub(crate) async fn run(cli: Cli) -> Result<()> {
    let Cli { place, json, command, .. } = cli;
    match command {
        Command::Init => init(&place, json).await,
        Command::Demo(demo) => demo::run(&place, &demo, json).await,
        Command::Simulate(Simulate { what: Some(Simulated::Crm(request)), .. }) => {
            crm::run(&place, &request, json).await
        }
        Command::Simulate(request) => simulate::run(&place, &request, json),
        Command::Import(request) => import::run(&place, &request, json).await,
        Command::Source { action } => source::run(&place, &action, json).await,
        Command::Sync(request) => source::sync(&place, &request, json).await,
        Command::Run { job } => insights::run_job(&place, job.into(), json).await,
        Command::Metrics(query) if query.history => history::metrics(&place, &query, json).await,
        Command::Metrics(query) => question::metrics(&place, query, json).await,
        Command::Changes(query) => changes::changes(&place, query, json).await,
        Command::Drivers(query) => analysis::drivers(&place, &query, json).await,
        Command::Trends(query) => analysis::trends(&place, query, json).await,
        Command::Reps(days) => analysis::reps(&place, &days, json).await,
        Command::Insights { cadence } => {
            insights::list(&place, cadence.map(Cadence::from), json).await
        }
        Command::Rules { action } => rules::run(&place, action, json).await,
        Command::Alerts(request) => alerts::run(&place, request, json).await,
        Command::Pipeline(query) => pipeline::pipeline(&place, query, json).await,
        Command::Cohorts(query) => pipeline::cohorts(&place, query, json).await,
        Command::Deals(query) if query.closed => changes::closed_deals(&place, &query, json).await,
        Command::Deals(query) => pipeline::deals(&place, query.risk, query.limit, json).await,
        Command::Channels { action } => channels::run(&place, action, json).await,
        Command::Deliveries(request) => deliveries::run(&place, request, json).await,
        Command::Deliver => deliveries::deliver(&place, json).await,
        Command::Quality(request) if request.history => history::quality(&place, json).await,
        Command::Quality(request) => quality::run(&place, &request, json).await,
        Command::Restatements(query) => history::restatements(&place, &query, json).await,
        Command::TrainingSet(query) => history::training_set(&place, query, json).await,
        Command::Key { action } => key::run(&place, action, json).await,
        Command::Doctor => doctor::run(&place, json).await,
        Command::Export(request) => ownership::export(&place, &request, json).await,
        Command::Erase(request) => ownership::erase(&place, &request, json).await,
        Command::Backup { file } => ownership::backup(&place, &file, json).await,
        Command::Restore(request) => ownership::restore(&place, &request, json).await,
        Command::Upkeep { dry_run } => ownership::upkeep(&place, dry_run, json).await,
        Command::Serve { listen } => serve::run(&place, listen, json).await,
        Command::Openapi => say(winsight_server::openapi_json().trim_end()),
    }
}

impl From<Job> for Cadence {
    fn from(job: Job) -> Self {
        match job {
            Job::Daily => Self::Daily,
            Job::Weekly => Self::Weekly,
            Job::Monthly => Self::Monthly,
        }
    }
}

async fn init(place: &Place, json: bool) -> Result<()> {
    let workspace = configuration::open(place).await?;
    let home = configuration::home(place)?;
    let file = home.join(FILE_NAME);
    let is_new = !file.exists();
    if is_new {
        std::fs::write(&file, DEFAULT_FILE)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    if json {
        return say_json(&serde_json::json!({
            "home": home, "workspace": workspace.id().as_str(), "configuration": file,
            "configuration_written": is_new,
        }));
    }
    let done = if is_new { "written" } else { "exists already and was left as it is" };
    say(&format!("{} {done}", file.display()))?;
    say(&format!(
        "workspace {} is ready in {}; load deals with `winsight import FILE`",
        workspace.id(),
        home.display()
    ))
}

/// Says which state of the data the numbers above come from.
async fn say_label(workspace: &Workspace) -> Result<()> {
    match workspace.label().await? {
        Some(label) => say(&label.to_string()),
        None => Ok(()),
    }
}
