//! `simulate`: a synthetic company as files.

use std::path::Path;

use anyhow::{Context, Result};
use winsight_simulate::{Request, Scenario, Truth, write_company};

use crate::cli::{AsOf, Place, Simulate, Usage};
use crate::output::{progress_bar, say, say_json};

pub(crate) fn run(place: &Place, request: &Simulate, json: bool) -> Result<()> {
    let Some(out) = request.out.as_deref().filter(|_| !request.print_scenario) else {
        return say(Scenario::DEFAULT_TOML.trim_end());
    };
    let scenario = match &request.scenario {
        None => Scenario::default_scenario(),
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the scenario {}", file.display()))?;
            Scenario::from_toml(&text).with_context(|| format!("scenario {}", file.display()))?
        }
    };
    let scenario = ending(scenario, place)?;
    let truth = write(out, request.deals, request.seed, scenario)?;
    if json {
        return say_json(&truth);
    }
    say(&format!(
        "wrote {} deals ({} won, {} lost, {} open) closing {} to {} into {}",
        truth.deals,
        truth.totals.won,
        truth.totals.lost,
        truth.totals.open,
        truth.starts,
        truth.ends,
        out.display()
    ))?;
    let planted = truth.incidents.iter().chain(&truth.mix_shifts);
    for incident in planted.chain(&truth.market_shifts).chain(&truth.data_faults) {
        say(&format!("planted: {}", incident.description))?;
    }
    Ok(())
}

/// The scenario moved so that it ends on the `--as-of` day, if one is given.
pub(crate) fn ending(scenario: Scenario, place: &Place) -> Result<Scenario> {
    match place.as_of {
        None => Ok(scenario),
        Some(AsOf::Day(day)) => Ok(scenario.ending(day)?),
        Some(AsOf::Instant(_)) => {
            Err(Usage("a simulated history ends with a day; give --as-of a date".to_owned()).into())
        }
    }
}

pub(crate) fn write(out: &Path, deals: u64, seed: u64, scenario: Scenario) -> Result<Truth> {
    let bar = progress_bar(deals, "simulating", false);
    let request = Request { deals, seed, scenario };
    let truth = write_company(out, &request, &mut |done| bar.set_position(done))?;
    bar.finish_and_clear();
    Ok(truth)
}
