use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use winsight_model::Segment;
use xxhash_rust::xxh3::xxh3_64;

use crate::life::SAME_ALERT_WITHIN;
use crate::{Alert, AlertState, Finding, Life, Rule, Subject};

/// What an evaluation changed. Stored in one transaction, so that every change is told about once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transitions {
    /// New alerts, in the order of their findings; those that are pending are not to be told yet.
    pub opened: Vec<Alert>,
    /// Alerts to be told of anew: put aside and due again, or resolved and come back, or pending for
    /// long enough.
    pub reopened: Vec<Alert>,
    /// Live alerts found again, with their latest numbers; state and `opened_at` are kept.
    pub updated: Vec<Alert>,
    /// Live alerts that are no longer found.
    pub resolved: Vec<Alert>,
}

/// A state that an alert cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "alert {id} is resolved and cannot become {state}; if the problem comes back a new alert opens"
)]
pub struct InvalidTransition {
    id: String,
    state: AlertState,
}

impl Alert {
    /// The alert after a person moved it to `state` at `at`. Live states may follow each other in
    /// any order; resolved is final, so that an alert tells one story from beginning to end.
    pub fn moved_to(self, state: AlertState, at: Timestamp) -> Result<Self, InvalidTransition> {
        match (self.state, state) {
            (AlertState::Resolved, AlertState::Resolved) => Ok(self),
            (AlertState::Resolved, _) => Err(InvalidTransition { id: self.id, state }),
            (_, AlertState::Resolved) => Ok(Self { state, resolved_at: Some(at), ..self }),
            _ => Ok(Self { state, ..self }),
        }
    }
}

/// Brings the alerts up to date with what the `evaluated` rules found at `now`.
///
/// A rule and a segment have at most one live alert: found again it is updated, whoever has
/// acknowledged or snoozed it, and told of again when its snooze is over; no longer found by its rule
/// it is resolved. One that was resolved within the last two weeks and is found again reopens, except
/// that one resolved by hand stays closed until it is worse. An alert of a rule that was not evaluated
/// is left alone, and so is one that opened after `now`: a replay of the past does not undo what came
/// later. Of two findings for one rule and segment the first counts.
pub fn reconcile(
    known: &[Alert],
    findings: Vec<Finding>,
    evaluated: &[Rule],
    now: Timestamp,
) -> Transitions {
    let is_live = |alert: &&Alert| alert.state != AlertState::Resolved;
    let mut live: BTreeMap<Identity, &Alert> =
        known.iter().filter(is_live).map(|alert| (identity(&alert.finding), alert)).collect();
    let lately = lately_resolved(known, now);
    let mut seen = BTreeSet::new();
    let mut transitions = Transitions::default();
    for finding in findings {
        let identity = identity(&finding);
        if !seen.insert(identity.clone()) {
            continue;
        }
        match (live.remove(&identity), lately.get(&identity)) {
            (Some(alert), _) if alert.opened_at > now => {}
            (Some(alert), _) => transitions.find_again(alert, finding, now),
            (None, Some(resolved)) => transitions.reopened.extend(resolved.come_back(finding)),
            (None, None) => transitions.opened.push(opened(finding, now)),
        }
    }
    let gone = live
        .into_values()
        .filter(|alert| evaluated.contains(&alert.finding.rule) && alert.opened_at <= now);
    transitions.resolved = gone.map(|alert| resolved(alert, now)).collect();
    transitions
}

impl Transitions {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn find_again(&mut self, alert: &Alert, finding: Finding, now: Timestamp) {
        let updated = Alert { finding, ..alert.clone() };
        if let Some(because) = updated.wakes_because(now) {
            self.reopened.push(updated.reopened(because));
        } else if updated.state == AlertState::Pending && waited(&updated, now) {
            self.reopened.push(Alert { state: AlertState::Open, ..updated });
        } else {
            self.updated.push(updated);
        }
    }
}

/// The latest alert of each rule and segment that was resolved not long before `now`.
fn lately_resolved(known: &[Alert], now: Timestamp) -> BTreeMap<Identity, &Alert> {
    let mut lately: BTreeMap<Identity, &Alert> = BTreeMap::new();
    for alert in known {
        let is_recent = alert
            .resolved_at
            .is_some_and(|at| at <= now && now.duration_since(at) <= SAME_ALERT_WITHIN);
        if !is_recent || alert.state != AlertState::Resolved {
            continue;
        }
        let latest = lately.entry(identity(&alert.finding)).or_insert(alert);
        if latest.resolved_at < alert.resolved_at {
            *latest = alert;
        }
    }
    lately
}

/// Whether the condition of a pending alert has held for as long as its rule asks.
fn waited(alert: &Alert, now: Timestamp) -> bool {
    let days = alert.finding.custom.as_ref().map_or(0, |custom| custom.pending_days);
    now.duration_since(alert.opened_at) >= SignedDuration::from_hours(i64::from(days) * 24)
}

/// Rule, name of a rule of the workspace's own, segment, and what it is about instead of deals.
type Identity = (Rule, Option<String>, Segment, Option<Subject>);

fn identity(finding: &Finding) -> Identity {
    let name = finding.custom.as_ref().map(|custom| custom.name.clone());
    (finding.rule, name, finding.segment.clone(), finding.subject.clone())
}

fn opened(finding: Finding, now: Timestamp) -> Alert {
    let custom = finding.custom.as_ref();
    let waits = custom.is_some_and(|custom| custom.pending_days > 0);
    Alert {
        id: alert_id(&finding, now),
        state: if waits { AlertState::Pending } else { AlertState::Open },
        opened_at: now,
        resolved_at: None,
        life: Life { owner: custom.and_then(|custom| custom.owner.clone()), ..Life::default() },
        finding,
    }
}

fn resolved(alert: &Alert, now: Timestamp) -> Alert {
    Alert { state: AlertState::Resolved, resolved_at: Some(now), ..alert.clone() }
}

/// An id that a person can type and that names what it is about, such as `wrd-enterprise-7k2mq`.
///
/// Opened for the same rule and segment at the same instant it comes out the same, so that a replay
/// gives the alerts that it gave before. The last part tells apart what the first two do not.
pub fn alert_id(finding: &Finding, opened_at: Timestamp) -> String {
    let about = match &finding.subject {
        Some(subject) => format!("{} {}", subject.kind, subject.name),
        None => finding.segment.to_string(),
    };
    let identity = format!("{} {about} {opened_at}", finding.rule_name());
    let mut parts = vec![finding.rule.prefix().to_owned()];
    parts.extend(Some(slug(&finding.value_label())).filter(|slug| !slug.is_empty()));
    parts.push(checksum(&identity));
    parts.join("-")
}

/// Letters and digits of `text` in lower case, hyphens between words, cut to a length to type.
fn slug(text: &str) -> String {
    const LONGEST: usize = 20;
    let lower = text.to_ascii_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric());
    let mut slug = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    slug.truncate(LONGEST);
    slug.trim_end_matches('-').to_owned()
}

/// Five digits of Crockford's base 32, which leaves out the letters i, l, o and u.
fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let hash = xxh3_64(text.as_bytes());
    (0..5).map(|place| char::from(DIGITS[(hash >> (place * 5) & 31) as usize])).collect()
}
