//! Signing in to Salesforce: OAuth 2.0 in four flows, and the SOAP login of older clients.

use std::collections::BTreeMap;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value as Json, json};

use super::company::organization_id;
use super::opportunity::user_id;
use crate::call::{Answer, Call};
use crate::error::EmulateError;
use crate::world::{Millis, World};

/// How long a session lasts without being refused.
const SESSION: Millis = 2 * 3_600_000;
/// How far ahead an assertion may end.
const ASSERTION: Millis = 3_600_000;
const HOSTS: [&str; 2] = ["https://login.salesforce.com", "https://test.salesforce.com"];

/// A private key as PEM, and its public key.
pub(crate) fn key_pair() -> Result<(String, Vec<u8>), EmulateError> {
    let failed = |_| EmulateError::Key;
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
    let text = BASE64.encode(private.as_ref());
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap_or_default())
        .collect();
    let pem =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    Ok((pem, public.as_ref().to_vec()))
}

pub(crate) struct SignIn {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) refresh_token: String,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) public_key: Vec<u8>,
    /// An administrator took the permission away.
    pub(crate) revoked: bool,
    /// The start of every token.
    pub(crate) token_stem: String,
    sessions: BTreeMap<String, Millis>,
    issued: u64,
}

impl SignIn {
    pub(crate) fn new(secret: impl Fn(&str) -> String, public_key: Vec<u8>) -> Self {
        Self {
            client_id: format!("3MVG9{}", secret("client id")),
            client_secret: secret("client secret"),
            refresh_token: format!("5Aep861{}", secret("refresh token")),
            username: "integration@example.com".to_owned(),
            password: secret("password"),
            public_key,
            revoked: false,
            token_stem: format!("{}!{}", &organization_id()[..15], secret("session")),
            sessions: BTreeMap::new(),
            issued: 0,
        }
    }

    /// Whether the token is good now.
    pub(super) fn admits(&self, world: &World, token: Option<&str>) -> bool {
        let until = token.and_then(|token| self.sessions.get(token));
        !self.revoked && until.is_some_and(|until| world.clock.outside() < *until)
    }

    pub(super) fn expire(&mut self, token: Option<&str>) {
        if let Some(token) = token {
            self.sessions.remove(token);
        }
    }

    pub(crate) fn expire_all(&mut self) {
        self.sessions.clear();
    }

    fn issue(&mut self, world: &World) -> String {
        self.issued += 1;
        let token = format!("{}.{}", self.token_stem, self.issued);
        self.sessions.insert(token.clone(), world.clock.outside() + SESSION);
        token
    }

    pub(super) fn oauth(&mut self, world: &World, call: &Call, rest: &[&str], url: &str) -> Answer {
        match rest {
            ["token"] => {
                let mut form: BTreeMap<String, String> = call.form().into_iter().collect();
                form.extend(call.query.iter().cloned());
                if let Some((id, secret)) = basic(call) {
                    form.entry("client_id".to_owned()).or_insert(id);
                    form.entry("client_secret".to_owned()).or_insert(secret);
                }
                match self.grant(world, &form, url) {
                    Ok(()) => self.granted(world, url),
                    Err((error, description)) => {
                        let body = json!({ "error": error, "error_description": description });
                        Answer::json(400, &body)
                    }
                }
            }
            ["userinfo"] if self.admits(world, call.token.as_deref()) => {
                Answer::json(200, &self.identity(world, url))
            }
            ["revoke"] => {
                let form = call.form();
                let token = form.iter().find(|(name, _)| name == "token");
                self.expire(token.map(|(_, value)| value.as_str()));
                Answer::empty(200)
            }
            _ => Answer::json(403, &json!("Bad_OAuth_Token")),
        }
    }

