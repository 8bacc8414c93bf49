//! The end of a process that has an encrypted database open.
//!
//! Connections close on threads of their own, after the last handle is gone. `SQLCipher` frees its
//! memory when the process ends, closed connections or not; one that is closing at that moment
//! reads freed memory. So the process waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

/// Databases that are open or closing.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Longest wait, in steps: a connection that hangs must not keep the process alive.
const STEPS: u32 = 2000;
const STEP: Duration = Duration::from_millis(1);

/// Counts as an open database until it is dropped.
pub(crate) struct Open;

impl Open {
    pub(crate) fn new() -> Arc<Self> {
        OPEN.fetch_add(1, Ordering::SeqCst);
        Arc::new(Self)
    }

    /// Has every connection keep this value until it is closed. A collation is what `SQLite` lets go
    /// of last; nobody sorts by this one.
    pub(crate) fn kept_by(self: &Arc<Self>, options: SqliteConnectOptions) -> SqliteConnectOptions {
        let open = Arc::clone(self);
        options.collation("winsight_open", move |one: &str, other: &str| {
            let _kept = &open;
            one.cmp(other)
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until every encrypted database that was let go of is closed. To be called last, when the
/// asynchronous runtime is gone; waits two seconds at most.
pub fn wait_until_closed() {
    for _ in 0..STEPS {
        if OPEN.load(Ordering::SeqCst) == 0 && !a_worker_runs() {
            return;
        }
        std::thread::sleep(STEP);
    }
}

/// Whether a thread that serves a connection is still there: it frees the last of its memory after it
/// has let go of everything that could be counted. Known on Linux only.
fn a_worker_runs() -> bool {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return false };
    let names =
        threads.flatten().filter_map(|thread| std::fs::read(thread.path().join("comm")).ok());
    names.into_iter().any(|name| name.starts_with(b"sqlx-sqlite"))
}
