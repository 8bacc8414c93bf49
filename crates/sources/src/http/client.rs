mod clock;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::fault::Fault;
use super::limiter::Limiter;
use super::reply::{LONGEST_ANSWER, bounded};
use super::{Backoff, Breaker, BreakerState, Budget, Limits, Pace, Reply, Request, Verdict};
use crate::{Cause, Health, SourceError};

/// Time limit of an attempt, and attempts in vain, while the host has never answered anything: then
/// it is the wrong host rather than a slow one.
const FIRST_ANSWER: Duration = Duration::from_secs(20);
const IN_SILENCE: u32 = 3;
/// The pause when the other side asks for fewer requests and does not say for how long.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

/// Sends the requests of one account.
pub struct Client {
    http: reqwest::Client,
    pace: Arc<dyn Pace>,
    limits: Limits,
    state: Mutex<State>,
    /// The origins that ever answered anything.
    answered: Arc<Mutex<BTreeSet<String>>>,
}

struct State {
    backoff: Backoff,
    limiter: Limiter,
    breaker: Breaker,
    budget: Budget,
    requests: u64,
    retries: u64,
    /// How far the other side's clock is ahead of this one, in seconds.
    skew: Option<i64>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that has sent nothing yet; the breaker stands as an earlier one left it.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(
        pace: Arc<dyn Pace>,
        limits: Limits,
        breaker: Breaker,
        seed: u64,
    ) -> Result<Self, SourceError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("winsight/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15).min(limits.timeout))
            .timeout(limits.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let http = http.map_err(|error| {
            let problem = format!("HTTPS cannot be set up: {error}");
            SourceError::new(Cause::Unreachable, problem, "check the system's certificates")
        })?;
        let state = State {
            backoff: Backoff::new(limits.first_pause, limits.longest_pause, seed),
            limiter: Limiter::new(limits.per_second, limits.burst),
            breaker,
            budget: Budget::default(),
            requests: 0,
            retries: 0,
            skew: None,
        };
        Ok(Self { http, pace, limits, state: Mutex::new(state), answered: Arc::default() })
    }

    /// The same client, which learns from another one of the same account who has answered.
    #[must_use]
    pub fn sharing_answers_with(self, other: &Self) -> Self {
        Self { answered: Arc::clone(&other.answered), ..self }
    }

    /// The time that it lives in.
    pub fn pace(&self) -> &dyn Pace {
        self.pace.as_ref()
    }

    /// How the requests fared.
    pub fn health(&self) -> Health {
        let state = self.state();
        Health {
            requests: state.requests,
            retries: state.retries,
            breaker: state.breaker.clone(),
            budget: state.budget,
        }
    }

    /// Takes note of what the other side says about the daily allowance.
    pub fn note_budget(&self, budget: Budget) {
        self.state().budget = budget;
    }

    /// Takes note of how many requests a second the other side allows; a tenth of them is left to
    /// other programs.
    pub fn note_pace(&self, per_second: f64) {
        self.state().limiter.pace(per_second * 0.9);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the machine of an address ever answered anything.
    fn has_answered(&self, url: &Url) -> bool {
        self.answered().contains(&origin(url))
    }

    fn answered(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request until it is answered with what was asked for. `None` when the token is no
    /// longer good.
    ///
    /// # Errors
    /// The verdict on the answer, or that of the last of all attempts.
    pub async fn send(
        &self,
        request: &Request,
        token: Option<&SecretString>,
        judge: &(dyn Fn(&Reply) -> Verdict + Send + Sync),
    ) -> Result<Option<Reply>, SourceError> {
        let (mut failures, mut silences, mut refusals) = (0, 0, 0);
        let mut waited = Duration::ZERO;
        loop {
            self.wait_for_turn(request).await?;
            let host = request.url.host_str().unwrap_or_default();
            let fault = match self.attempt(request, token).await {
                Err(fault) => fault,
                Ok(reply) => match judge(&reply) {
                    Verdict::Fine => match reply.mismatch(request.expect) {
                        None => {
                            self.state().breaker.succeeded();
                            return Ok(Some(reply));
                        }
                        Some(why) => Fault::mismatch(host, &why),
                    },
                    Verdict::Unauthorized => {
                        self.state().breaker.succeeded();
                        return Ok(None);
                    }
                    Verdict::Never(error) => {
                        self.state().breaker.succeeded();
                        return Err(error);
                    }
                    Verdict::TooFast { after, why } => {
                        refusals += 1;
                        self.state().breaker.succeeded();
                        let after = Some(after.unwrap_or(AFTER_REFUSAL));
                        let fault = Fault::refusing(host, &why, after);
                        if waited >= self.limits.patience {
                            return Err(fault.error);
                        }
                        waited += self.pause(refusals, &fault).await;
                        continue;
                    }
                    Verdict::Again { after, why } => Fault::failing(host, &why, after),
                    Verdict::Foreign { why } => Fault::mismatch(host, &why),
                },
            };
            failures += 1;
            self.state().breaker.failed(self.pace.now(), &fault.error);
            silences += u32::from(fault.is_silence);
            let has_answered = self.has_answered(&request.url);
            if silences >= IN_SILENCE.min(self.limits.attempts) && !has_answered {
                return Err(Fault::silent(host).error);
            }
            if silences >= self.limits.attempts {
                return Err(Fault::fell_silent(host).error);
            }
            if failures >= self.limits.attempts || !fault.passes {
                return Err(fault.error);
            }
            self.pause(failures, &fault).await;
        }
    }

    async fn wait_for_turn(&self, request: &Request) -> Result<(), SourceError> {
        let wait = {
            let mut state = self.state();
            let now = self.pace.now();
            if state.breaker.state(now) == BreakerState::Open {
                let until = state.breaker.opens_until().unwrap_or(now);
                let problem = format!(
                    "{} failed {} times in a row, so no requests are sent until {until:.0}",
                    request.url.host_str().unwrap_or_default(),
                    state.breaker.failures
                );
                let remedy = match &state.breaker.reason {
                    Some(reason) => format!("the last time: {reason}"),
                    None => "wait, and see whether the CRM reports an incident".to_owned(),
                };
                return Err(SourceError::new(Cause::Open, problem, remedy));
            }
            if state.budget.is_spent() {
                let Budget { used, allowed } = state.budget;
                return Err(SourceError::new(
                    Cause::Budget,
                    format!(
                        "{used} of the {allowed} requests that the CRM allows in a day are used; \
                         the last fifth is left to other programs"
                    ),
                    "sync again tomorrow: it goes on where it stopped",
                ));
            }
            state.requests += 1;
            state.limiter.take(self.pace.elapsed())
        };
        if !wait.is_zero() {
            self.pace.sleep(wait).await;
        }
        Ok(())
    }

    /// Waits before the next attempt; returns how long.
    async fn pause(&self, failures: u32, fault: &Fault) -> Duration {
        let pause = {
            let mut state = self.state();
            state.retries += 1;
            let drawn = state.backoff.pause(failures);
            let asked = fault.after.unwrap_or_default().min(self.limits.longest_pause);
            if !asked.is_zero() {
                state.limiter.hold(self.pace.elapsed(), asked);
            }
            drawn.max(asked)
        };
        tracing::debug!(failures, ?pause, problem = %fault.error.problem, "trying again");
        self.pace.sleep(pause).await;
        pause
    }

    async fn attempt(
        &self,
        request: &Request,
        token: Option<&SecretString>,
    ) -> Result<Reply, Fault> {
        let host = request.url.host_str().unwrap_or_default();
        let method = match request.method {
            "POST" => reqwest::Method::POST,
            "DELETE" => reqwest::Method::DELETE,
            _ => reqwest::Method::GET,
        };
        let mut builder = self.http.request(method, request.url.clone());
        if let Some(body) = &request.body {
            builder = builder.header("content-type", request.content_type).body(body.clone());
        }
        if !self.has_answered(&request.url) {
            builder = builder.timeout(FIRST_ANSWER.min(self.limits.timeout));
        }
        if let Some(token) = token {
            builder = builder.bearer_auth(token.expose_secret());
        }
        let transport = |error| Fault::transport(&request.url, &error);
        let answer = builder.send().await.map_err(transport)?;
        let status = answer.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers: Vec<_> =
            answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let length = answer.content_length().unwrap_or_default();
        if usize::try_from(length).map_or(true, |length| length > LONGEST_ANSWER) {
            return Err(Fault::mismatch(host, &format!("announced {length} bytes")));
        }
        let body = bounded(answer).await.map_err(transport)?;
        let body = body.ok_or_else(|| Fault::mismatch(host, "answered without end"))?;
        let reply = Reply::new(status, headers, body);
        self.answered().insert(origin(&request.url));
        self.note_clock(&reply);
        // The path has ids at most; the query may have texts of deals.
        tracing::debug!(method = request.method, host, path = request.url.path(), status, "asked");
        Ok(reply)
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
