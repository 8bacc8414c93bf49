//! Signing in to HubSpot.

use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::USUAL_HOST;
use super::judge::{allowed_pace, budget, judge, said, scopes};
use crate::http::{Client, Limits, Reply, Request, Verdict};
use crate::{Cause, Credentials, SourceError, Surroundings};

/// HubSpot allows a private app 100 requests in ten seconds, or as many as its answers say, and
/// searches 5 in one.
const PER_SECOND: f64 = 9.0;
const SEARCHES_PER_SECOND: f64 = 4.0;

/// Requests to one account, signed in.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    searches: Client,
    host: Url,
    sign_in: SignIn,
    token: Mutex<Option<SecretString>>,
    /// Whether it goes as fast as the account allows, rather than as it was told.
    follows_pace: bool,
}

/// Tokens that are tried for one request: one may expire on its way.
const TOKENS: usize = 4;

#[derive(Debug)]
enum SignIn {
    PrivateApp(SecretString),
    OAuth { client_id: String, client_secret: SecretString, refresh_token: SecretString },
}

impl Session {
    pub(super) fn new(
        host: Url,
        credentials: Credentials,
        surroundings: &Surroundings,
    ) -> Result<Self, SourceError> {
        let is_salesforce_s = credentials.username.is_some() || credentials.private_key.is_some();
        let Credentials { token, client_id, client_secret, refresh_token, .. } = credentials;
        let sign_in = match (token, client_id, client_secret, refresh_token) {
            (Some(token), ..) => SignIn::PrivateApp(token),
            (None, Some(client_id), Some(client_secret), Some(refresh_token)) => {
                SignIn::OAuth { client_id, client_secret, refresh_token }
            }
            _ => {
                let which = if is_salesforce_s {
                    ": username and private_key are fields for Salesforce"
                } else {
                    ""
                };
                return Err(SourceError::new(
                    Cause::Usage,
                    format!("the credentials do not suffice to sign in to HubSpot{which}"),
                    "give the token of a private app, or client_id, client_secret and \
                     refresh_token",
                ));
            }
        };
        let client = |per_second, burst| {
            let usual = Limits { per_second, burst, ..surroundings.usual_limits() };
            let limits = surroundings.limits.unwrap_or(usual);
            let breaker = surroundings.breaker.clone();
            Client::new(surroundings.pace.clone(), limits, breaker, surroundings.seed)
        };
        let searches = client(SEARCHES_PER_SECOND, 2)?;
        let client = client(PER_SECOND, 9)?;
        Ok(Self {
            searches: searches.sharing_answers_with(&client),
            client,
            host,
            sign_in,
            token: Mutex::default(),
            follows_pace: surroundings.limits.is_none(),
        })
    }

    /// The address of a path with a query.
    pub(super) fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.host.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, SourceError> {
        let request = Request::get(self.url(path, query));
        Ok(self.call(&self.client, &request).await?.json)
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, SourceError> {
        let client = if path.ends_with("/search") { &self.searches } else { &self.client };
        Ok(self.call(client, &Request::post(self.url(path, &[]), body)).await?.json)
    }

    async fn call(&self, client: &Client, request: &Request) -> Result<Reply, SourceError> {
        for _ in 0..TOKENS {
            let token = self.token().await?;
            let judge = |reply: &Reply| {
                if let Some(budget) = budget(reply) {
                    self.client.note_budget(budget);
                    self.searches.note_budget(budget);
                }
                if let Some(per_second) = allowed_pace(reply).filter(|_| self.follows_pace) {
                    self.client.note_pace(per_second);
                }
                self.judge(reply)
            };
            if let Some(reply) = client.send(request, Some(&token), &judge).await? {
                return Ok(reply);
            }
            // The token has expired; the next round gets another one.
            *self.token.lock().await = None;
            if matches!(self.sign_in, SignIn::PrivateApp(_)) {
                break;
            }
        }
        let remedy = match self.sign_in {
            SignIn::PrivateApp(_) => {
                "make a new token in HubSpot (Settings, Integrations, Private Apps) and give it with \
                 `winsight source add`"
            }
            SignIn::OAuth { .. } => REINSTALL,
        };
        let problem = format!("{} refuses the token", self.host.host_str().unwrap_or_default());
        Err(SourceError::new(Cause::Credentials, problem, remedy))
    }

    /// What to do where scopes are missing.
    pub(super) fn remedy_for(&self, scopes: &str) -> String {
        match self.sign_in {
            SignIn::PrivateApp(_) => format!("give the private app the {scopes} in HubSpot"),
            SignIn::OAuth { .. } => format!(
                "add the {scopes} to the app in HubSpot's developer account, install it again, and \
                 give the new refresh token with `winsight source add`"
            ),
        }
    }

    fn judge(&self, reply: &Reply) -> Verdict {
        if reply.status == 403 && !reply.json.is_null() {
            let problem = format!("HubSpot refuses: {}{}", said(reply), scopes(&reply.json));
            let remedy = self.remedy_for(
                "scopes crm.objects.deals.read, crm.objects.companies.read, \
                 crm.objects.owners.read and crm.schemas.deals.read",
            );
            return Verdict::Never(SourceError::new(Cause::Permission, problem, remedy));
        }
        judge(reply)
    }

    async fn token(&self) -> Result<SecretString, SourceError> {
        let mut kept = self.token.lock().await;
        if let Some(token) = &*kept {
            return Ok(token.clone());
        }
        let token = match &self.sign_in {
            SignIn::PrivateApp(token) => token.clone(),
            SignIn::OAuth { client_id, client_secret, refresh_token } => {
                self.refresh(client_id, client_secret, refresh_token).await?
            }
        };
        *kept = Some(token.clone());
        Ok(token)
    }

    async fn refresh(
        &self,
        client_id: &str,
        client_secret: &SecretString,
        refresh_token: &SecretString,
    ) -> Result<SecretString, SourceError> {
        use secrecy::ExposeSecret;
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose_secret()),
            ("refresh_token", refresh_token.expose_secret()),
        ];
        let request = Request::form(self.url("/oauth/v1/token", &[]), &form);
        let judge = |reply: &Reply| match reply.status {
            400 | 401 | 403 if reply.json.is_null() => Verdict::unexplained(reply),
            400 | 401 | 403 => Verdict::Never(no_token(reply)),
            _ => judge(reply),
        };
        let reply = self.client.send(&request, None, &judge).await?;
        let token = reply.as_ref().and_then(|reply| reply.json["access_token"].as_str());
        let why = "its answer to signing in has no access_token";
        let missing = || SourceError::foreign("HubSpot", why, USUAL_HOST);
        token.map(SecretString::from).ok_or_else(missing)
    }
}

const REINSTALL: &str =
    "install the app in HubSpot again, and give the new refresh token with `winsight source add`";

/// Why there is no token for the refresh token.
fn no_token(reply: &Reply) -> SourceError {
    let said = said(reply);
    let about = format!("{said} {}", reply.json["status"]).to_lowercase().replace('_', " ");
    let remedy = if about.contains("client id") {
        "check client_id: it is the client ID of the app in HubSpot's developer account"
    } else if about.contains("client secret") {
        "check client_secret: it is the client secret of the app in HubSpot's developer account"
    } else {
        REINSTALL
    };
    let problem = format!("HubSpot gives no token for the refresh token: {said}");
    SourceError::new(Cause::Credentials, problem, remedy)
}
