//! What the user sees: results on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

/// Prints a result.
pub(crate) fn say(text: &str) -> Result<()> {
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints to stderr, for whoever watches. A closed stderr is nobody's loss.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a result as one JSON document.
pub(crate) fn say_json(value: &impl Serialize) -> Result<()> {
    say(&serde_json::to_string_pretty(value)?)
}

/// Whether a failure only means that nobody reads on, as in `winsight metrics | head`.
pub(crate) fn is_closed_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

pub(crate) fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => "warn,deltalake_core=error",
        1 => "info",
        2 => "info,winsight=debug",
        _ => "debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(verbose > 0)
        .without_time()
        .init();
}

/// Keeps one panic from stderr: delta-rs provokes it in `object_store` when a file could not be
/// written, catches it, and reports the failure itself as an error.
pub(crate) fn overlook_expected_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or("", |place| place.file());
        let is_caught = place.ends_with("buffered.rs") && place.contains("object_store");
        if !is_caught {
            report(panic);
        }
    }));
}

/// A table whose first `texts` columns are text and the others numbers.
pub(crate) fn table(header: &[&str], texts: usize, rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_style(TableComponent::HeaderLines, '─');
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header).add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        if place >= texts {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// A bar over `total` units, drawn only where a person watches.
pub(crate) fn progress_bar(total: u64, what: &'static str, bytes: bool) -> ProgressBar {
    let counts = if bytes { "{bytes}/{total_bytes}" } else { "{human_pos}/{human_len}" };
    let template = format!("{{prefix}} {{wide_bar}} {counts} {{msg}} {{eta}}");
    let style =
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_prefix(what)
}
