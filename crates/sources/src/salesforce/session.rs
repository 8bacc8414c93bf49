//! Signing in to Salesforce, and sending requests there.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::judge::{budget, is_passing, judge, no_use, said};
use super::jwt::{assertion, check_key};
use super::refusal::{Flow, refusal};
use crate::connect::host;
use crate::http::{Client, Limits, Reply, Request, Verdict};
use crate::{Cause, Credentials, SourceError, Surroundings};

pub(super) const EXAMPLE_HOST: &str = "https://acme.my.salesforce.com";
const LOGIN: &str = "https://login.salesforce.com";
const SANDBOX: &str = "https://test.salesforce.com";
/// Seconds in which an assertion surely does not become too old.
const SHORT: i64 = 60;
/// Sessions that are tried for one request: one may expire on its way.
const SESSIONS: usize = 4;

/// Requests to one organisation, signed in.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    login: Url,
    /// Whom assertions are for.
    audience: String,
    client_id: String,
    sign_in: SignIn,
    signed_in: Mutex<Option<SignedIn>>,
}

#[derive(Debug)]
enum SignIn {
    Jwt { username: String, key: SecretString },
    Refresh { token: SecretString, secret: Option<SecretString> },
    Client { secret: SecretString },
}

#[derive(Clone, Debug)]
struct SignedIn {
    token: SecretString,
    instance: Url,
    /// Path of the newest version of the interface, such as `/services/data/v62.0`.
    version: Option<String>,
}

impl Session {
    pub(super) fn new(
        credentials: Credentials,
        surroundings: Surroundings,
    ) -> Result<Self, SourceError> {
        let usual = if credentials.sandbox { SANDBOX } else { LOGIN };
        let login = host(credentials.host.as_deref().unwrap_or(usual), EXAMPLE_HOST)?;
        let insufficient = |what: &str| {
            SourceError::new(
                Cause::Usage,
                format!("the credentials do not suffice to sign in to Salesforce: {what}"),
                "give client_id, username and private_key; or client_id and refresh_token; or \
                 client_id, client_secret and host",
            )
        };
        let client_id = credentials.client_id.ok_or_else(|| {
            insufficient(if credentials.token.is_some() {
                "there is no client_id, and token is a field for HubSpot"
            } else {
                "there is no client_id"
            })
        })?;
        let secret = credentials.client_secret;
        let sign_in = match (credentials.private_key, credentials.refresh_token, secret) {
            (Some(key), ..) => {
                check_key(&key)?;
                let username =
                    credentials.username.ok_or_else(|| insufficient("there is no username"))?;
                SignIn::Jwt { username, key }
            }
            (None, Some(token), secret) => SignIn::Refresh { token, secret },
            (None, None, Some(secret)) if credentials.host.is_some() => SignIn::Client { secret },
            (None, None, Some(_)) => return Err(insufficient("there is no host")),
            (None, None, None) => return Err(insufficient("there is no key, token or secret")),
        };
        // The login hosts take assertions for themselves; so does a domain of one's own.
        let audience = login.as_str().trim_end_matches('/').to_owned();
        let limits = surroundings
            .limits
            .unwrap_or(Limits { per_second: 20.0, ..surroundings.usual_limits() });
        let client =
            Client::new(surroundings.pace, limits, surroundings.breaker, surroundings.seed)?;
        Ok(Self { client, login, audience, client_id, sign_in, signed_in: Mutex::default() })
    }

    /// Signs in, so that what fails afterwards has other reasons.
    pub(super) async fn begin(&self) -> Result<(), SourceError> {
        self.signed_in().await.map(drop)
    }

    /// Asks for a path below the newest version of the interface, or for one from the root.
    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, SourceError> {
        let reply = self.call(&|url| Request::get(url), path, query).await?;
        Ok(reply.json)
    }

