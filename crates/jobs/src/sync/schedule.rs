//! The nightly sync.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{SourceHealth, SyncReport};
use crate::{JobError, Workspace};

/// The hour of the day at which sources are synced, in the workspace's time zone.
const HOUR: i8 = 2;
/// How long after a failure the nightly sync is tried again.
const BETWEEN_TRIES: SignedDuration = SignedDuration::from_hours(1);

/// When the nightly sync was last due.
fn last_due(now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = now.to_zoned(zone.clone()).date();
    let due = |day: jiff::civil::Date| {
        let due = day.at(HOUR, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        Some(due.timestamp())
    };
    match due(today)? {
        due if due <= now => Some(due),
        _ => due(today.checked_sub(1.day()).ok()?),
    }
}

/// Whether a source has to be synced now: it has not been since the last time that this was due, and
/// has not failed within the last hour.
fn is_due(added_at: Timestamp, health: &SourceHealth, now: Timestamp, zone: &TimeZone) -> bool {
    let Some(due) = last_due(now, zone) else { return false };
    let is_done = health.succeeded_at.unwrap_or(added_at) >= due;
    let failed = health.failure.as_ref().map(|failure| failure.at);
    let is_resting = failed.is_some_and(|at| at >= due && now.duration_since(at) < BETWEEN_TRIES);
    !is_done && !is_resting
}

impl Workspace {
    /// Syncs the sources whose nightly sync is due, at two in the morning; one that fails is tried
    /// again every hour. Returns what became of each.
    ///
    /// # Errors
    /// When the sources cannot be listed.
    pub async fn sync_due(&self) -> Result<Vec<(String, Result<SyncReport, JobError>)>, JobError> {
        let mut synced = Vec::new();
        for state in self.source_states().await? {
            let now = self.clock.instant();
            if !is_due(state.added_at, &state.health, now, self.clock.time_zone()) {
                continue;
            }
            match Box::pin(self.sync(&state.name, false, |_| {})).await {
                // Somebody else is at it.
                Err(JobError::Usage(_)) => {}
                outcome => synced.push((state.name, outcome)),
            }
        }
        Ok(synced)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::is_due;
    use crate::{SourceHealth, SyncFailure};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_source_is_synced_once_after_two_in_the_morning() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a time zone");
        let health = |succeeded: &str, failed: Option<&str>| SourceHealth {
            succeeded_at: Some(at(succeeded)),
            failure: failed.map(|failed| SyncFailure {
                since: at(failed),
                at: at(failed),
                times: 1,
                cause: None,
                message: String::new(),
            }),
            ..SourceHealth::default()
        };
        let cases = [
            // Two in the morning in Berlin is midnight in UTC in summer.
            ("2024-06-29T00:10:00Z", None, "2024-06-29T23:59:00Z", false),
            ("2024-06-29T00:10:00Z", None, "2024-06-30T00:01:00Z", true),
            ("2024-06-30T00:02:00Z", None, "2024-06-30T20:00:00Z", false),
            ("2024-06-29T23:00:00Z", None, "2024-06-30T00:00:00Z", true),
            ("2024-06-29T00:10:00Z", Some("2024-06-30T00:01:00Z"), "2024-06-30T00:40:00Z", false),
            ("2024-06-29T00:10:00Z", Some("2024-06-30T00:01:00Z"), "2024-06-30T01:02:00Z", true),
            ("2024-06-29T00:10:00Z", Some("2024-06-29T23:50:00Z"), "2024-06-30T00:01:00Z", true),
            // There is no two o'clock on the night in which clocks are set to summer time.
            ("2024-03-30T02:00:00Z", None, "2024-03-31T00:59:00Z", false),
            ("2024-03-30T02:00:00Z", None, "2024-03-31T01:01:00Z", true),
        ];
        for (succeeded, failed, now, due) in cases {
            let health = health(succeeded, failed);
            let added = at("2024-01-01T00:00:00Z");
            assert_eq!(is_due(added, &health, at(now), &berlin), due, "{succeeded} {now}");
        }
        let never = SourceHealth::default();
        let added = at("2024-06-30T08:00:00Z");
        assert!(!is_due(added, &never, at("2024-06-30T09:00:00Z"), &berlin), "it was just added");
        assert!(is_due(added, &never, at("2024-07-01T00:30:00Z"), &berlin));
    }
}
