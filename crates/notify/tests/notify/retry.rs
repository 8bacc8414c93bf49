use jiff::SignedDuration;
use proptest::prelude::*;
use winsight_notify::{Breaker, RetryPolicy};

use crate::data::instant;

#[test]
fn waits_are_spread_evenly_below_a_bound_that_doubles() {
    let policy = RetryPolicy::default();
    for (attempt, bound) in [(1, 5), (2, 10), (5, 80), (11, 3_600), (39, 3_600)] {
        let bound = SignedDuration::from_secs(bound);
        let waits: Vec<_> = (0..2_000)
            .map(|number| policy.wait(&format!("msg_{number}"), attempt, None).expect("waits"))
            .collect();
        assert!(waits.iter().all(|wait| *wait >= SignedDuration::ZERO && *wait <= bound));
        let mean = waits.iter().map(SignedDuration::as_secs_f64).sum::<f64>() / 2_000.0;
        let half = bound.as_secs_f64() / 2.0;
        // Five standard errors of the mean of an even spread.
        let error = bound.as_secs_f64() / 12f64.sqrt() / 2_000f64.sqrt() * 5.0;
        assert!((mean - half).abs() < error, "attempt {attempt}: mean {mean}");
    }
    assert_eq!(policy.wait("msg", policy.attempts, None), None);
}

#[test]
fn what_the_receiver_asks_for_is_waited_at_least() {
    let policy = RetryPolicy::default();
    let asked = SignedDuration::from_secs(90);
    assert_eq!(policy.wait("msg", 1, Some(asked)), Some(asked));
    let unreasonable = policy.wait("msg", 1, Some(SignedDuration::from_hours(900)));
    assert_eq!(unreasonable, Some(SignedDuration::from_hours(24)));
}

#[test]
fn a_channel_that_keeps_failing_rests_and_is_then_tried_once() {
    let now = instant("2024-07-01T07:00:00Z");
    let second = |count: i64| now + SignedDuration::from_secs(count);
    let mut breaker = Breaker::default();
    for _ in 1..Breaker::TRIPS_AFTER {
        breaker = breaker.failed(now, None);
        assert!(!breaker.is_open(now));
    }
    breaker = breaker.failed(now, None);
    assert!(breaker.is_open(second(29)));
    assert!(!breaker.is_open(second(30)) && breaker.is_trying(second(30)));
    breaker = breaker.failed(second(30), None);
    assert!(breaker.is_open(second(89)) && !breaker.is_open(second(90)));
    assert!(!Breaker::succeeded().is_open(now));
    let asked = Breaker::default().failed(now, Some(SignedDuration::from_secs(45)));
    assert!(asked.is_open(second(44)) && !asked.is_open(second(45)));
}

proptest! {
    #[test]
    fn the_same_seed_waits_the_same(key in "[a-f0-9]{8}", attempt in 1u32..39, seed in any::<u64>()) {
        let policy = RetryPolicy { seed, ..RetryPolicy::default() };
        prop_assert_eq!(policy.wait(&key, attempt, None), policy.wait(&key, attempt, None));
    }

    #[test]
    fn a_breaker_never_rests_for_longer_than_half_an_hour(failures in 0u32..100_000) {
        let now = instant("2024-07-01T07:00:00Z");
        let breaker = Breaker { failures, open_until: None }.failed(now, None);
        let rest = breaker.open_until.map(|until| until.duration_since(now));
        prop_assert!(rest.is_none_or(|rest| rest <= SignedDuration::from_mins(30)));
    }
}
