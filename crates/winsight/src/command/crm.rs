//! `simulate crm`: a CRM to develop against.

use std::sync::Arc;

use anyhow::Result;
use jiff::tz::TimeZone;
use winsight_emulate::{Emulator, Kind, Options};
use winsight_model::Clock;

use crate::cli::{AsOf, CrmKind, Place, SimulatedCrm};
use crate::output::{say, say_json};

pub(crate) async fn run(place: &Place, request: &SimulatedCrm, json: bool) -> Result<()> {
    let clock = Clock::system(TimeZone::UTC);
    let starts = match place.as_of {
        None => clock.today(),
        Some(AsOf::Day(day)) => day,
        Some(AsOf::Instant(instant)) => instant.to_zoned(TimeZone::UTC).date(),
    };
    let kind = match request.kind {
        CrmKind::Salesforce => Kind::Salesforce,
        CrmKind::Hubspot => Kind::HubSpot,
    };
    let wall = Arc::new(move || clock.instant().as_millisecond());
    let options = Options::new(kind, request.deals, request.seed, starts, wall);
    let emulator = Emulator::start(options, request.listen).await?;
    if json {
        say_json(emulator.credentials())?;
    } else {
        say(&format!("listening on {} (Ctrl-C stops it)", emulator.url()))?;
        say(&format!(
            "credentials: {0}/_admin/credentials, truth: {0}/_admin/truth",
            emulator.url()
        ))?;
        say(&serde_json::to_string_pretty(emulator.credentials())?)?;
    }
    tokio::select! {
        () = emulator.serve() => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}
