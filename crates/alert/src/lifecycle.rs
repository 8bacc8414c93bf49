use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use winsight_model::Segment;
use xxhash_rust::xxh3::xxh3_64;

use crate::{Alert, AlertState, Finding, Rule};

/// What an evaluation changed. Stored in one transaction, so that every change is told about once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transitions {
    /// New alerts, in the order of their findings.
    pub opened: Vec<Alert>,
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

/// Brings the live alerts up to date with what the `evaluated` rules found at `now`.
///
/// A rule and a segment have at most one live alert: found again it is updated, whoever has
/// acknowledged or snoozed it; no longer found by its rule it is resolved. An alert of a rule that
/// was not evaluated, or one that is resolved already, is left alone, and so is one that opened
/// after `now`: a replay of the past does not undo what came later. Of two findings for one rule and
/// segment the first counts.
pub fn reconcile(
    open: &[Alert],
    findings: Vec<Finding>,
    evaluated: &[Rule],
    now: Timestamp,
) -> Transitions {
    let is_live = |alert: &&Alert| alert.state != AlertState::Resolved;
    let mut live: BTreeMap<(Rule, Segment), &Alert> =
        open.iter().filter(is_live).map(|alert| (identity(&alert.finding), alert)).collect();
    let mut seen = BTreeSet::new();
    let mut transitions = Transitions::default();
    for finding in findings {
        let identity = identity(&finding);
        if !seen.insert(identity.clone()) {
            continue;
        }
        match live.remove(&identity) {
            Some(alert) if alert.opened_at > now => {}
            Some(alert) => transitions.updated.push(Alert { finding, ..alert.clone() }),
            None => transitions.opened.push(opened(finding, now)),
        }
    }
    let gone = live
        .into_values()
        .filter(|alert| evaluated.contains(&alert.finding.rule) && alert.opened_at <= now);
    transitions.resolved = gone.map(|alert| resolved(alert, now)).collect();
    transitions
}

fn identity(finding: &Finding) -> (Rule, Segment) {
    (finding.rule, finding.segment.clone())
}

fn opened(finding: Finding, now: Timestamp) -> Alert {
    Alert {
        id: alert_id(&finding, now),
        state: AlertState::Open,
        opened_at: now,
        resolved_at: None,
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
    let identity = format!("{} {} {opened_at}", finding.rule, finding.segment);
    let mut parts = vec![finding.rule.prefix().to_owned()];
    parts.extend(Some(slug(&finding.segment.value_label())).filter(|slug| !slug.is_empty()));
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
