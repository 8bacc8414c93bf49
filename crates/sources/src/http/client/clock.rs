//! By how much this machine's clock is off, which the other side tells with each answer.

use jiff::fmt::rfc2822;

use super::Client;
use crate::Finding;
use crate::http::Reply;

/// Seconds by which clocks may differ before it is told.
const SKEW: u64 = 120;

impl Client {
    /// Seconds by which the other side's clock is ahead, once it has answered.
    pub fn skew(&self) -> Option<i64> {
        self.state().skew
    }

    /// By how much this machine's clock is off, where it is off by much.
    pub(crate) fn clock_off(&self) -> Option<String> {
        let skew = self.skew().filter(|skew| skew.unsigned_abs() > SKEW)?;
        let direction = if skew > 0 { "behind" } else { "ahead" };
        let off = duration(skew.unsigned_abs());
        Some(format!("this machine's clock is {off} {direction}"))
    }

    /// The same as something that an account lacks, with what will not work for it.
    pub(crate) fn clock_finding(&self, effect: &str) -> Option<Finding> {
        let off = self.clock_off()?;
        Some(Finding {
            missing: format!("the right time ({off})"),
            effect: effect.to_owned(),
            remedy: "set the clock, best by NTP".to_owned(),
        })
    }

    pub(super) fn note_clock(&self, reply: &Reply) {
        let date = reply.header("date").and_then(|date| rfc2822::parse(date).ok());
        if let Some(date) = date.map(|date| date.timestamp()) {
            let mut state = self.state();
            state.skew = Some(date.duration_since(self.pace.now()).as_secs());
        }
    }
}

/// Seconds in the unit that people would use.
fn duration(seconds: u64) -> String {
    let (length, unit) = match seconds {
        0..180 => (1, "seconds"),
        180..10_800 => (60, "minutes"),
        10_800..172_800 => (3_600, "hours"),
        _ => (86_400, "days"),
    };
    format!("{} {unit}", (seconds + length / 2) / length)
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_told_in_the_unit_that_fits() {
        for (seconds, told) in [
            (121, "121 seconds"),
            (300, "5 minutes"),
            (5_399, "90 minutes"),
            (43_201, "12 hours"),
            (31_536_000, "365 days"),
        ] {
            assert_eq!(duration(seconds), told);
        }
    }
}
