//! The connection that SMTP runs over: TCP, TLS from the start, or TLS after STARTTLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::SmtpSecurity;

/// A stream that says something of its own before it passes on what arrives.
#[derive(Debug)]
struct Greeted<S> {
    greeting: &'static [u8],
    stream: S,
    peer: SocketAddr,
}

/// What a server says when a connection begins. After STARTTLS it says nothing, and the library that
/// speaks SMTP waits for it.
const GREETING: &[u8] = b"220 ready\r\n";
/// A server that has more to say than this is none.
const LONGEST_REPLY: usize = 64 * 1024;

/// Connects, and agrees on TLS as asked.
pub(crate) async fn connect(
    host: &str,
    port: u16,
    security: SmtpSecurity,
    tls: Arc<ClientConfig>,
    hello: &str,
) -> io::Result<Box<dyn AsyncTokioStream>> {
    let stream = TcpStream::connect((host, port)).await?;
    let peer = stream.peer_addr()?;
    if security == SmtpSecurity::None {
        return Ok(Box::new(Greeted { greeting: b"", stream, peer }));
    }
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| io::Error::other(format!("{host:?} cannot stand in a certificate")))?;
    let connector = TlsConnector::from(tls);
    let (greeting, stream) = match security {
        SmtpSecurity::StartTls => (GREETING, ask_for_tls(stream, hello).await?),
        SmtpSecurity::Tls | SmtpSecurity::None => (&b""[..], stream),
    };
    let stream = connector.connect(name, stream).await?;
    Ok(Box::new(Greeted { greeting, stream, peer }))
}

/// STARTTLS (RFC 3207). Never goes on in clear.
async fn ask_for_tls(stream: TcpStream, hello: &str) -> io::Result<TcpStream> {
    let mut stream = BufReader::new(stream);
    expect(&mut stream, "220").await?;
    stream.write_all(format!("EHLO {hello}\r\n").as_bytes()).await?;
    let offered = expect(&mut stream, "250").await?;
    let offers = |line: &str| line.get(4..).is_some_and(|word| word.trim() == "STARTTLS");
    if !offered.to_ascii_uppercase().lines().any(offers) {
        return Err(io::Error::other(
            "the server does not offer STARTTLS; choose another port, or --security tls",
        ));
    }
    stream.write_all(b"STARTTLS\r\n").await?;
    expect(&mut stream, "220").await?;
    // What came before the handshake came from anybody.
    if !stream.buffer().is_empty() {
        return Err(io::Error::other("somebody put commands between STARTTLS and TLS"));
    }
    Ok(stream.into_inner())
}

/// Reads a whole reply, of one line or of several, that begins with `code`.
async fn expect(stream: &mut BufReader<TcpStream>, code: &str) -> io::Result<String> {
    let mut reply = String::new();
    loop {
        let begins = reply.len();
        if stream.read_line(&mut reply).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up"));
        }
        let line = &reply[begins..];
        if !line.starts_with(code) || reply.len() > LONGEST_REPLY {
            return Err(io::Error::other(format!("the server answered {:?}", line.trim_end())));
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(reply);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Greeted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let (now, later) = self.greeting.split_at(self.greeting.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.greeting = later;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Greeted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> AsyncTokioStream for Greeted<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
