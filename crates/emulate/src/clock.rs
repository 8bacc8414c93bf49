//! The CRM's time: the wall's, shifted to the company's day, and never standing still between two
//! changes.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::world::Millis;

/// Says what time it is outside: milliseconds since 1970 in UTC.
pub type Wall = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The length of a day.
pub(crate) const DAY: Millis = 86_400_000;
/// How much later a change made while somebody reads is than the one before, at least.
const STEP: Millis = 250;

pub(crate) struct Clock {
    wall: Wall,
    /// What the company's time is ahead of the wall's.
    offset: Millis,
    /// How far the CRM's clock is off.
    skew: Millis,
    latest: Millis,
}

impl Clock {
    /// A clock that shows `now` now.
    pub(crate) fn new(wall: Wall, now: Millis) -> Self {
        let offset = now - wall();
        Self { wall, offset, skew: 0, latest: now }
    }

    /// What the CRM thinks the time is; the time of its newest change at the earliest.
    pub(crate) fn now(&self) -> Millis {
        self.latest.max((self.wall)() + self.offset + self.skew)
    }

    /// The time outside as a CRM with this clock would have it, for tokens.
    pub(crate) fn outside(&self) -> Millis {
        (self.wall)() + self.skew
    }

    /// The time of a change that happens now.
    pub(crate) fn step(&mut self) -> Millis {
        self.latest = self.now().max(self.latest + STEP);
        self.latest
    }

    /// Moves on to a later time.
    pub(crate) fn advance_to(&mut self, now: Millis) {
        self.offset = self.offset.max(now - (self.wall)() - self.skew);
        self.latest = self.latest.max(now);
    }

    /// Lets the CRM's clock be off from now on.
    pub(crate) fn skew(&mut self, skew: Millis) {
        self.latest = if skew < self.skew { self.now() + skew - self.skew } else { self.latest };
        self.skew = skew;
    }
}

/// Midnight UTC at the beginning of a day.
pub(crate) fn midnight(date: Date) -> Millis {
    date.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_millisecond())
}

/// The day in UTC.
pub(crate) fn date_of(at: Millis) -> Date {
    instant(at).to_zoned(TimeZone::UTC).date()
}

/// The instant, to the millisecond.
pub(crate) fn instant(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}
