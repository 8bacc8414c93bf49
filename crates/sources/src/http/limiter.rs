use std::time::Duration;

/// Spaces requests out: a bucket of permits that fills at a steady rate.
#[derive(Debug)]
pub(super) struct Limiter {
    /// Time for one permit.
    each: Duration,
    /// How many may be saved up.
    burst: u32,
    /// When the bucket would be full.
    full_at: Duration,
}

impl Limiter {
    pub(super) fn new(per_second: f64, burst: u32) -> Self {
        Self { each: Duration::from_secs_f64(1.0 / per_second), burst, full_at: Duration::ZERO }
    }

    /// Gives out so many permits a second from now on.
    pub(super) fn pace(&mut self, per_second: f64) {
        self.each = Duration::from_secs_f64(1.0 / per_second);
    }

    /// Takes a permit at `elapsed`; returns how long to wait before using it.
    pub(super) fn take(&mut self, elapsed: Duration) -> Duration {
        let full_at = self.full_at.max(elapsed) + self.each;
        self.full_at = full_at;
        full_at.saturating_sub(elapsed).saturating_sub(self.each * self.burst)
    }

    /// Lets nobody through before a pause is over.
    pub(super) fn hold(&mut self, elapsed: Duration, pause: Duration) {
        self.full_at = self.full_at.max(elapsed + pause + self.each * self.burst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Limiter;

    #[test]
    fn a_burst_passes_and_the_rest_is_spaced_out() {
        let mut limiter = Limiter::new(10.0, 5);
        let now = Duration::from_secs(3);
        let waits: Vec<_> = (0..8).map(|_| limiter.take(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 100, 200, 300]);
        assert_eq!(limiter.take(Duration::from_mins(1)), Duration::ZERO, "saved up again");
    }

    #[test]
    fn the_pace_can_change() {
        let mut limiter = Limiter::new(10.0, 1);
        limiter.pace(100.0);
        let waits: Vec<_> = (0..3).map(|_| limiter.take(Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [0, 10, 20]);
    }

    #[test]
    fn nobody_passes_while_it_is_held() {
        let mut limiter = Limiter::new(10.0, 5);
        limiter.hold(Duration::ZERO, Duration::from_secs(10));
        assert!(limiter.take(Duration::from_secs(1)) >= Duration::from_secs(9));
    }
}
