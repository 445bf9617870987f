//! Linking as a customer's browser and an application do it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{StatusCode, Url, redirect};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Running, run};
use crate::bank::http::install_crypto_provider;

const NOW: &str = "2026-11-22T10:41:00-05:00";
const BACK: &str = "http://127.0.0.1:8400/oauth/callback";
const VERIFIER: &str = "a-verifier-that-is-at-least-forty-three-characters-long";

fn browser() -> reqwest::Client {
    install_crypto_provider();
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .tls_certs_only([])
        .no_proxy()
        .build()
        .unwrap()
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://localhost/").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap().to_owned()
}

fn request(challenge: &str) -> Vec<(&str, &str)> {
    vec![
        ("response_type", "code"),
        ("client_id", "bursar"),
        ("redirect_uri", BACK),
        ("scope", "accounts transactions"),
        ("state", "st4te&<x>"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]
}

/// Signs in and returns where the browser is sent.
async fn decide(running: &Running, decision: &str, user: &str) -> reqwest::Response {
    let challenge = challenge();
    let mut pairs = request(&challenge);
    pairs.extend([
        ("scenario", "everyday"),
        ("user", user),
        ("decision", decision),
    ]);
    browser()
        .post(format!("{}/oauth2/authorize", running.simulator.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&pairs))
        .send()
        .await
        .unwrap()
}

fn sent_back(response: &reqwest::Response) -> std::collections::HashMap<String, String> {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let url = Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    assert!(url.as_str().starts_with(BACK));
    url.query_pairs()
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

async fn token(running: &Running, pairs: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut all = vec![("client_id", "bursar"), ("client_secret", "simulator-only")];
    all.extend(pairs);
    let response = browser()
        .post(format!("{}/oauth2/token", running.simulator.url()))
        .body(form(&all))
        .send()
        .await
        .unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}

async fn accounts(running: &Running, token: &str) -> StatusCode {
    browser()
        .get(format!("{}/fdx/v6/accounts", running.simulator.url()))
        .bearer_auth(token)
        .header(
            "x-fapi-interaction-id",
            "7a1f3c7e-5a53-4f0e-9a05-3ef0a5a1d9b1",
        )
        .send()
        .await
        .unwrap()
        .status()
}

async fn linked(running: &Running) -> (String, String) {
    let back = sent_back(&decide(running, "approve", "alice").await);
    assert_eq!(back["state"], "st4te&<x>");
    assert_eq!(back["iss"], running.simulator.url());
    let (status, answer) = token(
        running,
        &[
            ("grant_type", "authorization_code"),
            ("code", &back["code"]),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ],
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

#[tokio::test]
async fn the_page_asks_and_shows_nothing_of_the_request_as_html() {
    let running = run("everyday:a", NOW).await;
    let challenge = challenge();
    let response = browser()
        .get(format!(
            "{}/oauth2/authorize?{}",
            running.simulator.url(),
            form(&request(&challenge))
        ))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let page = response.text().await.unwrap();
    assert!(page.contains("Sign in and agree"));
    assert!(page.contains("st4te&amp;&lt;x&gt;"));
}

#[tokio::test]
async fn a_code_with_its_verifier_gives_tokens_once() {
    let running = run("everyday:a", NOW).await;
    let (access, refresh) = linked(&running).await;
    assert_eq!(accounts(&running, &access).await, StatusCode::OK);
    assert_eq!(
        accounts(&running, "made.up").await,
        StatusCode::UNAUTHORIZED
    );
    let mut forged = access.clone();
    forged.replace_range(2..3, if &access[2..3] == "A" { "B" } else { "A" });
    assert_eq!(accounts(&running, &forged).await, StatusCode::UNAUTHORIZED);

    let (status, next) = token(
        &running,
        &[("grant_type", "refresh_token"), ("refresh_token", &refresh)],
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    let fresh = next["access_token"].as_str().unwrap();
    assert_ne!(next["refresh_token"].as_str().unwrap(), refresh);
    assert_eq!(accounts(&running, fresh).await, StatusCode::OK);
    // Used twice: the whole grant is gone.
    let (status, answer) = token(
        &running,
        &[("grant_type", "refresh_token"), ("refresh_token", &refresh)],
    )
    .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["error"], "invalid_grant");
    assert_eq!(accounts(&running, fresh).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn wrong_verifiers_and_used_codes_are_refused() {
    let running = run("everyday:a", NOW).await;
    let back = sent_back(&decide(&running, "approve", "alice").await);
    let exchange = |verifier: &'static str, code: String| {
        let running = &running;
        async move {
            token(
                running,
                &[
                    ("grant_type", "authorization_code"),
                    ("code", &code),
                    ("redirect_uri", BACK),
                    ("code_verifier", verifier),
                ],
            )
            .await
        }
    };
    let wrong = "another-verifier-that-is-long-enough-to-be-one-really";
    let (status, answer) = exchange(wrong, back["code"].clone()).await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::BAD_REQUEST, &Value::from("invalid_grant"))
    );
    let (status, _) = exchange(VERIFIER, back["code"].clone()).await;
    assert_eq!(
        status,
        StatusCode::BAD_REQUEST,
        "burnt by the wrong verifier"
    );
    let back = sent_back(&decide(&running, "approve", "alice").await);
    running.clock.advance_ms(61_000);
    let (status, _) = exchange(VERIFIER, back["code"].clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "too late");
}

#[tokio::test]
async fn a_customer_can_say_no_and_an_application_can_let_go() {
    let running = run("everyday:a", NOW).await;
    let back = sent_back(&decide(&running, "deny", "alice").await);
    assert_eq!(back["error"], "access_denied");
    let nobody = decide(&running, "approve", " ").await;
    assert_eq!(nobody.status(), StatusCode::UNPROCESSABLE_ENTITY);

    let (access, refresh) = linked(&running).await;
    let response = browser()
        .post(format!("{}/oauth2/revoke", running.simulator.url()))
        .basic_auth("bursar", Some("simulator-only"))
        .body(form(&[("token", &refresh)]))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(accounts(&running, &access).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn requests_that_are_not_as_they_must_be_are_refused() {
    let running = run("everyday:a", NOW).await;
    let challenge = challenge();
    let ask = |name: &'static str, value: &'static str| {
        let pairs: Vec<(&str, &str)> = request(&challenge)
            .into_iter()
            .map(|(key, known)| (key, if key == name { value } else { known }))
            .collect();
        let url = format!(
            "{}/oauth2/authorize?{}",
            running.simulator.url(),
            form(&pairs)
        );
        async move { browser().get(url).send().await.unwrap() }
    };
    for (name, value) in [
        ("client_id", "somebody"),
        ("redirect_uri", "https://evil.example/oauth/callback"),
        ("redirect_uri", "http://127.0.0.1:8400/elsewhere"),
    ] {
        assert_eq!(
            ask(name, value).await.status(),
            StatusCode::BAD_REQUEST,
            "{value}"
        );
    }
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
    ] {
        let back = sent_back(&ask(name, value).await);
        assert_eq!(back["error"], error, "{name}");
    }
    let (status, answer) = token(&running, &[("grant_type", "password")]).await;
    assert_eq!(
        (status, &answer["error"]),
        (
            StatusCode::BAD_REQUEST,
            &Value::from("unsupported_grant_type")
        )
    );
    let (status, _) = token(&running, &[("client_secret", "guess"), ("grant_type", "x")]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}
