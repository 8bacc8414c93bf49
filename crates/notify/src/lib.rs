//! Messages about alerts: who may see what, when it goes out, how it looks, and the channels that
//! carry it.
//!
//! Owns the [`Notice`] of an alert and its forms (Slack, e-mail, webhook, Teams, plain text), the
//! [`Sight`] of a recipient, quiet hours and digests, retries and breakers, and one [`Channel`] per
//! kind of receiver. Knows no database and reads no clock: what is due, what was sent and what
//! failed is kept by `winsight-meta` and driven by `winsight-jobs`.

mod channel;
mod email;
mod http;
mod message;
mod notice;
mod recipient;
mod retry;
mod rhythm;
mod secret;
mod settings;
mod sight;
mod slack;
mod smtp;
mod stream;
mod teams;
mod tls;
mod webhook;

pub use channel::{Channel, Envelope, SendError};
pub use email::{Mail, mail};
pub use message::{Form, Message};
pub use notice::{Event, Fact, Notice};
pub use recipient::{Recipient, Role, Routing};
pub use retry::{Breaker, RetryPolicy};
pub use rhythm::{Quiet, Rhythm};
pub use secret::Secret;
pub use settings::{ChannelSettings, PATIENCE, Secrets, SettingsError, SmtpSecurity};
pub use sight::Sight;
pub use slack::{
    Action, ActionError, MAX_AGE_SECONDS, SignatureError, Verb, blocks, parse_action,
    verify_signature,
};
pub use teams::card;
pub use webhook::{payload, sign};
