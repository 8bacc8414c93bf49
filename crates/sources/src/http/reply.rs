use bytes::Bytes;
use serde_json::Value;

use super::Expect;

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
        let is_json =
            |reply: &Self| reply.header("content-type").is_some_and(|kind| kind.contains("json"));
        let mut reply = Self { status, headers, body, json: Value::Null };
        if is_json(&reply) {
            reply.json = serde_json::from_slice(&reply.body).unwrap_or_default();
        }
        reply
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
