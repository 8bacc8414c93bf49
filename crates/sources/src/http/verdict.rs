use std::time::Duration;

use super::Reply;
use super::reply::is_page;
use crate::SourceError;

/// What an answer means, in the words of one CRM.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It is what was asked for.
    Fine,
    /// It failed for a while; the other side may say for how long.
    Again {
        /// How long to wait at least.
        after: Option<Duration>,
        /// What was wrong.
        why: String,
    },
    /// It asks for fewer requests; it works, and says when to come back.
    TooFast {
        /// How long to wait at least.
        after: Option<Duration>,
        /// What it said.
        why: String,
    },
    /// It cannot be from the CRM; it may be from a proxy that is there for a while.
    Foreign {
        /// What was wrong.
        why: String,
    },
    /// The token is no longer good.
    Unauthorized,
    /// It will fail every time.
    Never(SourceError),
}

impl Verdict {
    /// A refusal that broke off before its reason, or is a page for people.
    pub(crate) fn unexplained(reply: &Reply) -> Self {
        if is_page(reply) {
            let why = format!("answered status {} with a page instead of JSON", reply.status);
            return Self::Foreign { why };
        }
        let why = format!("answered status {} and no reason that can be read", reply.status);
        Self::Again { after: None, why }
    }
}
