use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::Message;

/// Something that carries messages to people.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Sends a message, and returns once the receiver has taken responsibility for it.
    ///
    /// # Errors
    /// When it has not, or when nobody knows; sending again is then right, under the same key.
    async fn send(&self, envelope: &Envelope<'_>) -> Result<(), SendError>;
}

/// A message with what its channel needs to carry it.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The same for every attempt at this message, so that a receiver can tell a repetition.
    pub key: &'a str,
    /// Where on the channel it goes; empty for a channel with one receiver.
    pub address: &'a str,
    /// Where the recipient can say that they want no more of this; an https URL.
    pub unsubscribe: Option<&'a str>,
    /// The present.
    pub now: Timestamp,
    /// What values of buttons begin with: the workspace.
    pub workspace: &'a str,
    /// What to say.
    pub message: &'a Message,
}

/// Why a message did not go through. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Trying again may help.
    #[error("{reason}")]
    Temporary {
        /// What happened.
        reason: String,
        /// How long the receiver asked to be left alone.
        retry_after: Option<SignedDuration>,
    },
    /// Only a person can help.
    #[error("{reason}")]
    Permanent {
        /// What is wrong and what to do.
        reason: String,
    },
}

impl SendError {
    pub(crate) fn temporary(reason: impl Into<String>) -> Self {
        Self::Temporary { reason: reason.into(), retry_after: None }
    }

    pub(crate) fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent { reason: reason.into() }
    }
}
