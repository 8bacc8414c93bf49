use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use winsight_alert::Severity;

/// Hours of the day in which nothing goes out; they may cross midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// They begin.
    pub from: Time,
    /// They are over: messages go out again.
    pub to: Time,
}

impl Quiet {
    fn holds(self, time: Time) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }
}

/// When somebody wants to be told, in their own time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    /// IANA name of the time zone.
    pub time_zone: String,
    /// When to keep still.
    pub quiet: Option<Quiet>,
    /// The hour at which everything that is not critical comes in one message.
    pub digest: Option<Time>,
}

impl Rhythm {
    /// At once, at any hour.
    pub fn at_once(time_zone: &str) -> Self {
        Self { time_zone: time_zone.to_owned(), quiet: None, digest: None }
    }

    /// Whether something of this severity waits for the digest.
    pub fn digests(&self, severity: Severity) -> bool {
        self.digest.is_some() && severity != Severity::Critical
    }

    /// The first instant from `at` on at which something of this severity may go out.
    ///
    /// A clock that is put forward over the end of the quiet hours ends them; an hour that comes
    /// twice counts when it first comes.
    ///
    /// # Errors
    /// For a time zone that is not known, and at the ends of the calendar.
    pub fn due(&self, severity: Severity, at: Timestamp) -> Result<Timestamp, jiff::Error> {
        let mut due = at.to_zoned(TimeZone::get(&self.time_zone)?);
        if let Some(hour) = self.digest.filter(|_| self.digests(severity)) {
            due = next(&due, hour)?;
        }
        if let Some(quiet) = self.quiet.filter(|quiet| quiet.holds(due.time())) {
            due = next(&due, quiet.to)?;
        }
        Ok(due.timestamp())
    }
}

/// The next time, from now on, that the clock shows `time`.
fn next(now: &Zoned, time: Time) -> Result<Zoned, jiff::Error> {
    let today = now.date().to_datetime(time).to_zoned(now.time_zone().clone())?;
    if today >= *now {
        return Ok(today);
    }
    now.date().checked_add(1.day())?.to_datetime(time).to_zoned(now.time_zone().clone())
}
