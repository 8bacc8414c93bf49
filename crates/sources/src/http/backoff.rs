use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How long to wait before which attempt.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    random: Pcg64Mcg,
}

impl Backoff {
    /// Pauses of up to `first` before the second attempt, twice as much before each further one, and
    /// at most `longest`.
    pub fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, random: Pcg64Mcg::seed_from_u64(seed) }
    }

    /// The pause after `failures` failed attempts, drawn evenly from nothing to the bound ("full
    /// jitter": Brooker, Exponential Backoff and Jitter, 2015).
    pub fn pause(&mut self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(20));
        let bound = self.first.saturating_mul(doubled).min(self.longest);
        let milliseconds = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.random.random_range(0..=milliseconds))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    #[test]
    fn pauses_grow_up_to_a_bound_and_are_spread() {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30), 7);
        for (failures, bound) in [(1, 500), (2, 1_000), (4, 4_000), (12, 30_000), (90, 30_000)] {
            let pauses: Vec<_> = (0..200).map(|_| backoff.pause(failures).as_millis()).collect();
            assert!(pauses.iter().all(|pause| *pause <= bound), "{failures}");
            assert!(pauses.iter().any(|pause| *pause < bound / 4), "{failures}");
            assert!(pauses.iter().any(|pause| *pause > bound / 4 * 3), "{failures}");
        }
    }
}
