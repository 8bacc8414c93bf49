//! The `winsight` command as a script sees it: arguments and files in, exit code, stdout and
//! stderr out. Every test works in a home of its own.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and a skip is printed"
)]

mod bad_files;
mod changes;
mod clocks;
mod crashes;
mod delivery;
mod dimensions;
mod encryption;
mod gate;
mod history;
mod home;
mod known_answers;
mod output;
mod ownership;
mod pipeline;
mod planted;
mod quarantine;
mod rules;
mod sources;
mod tally;
mod usage;
