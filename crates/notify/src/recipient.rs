use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use winsight_alert::{Finding, Severity};
use winsight_model::{Dimension, Segment};

use crate::{Rhythm, Sight};

/// What somebody is in the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs Winsight.
    Admin,
    /// Leads sales.
    Leader,
    /// Leads a team.
    Manager,
    /// Sells.
    Rep,
}

impl Role {
    /// The word in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Leader => "leader",
            Self::Manager => "manager",
            Self::Rep => "rep",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Admin, Self::Leader, Self::Manager, Self::Rep];
        all.into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a role; use admin, leader, manager or rep"))
    }
}

/// Which alerts somebody wants. An empty part asks for nothing in particular and lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// These severities.
    #[serde(default)]
    pub severities: BTreeSet<Severity>,
    /// These rules, by name.
    #[serde(default)]
    pub rules: BTreeSet<String>,
    /// Segments with one of these values, as dimension and value.
    #[serde(default)]
    pub segments: BTreeSet<(String, String)>,
}

impl Routing {
    /// Whether an alert with this finding is wanted.
    pub fn wants(&self, finding: &Finding) -> bool {
        let any = |wanted: bool, is_empty: bool| is_empty || wanted;
        any(self.severities.contains(&finding.severity), self.severities.is_empty())
            && any(self.rules.contains(&finding.rule_name()), self.rules.is_empty())
            && any(self.names(&finding.segment), self.segments.is_empty())
    }

    fn names(&self, segment: &Segment) -> bool {
        let has = |(name, value): &(Dimension, String)| {
            self.segments.contains(&(name.as_str().to_owned(), value.clone()))
        };
        segment.parts().iter().any(has)
    }
}

/// Somebody, or some room, that a channel carries messages to.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipient {
    /// The channel, by name.
    pub channel: String,
    /// Where on it: an e-mail address, a Slack conversation; empty for a channel with one receiver.
    pub address: String,
    /// What they are.
    pub role: Role,
    /// What they may see.
    pub sight: Sight,
    /// What they want.
    pub routing: Routing,
    /// When they want it.
    pub rhythm: Rhythm,
    /// What an unsubscribe link names them by.
    pub token: String,
    /// When they asked to be left alone.
    pub unsubscribed_at: Option<Timestamp>,
}

impl Recipient {
    /// Whether an alert with this finding is for them: they want it, and its rule names their channel
    /// or role where it names any.
    pub fn is_told_of(&self, finding: &Finding) -> bool {
        let named = finding.custom.as_ref().map_or(&[][..], |custom| &custom.routing);
        let is_me = |name: &String| match name.strip_prefix("role:") {
            Some(role) => role == self.role.as_str(),
            None => *name == self.channel,
        };
        self.routing.wants(finding) && (named.is_empty() || named.iter().any(is_me))
    }
}
