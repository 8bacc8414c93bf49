//! Sends a webhook.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::error::EmulateError;

/// A signed request of HubSpot's to a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it goes.
    pub url: String,
    /// JSON: a list of events.
    pub body: String,
    /// `X-HubSpot-Request-Timestamp`.
    pub timestamp: String,
    /// `X-HubSpot-Signature-v3`.
    pub signature: String,
}

/// Sends it over plain HTTP, and waits for an answer that accepts it.
pub(crate) async fn deliver(delivery: &Delivery) -> Result<(), EmulateError> {
    let failed = |reason: String| EmulateError::Deliver { url: delivery.url.clone(), reason };
    let url = Url::parse(&delivery.url).map_err(|error| failed(error.to_string()))?;
    let host = url.host_str().unwrap_or("").to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    let path = match url.query() {
        None => url.path().to_owned(),
        Some(query) => format!("{}?{query}", url.path()),
    };
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nX-HubSpot-Request-Timestamp: {}\r\nX-HubSpot-Signature-v3: {}\r\n\
         Connection: close\r\n\r\n{}",
        delivery.body.len(),
        delivery.timestamp,
        delivery.signature,
        delivery.body
    );
    let exchange = async {
        let mut stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = exchange.await.map_err(|error| failed(error.to_string()))?;
    let line = String::from_utf8_lossy(&answer);
    let line = line.lines().next().unwrap_or("").to_owned();
    let status = line.split(' ').nth(1).unwrap_or("");
    if status.starts_with('2') { Ok(()) } else { Err(failed(format!("the answer was `{line}`"))) }
}
