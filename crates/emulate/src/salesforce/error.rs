//! Salesforce's errors: a status, a code and a sentence.

use serde_json::json;

use crate::call::Answer;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn malformed(message: String) -> Self {
        Self::new(400, "MALFORMED_QUERY", message)
    }

    pub(crate) fn no_such_column(column: &str, object: &str) -> Self {
        let message = format!(
            "\nSELECT {column} FROM {object}\n       ^\nERROR at Row:1:Column:8\nNo such column \
             '{column}' on entity '{object}'. If you are attempting to use a custom field, be sure \
             to append the '__c' after the custom field name. Please reference your WSDL or the \
             describe call for the appropriate names."
        );
        Self::new(400, "INVALID_FIELD", message)
    }

    pub(crate) fn no_such_object(object: &str) -> Self {
        let message = format!(
            "\nFROM {object}\n     ^\nERROR at Row:1:Column:1\nsObject type '{object}' is not \
             supported. If you are attempting to use a custom object, be sure to append the '__c' \
             after the entity name. Please reference your WSDL or the describe call for the \
             appropriate names."
        );
        Self::new(400, "INVALID_TYPE", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    pub(crate) fn session() -> Self {
        Self::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let body = json!([{ "message": refusal.message, "errorCode": refusal.code }]);
        Self::json(refusal.status, &body)
    }
}
