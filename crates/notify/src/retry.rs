use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// When to try again what did not go through.
///
/// Exponential backoff with full jitter: a wait drawn evenly between nothing and a bound that doubles
/// with every attempt, so that those who failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The bound of the first wait.
    pub base: SignedDuration,
    /// The bound that it grows to.
    pub cap: SignedDuration,
    /// Attempts after which it is given up.
    pub attempts: u32,
    /// What the draws depend on, besides message and attempt.
    pub seed: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            base: SignedDuration::from_secs(5),
            cap: SignedDuration::from_hours(1),
            attempts: 40,
            seed: 0,
        }
    }
}

impl RetryPolicy {
    /// How long to wait after the failed attempt number `attempt` (from 1) of the message `key`; at
    /// least for what the receiver asked. `None` when it is to be given up.
    pub fn wait(
        &self,
        key: &str,
        attempt: u32,
        retry_after: Option<SignedDuration>,
    ) -> Option<SignedDuration> {
        if attempt >= self.attempts {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(32);
        let bound = self.base.as_millis().saturating_mul(1 << doublings).min(self.cap.as_millis());
        let seed = xxh3_64_with_seed(key.as_bytes(), self.seed ^ u64::from(attempt));
        let mut generator = Pcg64Mcg::seed_from_u64(seed);
        let bound = i64::try_from(bound).unwrap_or(i64::MAX).max(0);
        let drawn = SignedDuration::from_millis(generator.random_range(0..=bound));
        Some(retry_after.map_or(drawn, |asked| drawn.max(asked.min(LONGEST_ASKED))))
    }
}

/// A receiver that asks for more is not waited for.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(24);

/// What keeps a channel that is down from being tried for every message.
///
/// After [`Breaker::TRIPS_AFTER`] failures in a row nothing is sent for a while that doubles each
/// time; then one message is let through to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Failures since the last success.
    pub failures: u32,
    /// Nothing is sent before.
    pub open_until: Option<Timestamp>,
}

impl Breaker {
    /// Failures in a row that open it.
    pub const TRIPS_AFTER: u32 = 3;
    const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
    const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(30);

    /// Whether nothing may be sent at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }

    /// Whether one message only may be sent, to see whether the channel is back.
    pub fn is_trying(&self, now: Timestamp) -> bool {
        self.failures >= Self::TRIPS_AFTER && !self.is_open(now)
    }

    /// After the channel took a message.
    pub fn succeeded() -> Self {
        Self::default()
    }

    /// After the channel failed at `now`, asking to be left alone for a while or not.
    pub fn failed(self, now: Timestamp, retry_after: Option<SignedDuration>) -> Self {
        let failures = self.failures.saturating_add(1);
        let doublings = failures.saturating_sub(Self::TRIPS_AFTER).min(16);
        let pause = (failures >= Self::TRIPS_AFTER).then(|| {
            let seconds = Self::FIRST_PAUSE.as_secs() << doublings;
            SignedDuration::from_secs(seconds.min(Self::LONGEST_PAUSE.as_secs()))
        });
        let asked = retry_after.map(|asked| asked.min(LONGEST_ASKED));
        let pause = pause.max(asked);
        Self { failures, open_until: pause.and_then(|pause| now.checked_add(pause).ok()) }
    }
}
