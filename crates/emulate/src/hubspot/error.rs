//! HubSpot's errors: a category and a sentence.

use serde_json::{Value as Json, json};

use crate::call::Answer;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    body: Json,
}

impl Refusal {
    pub(super) fn new(status: u16, category: &str, message: &str) -> Self {
        let body = json!({
            "status": "error",
            "message": message,
            "correlationId": "9a2f7a1e-0d3c-4c1e-8f51-5f3c5f0f7c11",
            "category": category,
        });
        Self { status, body }
    }

    pub(super) fn validation(message: &str) -> Self {
        Self::new(400, "VALIDATION_ERROR", message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "OBJECT_NOT_FOUND", "Object not found. objectId are usually numeric.")
    }

    /// What HubSpot says beyond the ten thousandth result.
    pub(super) fn too_far() -> Self {
        Self::new(400, "VALIDATION_ERROR", "There was a problem with the request.")
    }

    pub(super) fn scope(scope: &str) -> Self {
        let mut refusal = Self::new(
            403,
            "MISSING_SCOPES",
            "This app hasn't been granted all required scopes to make this call. Read more about \
             required scopes here: https://developers.hubspot.com/scopes.",
        );
        refusal.body["errors"] = json!([{
            "message": "One or more of the following scopes are required.",
            "context": { "requiredGranularScopes": [scope] },
        }]);
        refusal
    }

    pub(super) fn rate(policy: &str) -> Self {
        let mut refusal =
            Self::new(429, "RATE_LIMITS", &format!("You have reached your {policy} limit."));
        refusal.body["policyName"] = policy.to_uppercase().into();
        refusal.body["errorType"] = "RATE_LIMIT".into();
        refusal
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, &refusal.body)
    }
}
