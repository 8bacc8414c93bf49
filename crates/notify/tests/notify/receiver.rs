//! A receiver of HTTP that answers as it is told, faults included.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate of every receiver here, for localhost.
pub(crate) const CERTIFICATE: &str = include_str!("../certificate/localhost.pem");
const KEY: &str = include_str!("../certificate/localhost.key");

/// What a receiver does with a request, once it has read it.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// Answers with this status, these header lines, and this body.
    Answer(u16, &'static str, &'static str),
    /// Says that a longer body follows than it sends.
    CutBody(u16),
    /// Closes the connection without an answer, so that it is reset.
    Reset,
    /// Never answers.
    Silence,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// Reacts to the first requests in turn, and to all later ones as to the last.
    pub(crate) async fn new(reactions: Vec<Reaction>) -> Self {
        Self::listen(reactions, None).await
    }

    /// The same behind TLS, with a certificate that only who is told trusts.
    pub(crate) async fn behind_tls(reactions: Vec<Reaction>) -> Self {
        Self::listen(reactions, Some(acceptor())).await
    }

    async fn listen(reactions: Vec<Reaction>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("has one");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut reactions = reactions.into_iter();
            let mut last = Reaction::Silence;
            while let Ok((stream, _)) = listener.accept().await {
                last = reactions.next().unwrap_or(last);
                let (reaction, seen, tls) = (last.clone(), Arc::clone(&seen), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, reaction, &seen).await,
                        Some(tls) => {
                            // A client that does not trust the certificate hangs up here.
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, reaction, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}/hook", self.address.port())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

pub(crate) fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("PEM");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("fits");
    TlsAcceptor::from(Arc::new(config))
}

async fn serve<S>(mut stream: S, reaction: Reaction, seen: &Mutex<Vec<Request>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(request) = read(&mut stream).await else { return };
    seen.lock().expect("not poisoned").push(request);
    let answer = match reaction {
        Reaction::Answer(status, headers, body) => {
            format!(
                "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
        }
        Reaction::CutBody(status) => {
            format!("HTTP/1.1 {status} X\r\ncontent-length: 1000\r\n\r\n{{\"ok\":tr")
        }
        Reaction::Reset => return,
        Reaction::Silence => return std::future::pending().await,
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = Request { head: head.to_owned(), body: body.to_owned() };
            let length = request.header("content-length").and_then(|length| length.parse().ok());
            if body.len() >= length.unwrap_or(0usize) {
                return Some(request);
            }
        }
        let count = stream.read(&mut buffer).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&buffer[..count]);
    }
}

/// A port at which nobody listens.
pub(crate) async fn nobody() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    listener.local_addr().expect("has one").port()
}

/// The two ends of a connection, for receivers of other protocols.
pub(crate) async fn accept(listener: &TcpListener) -> Option<TcpStream> {
    listener.accept().await.ok().map(|(stream, _)| stream)
}
