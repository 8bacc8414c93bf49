use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use winsight_notify::{ChannelSettings, Secret, Secrets, SendError, SmtpSecurity};

use crate::data::{envelope, message, seed};
use crate::receiver::{CERTIFICATE, accept, acceptor};

/// What a mail server says, where it differs from one that takes everything.
#[derive(Clone, Copy, Debug, Default)]
struct Manners {
    tls: bool,
    starttls: bool,
    /// Answer to the command that begins so.
    instead: Option<(&'static str, &'static str)>,
    /// Hangs up when it has the whole mail, without a word.
    hangs_up: bool,
}

struct Server {
    port: u16,
    /// Every line of every client, without the end.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn new(manners: Manners) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("has one").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Some(stream) = accept(&listener).await {
                if manners.tls {
                    if let Ok(stream) = acceptor().accept(stream).await {
                        talk(stream, manners, false, true, &notes).await;
                    }
                } else if let Some(stream) =
                    talk(stream, manners, manners.starttls, true, &notes).await
                    && let Ok(stream) = acceptor().accept(stream).await
                {
                    talk(stream, manners, false, false, &notes).await;
                }
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> String {
        self.heard.lock().expect("not poisoned").join("\n")
    }
}

/// Talks SMTP. Returns the stream when the client asked for TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    manners: Manners,
    offers_tls: bool,
    greets: bool,
    heard: &Mutex<Vec<String>>,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 test ready\r\n").await.ok()?;
    }
    let mut in_mail = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        heard.lock().expect("not poisoned").push(line.clone());
        if in_mail && line != "." {
            continue;
        }
        let verb = line.split_whitespace().next().unwrap_or_default().to_owned();
        let answer = match (manners.instead, verb.as_str()) {
            (Some((instead, answer)), verb) if instead == verb => answer.to_owned(),
            (_, "EHLO") if offers_tls => "250-test\r\n250 STARTTLS".to_owned(),
            (_, "EHLO") => "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".to_owned(),
            (_, "STARTTLS") => {
                stream.write_all(b"220 go\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            (_, "AUTH") => "235 welcome".to_owned(),
            (_, "DATA") => "354 go on".to_owned(),
            (_, ".") if manners.hangs_up => return None,
            _ => "250 ok".to_owned(),
        };
        in_mail = verb == "DATA" && answer.starts_with('3');
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn send(
    server: &Server,
    security: SmtpSecurity,
    user: Option<&str>,
    authority: Option<&str>,
) -> Result<(), SendError> {
    let settings = ChannelSettings::Email {
        host: "localhost".to_owned(),
        port: server.port,
        security,
        user: user.map(str::to_owned),
        from: "Winsight <alerts@example.com>".to_owned(),
        authority: authority.map(str::to_owned),
    };
    let secrets = Secrets { main: Some(Secret::new("hunter2")), signing: None };
    let channel = settings.open_patient(&secrets, Duration::from_secs(20)).expect("opens");
    let message = message(vec![seed()[0].clone()]);
    channel.send(&envelope("Ana Peña <ana@example.com>", &message)).await
}

#[tokio::test]
async fn a_mail_arrives_with_its_headers_and_both_forms() {
    let server = Server::new(Manners::default()).await;
    send(&server, SmtpSecurity::None, None, None).await.expect("taken");
    let heard = server.heard();
    for line in [
        "MAIL FROM:<alerts@example.com>",
        "RCPT TO:<ana@example.com>",
        "From: Winsight <alerts@example.com>",
        "Message-ID: <msg_0123456789abcdef@example.com>",
        "Date: Mon, 01 Jul 2024 07:00:05 +0000",
        "Auto-Submitted: auto-generated",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Unsubscribe: <https://winsight.example.com/api/v1/unsubscribe?token=abc>, <mailto:alerts@example.com?subject=unsubscribe>",
        "References: <alert-wrd-enterprise-7k2mq@example.com>",
        "MIME-Version: 1.0",
    ] {
        assert!(heard.lines().any(|said| said.starts_with(line)), "{line} in {heard}");
    }
    for part in ["multipart/alternative", "text/plain; charset=utf-8", "text/html; charset=utf-8"] {
        assert!(heard.contains(part), "{part} in {heard}");
    }
    assert!(heard.is_ascii(), "nothing needs 8BITMIME");
    assert!(!heard.contains("AUTH"), "nobody was told to sign in");
}

#[tokio::test]
async fn a_password_goes_through_tls_only_to_a_server_that_is_trusted() {
    for (security, manners) in [
        (SmtpSecurity::Tls, Manners { tls: true, ..Manners::default() }),
        (SmtpSecurity::StartTls, Manners { starttls: true, ..Manners::default() }),
    ] {
        let server = Server::new(manners).await;
        let outcome = send(&server, security, Some("ana"), None).await.expect_err("not trusted");
        assert!(outcome.to_string().to_lowercase().contains("certificate"), "{outcome}");
        assert!(!server.heard().contains("AUTH"), "{}", server.heard());
        send(&server, security, Some("ana"), Some(CERTIFICATE)).await.expect("taken");
        let heard = server.heard();
        // "ana" and "hunter2" between NULs, in base64.
        assert!(heard.contains("AUTH PLAIN AGFuYQBodW50ZXIy"), "{heard}");
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_in_clear() {
    let server = Server::new(Manners::default()).await;
    let outcome = send(&server, SmtpSecurity::StartTls, Some("ana"), Some(CERTIFICATE)).await;
    assert!(outcome.expect_err("fails").to_string().contains("does not offer STARTTLS"));
    assert!(!server.heard().contains("AUTH") && !server.heard().contains("MAIL"));
}

#[tokio::test]
async fn an_answer_decides_whether_to_try_again() {
    for (instead, tried_again, says) in [
        (("EHLO", "421 too busy"), true, "421"),
        (("MAIL", "451 try later"), true, "451"),
        (("RCPT", "450 mailbox busy"), true, "450"),
        (("RCPT", "550 no such user"), false, "no such user"),
        ((".", "552 too large"), false, "too large"),
        ((".", "451 greylisted"), true, "greylisted"),
        (("AUTH", "535 wrong password"), false, "refuses the user name or password"),
    ] {
        let server =
            Server::new(Manners { instead: Some(instead), tls: true, ..Manners::default() }).await;
        let outcome = send(&server, SmtpSecurity::Tls, Some("ana"), Some(CERTIFICATE)).await;
        let error = outcome.expect_err("not taken");
        let temporary = matches!(error, SendError::Temporary { .. });
        assert_eq!(temporary, tried_again, "{instead:?} {error}");
        assert!(error.to_string().contains(says), "{instead:?} {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_mail_without_a_receipt_is_tried_again() {
    let server = Server::new(Manners { hangs_up: true, ..Manners::default() }).await;
    let outcome = send(&server, SmtpSecurity::None, None, None).await;
    assert!(matches!(outcome, Err(SendError::Temporary { .. })), "{outcome:?}");
}
