use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use winsight_alert::Severity;
use winsight_notify::{Quiet, Rhythm};

use crate::data::instant;

fn rhythm(zone: &str, quiet: Option<(Time, Time)>, digest: Option<Time>) -> Rhythm {
    let quiet = quiet.map(|(from, to)| Quiet { from, to });
    Rhythm { time_zone: zone.to_owned(), quiet, digest }
}

#[test]
fn hours_are_those_of_the_recipient() {
    let night = Some((time(20, 0, 0, 0), time(7, 30, 0, 0)));
    let digest = Some(time(8, 0, 0, 0));
    for (zone, quiet, digest, severity, at, due) in [
        (
            "America/New_York",
            night,
            None,
            Severity::Critical,
            "2024-07-01T06:00:00Z",
            "2024-07-01T11:30:00Z",
        ),
        (
            "Europe/London",
            night,
            None,
            Severity::Critical,
            "2024-07-01T06:00:00Z",
            "2024-07-01T06:30:00Z",
        ),
        (
            "Australia/Sydney",
            night,
            None,
            Severity::Critical,
            "2024-07-01T06:00:00Z",
            "2024-07-01T06:00:00Z",
        ),
        (
            "Australia/Sydney",
            night,
            None,
            Severity::Info,
            "2024-07-01T10:00:00Z",
            "2024-07-01T21:30:00Z",
        ),
        (
            "Asia/Kolkata",
            None,
            digest,
            Severity::Warning,
            "2024-07-01T06:00:00Z",
            "2024-07-02T02:30:00Z",
        ),
        (
            "Asia/Kolkata",
            None,
            digest,
            Severity::Critical,
            "2024-07-01T06:00:00Z",
            "2024-07-01T06:00:00Z",
        ),
        // The clocks go forward over the end of the quiet hours, and back over it.
        (
            "America/New_York",
            Some((time(22, 0, 0, 0), time(2, 30, 0, 0))),
            None,
            Severity::Info,
            "2024-03-10T04:00:00Z",
            "2024-03-10T07:30:00Z",
        ),
        (
            "America/New_York",
            Some((time(22, 0, 0, 0), time(1, 30, 0, 0))),
            None,
            Severity::Info,
            "2024-11-03T03:00:00Z",
            "2024-11-03T05:30:00Z",
        ),
    ] {
        let found = rhythm(zone, quiet, digest).due(severity, instant(at)).expect("known zone");
        assert_eq!(found, instant(due), "{zone} {at}");
    }
    rhythm("Mars/Olympus", None, None)
        .due(Severity::Info, instant("2024-07-01T06:00:00Z"))
        .expect_err("unknown");
}

proptest! {
    #[test]
    fn nothing_goes_out_in_quiet_hours_nor_waits_longer_than_two_days(
        zone in prop::sample::select(vec!["UTC", "America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kolkata"]),
        from in 0i8..24, to in 0i8..24, digest in prop::option::of(0i8..24),
        at in 1_600_000_000i64..1_800_000_000,
        critical in any::<bool>(),
    ) {
        prop_assume!(from != to);
        let severity = if critical { Severity::Critical } else { Severity::Info };
        let quiet = (time(from, 0, 0, 0), time(to, 0, 0, 0));
        let at = Timestamp::from_second(at).expect("in range");
        let rhythm = rhythm(zone, Some(quiet), digest.map(|hour| time(hour, 0, 0, 0)));
        let due = rhythm.due(severity, at).expect("known zone");
        prop_assert!(due >= at);
        prop_assert!(due.duration_since(at) <= SignedDuration::from_hours(51));
        let shown = due.to_zoned(TimeZone::get(zone).expect("known")).time();
        let quiet_then = if quiet.0 <= quiet.1 {
            (quiet.0..quiet.1).contains(&shown)
        } else {
            shown >= quiet.0 || shown < quiet.1
        };
        prop_assert!(!quiet_then, "{due} is {shown} in {zone}");
        // Asked again when it is due, it is not put off once more.
        let kept = Rhythm { digest: None, ..rhythm };
        prop_assert_eq!(kept.due(severity, due).expect("known zone"), due);
    }
}
