//! What people do with an alert, and what becomes of it after that.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Alert, AlertState, InvalidTransition};

/// What people decided about an alert, and how often it came back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Life {
    /// Who takes care of it.
    pub owner: Option<String>,
    /// Until when it is put aside.
    pub snooze: Option<Snooze>,
    /// What was done about it.
    pub action_taken: Option<String>,
    /// Whether it was worth being told.
    pub useful: Option<bool>,
    /// Whether somebody resolved it, rather than its rule.
    pub resolved_by_hand: bool,
    /// How often it was told of again, having been put aside or resolved.
    pub reopened: u32,
    /// Why it was told of again the last time.
    pub reopened_because: Option<String>,
}

/// Until when an alert is put aside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Snooze {
    /// Until this instant.
    Until(Timestamp),
    /// Until its change is a quarter larger than this.
    UntilWorseThan(f64),
}

/// What a person does with an alert.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Is on it.
    Acknowledge,
    /// Puts it aside until an instant.
    SnoozeUntil(Timestamp),
    /// Puts it aside until it gets worse.
    SnoozeUntilWorse,
    /// Closes it, saying what was done where there is something to say.
    Resolve(Option<String>),
    /// Gives it to somebody.
    Assign(String),
    /// Says something about it.
    Comment(String),
    /// Says whether it was worth being told.
    Useful(bool),
}

/// A step in the life of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// When.
    pub at: Timestamp,
    /// Who: a person, or `winsight`.
    pub who: String,
    /// What, such as `opened` or `commented`.
    pub what: String,
    /// The words that belong to it.
    pub text: Option<String>,
}

/// The name under which the program itself acts.
pub const ITSELF: &str = "winsight";

/// An alert whose rule finds the same again within this time is the same alert.
pub(crate) const SAME_ALERT_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How much larger a change must be to be worse.
const WORSE: f64 = 1.25;

impl Action {
    /// The word in the history.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::SnoozeUntil(_) | Self::SnoozeUntilWorse => "snoozed",
            Self::Resolve(_) => "resolved",
            Self::Assign(_) => "assigned",
            Self::Comment(_) => "commented",
            Self::Useful(_) => "rated",
        }
    }

    /// The words in the history.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Acknowledge => None,
            Self::SnoozeUntil(until) => Some(format!("until {until}")),
            Self::SnoozeUntilWorse => Some("until it gets worse".to_owned()),
            Self::Resolve(done) => done.clone(),
            Self::Assign(owner) => Some(format!("to {owner}")),
            Self::Comment(words) => Some(words.clone()),
            Self::Useful(useful) => Some(if *useful { "useful" } else { "not useful" }.to_owned()),
        }
    }
}

impl Alert {
    /// The alert after a person did something with it at `at`.
    ///
    /// # Errors
    /// [`InvalidTransition`] when it is resolved and the action would make it live; comments, owners
    /// and ratings stay possible.
    pub fn after(self, action: &Action, at: Timestamp) -> Result<Self, InvalidTransition> {
        let size = self.size();
        let mut alert = match action {
            Action::Acknowledge => self.moved_to(AlertState::Acknowledged, at)?,
            Action::SnoozeUntil(_) | Action::SnoozeUntilWorse => {
                self.moved_to(AlertState::Snoozed, at)?
            }
            Action::Resolve(_) => self.moved_to(AlertState::Resolved, at)?,
            Action::Assign(_) | Action::Comment(_) | Action::Useful(_) => self,
        };
        let life = &mut alert.life;
        match action {
            Action::SnoozeUntil(until) => life.snooze = Some(Snooze::Until(*until)),
            Action::SnoozeUntilWorse => life.snooze = Some(Snooze::UntilWorseThan(size)),
            Action::Resolve(done) => {
                life.action_taken = done.clone().or_else(|| life.action_taken.take());
                life.resolved_by_hand = true;
            }
            Action::Assign(owner) => life.owner = Some(owner.clone()),
            Action::Useful(useful) => life.useful = Some(*useful),
            Action::Acknowledge | Action::Comment(_) => {}
        }
        Ok(alert)
    }

    /// How long it lasted; `None` while it is live.
    pub fn duration(&self) -> Option<SignedDuration> {
        Some(self.resolved_at?.duration_since(self.opened_at))
    }

    /// Whether its rule could not judge it at the last look: too few deals. Never an alarm of its own.
    pub fn has_no_data(&self) -> bool {
        self.finding.evidence.facts.contains_key("last_judged")
    }

    /// What its rule could say at the last look: `judged`, `no_data`, or `error` when it failed.
    pub fn condition(&self) -> &'static str {
        if self.finding.evidence.facts.contains_key("error") {
            "error"
        } else if self.has_no_data() {
            "no_data"
        } else {
            "judged"
        }
    }

    /// How large the change is that it tells of.
    fn size(&self) -> f64 {
        self.finding.change.or(self.finding.current).map_or(0.0, f64::abs)
    }

    /// Why an alert that is put aside, found again in its newest numbers, is to be told of again.
    pub(crate) fn wakes_because(&self, now: Timestamp) -> Option<&'static str> {
        match (self.state, self.life.snooze) {
            (AlertState::Snoozed, Some(Snooze::Until(until))) if until <= now => {
                Some("its snooze is over")
            }
            (AlertState::Snoozed, Some(Snooze::UntilWorseThan(size)))
                if self.size() > size * WORSE =>
            {
                Some("it got worse")
            }
            _ => None,
        }
    }

    /// What becomes of a resolved alert whose rule finds the same again: open anew, or `None` while it
    /// is to be left alone, because somebody has resolved it and it is no worse than then.
    pub(crate) fn come_back(&self, finding: crate::Finding) -> Option<Self> {
        let before = self.size();
        let again = Self { finding, ..self.clone() };
        if !self.life.resolved_by_hand {
            return Some(again.reopened("it came back"));
        }
        (again.size() > before * WORSE)
            .then(|| again.reopened("it got worse after it was resolved"))
    }

    /// Open again, for the reason given.
    pub(crate) fn reopened(mut self, because: &str) -> Self {
        self.life.snooze = None;
        self.life.resolved_by_hand = false;
        self.life.reopened += 1;
        self.life.reopened_because = Some(because.to_owned());
        Self { state: AlertState::Open, resolved_at: None, ..self }
    }
}
