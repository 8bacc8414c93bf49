use bytes::Bytes;
use url::Url;

/// What an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// One JSON document.
    Json,
    /// A table of text.
    Csv,
    /// Anything, or nothing.
    Any,
}

/// A request that can be sent again.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, `DELETE`.
    pub method: &'static str,
    /// Where to.
    pub url: Url,
    /// What is sent.
    pub body: Option<Bytes>,
    /// The kind of what is sent.
    pub content_type: &'static str,
    /// What must come back.
    pub expect: Expect,
}

impl Request {
    /// Asks for JSON.
    pub fn get(url: Url) -> Self {
        Self { method: "GET", url, body: None, content_type: "", expect: Expect::Json }
    }

    /// Sends JSON and asks for JSON.
    pub fn post(url: Url, body: &serde_json::Value) -> Self {
        let body = Some(Bytes::from(body.to_string()));
        Self { method: "POST", body, content_type: "application/json", ..Self::get(url) }
    }

    /// Sends a form and asks for JSON.
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let body = Some(Bytes::from(form.finish()));
        let content_type = "application/x-www-form-urlencoded";
        Self { method: "POST", body, content_type, ..Self::get(url) }
    }

    /// Asks for something else.
    pub fn expecting(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }
}
