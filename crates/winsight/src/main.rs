//! The `winsight` command: reads the command line and the configuration, wires the other crates
//! together, and prints. Contains no logic of its own.

mod arenas;
mod cli;
mod command;
mod configuration;
mod output;

use std::process::ExitCode;

use clap::Parser;
use winsight_jobs::JobError;

use cli::Cli;

/// Exit code of a failure.
const FAILED: u8 = 1;
/// Exit code of a wrong command line; clap uses it too.
const USAGE: u8 = 2;
/// Exit code of data that was refused as a whole.
const REFUSED: u8 = 3;

fn main() -> ExitCode {
    arenas::limit();
    let cli = Cli::parse();
    output::start_logging(cli.verbose);
    output::overlook_expected_panics();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::new(error)),
    };
    let outcome = runtime.block_on(command::run(cli));
    drop(runtime);
    winsight_meta::wait_until_closed();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(output::is_closed_pipe) {
        return ExitCode::SUCCESS;
    }
    output::remark(&format!("error: {}", explain(error)));
    let code = match error.downcast_ref::<JobError>() {
        Some(job) if job.is_refusal() => REFUSED,
        Some(job) if job.is_usage() => USAGE,
        _ if error.is::<cli::Usage>() => USAGE,
        _ => FAILED,
    };
    ExitCode::from(code)
}

/// The error and its causes, leaving out a cause that the message before it has quoted already.
fn explain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| {
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}
