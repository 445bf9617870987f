//! The shared client against peers that are slow, silent, broken or sly.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Method, Url};

use super::peer::{Act, Peer, json};
use super::*;

#[derive(Default)]
struct Heard(Mutex<Vec<ObservedCall>>);

impl CallObserver for Heard {
    fn observe(&self, call: &ObservedCall) {
        self.0.lock().unwrap().push(call.clone());
    }
}

fn limits() -> HttpLimits {
    HttpLimits {
        connect: Duration::from_millis(500),
        total: Duration::from_secs(1),
        response_bytes: 1000,
        tries: 3,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(20),
    }
}

struct Fixture {
    client: HttpClient,
    heard: Arc<Heard>,
    base: Url,
}

fn fixture(url: &str) -> Fixture {
    let heard = Arc::new(Heard::default());
    let base = hosts::parse_base(url).unwrap();
    Fixture {
        client: HttpClient::new(BankId("main".into()), &base, limits(), heard.clone()).unwrap(),
        heard,
        base,
    }
}

impl Fixture {
    async fn ask(&self, request: Request) -> Result<String, BankError> {
        self.client
            .call(None, request, |answer| {
                if answer.status.is_success() {
                    Ok(String::from_utf8(answer.body.to_vec()).unwrap())
                } else {
                    Err(answer.status_error())
                }
            })
            .await
    }

    async fn get(&self) -> Result<String, BankError> {
        self.ask(Request::get(
            "accounts",
            self.base.join("accounts").unwrap(),
        ))
        .await
    }

    async fn post(&self) -> Result<String, BankError> {
        let url = self.base.join("transfers").unwrap();
        self.ask(Request::write("transfer", Method::POST, url).body("application/json", "{}"))
            .await
    }

    fn last(&self) -> ObservedCall {
        self.heard.0.lock().unwrap().last().unwrap().clone()
    }
}

