//! What CRMs deliver by themselves when something changes.

/// A request that claims to come from the CRM.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The address as the CRM knows it, scheme and host included.
    pub url: &'a str,
    /// The signature header.
    pub signature: Option<&'a str>,
    /// The header with the time of sending.
    pub timestamp: Option<&'a str>,
    /// The body, untouched.
    pub body: &'a [u8],
}

/// Something that happened to a deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The CRM's id of the event, to recognise it when it is delivered again.
    pub event: String,
    /// The deal.
    pub deal: String,
    /// When it happened; microseconds since 1970. Events come in any order.
    pub at: i64,
    /// Whether the deal is gone.
    pub deleted: bool,
}

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The source takes no webhooks, or has no key to check them with.
    #[error(
        "this source takes no webhooks; add the app's client_secret to its credentials to take them"
    )]
    Unsupported,
    /// It has no signature or time.
    #[error("the delivery is not signed; send it with signature version 3")]
    Unsigned,
    /// It was signed with another key, for another address, or was changed on the way.
    #[error("the signature is wrong; check the client secret and the address of the webhook")]
    Forged,
    /// It is too old, or comes from the future.
    #[error("the delivery is more than five minutes old or comes from the future; check the clock")]
    Stale,
    /// It was taken before.
    #[error("the delivery was taken before; one that is sent again has to be signed again")]
    Replayed,
    /// It is signed, and no list of events.
    #[error("the delivery cannot be read as a list of events")]
    Unreadable,
}
