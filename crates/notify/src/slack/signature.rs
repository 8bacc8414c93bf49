//! Whether a request comes from Slack,
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER_PERMISSIVE;
use jiff::Timestamp;

use crate::Secret;

/// A request older or newer than this may be one that somebody kept and sends again.
pub const MAX_AGE_SECONDS: u64 = 300;

/// Why a request is not taken for Slack's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is missing or not in its form.
    #[error(
        "the request is not signed as Slack signs; it needs X-Slack-Request-Timestamp and \
         X-Slack-Signature"
    )]
    Malformed,
    /// Its time is too far from the present.
    #[error("the request was signed more than five minutes ago, or this machine's clock is wrong")]
    Stale,
    /// The signature is of something else, or with another secret.
    #[error("the signature does not fit; give the channel the signing secret of the Slack app")]
    Wrong,
}

/// Checks the signature `v0` of a request: HMAC-SHA256 over `v0:timestamp:body`.
pub fn verify_signature(
    secret: &Secret,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), SignatureError> {
    let signed_at: i64 = timestamp.parse().map_err(|_| SignatureError::Malformed)?;
    let hex = signature.strip_prefix("v0=").ok_or(SignatureError::Malformed)?;
    let tag = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| SignatureError::Malformed)?;
    if now.as_second().abs_diff(signed_at) > MAX_AGE_SECONDS {
        return Err(SignatureError::Stale);
    }
    let mut signed = format!("v0:{timestamp}:").into_bytes();
    signed.extend_from_slice(body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    hmac::verify(&key, &signed, &tag).map_err(|_| SignatureError::Wrong)
}
