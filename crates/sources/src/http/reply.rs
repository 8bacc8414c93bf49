use bytes::{Bytes, BytesMut};
use serde_json::Value;

use super::Expect;

/// Longest answer that is read.
pub(super) const LONGEST_ANSWER: usize = 256 << 20;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The body as JSON, where it is.
    pub json: Value,
}

impl Reply {
    pub(super) fn new(status: u16, headers: Vec<(String, String)>, body: Bytes) -> Self {
        let mut reply = Self { status, headers, body, json: Value::Null };
        if reply.is_json() {
            reply.json = parsed(&reply.body);
        }
        reply
    }

    /// Whether it says that it is JSON.
    fn is_json(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.contains("json"))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What is wrong with a success that does not hold what was asked for.
    pub(super) fn mismatch(&self, expect: Expect) -> Option<String> {
        let kind = self.header("content-type").unwrap_or("nothing");
        match expect {
            Expect::Json if !kind.contains("json") => {
                Some(format!("answered {kind} instead of JSON"))
            }
            Expect::Json if self.json.is_null() => {
                Some(format!("answered JSON that breaks off after {} bytes", self.body.len()))
            }
            Expect::Csv if !kind.contains("csv") => Some(format!("answered {kind} instead of CSV")),
            _ => None,
        }
    }
}

/// A body, unless it is longer than any answer is.
pub(super) async fn bounded(
    mut answer: reqwest::Response,
) -> Result<Option<Bytes>, reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(part) = answer.chunk().await? {
        body.extend_from_slice(&part);
        if body.len() > LONGEST_ANSWER {
            return Ok(None);
        }
    }
    Ok(Some(body.freeze()))
}

/// Whether an answer is a page for people.
pub(crate) fn is_page(reply: &Reply) -> bool {
    reply.header("content-type").is_some_and(|kind| kind.contains("html"))
}

/// Whether an answer says that it is JSON, and is none: its end is missing.
pub(crate) fn is_cut_off(reply: &Reply) -> bool {
    reply.is_json() && reply.json.is_null() && !reply.body.is_empty()
}

/// A body as JSON; nothing where it is none. Halves of characters, which texts that were cut off may
/// end in, become U+FFFD: one of them is no reason to lose the rest.
fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .or_else(|_| serde_json::from_slice(mended(body).as_bytes()))
        .unwrap_or_default()
}

/// The body with U+FFFD in place of unpaired surrogates and of bytes that are not UTF-8.
fn mended(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(place) = rest.find('\\') {
        mended.push_str(&rest[..place]);
        rest = &rest[place..];
        let (taken, replaced) = match (escaped(rest), rest.get(6..).and_then(escaped)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, None),
            (Some(0xD800..=0xDFFF), _) => (6, Some("\\ufffd")),
            // A backslash and the character it stands before, which may be a backslash.
            _ => (1 + rest.chars().nth(1).map_or(0, char::len_utf8), None),
        };
        mended.push_str(replaced.unwrap_or(&rest[..taken]));
        rest = &rest[taken..];
    }
    mended.push_str(rest);
    mended
}

/// The number in an escape such as `\u00e9` at the beginning of a text.
fn escaped(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parsed;

    #[test]
    fn half_a_character_spoils_nothing_else() {
        let body = br#"["a \ud83d", "\ud83d\ude80", "\ude80\ud83d b", "\\ud83d", "caf\u00e9"]"#;
        let read = json!(["a \u{fffd}", "\u{1f680}", "\u{fffd}\u{fffd} b", "\\ud83d", "caf\u{e9}"]);
        assert_eq!(parsed(body), read);
        assert_eq!(parsed(b"[\"caf\xe9\"]"), json!(["caf\u{fffd}"]));
        assert_eq!(parsed(br#"["a \ud83d", "b"#), json!(null), "it breaks off");
    }
}
