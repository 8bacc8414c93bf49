//! A synthetic company with planted incidents and known truth.
//!
//! Owns the invention of deals, stage histories and activities, the mess of a real CRM around them,
//! and `truth.json`, which says what was planted and what came of it. Must not depend on any other
//! Winsight crate: it shares no definition with the product, so that it cannot agree with it by
//! construction. Must not be needed in production.
//!
//! [`write_company`] and [`visit_deals`] stream: a deal depends on the seed, its number and the scenario, so memory does
//! not grow with the number of deals. The same request gives the same bytes.
//!
//! Everything that a scenario may hold is explained in the embedded default scenario.

mod calendar;
mod company;
mod deal;
mod error;
mod incident;
mod journey;
mod mess;
mod names;
mod output;
mod random;
mod record;
mod scenario;
mod truth;

use std::path::Path;

pub use error::SimulateError;
pub use record::{DealRecord, visit_deals};
pub use scenario::{Dimension, Field, Kind, Scenario};
pub use truth::{Baseline, PlantedIncident, Realised, Totals, Truth};

use company::Company;
use deal::DealMaker;
use journey::{Guide, Journey};
use output::Files;
use random::{Purpose, generator};
use truth::Observer;

/// How many deals lie between two reports of progress.
const PROGRESS_STEP: u64 = 10_000;

/// Which company to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// How many deals, open ones included; at least 1.
    pub deals: u64,
    /// Chooses one of the companies that the scenario describes.
    pub seed: u64,
    /// What the company is like.
    pub scenario: Scenario,
}

/// Writes `deals.csv`, `stage_events.csv`, `activities.csv`, `mapping.toml` and `truth.json` into
/// `out_dir`, which is created if need be; files of these names are replaced.
///
/// `progress` is told the number of deals done, every 10,000 deals and at the end. The files get their
/// names when all of them are complete. Fails when the folder cannot be created, a file cannot be
/// written, or no deal is asked for.
pub fn write_company(
    out_dir: &Path,
    request: &Request,
    progress: &mut dyn FnMut(u64),
) -> Result<Truth, SimulateError> {
    let Request { deals, seed, scenario } = request;
    if *deals == 0 {
        return Err(SimulateError::NoDeals);
    }
    let company = Company::new(scenario, *seed, *deals);
    let maker = DealMaker::new(&company);
    let guide = Guide::new(&company);
    let mut files = Files::create(out_dir)?;
    let mut observer = Observer::new(&company);
    let mut journey = Journey::default();
    for deal in 1..=*deals {
        let facts = maker.draw(&mut generator(*seed, Purpose::Facts, deal));
        guide.lead(&facts, &mut journey, &mut generator(*seed, Purpose::Journey, deal));
        let deal_id = format!("D{deal:08}");
        let mut mess = generator(*seed, Purpose::Mess, deal);
        let row = mess::export(&company, &deal_id, &facts, &journey, &mut mess);
        files.write(&company, &facts, &journey, &row)?;
        observer.see(&facts, &journey, &row);
        if deal % PROGRESS_STEP == 0 || deal == *deals {
            progress(deal);
        }
    }
    let truth = observer.conclude(*seed);
    files.finish(scenario, &truth)?;
    Ok(truth)
}
