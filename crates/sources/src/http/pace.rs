use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use winsight_model::Clock;

/// The passing of time: how requests wait, and what time it is for the other side.
#[async_trait]
pub trait Pace: Send + Sync {
    /// Time since some moment in the past; never goes back.
    fn elapsed(&self) -> Duration;
    /// The time of day, as this machine believes it to be.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, pause: Duration);
}

/// Time as it passes.
#[derive(Debug)]
pub struct WallPace {
    begun: Instant,
    clock: Clock,
}

impl WallPace {
    /// The clock must be the system's: what it says goes into signatures.
    pub fn new(clock: Clock) -> Self {
        Self { begun: Instant::now(), clock }
    }
}

#[async_trait]
impl Pace for WallPace {
    fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    fn now(&self) -> Timestamp {
        self.clock.instant()
    }

    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// Time that passes only while somebody waits, and then at once: for tests.
#[derive(Debug)]
pub struct TestPace {
    begun: Timestamp,
    elapsed: Mutex<Duration>,
}

impl TestPace {
    /// A day that begins at an instant.
    pub fn new(begun: Timestamp) -> Self {
        Self { begun, elapsed: Mutex::new(Duration::ZERO) }
    }
}

#[async_trait]
impl Pace for TestPace {
    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.begun.checked_add(self.elapsed()).unwrap_or(self.begun)
    }

    async fn sleep(&self, pause: Duration) {
        *self.elapsed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += pause;
        tokio::task::yield_now().await;
    }
}
