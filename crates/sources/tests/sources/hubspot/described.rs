//! What an account tells about itself, and what it does not.

use serde_json::json;
use winsight_sources::{Credentials, Kind, connect};

use super::{Deals, Objects, answer};
use crate::server::{Answer, Asked, Server, json, surroundings};

/// What is missing at an account that answers some requests otherwise.
async fn described_where(
    sign_in: &str,
    otherwise: impl Fn(&Asked) -> Option<Answer> + Clone + Send + Sync + 'static,
) -> Result<Vec<winsight_sources::Finding>, winsight_sources::SourceError> {
    let known = Deals::default();
    let usual = move |asked: &Asked| match asked.path.as_str() {
        "/oauth/v1/token" => json(&json!({ "access_token": "hush" })),
        _ => answer(&known, &Objects::new(), asked),
    };
    let server = Server::start(move |asked| otherwise(asked).unwrap_or_else(|| usual(asked))).await;
    let text = format!("host = \"{}\"\n{sign_in}", server.url);
    let credentials = Credentials::from_toml(&text).expect("credentials");
    let fields = vec!["AMOUNT".to_owned(), "Deal size".to_owned(), "nothing".to_owned()];
    let surroundings = winsight_sources::Surroundings { fields, ..surroundings() };
    let source = connect(Kind::HubSpot, credentials, surroundings).expect("connects");
    source.describe().await.map(|described| described.findings)
}

const APP: &str = "token = \"hush\"";
const OAUTH: &str = "client_id = \"id\"\nclient_secret = \"hush\"\nrefresh_token = \"r\"";

#[tokio::test]
async fn refusals_fit_the_way_of_signing_in() {
    let kind = |kind: &str| vec![("content-type", kind.to_owned())];
    let no_scope = json!({ "category": "MISSING_SCOPES", "message": "no." }).to_string();
    let invalid = json!({ "category": "INVALID_AUTHENTICATION", "message": "no" }).to_string();
    let page = "<html>sign in to the proxy</html>".to_owned();
    for (sign_in, answer, said) in [
        (
            APP,
            (403, kind("application/json"), no_scope.clone()),
            "no; give the private app the scopes",
        ),
        (
            OAUTH,
            (403, kind("application/json"), no_scope),
            "no; add the scopes crm.objects.deals.read",
        ),
        (APP, (401, kind("application/json"), invalid.clone()), "make a new token in HubSpot"),
        (OAUTH, (401, kind("application/json"), invalid), "install the app in HubSpot again"),
        (APP, (401, kind("text/html"), page), "answered status 401 with a page instead of JSON"),
        (APP, (307, kind("text/plain"), String::new()), "the host sends us elsewhere (307); check"),
    ] {
        let refused = described_where(sign_in, move |asked| {
            asked.path.starts_with("/crm/").then(|| answer.clone())
        });
        let error = refused.await.expect_err("refused").to_string();
        assert!(error.contains(said) && !error.contains("hush"), "{error}");
    }
}

#[tokio::test]
async fn what_an_account_does_not_tell_is_a_finding() {
    let findings = described_where(APP, |asked| {
        let refused = json!({ "category": "MISSING_SCOPES", "message": "no" }).to_string();
        match asked.path.as_str() {
            "/crm/v3/pipelines/deals" => Some(json(&json!({ "results": [] }))),
            "/crm/v3/properties/deals" => {
                let named = |name: &str, label: &str| json!({ "name": name, "label": label });
                Some(json(&json!({ "results": [
                    named("hs_lastmodifieddate", "Last Modified"), named("amount", "Amount"),
                    named("size", "Deal Size"), named("deal_currency_code", "Currency"),
                ] })))
            }
            path if path.starts_with("/settings/") || path.starts_with("/account-info/") => {
                Some((403, vec![("content-type", "application/json".to_owned())], refused))
            }
            _ => None,
        }
    });
    let findings = findings.await.expect("described");
    for (missing, remedy) in [
        (
            "scope settings.currencies.read",
            "give the private app the scope settings.currencies.read",
        ),
        ("scope oauth", "give the private app the scope oauth"),
        ("pipelines of deals", "whether HubSpot shows pipelines"),
        ("property AMOUNT of deals", "use its internal name amount"),
        ("property Deal size of deals", "use its internal name size"),
        ("property nothing of deals", "create the property"),
    ] {
        let finding = findings.iter().find(|finding| finding.missing == missing).expect(missing);
        assert!(finding.remedy.contains(remedy), "{finding:?}");
    }
}

#[tokio::test]
async fn currencies_that_are_not_shown_are_a_finding_where_there_are_any() {
    for (rates, is_told) in [(json!([]), false), (json!(["EUR"]), true)] {
        let findings = described_where(APP, move |asked| match asked.path.as_str() {
            "/account-info/v3/details" => {
                Some(json(&json!({ "portalId": 1, "companyCurrency": "USD" })))
            }
            "/settings/v3/currencies/exchange-rates/current" => {
                let rate = |code| json!({ "fromCurrencyCode": code, "toCurrencyCode": "USD", "conversionRate": 1.1 });
                let rates: Vec<_> = rates.as_array().into_iter().flatten().map(rate).collect();
                Some(json(&json!({ "results": rates })))
            }
            "/crm/v3/properties/deals" => {
                let named = |name: &str| json!({ "name": name, "label": name });
                let properties = ["hs_lastmodifieddate", "amount"].map(named);
                Some(json(&json!({ "results": properties })))
            }
            _ => None,
        });
        let findings = findings.await.expect("described");
        let missing = "property deal_currency_code of deals";
        assert_eq!(findings.iter().any(|finding| finding.missing == missing), is_told);
    }
}

#[tokio::test]
async fn what_fails_for_a_while_fails_a_sync_only_where_amounts_depend_on_it() {
    const ACCOUNT: &str = "/account-info/v3/details";
    const RATES: &str = "/settings/v3/currencies/exchange-rates/current";
    for (failing, currency, is_fatal) in [
        (RATES, "deal_currency_code", true),
        (RATES, "another_property", false),
        (ACCOUNT, "deal_currency_code", true),
        (ACCOUNT, "another_property", true),
    ] {
        let described = described_where(APP, move |asked| match asked.path.as_str() {
            path if path == failing => Some((503, Vec::new(), String::new())),
            "/crm/v3/properties/deals" => {
                let named = |name: &str| json!({ "name": name, "label": name });
                let properties = ["hs_lastmodifieddate", "amount", currency].map(named);
                Some(json(&json!({ "results": properties })))
            }
            _ => None,
        });
        let described = described.await;
        assert_eq!(described.is_err(), is_fatal, "{failing}, {currency}: {described:?}");
    }
}
