//! Steering over HTTP.

use reqwest::{Method, StatusCode};

use super::{Running, run_with};
use crate::bank::http::install_crypto_provider;
use crate::simulator::bank::Options;

const NOW: &str = "2026-11-22T10:41:00-05:00";

async fn steer(running: &Running, method: Method, path: &str, body: &str) -> (StatusCode, String) {
    install_crypto_provider();
    let client = reqwest::Client::builder()
        .tls_certs_only([])
        .no_proxy()
        .build()
        .unwrap();
    let response = client
        .request(method, format!("{}/control{path}", running.simulator.url()))
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn accounts(running: &Running) -> Result<usize, &'static str> {
    let reading = running.bank.reading.clone().unwrap();
    match reading.accounts(&running.connection).await {
        Ok(found) => Ok(found.accounts.len()),
        Err(error) => Err(error.name()),
    }
}

#[tokio::test]
async fn faults_are_switched_on_and_off_over_http() {
    let options = Options {
        control_over_http: true,
        ..Options::default()
    };
    let running = run_with("everyday:a", NOW, options, false).await;
    let ok = (StatusCode::NO_CONTENT, String::new());
    let faults = "/everyday:a/faults";
    assert_eq!(steer(&running, Method::PUT, faults, "down\n").await, ok);
    assert_eq!(accounts(&running).await, Err("unavailable"));
    assert_eq!(steer(&running, Method::DELETE, faults, "").await, ok);
    assert_eq!(accounts(&running).await, Ok(3));
    let path = "/everyday:a/answers/200";
    let body = r#"{"accounts":[]}"#;
    assert_eq!(steer(&running, Method::PUT, path, body).await, ok);
    assert_eq!(accounts(&running).await, Ok(0));
    let (status, told) = steer(&running, Method::PUT, faults, "sleepy").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(told.contains("`sleepy` is no fault"), "{told}");
    let (status, _) = steer(&running, Method::PUT, "/nowhere:a/faults", "down").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, calls) = steer(&running, Method::GET, "/everyday:a/calls", "").await;
    assert!(calls.contains(r#""operation":"accounts""#), "{calls}");
    assert_eq!(steer(&running, Method::DELETE, "/everyday:a", "").await, ok);
    assert_eq!(accounts(&running).await, Ok(3));
    let (_, names) = steer(&running, Method::GET, "/scenarios", "").await;
    assert!(names.contains("everyday"));
}

#[tokio::test]
async fn nobody_steers_where_it_is_not_switched_on() {
    let running = run_with("everyday:a", NOW, Options::default(), false).await;
    let (status, _) = steer(&running, Method::PUT, "/everyday:a/faults", "down").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(accounts(&running).await, Ok(3));
}
