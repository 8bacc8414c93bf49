use serde::{Deserialize, Serialize};

/// The share of the daily allowance that Winsight leaves to others.
const LEFT_TO_OTHERS: f64 = 0.2;

/// Requests that an account may make in a day, as the CRM counts them: those of every program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Made so far.
    pub used: u64,
    /// Allowed; 0 while the CRM has not said.
    pub allowed: u64,
}

impl Budget {
    /// Whether so much is used that the rest should be left to others.
    pub fn is_spent(&self) -> bool {
        self.allowed > 0 && self.used as f64 >= self.allowed as f64 * (1.0 - LEFT_TO_OTHERS)
    }
}
