use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use winsight_sources::{Cause, Credentials, Kind, connect};

use super::{organisation, organisation_where};
use crate::server::surroundings;

#[tokio::test]
async fn an_assertion_is_signed_with_the_key_of_the_app() {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS #8");
    let pem = BASE64.encode(der.as_ref());
    let credentials = format!(
        "username = \"me@acme.example\"\nprivate_key = \"\"\"-----BEGIN PRIVATE KEY-----\n{pem}\n\
         -----END PRIVATE KEY-----\n\"\"\""
    );
    let (_, server, source) = organisation(&credentials).await;
    source.describe().await.expect("signed in");
    let asked = server.asked.lock().unwrap()[0].clone();
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
    let assertion = &form.iter().find(|(name, _)| name == "assertion").expect("an assertion").1;
    let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).expect("encoded");
    let public = aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
        aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref(),
    );
    public.verify(signed.as_bytes(), &signature).expect("signed by the key");
    let claims = signed.split('.').nth(1).expect("claims");
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).expect("encoded");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!(claims["sub"], "me@acme.example");
    assert_eq!(claims["aud"], server.url);
}

#[tokio::test]
async fn refusals_to_sign_in_name_the_remedy() {
    let kind = || vec![("content-type", "application/json".to_owned())];
    for (code, said, word) in [
        ("invalid_client_id", "client identifier invalid", "client_id"),
        ("invalid_client", "invalid client credentials", "client_secret"),
        ("invalid_grant", "user hasn't approved this consumer", "pre-authorise"),
    ] {
        let (_, server, source) = organisation("client_secret = \"hush-hush\"").await;
        let body = json!({ "error": code, "error_description": said });
        server.fail([(400, kind(), body.to_string())]);
        let error = source.describe().await.expect_err("refused");
        assert_eq!(error.cause, Cause::Credentials);
        assert!(error.remedy.contains(word), "{error}");
        assert!(!error.to_string().contains("hush-hush"));
    }
}

#[tokio::test]
async fn what_passes_by_itself_does_not_refuse_to_sign_in() {
    let kind = || vec![("content-type", "application/json".to_owned())];
    let code = |code: &str, said: &str| json!([{ "errorCode": code, "message": said }]);
    let (_, server, source) = organisation("client_secret = \"s\"").await;
    server.fail([
        (400, kind(), code("UNABLE_TO_LOCK_ROW", "another user has it").to_string()),
        (400, kind(), code("QUERY_TIMEOUT", "took too long").to_string()),
        (403, kind(), code("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn").to_string()),
        (503, kind(), code("", "busy").to_string()),
    ]);
    source.describe().await.expect("signed in at the fifth attempt");
    let (_, server, source) = organisation("client_secret = \"s\"").await;
    let locked = code("UNABLE_TO_LOCK_ROW", "another user has it").to_string();
    server.fail(vec![(400, kind(), locked); 20]);
    let error = source.describe().await.expect_err("locked on and on");
    assert_eq!(error.cause, Cause::Failing, "{error}");
    assert!(error.to_string().contains("UNABLE_TO_LOCK_ROW"), "{error}");
}

#[test]
fn a_key_is_taken_from_one_line_and_a_bad_one_is_refused() {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS #8");
    let pem = BASE64.encode(der.as_ref());
    for (pem, is_good) in [(pem.as_str(), true), (&pem[..400], false)] {
        let text = format!(
            "client_id = \"app\"\nusername = \"me@acme.example\"\nprivate_key = '-----BEGIN PRIVATE \
             KEY-----\\n{pem}\\n-----END PRIVATE KEY-----\\n'"
        );
        let credentials = Credentials::from_toml(&text).expect("credentials");
        let connected = connect(Kind::Salesforce, credentials, surroundings());
        assert_eq!(connected.is_ok(), is_good);
    }
}

#[tokio::test]
async fn a_second_mistake_is_told_where_the_clock_is_off_too() {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS #8");
    let key = BASE64.encode(der.as_ref());
    let credentials = format!(
        "username = \"me@acme.example\"\nprivate_key = \"-----BEGIN PRIVATE KEY-----{key}-----END \
         PRIVATE KEY-----\""
    );
    let (_, _, source) = organisation_where(&credentials, |asked| {
        let body = json!({ "error": "invalid_grant", "error_description": "audience is invalid" });
        let kind = vec![("content-type", "application/json".to_owned())];
        asked.path.ends_with("/oauth2/token").then(|| (400, kind, body.to_string()))
    })
    .await;
    let error = source.describe().await.expect_err("refused").to_string();
    assert!(error.contains("check host and sandbox"), "{error}");
    assert!(error.contains("set the clock: this machine's clock is"), "{error}");
}
