//! A file through several threads: one reads it, some work on its rows, and the caller takes what
//! they make of them in the order of the file, so that every result is the same on any machine.

use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::source::{Block, Ended, Source};
use crate::{EtlError, Progress};

/// Blocks that wait before each worker, and results that wait behind it: few, so that memory stays
/// bounded.
const WAITING: usize = 1;
/// Most workers: the one thread that reads cannot keep more of them busy.
const WORKERS: usize = 8;

/// Reads `source` in blocks of rows, has `workers` make something of each block, and gives the
/// results to `take` in the order of the file, with how far it was read by then.
///
/// Blocks go to the workers in turn, and the results are taken in the same turn.
///
/// # Errors
/// The first error of reading or of `take`.
pub(crate) fn in_order<Made: Send>(
    source: &Source,
    workers: Vec<impl FnMut(&Block) -> Made + Send>,
    mut take: impl FnMut(Made, Progress) -> Result<(), EtlError>,
) -> Result<Ended, EtlError> {
    thread::scope(|scope| {
        let mut feeds = Vec::new();
        let mut results = Vec::new();
        for mut work in workers {
            let (feed, blocks) = sync_channel::<(Block, Progress)>(WAITING);
            let (give, result) = sync_channel(WAITING);
            scope.spawn(move || {
                for (block, progress) in blocks {
                    if give.send((work(&block), progress)).is_err() {
                        break;
                    }
                }
            });
            feeds.push(feed);
            results.push(result);
        }
        let reader = scope.spawn(move || read(source, &feeds));
        // The first worker without a result in its turn has had the last block before it.
        for result in results.iter().cycle() {
            let Ok((made, progress)) = result.recv() else { break };
            take(made, progress)?;
        }
        reader.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Reads the file to its end, or until nobody waits for its rows.
fn read(source: &Source, feeds: &[SyncSender<(Block, Progress)>]) -> Result<Ended, EtlError> {
    let mut rows = source.rows()?;
    let mut block = Block::first();
    let mut feeds = feeds.iter().cycle();
    let mut more = true;
    while more {
        more = rows.advance()?;
        if more {
            block.push(&rows.record());
        }
        if block.is_full() || !more && !block.is_empty() {
            let full = (block.take(), rows.progress());
            if feeds.next().is_none_or(|feed| feed.send(full).is_err()) {
                break;
            }
        }
    }
    Ok(Ended { lacks_line_break: rows.lacks_final_line_break(), progress: rows.progress() })
}

/// As many of something as there are processor cores, up to [`WORKERS`].
pub(crate) fn one_per_core<Made>(mut make: impl FnMut() -> Made) -> Vec<Made> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (0..cores.min(WORKERS)).map(|_| make()).collect()
}
