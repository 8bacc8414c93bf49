//! Why Salesforce refuses to sign us in, and what to do about it.

use super::session::EXAMPLE_HOST;
use crate::{Cause, SourceError};

/// How we sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// With a signed assertion.
    Jwt,
    /// With a refresh token.
    Refresh,
    /// With the secret of the app.
    Client,
}

const JWT: &[Flow] = &[Flow::Jwt];
const REFRESH: &[Flow] = &[Flow::Refresh];
const CLIENT: &[Flow] = &[Flow::Client];
const ALL: &[Flow] = &[Flow::Jwt, Flow::Refresh, Flow::Client];

const ACTIVATE: &str = "activate or unfreeze the integration user in Salesforce";
const ADDRESS: &str = "allow this machine's address and this hour for the integration user, or relax \
                       the IP policy of the connected app";
const UNBLOCK: &str = "let an administrator unblock the connected app in Salesforce";
const ORGANISATION: &str = "let Salesforce activate the organisation again, or check the host";
const APPROVE: &str =
    "let an administrator pre-authorise the integration user for the connected app";
const APPROVE_NAMED: &str = "check username, and let an administrator pre-authorise the integration \
                             user for the connected app";
const CLIENT_ID: &str = "check client_id, and that the host is the organisation's";
const KEY: &str = "check that private_key belongs to the certificate of the connected app";
const API: &str =
    "give the connected app the OAuth scope 'Manage user data via APIs (api)' and offline access";

/// What is found in the code or the message of a refusal, in which flows, and what to do. The first
/// that fits holds.
const REMEDIES: [(&str, &[Flow], &str); 25] = [
    ("inactive_user", ALL, ACTIVATE),
    ("inactive user", ALL, ACTIVATE),
    ("user is inactive", ALL, ACTIVATE),
    ("ip restricted", ALL, ADDRESS),
    ("login hours", ALL, ADDRESS),
    ("app_blocked", ALL, UNBLOCK),
    ("app is blocked", ALL, UNBLOCK),
    ("not installed", ALL, "install the app in this organisation, or check the host"),
    ("inactive_org", ALL, ORGANISATION),
    ("organization is inactive", ALL, ORGANISATION),
    (
        "no client credentials user",
        CLIENT,
        "set a Run As user for the client credentials flow of the connected app",
    ),
    ("grant type", JWT, "let the connected app use digital signatures (JWT bearer flow)"),
    ("grant type", REFRESH, "let the connected app use refresh tokens"),
    ("grant type", CLIENT, "enable the client credentials flow of the connected app"),
    ("client identifier", ALL, CLIENT_ID),
    ("invalid_client_id", ALL, CLIENT_ID),
    (
        "invalid_client",
        JWT,
        "check client_id, and that private_key belongs to the certificate of the connected app",
    ),
    ("invalid_client", ALL, "check client_secret"),
    ("approved", JWT, APPROVE_NAMED),
    ("access/refresh", JWT, APPROVE_NAMED),
    ("approved", ALL, APPROVE),
    ("audience", JWT, "check host and sandbox: the assertion is for another login host"),
    ("assertion", JWT, KEY),
    ("signature", JWT, KEY),
    ("scope", ALL, API),
];

/// A refusal in words.
pub(super) fn refusal(flow: Flow, code: &str, message: &str) -> SourceError {
    let problem = format!("Salesforce refuses to sign us in: {message} ({code})");
    let said = format!("{code} {message}").to_lowercase();
    if said.contains("login rate exceeded") {
        let remedy = "sync again in an hour: Salesforce allows a user so many sign-ins in one";
        return SourceError::new(Cause::Failing, problem, remedy);
    }
    if said.contains("not supported on this domain") {
        let remedy = format!(
            "give the My Domain address of the organisation as the host, like {EXAMPLE_HOST}"
        );
        return SourceError::new(Cause::Credentials, problem, remedy);
    }
    let fits =
        |(found, flows, _): &&(&str, &[Flow], &str)| said.contains(found) && flows.contains(&flow);
    let remedy = REMEDIES.iter().find(fits).map_or_else(|| usual(flow), |(_, _, remedy)| remedy);
    SourceError::new(Cause::Credentials, problem, remedy)
}

/// What to do where the reason is not known.
fn usual(flow: Flow) -> &'static str {
    match flow {
        Flow::Jwt => "check username, private_key and host; a sandbox needs sandbox = true",
        Flow::Refresh => {
            "authorise the connected app again, and give the new token with `winsight source add`"
        }
        Flow::Client => {
            "check client_id, client_secret and host, and the client credentials flow of the \
             connected app"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Flow::{Client, Jwt, Refresh};
    use super::refusal;
    use crate::Cause;

    #[test]
    fn each_reason_has_its_remedy() {
        for (flow, code, message, remedy) in [
            (Jwt, "inactive_user", "user is inactive", "activate or unfreeze"),
            (Client, "invalid_grant", "inactive user", "activate or unfreeze"),
            (Refresh, "invalid_grant", "ip restricted", "allow this machine's address"),
            (Jwt, "invalid_grant", "ip restricted or invalid login hours", "this hour"),
            (Jwt, "OAUTH_APP_BLOCKED", "this app is blocked by admin", "unblock"),
            (Jwt, "invalid_app_access", "External client app is not installed", "install the app"),
            (Jwt, "inactive_org", "organization is inactive", "activate the organisation"),
            (Jwt, "invalid_grant", "login rate exceeded", "in an hour"),
            (Jwt, "invalid_app_access", "user is not admin approved", "pre-authorise"),
            (Refresh, "invalid_grant", "user hasn't approved this consumer", "pre-authorise"),
            (Jwt, "invalid_grant", "expired access/refresh token", "check username, and let"),
            (Jwt, "invalid_grant", "Audience validation failed", "check host and sandbox"),
            (Jwt, "invalid_grant", "invalid assertion", "check that private_key"),
            (Jwt, "invalid_client", "invalid client credentials", "check client_id, and that priv"),
            (Refresh, "invalid_client", "client secret is invalid", "check client_secret"),
            (Client, "invalid_client", "invalid client credentials", "check client_secret"),
            (
                Refresh,
                "invalid_client_id",
                "client identifier invalid",
                "check client_id, and that",
            ),
            (Client, "invalid_grant", "no client credentials user enabled", "Run As user"),
            (Client, "invalid_grant", "request not supported on this domain", "My Domain"),
            (
                Client,
                "unsupported_grant_type",
                "grant type not supported",
                "enable the client cred",
            ),
            (Jwt, "unsupported_grant_type", "grant type not supported", "digital signatures"),
            (Jwt, "invalid_scope", "the requested scope is not allowed", "OAuth scope"),
            (Refresh, "invalid_grant", "expired access/refresh token", "give the new token"),
            (Refresh, "invalid_grant", "token validity expired", "give the new token"),
            (Jwt, "invalid_grant", "authentication failure", "check username, private_key"),
            (Client, "invalid_grant", "authentication failure", "check client_id, client_secret"),
        ] {
            let told = refusal(flow, code, message);
            assert!(told.remedy.contains(remedy), "{flow:?} {code} {message}: {told}");
            assert!(flow != Client || !told.remedy.contains("token"), "{told}");
            let is_passing = message == "login rate exceeded";
            assert_eq!(told.cause == Cause::Failing, is_passing, "{told}");
        }
    }
}
