//! Signing in to HubSpot: a private app's token, or OAuth 2.0 with a refresh token.

use std::collections::BTreeMap;

use serde_json::json;

use super::PORTAL;
use super::error::Refusal;
use crate::call::{Answer, Call};
use crate::world::{Millis, World};

/// How long an access token lasts.
const LIFE: Millis = 1_800_000;

pub(crate) struct SignIn {
    /// Of the private app.
    pub(crate) access_token: String,
    pub(crate) client_id: String,
    /// Also signs webhooks.
    pub(crate) client_secret: String,
    pub(crate) refresh_token: String,
    pub(crate) revoked: bool,
    stem: String,
    issued: BTreeMap<String, Millis>,
    count: u64,
}

impl SignIn {
    pub(crate) fn new(secret: impl Fn(&str) -> String) -> Self {
        Self {
            access_token: format!("pat-na1-{}", secret("private app")),
            client_id: secret("client id"),
            client_secret: secret("client secret"),
            refresh_token: format!("na1-{}", secret("refresh token")),
            revoked: false,
            stem: format!("CK{}", secret("access token")),
            issued: BTreeMap::new(),
            count: 0,
        }
    }

    /// Lets an OAuth token expire; a private app's token never does.
    pub(super) fn expire(&mut self, token: Option<&str>) {
        if let Some(until) = token.and_then(|token| self.issued.get_mut(token)) {
            *until = Millis::MIN;
        }
    }

    pub(crate) fn expire_all(&mut self) {
        self.issued.values_mut().for_each(|until| *until = Millis::MIN);
    }

    pub(super) fn check(&self, world: &World, token: Option<&str>) -> Result<(), Refusal> {
        let invalid = || {
            Refusal::new(
                401,
                "INVALID_AUTHENTICATION",
                "Authentication credentials not found. This API supports OAuth 2.0 authentication \
                 and you can find more details at https://developers.hubspot.com/docs/methods/auth",
            )
        };
        let token = token.ok_or_else(invalid)?;
        if self.revoked {
            return Err(invalid());
        }
        if token == self.access_token {
            return Ok(());
        }
        let until = self.issued.get(token).ok_or_else(invalid)?;
        if world.clock.outside() >= *until {
            let message = "The OAuth token used to make this call expired 1 second(s) ago.";
            return Err(Refusal::new(401, "EXPIRED_AUTHENTICATION", message));
        }
        Ok(())
    }

    pub(super) fn token(&mut self, world: &World, call: &Call) -> Answer {
        let form: BTreeMap<String, String> = call.form().into_iter().collect();
        let given = |name: &str| form.get(name).map_or("", String::as_str);
        let refuse = |status: &str, message: &str| {
            let body = json!({
                "status": status,
                "message": message,
                "error": "invalid_grant",
                "error_description": message,
                "correlationId": "9a2f7a1e-0d3c-4c1e-8f51-5f3c5f0f7c11",
            });
            Answer::json(400, &body)
        };
        if given("grant_type") != "refresh_token" {
            return refuse("BAD_GRANT_TYPE", "missing or unknown grant_type");
        }
        if given("client_id") != self.client_id {
            return refuse("BAD_CLIENT_ID", "missing or unknown client id");
        }
        if given("client_secret") != self.client_secret {
            return refuse("BAD_CLIENT_SECRET", "missing or invalid client secret");
        }
        if self.revoked || given("refresh_token") != self.refresh_token {
            return refuse("BAD_REFRESH_TOKEN", "missing or invalid refresh token");
        }
        self.count += 1;
        let token = format!("{}.{}", self.stem, self.count);
        self.issued.insert(token.clone(), world.clock.outside() + LIFE);
        let body = json!({
            "token_type": "bearer",
            "access_token": token,
            "refresh_token": self.refresh_token,
            "expires_in": LIFE / 1000,
            "hub_id": PORTAL,
        });
        Answer::json(200, &body)
    }
}
