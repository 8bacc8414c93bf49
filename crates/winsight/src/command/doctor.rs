//! `doctor`: what works, what does not, and what to do about it.

use anyhow::Result;
use serde_json::json;
use winsight_jobs::{Checkup, examine};

use crate::cli::Place;
use crate::configuration;
use crate::output::{progress_bar, say, say_json};

/// Something is wrong with the installation.
#[derive(Debug, thiserror::Error)]
#[error("{0} of the checks found a problem; see above for what to do")]
struct Unwell(usize);

pub(crate) async fn run(place: &Place, json: bool) -> Result<()> {
    let home = configuration::home(place)?;
    let settings = configuration::settings(&home)?;
    let encryption = configuration::encryption(&home, &settings);
    let bar = progress_bar(0, "reading every file", false);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let checkups = examine(&home, &encryption, &settings, configuration::now(), progress).await;
    bar.finish_and_clear();
    let problems = checkups.iter().filter(|checkup| checkup.remedy.is_some()).count();
    if json {
        let printed = checkups.iter().map(|checkup| {
            json!({
                "subject": checkup.subject, "ok": checkup.remedy.is_none(),
                "detail": checkup.detail, "remedy": checkup.remedy,
            })
        });
        say_json(&json!({ "ok": problems == 0, "checks": printed.collect::<Vec<_>>() }))?;
    } else {
        for checkup in &checkups {
            say(&line(checkup))?;
        }
    }
    if problems > 0 {
        return Err(Unwell(problems).into());
    }
    Ok(())
}

fn line(Checkup { subject, detail, remedy }: &Checkup) -> String {
    match remedy {
        None => format!("OK       {subject}: {detail}"),
        Some(remedy) => format!("PROBLEM  {subject}: {detail}. Remedy: {remedy}"),
    }
}
