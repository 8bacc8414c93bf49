use serde::{Deserialize, Serialize};

/// Why a CRM could not be read. The message says what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {remedy}")]
pub struct SourceError {
    /// What kind of trouble it is.
    pub cause: Cause,
    /// What is wrong, and where.
    pub problem: String,
    /// What to do.
    pub remedy: String,
    /// The CRM's code of it; blank where it gave none.
    pub code: String,
}

/// Kinds of trouble with a CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The host cannot be reached.
    Unreachable,
    /// It answers with faults, again and again.
    Failing,
    /// It answers something that is not its interface: another host, or a proxy in between.
    WrongHost,
    /// The credentials are refused.
    Credentials,
    /// This machine's clock is off.
    Clock,
    /// A permission, scope, object or field is missing.
    Permission,
    /// The allowance of requests is used up, or nearly.
    Budget,
    /// The circuit breaker is open.
    Open,
    /// An answer makes no sense.
    Answer,
    /// What the user wrote makes no sense.
    Usage,
    /// The place of the reading is no longer known to the CRM.
    Expired,
}

impl Cause {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Failing => "failing",
            Self::WrongHost => "wrong_host",
            Self::Credentials => "credentials",
            Self::Clock => "clock",
            Self::Permission => "permission",
            Self::Budget => "budget",
            Self::Open => "open",
            Self::Answer => "answer",
            Self::Usage => "usage",
            Self::Expired => "expired",
        }
    }
}

/// What to do about an answer that nobody has seen before.
pub(crate) const REPORT: &str =
    "try again later; if it goes on, report it with the output of `winsight --verbose`";

impl SourceError {
    pub(crate) fn new(cause: Cause, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause, problem: problem.into(), remedy: remedy.into(), code: String::new() }
    }

    pub(crate) fn coded(self, code: &str) -> Self {
        Self { code: code.to_owned(), ..self }
    }

    /// An answer that a CRM, known at an address like `usual`, never gives.
    pub(crate) fn foreign(name: &str, why: &str, usual: &str) -> Self {
        Self::new(
            Cause::WrongHost,
            format!("what answers at the host is not {name}: {why}"),
            format!("check the host, which is like {usual}; a proxy in between may answer for it"),
        )
    }

    /// An answer that lacks something it always has.
    pub(crate) fn answer(host: &str, what: &str) -> Self {
        Self::new(Cause::Answer, format!("{host} answered without {what}"), REPORT)
    }
}
