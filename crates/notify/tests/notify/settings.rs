use winsight_notify::{ChannelSettings, Secret, Secrets, SmtpSecurity};

fn secrets(main: &str) -> Secrets {
    Secrets { main: Some(Secret::new(main)), signing: None }
}

fn mail(host: &str, security: SmtpSecurity, from: &str) -> ChannelSettings {
    ChannelSettings::Email {
        host: host.to_owned(),
        port: 25,
        security,
        user: None,
        from: from.to_owned(),
        authority: None,
    }
}

fn webhook(url: &str) -> ChannelSettings {
    ChannelSettings::Webhook { url: url.to_owned(), authority: None }
}

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn what_cannot_work_is_refused_with_what_to_do_and_without_the_secret() {
    let bot = ChannelSettings::SlackBot { api: ChannelSettings::SLACK_API.to_owned() };
    for (settings, secret, says) in [
        (ChannelSettings::Slack, "hunter2", "not an https address like https://hooks.slack.com"),
        (ChannelSettings::Slack, "http://hunter2.example/x", "not an https address"),
        (ChannelSettings::Slack, "", "the secret is missing"),
        (ChannelSettings::Teams, "hunter2", "not an https address"),
        (bot, "hunter2", "begins with xoxb-"),
        (webhook("https://example.com/hook"), "hunter2", "whsec_ followed by 24 to 64 bytes"),
        (webhook("https://example.com/hook"), "whsec_aHVudGVyMg==", "24 to 64 bytes"),
        (webhook("http://example.com/hook"), KEY, "must begin with https://"),
        (webhook("example.com/hook"), KEY, "is not a URL"),
        (webhook("file:///etc/passwd"), KEY, "must begin with https://"),
        (mail("mail.example.com", SmtpSecurity::None, "a@example.com"), "", "would go in clear"),
        (mail("mail.example.com", SmtpSecurity::Tls, "nobody"), "", "is no sender"),
    ] {
        let refused = settings.open(&secrets(secret)).err().map(|error| error.to_string());
        let refused = refused.unwrap_or_default();
        assert!(refused.contains(says), "{settings:?}: {refused:?}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    for settings in [webhook("https://example.com/x"), webhook("http://127.0.0.1:9/x")] {
        assert!(settings.open(&secrets(KEY)).is_ok(), "{settings:?}");
    }
}

#[test]
fn a_secret_is_never_printed() {
    let secrets = secrets("hunter2");
    assert!(!format!("{secrets:?}").contains("hunter2"));
    let stored = serde_json::to_string(&webhook("https://example.com/x")).expect("writes");
    assert_eq!(stored, r#"{"kind":"webhook","url":"https://example.com/x","authority":null}"#);
}

#[test]
fn addresses_are_those_of_the_channel() {
    let mail = mail("localhost", SmtpSecurity::None, "a@example.com");
    let bot = ChannelSettings::SlackBot { api: ChannelSettings::SLACK_API.to_owned() };
    for (settings, address, fits) in [
        (&mail, "ana@example.com", true),
        (&mail, "Ana <ana@example.com>", true),
        (&mail, "ana", false),
        (&mail, "ana@example.com\r\nBcc: all@example.com", false),
        (&mail, "", false),
        (&bot, "C024BE91L", true),
        (&bot, "", false),
        (&ChannelSettings::Teams, "", true),
        (&ChannelSettings::Teams, "somebody", false),
    ] {
        assert_eq!(settings.check_address(address).is_ok(), fits, "{settings:?} {address:?}");
    }
}
