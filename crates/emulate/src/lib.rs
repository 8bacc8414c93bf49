//! Salesforce and HubSpot servers over a simulated company, with faults.
//!
//! Owns the emulation of the vendors' interfaces, so far as a reader of deals meets them: sign-in,
//! descriptions, queries, jobs, lists, searches, webhooks; the days of the company behind them; and
//! what goes wrong on the way. Must not depend on any other Winsight crate but `simulate`: it shares
//! no definition with the product, so that it cannot agree with it by construction. Must not be
//! needed in production; only tests and developers start it.
//!
//! [`Emulator::start`] listens on an address. The same seed and the same commands give the same
//! company; which requests a fault strikes depends on the seed and the order of the requests.
//! [`Emulator::truth`] says what the CRM holds, [`Emulator::requests`] what it was asked. Whatever a
//! program can do to it in-process, `/_admin` does over HTTP.

mod call;
mod clock;
mod command;
mod deliver;
mod error;
mod faults;
mod hubspot;
mod salesforce;
mod server;
mod state;
mod truth;
mod value;
mod world;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use clock::Wall;
pub use command::Command;
pub use deliver::Delivery;
pub use error::EmulateError;
pub use faults::{Fault, FaultRule, RequestClass};
pub use state::Requests;
pub use truth::{DealTruth, Truth};

use hubspot::HubSpot;
use salesforce::Salesforce;
use server::{Server, handle};
use state::{Interface, State};
use world::World;

/// Which CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Salesforce.
    Salesforce,
    /// HubSpot.
    HubSpot,
}

/// What to emulate.
#[derive(Clone)]
pub struct Options {
    /// Which CRM.
    pub kind: Kind,
    /// Deals on the first day.
    pub deals: u64,
    /// Chooses the company and its days.
    pub seed: u64,
    /// The first day; the history ends on the evening before.
    pub starts: Date,
    /// Says what time it is outside.
    pub wall: Wall,
    /// Rows of a page of a Salesforce query, 2000 at most.
    pub page_size: usize,
    /// Requests that are allowed on a day.
    pub daily_requests: u64,
}

impl Options {
    /// A company of so many deals, and the CRM's usual limits.
    pub fn new(kind: Kind, deals: u64, seed: u64, starts: Date, wall: Wall) -> Self {
        Self { kind, deals, seed, starts, wall, page_size: 2000, daily_requests: 1_000_000 }
    }
}

/// How to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Which CRM.
    pub kind: Kind,
    /// Where it is, without a slash at the end.
    pub url: String,
    /// Of the connected app.
    pub client_id: String,
    /// Of the connected app; signs HubSpot's webhooks.
    pub client_secret: String,
    /// For the refresh flow.
    pub refresh_token: String,
    /// Salesforce: the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Salesforce: the user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Salesforce: the key for assertions, PKCS #8 as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key: Option<String>,
    /// HubSpot: the token of a private app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
}

impl Credentials {
    /// Every text that must not show up anywhere; the start of every access token among them.
    pub fn secrets(&self) -> Vec<String> {
        let optional = [&self.password, &self.private_key, &self.access_token];
        let mut secrets: Vec<String> = optional.into_iter().flatten().cloned().collect();
        secrets.extend([self.client_secret.clone(), self.refresh_token.clone()]);
        secrets
    }
}

/// A running CRM; it stops when this is dropped.
pub struct Emulator {
    server: Server,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Founds the company and listens on the address; port 0 lets the system choose one.
    ///
    /// Fails when the company cannot be made, or the address cannot be had.
    pub async fn start(options: Options, address: SocketAddr) -> Result<Self, EmulateError> {
        let failed = |source| EmulateError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let url = format!("http://{address}");
        let (state, credentials) = prepare(options, &url)?;
        let server =
            Server { state: Arc::new(Mutex::new(state)), credentials: Arc::new(credentials) };
        let router = Router::new().fallback(handle).with_state(server.clone());
        let task = tokio::spawn(async move {
            // It serves until it is dropped; there is nobody to tell of an error.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { server, address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.server.credentials.url
    }

    /// How to sign in.
    pub fn credentials(&self) -> &Credentials {
        &self.server.credentials
    }

    /// Does something to it; says how many webhooks were delivered.
    ///
    /// Fails when a webhook is not accepted.
    pub async fn execute(&self, command: Command) -> Result<usize, EmulateError> {
        self.server.execute(command).await
    }

    /// What it holds now.
    pub fn truth(&self) -> Truth {
        self.server.lock().truth()
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Requests {
        self.server.lock().requests.clone()
    }

    /// Serves until the process ends.
    pub async fn serve(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn prepare(options: Options, url: &str) -> Result<(State, Credentials), EmulateError> {
    let Options { kind, deals, seed, starts, wall, page_size, daily_requests } = options;
    // Salesforce stamps records to the second, HubSpot to the millisecond.
    let grain = if kind == Kind::Salesforce { 1000 } else { 1 };
    let mut world = World::found(deals, seed, starts, wall, grain)?;
    let secret = |purpose: &str| secret(seed, purpose);
    let (interface, credentials) = match kind {
        Kind::Salesforce => {
            let (private_key, public_key) = salesforce::key_pair()?;
            let sign_in = salesforce::SignIn::new(secret, public_key);
            let credentials = Credentials {
                kind,
                url: url.to_owned(),
                client_id: sign_in.client_id.clone(),
                client_secret: sign_in.client_secret.clone(),
                refresh_token: sign_in.refresh_token.clone(),
                username: Some(sign_in.username.clone()),
                password: Some(sign_in.password.clone()),
                private_key: Some(private_key),
                access_token: None,
            };
            let salesforce = Salesforce::new(sign_in, page_size, daily_requests);
            salesforce.reached_at(url);
            (Interface::Salesforce(Box::new(salesforce)), credentials)
        }
        Kind::HubSpot => {
            world.merges = true;
            world.journal = Some(Vec::new());
            let sign_in = hubspot::SignIn::new(secret);
            let credentials = Credentials {
                kind,
                url: url.to_owned(),
                client_id: sign_in.client_id.clone(),
                client_secret: sign_in.client_secret.clone(),
                refresh_token: sign_in.refresh_token.clone(),
                username: None,
                password: None,
                private_key: None,
                access_token: Some(sign_in.access_token.clone()),
            };
            let hubspot = HubSpot::new(sign_in, daily_requests);
            (Interface::HubSpot(Box::new(hubspot)), credentials)
        }
    };
    Ok((State::new(world, interface), credentials))
}

/// A secret of this server: the same for the same seed, and easily searched for.
fn secret(seed: u64, purpose: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &seed.to_be_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, purpose.as_bytes());
    data_encoding::HEXLOWER.encode(&tag.as_ref()[..16])
}
