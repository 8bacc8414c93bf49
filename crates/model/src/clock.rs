use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The instant that a command runs at: now, or the `--as-of` instant of a replay.
///
/// The only place in Winsight that reads the system clock. Everything else is given a `Clock`.
#[derive(Clone, Debug)]
pub struct Clock {
    /// `None` for the moving present.
    fixed: Option<Timestamp>,
    time_zone: TimeZone,
}

impl Clock {
    /// The present, whenever it is asked for, in the workspace's time zone.
    pub fn system(time_zone: TimeZone) -> Self {
        Self { fixed: None, time_zone }
    }

    /// A fixed instant.
    pub fn at(instant: Timestamp, time_zone: TimeZone) -> Self {
        Self { fixed: Some(instant), time_zone }
    }

    /// The end of `day`: its last second in the workspace's time zone.
    ///
    /// # Errors
    /// When the day lies outside the supported range of years.
    pub fn end_of(day: Date, time_zone: TimeZone) -> Result<Self, jiff::Error> {
        let next_midnight = day.checked_add(1.day())?.to_zoned(time_zone.clone())?;
        let instant = next_midnight.timestamp().checked_sub(1.second())?;
        Ok(Self { fixed: Some(instant), time_zone })
    }

    /// Whether it stands still, as in a replay.
    pub const fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// The moving present in the same time zone: for what must not follow a replay, such as how long a
    /// signature holds.
    pub fn present(&self) -> Self {
        Self::system(self.time_zone.clone())
    }

    /// The instant.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    pub fn instant(&self) -> Timestamp {
        self.fixed.unwrap_or_else(Timestamp::now)
    }

    /// The day it falls on in the workspace's time zone.
    pub fn today(&self) -> Date {
        self.instant().to_zoned(self.time_zone.clone()).date()
    }

    /// The workspace's time zone.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::Clock;

    #[test]
    fn the_end_of_a_day_is_still_that_day() {
        for name in ["UTC", "America/New_York", "Europe/London", "Australia/Sydney"] {
            let zone = TimeZone::get(name).expect("known zone");
            for day in [date(2024, 3, 10), date(2024, 10, 27), date(2024, 12, 31)] {
                let clock = Clock::end_of(day, zone.clone()).expect("in range");
                assert_eq!(clock.today(), day, "{name}");
            }
        }
    }
}
