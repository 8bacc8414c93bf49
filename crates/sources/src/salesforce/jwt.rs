//! A signed assertion of who we are (RFC 7523), as Salesforce wants it: RS256, valid for minutes.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::{Cause, SourceError};

/// How long an assertion is valid; Salesforce takes at most five minutes.
const VALID_SECONDS: i64 = 180;

/// An assertion that the holder of the key works as `username` for the app `client_id`.
pub(super) fn assertion(
    key: &SecretString,
    client_id: &str,
    username: &str,
    audience: &str,
    now_seconds: i64,
) -> Result<SecretString, SourceError> {
    let header = json!({ "alg": "RS256", "typ": "JWT" });
    let claims = json!({
        "iss": client_id,
        "sub": username,
        "aud": audience,
        "exp": now_seconds + VALID_SECONDS,
    });
    let encode = |part: &serde_json::Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let key = key_pair(key)?;
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
        .map_err(|_| unusable("it cannot sign"))?;
    Ok(SecretString::from(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))))
}

/// Refuses a key that cannot sign.
pub(super) fn check_key(pem: &SecretString) -> Result<(), SourceError> {
    key_pair(pem).map(drop)
}

fn key_pair(pem: &SecretString) -> Result<KeyPair, SourceError> {
    let text = pem.expose_secret();
    let is_pkcs1 = text.contains("BEGIN RSA PRIVATE KEY");
    if text.contains("ENCRYPTED") {
        return Err(unusable("it is protected by a passphrase"));
    }
    if !is_pkcs1 && !text.contains("BEGIN PRIVATE KEY") {
        let why = "it is not a private key in PEM, which begins with -----BEGIN PRIVATE KEY-----";
        return Err(unusable(why));
    }
    // The line breaks may have been lost, so only the dashes tell where it begins and ends.
    let mut parts = text.split("-----").skip_while(|part| !part.ends_with("PRIVATE KEY")).skip(1);
    let (Some(inner), Some(_)) = (parts.next(), parts.next()) else {
        return Err(unusable("it breaks off before its line END"));
    };
    let inner: String = inner.split_whitespace().collect();
    let der = BASE64.decode(inner.as_bytes());
    let der = der.map_err(|_| unusable("its text is damaged"))?;
    let pair = if is_pkcs1 { KeyPair::from_der(&der) } else { KeyPair::from_pkcs8(&der) };
    pair.map_err(|_| unusable("it is not an RSA key of at least 2048 bits"))
}

fn unusable(why: &str) -> SourceError {
    SourceError::new(
        Cause::Usage,
        format!("the private key cannot be used: {why}"),
        "give the RSA key of the certificate that the connected app has, without a passphrase",
    )
}