#[tokio::test]
async fn each_attempt_has_an_interaction_id_of_its_own() {
    let peer = Peer::start(|_, number| {
        if number == 0 {
            json(503, "{}")
        } else {
            json(200, "fine")
        }
    })
    .await;
    let fixture = fixture(&peer.url);
    assert_eq!(fixture.get().await.unwrap(), "fine");
    let ids: Vec<String> = peer
        .seen()
        .iter()
        .map(|seen| seen.header("x-fapi-interaction-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    let call = fixture.last();
    assert_eq!(call.interaction.to_string(), ids[1]);
    assert_eq!((call.operation, call.outcome), ("accounts", "ok"));
    assert_eq!((call.status, call.attempts), (Some(200), 2));
}

#[tokio::test]
async fn reads_are_tried_three_times_and_writes_once() {
    for status in [429, 502, 503, 504] {
        let peer = Peer::start(move |_, _| json(status, "{}")).await;
        let fixture = fixture(&peer.url);
        assert!(fixture.get().await.is_err());
        assert_eq!(peer.seen().len(), 3, "{status}");
        assert!(fixture.post().await.is_err());
        assert_eq!(peer.seen().len(), 4, "{status}");
    }
    for status in [400, 401, 403, 404, 500, 501] {
        let peer = Peer::start(move |_, _| json(status, "{}")).await;
        assert!(fixture(&peer.url).get().await.is_err());
        assert_eq!(peer.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_long_pause_goes_to_the_caller_and_a_short_one_is_kept() {
    let peer = Peer::start(|_, _| {
        Act::Answer(429, vec![("retry-after", "3600".to_owned())], String::new())
    })
    .await;
    let began = Instant::now();
    let error = fixture(&peer.url).get().await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(peer.seen().len(), 1);
    let BankError::RateLimited { retry_after } = error else {
        panic!("{error}");
    };
    assert_eq!(retry_after, Some(Duration::from_mins(1)), "clamped");

    let peer = Peer::start(|_, number| {
        if number == 0 {
            Act::Answer(503, vec![("retry-after", "0".to_owned())], String::new())
        } else {
            json(200, "fine")
        }
    })
    .await;
    assert_eq!(fixture(&peer.url).get().await.unwrap(), "fine");
}

#[tokio::test]
async fn a_silent_peer_is_given_up_after_the_time_limit_and_not_asked_again() {
    for bytes in [
        Vec::new(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec(),
    ] {
        let peer = Peer::start(move |_, _| Act::Hang(bytes.clone())).await;
        let fixture = fixture(&peer.url);
        let began = Instant::now();
        let error = fixture.get().await.unwrap_err();
        assert!(matches!(error, BankError::Unavailable(_)), "{error}");
        assert!(!error.nothing_was_done());
        assert!(began.elapsed() < Duration::from_secs(3));
        assert_eq!(peer.seen().len(), 1);
        assert_eq!(fixture.last().outcome, "unavailable");
    }
}

#[tokio::test]
async fn a_connection_that_ends_early_is_tried_again_for_reads() {
    for bytes in [
        Vec::new(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec(),
        b"HTTP/1.1 2".to_vec(),
        b"\x00\x01nonsense\r\n\r\n".to_vec(),
    ] {
        let peer = Peer::start(move |_, number| {
            if number == 0 {
                Act::Bytes(bytes.clone())
            } else {
                json(200, "fine")
            }
        })
        .await;
        assert_eq!(fixture(&peer.url).get().await.unwrap(), "fine");
    }
    let peer = Peer::start(|_, _| Act::Bytes(Vec::new())).await;
    let error = fixture(&peer.url).post().await.unwrap_err();
    assert!(matches!(error, BankError::Unavailable(_)), "{error}");
    assert!(!error.nothing_was_done(), "it may have been done");
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn a_refused_connection_surely_did_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let fixture = fixture(&url);
    let error = fixture.post().await.unwrap_err();
    assert!(matches!(error, BankError::Unavailable(_)), "{error}");
    assert!(error.nothing_was_done());
    assert_eq!(fixture.last().attempts, 1);
    assert!(fixture.get().await.is_err());
    assert_eq!(fixture.last().attempts, 3);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read_on() {
    let long = "x".repeat(1001);
    let announced = Peer::start(move |_, _| json(200, &long)).await;
    let endless = Peer::start(|_, _| {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..50 {
            bytes.extend(b"40\r\n");
            bytes.extend([b'x'; 64]);
            bytes.extend(b"\r\n");
        }
        Act::Endless(bytes)
    })
    .await;
    for peer in [announced, endless] {
        let fixture = fixture(&peer.url);
        let error = fixture.get().await.unwrap_err();
        let BankError::Unexpected(Some(source)) = &error else {
            panic!("{error}");
        };
        assert!(matches!(
            source.downcast_ref(),
            Some(NetworkError::TooLarge)
        ));
        assert_eq!(fixture.last().outcome, "unexpected");
    }
    let fits = "x".repeat(1000);
    let peer = Peer::start(move |_, _| json(200, &fits)).await;
    assert_eq!(fixture(&peer.url).get().await.unwrap().len(), 1000);
}

#[tokio::test]
async fn redirects_stay_on_the_host() {
    let elsewhere = Peer::start(|_, _| json(200, "stolen")).await;
    let target = elsewhere.url.clone();
    let peer = Peer::start(move |seen, _| match seen.path() {
        "/accounts" => Act::Answer(307, vec![("location", "/moved".to_owned())], String::new()),
        "/moved" => json(200, "fine"),
        "/away" => Act::Answer(307, vec![("location", target.clone())], String::new()),
        _ => Act::Answer(307, vec![("location", "/round".to_owned())], String::new()),
    })
    .await;
    let fixture = fixture(&peer.url);
    assert_eq!(fixture.get().await.unwrap(), "fine");
    for path in ["away", "round"] {
        let url = fixture.base.join(path).unwrap();
        let error = fixture
            .ask(Request::get("accounts", url))
            .await
            .unwrap_err();
        assert!(matches!(error, BankError::Unexpected(_)), "{path}: {error}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn hosts_nobody_named_are_never_called() {
    let elsewhere = Peer::start(|_, _| json(200, "stolen")).await;
    let peer = Peer::start(|_, _| json(200, "fine")).await;
    let fixture = fixture(&peer.url);
    let url = Url::parse(&elsewhere.url).unwrap();
    let error = fixture
        .ask(Request::get("accounts", url.clone()))
        .await
        .unwrap_err();
    assert!(matches!(error, BankError::Unexpected(_)), "{error}");
    assert!(error.nothing_was_done());
    assert!(elsewhere.seen().is_empty());
    // Discovered from an allowed host, it may be called.
    fixture.client.hosts().allow(&url).unwrap();
    assert!(fixture.ask(Request::get("accounts", url)).await.is_ok());
}

#[tokio::test]
async fn errors_name_no_address() {
    let peer = Peer::start(|_, _| Act::Bytes(Vec::new())).await;
    let fixture = fixture(&peer.url);
    let url = fixture.base.join("accounts/secret-4321").unwrap();
    let error = fixture.ask(Request::get("account", url)).await.unwrap_err();
    let mut text = format!("{error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = format!("{text} {inner} {inner:?}");
        source = inner.source();
    }
    assert!(!text.contains("4321"), "{text}");
}

#[test]
fn statuses_map_as_the_table_says() {
    let name = |status: u16| {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
        .status_error()
        .name()
    };
    for (status, expected) in [
        (401, "consent_expired"),
        (403, "forbidden"),
        (404, "not_found"),
        (429, "rate_limited"),
        (500, "unavailable"),
        (501, "unavailable"),
        (503, "unavailable"),
        (418, "unexpected"),
        (302, "unexpected"),
    ] {
        assert_eq!(name(status), expected, "{status}");
    }
}