    fn grant(
        &self,
        world: &World,
        form: &BTreeMap<String, String>,
        url: &str,
    ) -> Result<(), (&'static str, &'static str)> {
        let given = |name: &str| form.get(name).map_or("", String::as_str);
        let has_secret = given("client_secret") == self.client_secret;
        match given("grant_type") {
            "urn:ietf:params:oauth:grant-type:jwt-bearer" if !self.revoked => {
                self.check_assertion(world, given("assertion"), url)
            }
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                Err(("invalid_grant", "user hasn't approved this consumer"))
            }
            _ if self.revoked => Err(("invalid_grant", "expired access/refresh token")),
            _ if given("client_id") != self.client_id => {
                Err(("invalid_client_id", "client identifier invalid"))
            }
            "client_credentials" if has_secret => Ok(()),
            "client_credentials" => Err(("invalid_client", "invalid client credentials")),
            "refresh_token" if !given("client_secret").is_empty() && !has_secret => {
                Err(("invalid_client", "invalid client credentials"))
            }
            "refresh_token" if given("refresh_token") == self.refresh_token => Ok(()),
            "refresh_token" => Err(("invalid_grant", "expired access/refresh token")),
            "password"
                if has_secret
                    && given("username") == self.username
                    && given("password") == self.password =>
            {
                Ok(())
            }
            "password" => Err(("invalid_grant", "authentication failure")),
            _ => Err(("unsupported_grant_type", "grant type not supported")),
        }
    }

    fn check_assertion(
        &self,
        world: &World,
        assertion: &str,
        url: &str,
    ) -> Result<(), (&'static str, &'static str)> {
        let invalid = ("invalid_grant", "invalid assertion");
        let (signed, signature) = assertion.rsplit_once('.').ok_or(invalid)?;
        let (_, claims) = signed.split_once('.').ok_or(invalid)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| invalid)?;
        let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).map_err(|_| invalid)?;
        let claims: Json = serde_json::from_slice(&claims).map_err(|_| invalid)?;
        if claims["iss"] != self.client_id.as_str() {
            return Err(("invalid_client_id", "client identifier invalid"));
        }
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key);
        key.verify(signed.as_bytes(), &signature).map_err(|_| invalid)?;
        let audience = claims["aud"].as_str().unwrap_or("").trim_end_matches('/');
        if audience != url && !HOSTS.contains(&audience) {
            return Err(("invalid_grant", "audience is invalid"));
        }
        if claims["sub"] != self.username.as_str() {
            return Err(("invalid_grant", "user hasn't approved this consumer"));
        }
        let ends = match &claims["exp"] {
            Json::String(text) => text.parse().unwrap_or(0),
            other => other.as_i64().or(other.as_f64().map(whole)).unwrap_or(0),
        };
        let ends = ends.saturating_mul(1000);
        let now = world.clock.outside();
        if ends < now || ends > now + ASSERTION {
            return Err(("invalid_grant", "expired authorization code"));
        }
        Ok(())
    }

    fn granted(&mut self, world: &World, url: &str) -> Answer {
        let token = self.issue(world);
        let issued_at = world.clock.outside().to_string();
        Answer::json(
            200,
            &json!({
                "access_token": token,
                "scope": "api id refresh_token",
                "instance_url": url,
                "id": format!("{url}/id/{}/{}", organization_id(), user_id(0)),
                "token_type": "Bearer",
                "issued_at": issued_at,
                "signature": BASE64.encode(issued_at.as_bytes()),
            }),
        )
    }

    pub(super) fn identity(&self, world: &World, url: &str) -> Json {
        json!({
            "id": format!("{url}/id/{}/{}", organization_id(), user_id(0)),
            "sub": format!("{url}/id/{}/{}", organization_id(), user_id(0)),
            "user_id": user_id(0),
            "organization_id": organization_id(),
            "username": self.username,
            "preferred_username": self.username,
            "display_name": world.person(0).name,
            "email": self.username,
            "active": true,
            "urls": { "rest": format!("{url}/services/data/v{{version}}/") },
        })
    }

    /// The login of the partner interface: a user's name and password in an envelope.
    pub(super) fn soap(&mut self, world: &World, call: &Call, url: &str) -> Answer {
        let body = String::from_utf8_lossy(&call.body).into_owned();
        let within = |tag: &str| {
            let start = body.find(&format!("{tag}>"))? + tag.len() + 1;
            let end = body[start..].find('<')?;
            Some(body[start..start + end].to_owned())
        };
        let is_right = within("username").as_deref() == Some(self.username.as_str())
            && within("password").is_some_and(|it| it.starts_with(&self.password));
        let envelope = |inner: String| {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
                 xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                 xmlns=\"urn:partner.soap.sforce.com\" \
                 xmlns:sf=\"urn:fault.partner.soap.sforce.com\"><soapenv:Body>{inner}\
                 </soapenv:Body></soapenv:Envelope>"
            )
        };
        let (status, inner) = if is_right && !self.revoked {
            let token = self.issue(world);
            let (user, organization) = (user_id(0), organization_id());
            let inner = format!(
                "<loginResponse><result><serverUrl>{url}/services/Soap/u/59.0/{organization}\
                 </serverUrl><sessionId>{token}</sessionId><userId>{user}</userId><userInfo>\
                 <organizationId>{organization}</organizationId><sessionSecondsValid>7200\
                 </sessionSecondsValid><userId>{user}</userId></userInfo></result></loginResponse>"
            );
            (200, inner)
        } else {
            let fault = "<soapenv:Fault><faultcode>INVALID_LOGIN</faultcode><faultstring>\
                 INVALID_LOGIN: Invalid username, password, security token; or user locked out.\
                 </faultstring><detail><sf:LoginFault><sf:exceptionCode>INVALID_LOGIN\
                 </sf:exceptionCode><sf:exceptionMessage>Invalid username, password, security \
                 token; or user locked out.</sf:exceptionMessage></sf:LoginFault></detail>\
                 </soapenv:Fault>";
            (500, fault.to_owned())
        };
        let body = envelope(inner).into();
        Answer { content_type: "text/xml;charset=UTF-8", body, ..Answer::empty(status) }
    }
}

/// A client's id and secret from a `Basic` header.
fn basic(call: &Call) -> Option<(String, String)> {
    let encoded = call.authorization.as_deref()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

#[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}
