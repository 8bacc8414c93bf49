//! One who carries messages, and when they stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use winsight_model::Clock;
use winsight_notify::RetryPolicy;

/// One who carries messages: a worker among others that may be at the same outbox.
#[derive(Clone, Debug)]
pub struct Courier {
    /// A name that no other courier has.
    pub name: String,
    /// The present. What is due is decided by the workspace's own clock, which may be in a replayed
    /// past; leases and breakers are about the world of now.
    pub present: Clock,
    /// When to try again.
    pub policy: RetryPolicy,
    stopped: Arc<Stop>,
}

#[derive(Debug, Default)]
struct Stop {
    is_asked: AtomicBool,
    notice: Notify,
}

impl Courier {
    /// A courier of this process.
    pub fn new(present: Clock) -> Self {
        let seed =
            present.instant().as_nanosecond().unsigned_abs() ^ u128::from(std::process::id());
        let name = format!("{}-{seed:x}", std::process::id());
        #[expect(clippy::cast_possible_truncation, reason = "any bits will do for a seed")]
        let policy = RetryPolicy { seed: seed as u64, ..RetryPolicy::default() };
        Self { name, present, policy, stopped: Arc::default() }
    }

    /// Asks this courier and its clones to stop: what is being sent is sent, and nothing more taken.
    pub fn stop(&self) {
        self.stopped.is_asked.store(true, Ordering::Release);
        self.stopped.notice.notify_waiters();
    }

    /// Whether it was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_asked.load(Ordering::Acquire)
    }

    /// Waits between two passes, and no longer once it is asked to stop.
    pub async fn rest(&self, pause: Duration) {
        let stopped = self.stopped.notice.notified();
        if !self.is_stopped() {
            let _ = tokio::time::timeout(pause, stopped).await;
        }
    }
}
