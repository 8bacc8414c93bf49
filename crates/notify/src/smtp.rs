//! E-mail by SMTP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, response::Response};
use tokio_rustls::rustls::ClientConfig;

use crate::{Channel, Envelope, Secret, SendError, SmtpSecurity, email, stream};

/// A mail server that takes mail from us.
pub(crate) struct Smtp {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: SmtpSecurity,
    pub(crate) login: Option<(String, Secret)>,
    pub(crate) from: Mailbox,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) patience: Duration,
}

#[async_trait]
impl Channel for Smtp {
    async fn send(&self, envelope: &Envelope<'_>) -> Result<(), SendError> {
        let mail = email::built(envelope, &self.from)?;
        let written = mail.formatted();
        let sending = self.deliver(mail.envelope(), &written);
        tokio::time::timeout(self.patience, Box::pin(sending))
            .await
            .map_err(|_| SendError::temporary("the mail server did not answer in time"))?
    }
}

impl Smtp {
    async fn deliver(
        &self,
        envelope: &lettre::address::Envelope,
        mail: &[u8],
    ) -> Result<(), SendError> {
        let hello = self.from.email.domain();
        let tls = Arc::clone(&self.tls);
        let stream = stream::connect(&self.host, self.port, self.security, tls, hello).await;
        let stream = stream.map_err(|error| self.unreachable(&error))?;
        let hello = ClientId::Domain(hello.to_owned());
        let connected = AsyncSmtpConnection::connect_with_transport(stream, &hello).await;
        let mut connection = connected.map_err(|error| refused(&error))?;
        if let Some((name, password)) = &self.login {
            let login = Credentials::new(name.clone(), password.expose().to_owned());
            let answer = connection.auth(&[Mechanism::Plain, Mechanism::Login], &login).await;
            answer.map_err(|error| not_let_in(&error))?;
        }
        let answer: Result<Response, Error> = connection.send(envelope, mail).await;
        answer.map_err(|error| refused(&error))?;
        // It has the mail, whatever becomes of the goodbye.
        let _ = connection.quit().await;
        Ok(())
    }

    fn unreachable(&self, error: &io::Error) -> SendError {
        SendError::temporary(format!(
            "cannot connect to the mail server {}:{}: {error}",
            self.host, self.port
        ))
    }
}

fn refused(error: &Error) -> SendError {
    if error.is_permanent() || error.is_client() {
        SendError::permanent(format!("the mail server does not take the mail: {}", said(error)))
    } else {
        SendError::temporary(format!("the mail server did not take the mail: {}", said(error)))
    }
}

fn not_let_in(error: &Error) -> SendError {
    if error.is_permanent() || error.is_client() {
        SendError::permanent(format!(
            "the mail server refuses the user name or password: {}; add the channel again with the \
             right ones",
            said(error)
        ))
    } else {
        refused(error)
    }
}

/// What the server said, or else what went wrong.
fn said(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    match (error.status(), cause) {
        (Some(code), Some(cause)) => format!("{code} {cause}"),
        (Some(code), None) => code.to_string(),
        (None, Some(cause)) => cause,
        (None, None) => error.to_string(),
    }
}