    /// Sends a request made for the address of a path.
    pub(super) async fn call(
        &self,
        request: &(dyn Fn(Url) -> Request + Send + Sync),
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Reply, SourceError> {
        for _ in 0..SESSIONS {
            let signed_in = self.signed_in().await?;
            let url = signed_in.url(path, query);
            let judge = |reply: &Reply| self.judged(reply);
            let token = Some(&signed_in.token);
            if let Some(reply) = self.client.send(&request(url), token, &judge).await? {
                return Ok(reply);
            }
            // The session has expired; the next round signs in anew.
            *self.signed_in.lock().await = None;
        }
        Err(no_use(": it is refused right after it was given"))
    }

    fn judged(&self, reply: &Reply) -> Verdict {
        if let Some(budget) = budget(reply) {
            self.client.note_budget(budget);
        }
        judge(reply)
    }

    async fn signed_in(&self) -> Result<SignedIn, SourceError> {
        let mut kept = self.signed_in.lock().await;
        if let Some(signed_in) = &*kept {
            return Ok(signed_in.clone());
        }
        let mut signed_in = self.sign_in().await?;
        signed_in.version = Some(self.newest_version(&signed_in).await?);
        *kept = Some(signed_in.clone());
        Ok(signed_in)
    }

    /// Signs in; where an assertion is refused and this machine's clock is off, once more by the
    /// other side's clock, and once more where it became too old while it waited.
    async fn sign_in(&self) -> Result<SignedIn, SourceError> {
        let now = || self.client.pace().now().as_second();
        let begun = now();
        match self.sign_in_at(begun, false).await {
            Err(error) if error.cause == Cause::Credentials && now() - begun > SHORT => {
                self.sign_in_at(now(), false).await.map_err(|_| error)
            }
            Err(error) if error.cause == Cause::Clock => {
                let off = self.client.clock_off().unwrap_or_default();
                tracing::warn!("{off}; set it, best by NTP");
                let skew = self.client.skew().unwrap_or_default();
                let by_theirs = self.sign_in_at(now().saturating_add(skew), true).await;
                by_theirs.map_err(|error| SourceError {
                    remedy: format!("{}; and set the clock: {off}", error.remedy),
                    ..error
                })
            }
            signed_in => signed_in,
        }
    }

    /// Signs in at a time; with `is_right` it is the other side's, and no reason for a refusal.
    async fn sign_in_at(&self, now: i64, is_right: bool) -> Result<SignedIn, SourceError> {
        let mut form = vec![("client_id", self.client_id.clone())];
        match &self.sign_in {
            SignIn::Jwt { username, key } => {
                let signed = assertion(key, &self.client_id, username, &self.audience, now)?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                form = vec![
                    ("grant_type", grant.to_owned()),
                    ("assertion", signed.expose_secret().to_owned()),
                ];
            }
            SignIn::Refresh { token, secret } => {
                form.push(("grant_type", "refresh_token".to_owned()));
                form.push(("refresh_token", token.expose_secret().to_owned()));
                let secret = secret.iter().map(|secret| secret.expose_secret().to_owned());
                form.extend(secret.map(|secret| ("client_secret", secret)));
            }
            SignIn::Client { secret } => {
                form.push(("grant_type", "client_credentials".to_owned()));
                form.push(("client_secret", secret.expose_secret().to_owned()));
            }
        }
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut url = self.login.clone();
        url.set_path("/services/oauth2/token");
        let judge = |reply: &Reply| match reply.status {
            400 | 401 | 403 if reply.json.is_null() => Verdict::unexplained(reply),
            _ if is_passing(reply) => judge(reply),
            400 | 401 | 403 => Verdict::Never(self.refused(reply, is_right)),
            _ => judge(reply),
        };
        let reply = self.client.send(&Request::form(url, &form), None, &judge).await?;
        let answer = reply.map(|reply| reply.json).unwrap_or_default();
        let token = answer["access_token"].as_str();
        let instance = answer["instance_url"].as_str();
        let (Some(token), Some(instance)) = (token, instance) else {
            let why = "its answer to signing in has no access_token and instance_url";
            return Err(SourceError::foreign("Salesforce", why, EXAMPLE_HOST));
        };
        Ok(SignedIn {
            token: SecretString::from(token),
            instance: host(instance, EXAMPLE_HOST).map_err(|_| {
                let why = "its answer to signing in sends us to an instance_url that is no address \
                           with https";
                SourceError::foreign("Salesforce", why, EXAMPLE_HOST)
            })?,
            version: None,
        })
    }

    /// Why signing in failed, as far as the answer tells.
    fn refused(&self, reply: &Reply, is_right: bool) -> SourceError {
        let (code, message) = said(reply);
        if code.is_empty() {
            let why = format!("it answered status {} without one of its codes", reply.status);
            return SourceError::foreign("Salesforce", &why, EXAMPLE_HOST);
        }
        let flow = match self.sign_in {
            SignIn::Jwt { .. } => Flow::Jwt,
            SignIn::Refresh { .. } => Flow::Refresh,
            SignIn::Client { .. } => Flow::Client,
        };
        let about_time = ["expired", "audience", "assertion"];
        let message_lower = message.to_lowercase();
        let is_about_time = about_time.iter().any(|word| message_lower.contains(word));
        let may_be_late = flow == Flow::Jwt && is_about_time && !is_right;
        let off = self.client.clock_off().filter(|_| may_be_late);
        if let Some(off) = off {
            let problem = format!("Salesforce refuses the signed assertion ({message}), and {off}");
            return SourceError::new(Cause::Clock, problem, "set the clock, best by NTP");
        }
        refusal(flow, code, message)
    }

    async fn newest_version(&self, signed_in: &SignedIn) -> Result<String, SourceError> {
        let request = Request::get(signed_in.url("/services/data", &[]));
        let judge = |reply: &Reply| self.judged(reply);
        let reply = self.client.send(&request, Some(&signed_in.token), &judge).await?;
        let answer = reply.ok_or_else(|| no_use(": it is refused right after it was given"))?.json;
        let number = |version: &Value| -> Option<f64> { version["version"].as_str()?.parse().ok() };
        let versions = answer.as_array().map_or(&[][..], Vec::as_slice);
        let newest = versions.iter().max_by(|one, other| {
            number(one).unwrap_or_default().total_cmp(&number(other).unwrap_or_default())
        });
        let path = newest.and_then(|newest| newest["url"].as_str());
        let why = "it does not list the versions of its interface";
        let foreign = || SourceError::foreign("Salesforce", why, EXAMPLE_HOST);
        path.map(str::to_owned).ok_or_else(foreign)
    }
}

impl SignedIn {
    fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.instance.clone();
        match &self.version {
            Some(version) if !path.starts_with("/services/") => {
                url.set_path(&format!("{version}/{path}"));
            }
            _ => url.set_path(path),
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}
