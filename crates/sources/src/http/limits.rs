use std::time::Duration;

/// How hard a client tries, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests a second.
    pub per_second: f64,
    /// Requests at once after a rest.
    pub burst: u32,
    /// Attempts for one request.
    pub attempts: u32,
    /// Bound of the first pause between attempts.
    pub first_pause: Duration,
    /// Bound of every pause, and the longest that the other side may ask for.
    pub longest_pause: Duration,
    /// How long one request waits in all while the other side asks for fewer of them.
    pub patience: Duration,
    /// Time limit of one attempt.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_second: 10.0,
            burst: 10,
            attempts: 6,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(1),
            patience: Duration::from_mins(15),
            timeout: Duration::from_mins(2),
        }
    }
}
