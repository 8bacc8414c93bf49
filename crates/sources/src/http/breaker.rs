use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SourceError;

/// Failed attempts in a row after which no more are made.
const FAILURES: u32 = 12;
/// How long none are made then.
const REST: Duration = Duration::from_mins(1);

/// Stops sending requests to a host that fails every time, and tries again after a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Attempts that failed in a row.
    pub failures: u32,
    /// Since when no requests are made.
    pub opened_at: Option<Timestamp>,
    /// Why the last of them failed, and what to do.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Whether requests are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// They are.
    Closed,
    /// They are not.
    Open,
    /// One is, to see how it fares.
    HalfOpen,
}

impl Breaker {
    /// Whether requests are made at an instant.
    pub fn state(&self, now: Timestamp) -> BreakerState {
        match self.opened_at {
            None => BreakerState::Closed,
            Some(opened) if now.duration_since(opened) < rest() => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// When requests are made again.
    pub fn opens_until(&self) -> Option<Timestamp> {
        self.opened_at?.checked_add(rest()).ok()
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn failed(&mut self, now: Timestamp, reason: &SourceError) {
        self.reason = Some(reason.to_string());
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES || self.opened_at.is_some() {
            self.opened_at = Some(now);
        }
    }
}

fn rest() -> SignedDuration {
    SignedDuration::try_from(REST).unwrap_or(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan};

    use super::{Breaker, BreakerState, FAILURES};
    use crate::{Cause, SourceError};

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_after_a_success() {
        let mut breaker = Breaker::default();
        let down = SourceError::new(Cause::Failing, "it is down", "wait");
        let noon: Timestamp = "2024-06-30T12:00:00Z".parse().expect("an instant");
        for _ in 1..FAILURES {
            breaker.failed(noon, &down);
        }
        assert_eq!(breaker.state(noon), BreakerState::Closed);
        breaker.failed(noon, &down);
        assert_eq!(breaker.state(noon), BreakerState::Open);
        let later = noon.checked_add(60.seconds()).expect("in range");
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
        breaker.failed(later, &down);
        assert_eq!(breaker.state(later), BreakerState::Open, "one failure is enough now");
        breaker.succeeded();
        assert_eq!(breaker.state(later), BreakerState::Closed);
    }
}
