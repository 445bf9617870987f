use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use axum::http::{Method, Request as HttpRequest};
use futures::stream;
use tower::ServiceExt;

use super::*;
use crate::channel::messenger::signature::{HEADER, sign};

const SECRET: &str = "app-secret";
const LIMIT: usize = 4096;

/// Keeps what it is given, or fails as told.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<InboundEvent>>,
    calls: AtomicUsize,
    fails: Option<fn() -> StoreError>,
    hangs: bool,
}

#[async_trait]
impl Intake for Kept {
    async fn receive(&self, events: Vec<InboundEvent>) -> Result<Accepted, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if let Some(fails) = self.fails {
            return Err(fails());
        }
        let stored = events.len();
        self.events.lock().unwrap().extend(events);
        Ok(Accepted {
            stored,
            ..Accepted::default()
        })
    }
}

#[test]
fn a_request_is_answered_before_meta_gives_up_on_it() {
    assert_eq!(WAITS.store, Duration::from_secs(2));
}

struct World {
    kept: Arc<Kept>,
    metrics: Arc<Metrics>,
    router: Router,
}

fn world(kept: Kept) -> World {
    let kept = Arc::new(kept);
    let metrics = Arc::new(Metrics::new());
    let mut webhook = Webhook::new(
        &[SECRET.into()],
        &"verify me".into(),
        LIMIT,
        Arc::clone(&kept) as Arc<dyn Intake>,
        Arc::clone(&metrics),
    );
    webhook.waits = Waits {
        store: Duration::from_millis(20),
        body: Duration::from_millis(20),
    };
    World {
        kept,
        metrics,
        router: webhook.routes(),
    }
}

impl World {
    async fn answer(&self, request: HttpRequest<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&self, query: &str) -> (StatusCode, String) {
        let request = HttpRequest::get(format!("{PATH}?{query}"))
            .body(Body::empty())
            .unwrap();
        self.answer(request).await
    }

    async fn post(&self, body: &str) -> (StatusCode, String) {
        self.answer(signed(body)).await
    }

    fn count(&self, line: &str) -> u64 {
        self.metrics
            .render()
            .lines()
            .find_map(|shown| shown.strip_prefix(line))
            .map_or(0, |count| count.trim().parse().unwrap())
    }

    fn stored(&self) -> usize {
        self.kept.events.lock().unwrap().len()
    }
}

fn signed(body: &str) -> HttpRequest<Body> {
    HttpRequest::post(PATH)
        .header(HEADER, sign(SECRET, body.as_bytes()))
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn message(mid: &str) -> String {
    format!(
        r#"{{"object":"page","entry":[{{"id":"1","messaging":[{{"sender":{{"id":"2"}},"recipient":{{"id":"1"}},"timestamp":1763769600001,"message":{{"mid":"{mid}","text":"balance"}}}}]}}]}}"#
    )
}

const VERIFY: &str = "hub.mode=subscribe&hub.verify_token=verify%20me&hub.challenge=1158201444";

#[tokio::test]
async fn the_verification_request_gets_the_bare_challenge() {
    let world = world(Kept::default());
    assert_eq!(
        world.get(VERIFY).await,
        (StatusCode::OK, "1158201444".to_owned())
    );
    let opaque = VERIFY.replace("1158201444", "CHALLENGE_ACCEPTED");
    assert_eq!(world.get(&opaque).await.1, "CHALLENGE_ACCEPTED");
}

#[tokio::test]
async fn the_challenge_is_plain_text_whatever_it_holds() {
    let world = world(Kept::default());
    let request = HttpRequest::get(format!(
        "{PATH}?{}",
        VERIFY.replace("1158201444", "%3Cscript%3E")
    ))
    .body(Body::empty())
    .unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(
        response.headers()[CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
}

#[tokio::test]
async fn a_wrong_verify_token_or_mode_is_forbidden() {
    let world = world(Kept::default());
    for query in [
        VERIFY.replace("verify%20me", "verify%20you"),
        VERIFY.replace("verify%20me", "verify%20m"),
        VERIFY.replace("verify%20me", "verify%20me%00"),
        VERIFY.replace("verify%20me", ""),
        VERIFY.replace("=subscribe", "=unsubscribe"),
    ] {
        assert_eq!(
            world.get(&query).await,
            (StatusCode::FORBIDDEN, String::new()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn missing_or_doubled_parameters_are_a_bad_request() {
    let world = world(Kept::default());
    for query in [
        String::new(),
        "hub.mode=subscribe".to_owned(),
        "hub.mode=subscribe&hub.verify_token=verify%20me".to_owned(),
        format!("{VERIFY}&hub.verify_token=verify%20me"),
        format!("{VERIFY}&hub.challenge=2"),
        VERIFY.replace("1158201444", ""),
        VERIFY.replace("1158201444", &"1".repeat(257)),
    ] {
        assert_eq!(
            world.get(&query).await,
            (StatusCode::BAD_REQUEST, String::new()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_signed_event_is_answered_once_it_is_stored() {
    let world = world(Kept::default());
    assert_eq!(
        world.post(&message("m_1")).await,
        (StatusCode::OK, "EVENT_RECEIVED".to_owned())
    );
    assert_eq!(world.stored(), 1);
}

#[tokio::test]
async fn a_bad_signature_writes_nothing_and_says_nothing() {
    let world = world(Kept::default());
    let body = message("m_1");
    let right = sign(SECRET, body.as_bytes());
    let wrong = sign("other", body.as_bytes());
    let upper = right.to_uppercase().replace("SHA256", "sha256");
    for headers in [
        vec![],
        vec![(HEADER, wrong.as_str())],
        vec![(HEADER, upper.as_str())],
        vec![(HEADER, right.as_str()), (HEADER, right.as_str())],
        vec![(HEADER, "sha256=")],
        vec![("x-hub-signature", right.as_str())],
    ] {
        let mut request = HttpRequest::post(PATH);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body.clone())).unwrap();
        assert_eq!(
            world.answer(request).await,
            (StatusCode::UNAUTHORIZED, String::new())
        );
    }
    assert_eq!(world.kept.calls.load(Ordering::SeqCst), 0);
    assert_eq!(
        world.count("bursar_errors_total{area=\"webhook\",what=\"signature_missing\"}"),
        2
    );
}

#[tokio::test]
async fn unsigned_bodies_are_not_parsed() {
    let world = world(Kept::default());
    let request = HttpRequest::post(PATH).body(Body::from("{")).unwrap();
    assert_eq!(world.answer(request).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        world.count("bursar_events_total{kind=\"unparsable\",outcome=\"skipped\"}"),
        0
    );
}

#[tokio::test]
async fn the_limit_holds_to_the_byte() {
    let world = world(Kept::default());
    let body = message("m_1");
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    assert_eq!(world.post(&padded(LIMIT)).await.0, StatusCode::OK);
    assert_eq!(
        world.post(&padded(LIMIT + 1)).await,
        (StatusCode::PAYLOAD_TOO_LARGE, String::new())
    );
    assert_eq!(world.stored(), 1);
}

#[tokio::test]
async fn the_limit_holds_for_a_body_that_announces_no_length() {
    let world = world(Kept::default());
    let body = message("m_1");
    let signature = sign(SECRET, body.as_bytes());
    let chunked = |chunks: Vec<Bytes>| {
        HttpRequest::post(PATH)
            .header(HEADER, &signature)
            .body(Body::from_stream(stream::iter(
                chunks.into_iter().map(Ok::<_, std::io::Error>),
            )))
            .unwrap()
    };
    let (head, tail) = body.split_at(20);
    let whole = vec![
        Bytes::from(head.to_owned()),
        Bytes::new(),
        Bytes::from(tail.to_owned()),
    ];
    assert_eq!(world.answer(chunked(whole)).await.0, StatusCode::OK);
    let endless = vec![Bytes::from(vec![b' '; 1000]); 10_000];
    assert_eq!(
        world.answer(chunked(endless)).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(world.stored(), 1);
}

#[tokio::test]
async fn a_sender_that_goes_away_leaves_nothing_behind() {
    let world = world(Kept::default());
    let pieces = stream::iter([
        Ok(Bytes::from("{\"object\"")),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]);
    let request = HttpRequest::post(PATH)
        .body(Body::from_stream(pieces))
        .unwrap();
    assert_eq!(world.answer(request).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let world = world(Kept::default());
    let request = HttpRequest::post(PATH)
        .body(Body::from_stream(stream::pending::<
            Result<Bytes, std::io::Error>,
        >()))
        .unwrap();
    assert_eq!(world.answer(request).await.0, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn what_is_not_stored_is_answered_503() {
    for fails in
        [|| StoreError::Overloaded, || StoreError::Unavailable(None)] as [fn() -> StoreError; 2]
    {
        let world = world(Kept {
            fails: Some(fails),
            ..Kept::default()
        });
        assert_eq!(
            world.post(&message("m_1")).await,
            (StatusCode::SERVICE_UNAVAILABLE, String::new())
        );
    }
}

#[tokio::test]
async fn a_store_that_hangs_is_answered_503() {
    let world = world(Kept {
        hangs: true,
        ..Kept::default()
    });
    assert_eq!(
        world.post(&message("m_1")).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        world.count("bursar_errors_total{area=\"webhook\",what=\"store_slow\"}"),
        1
    );
}

#[tokio::test]
async fn what_is_signed_but_makes_no_sense_is_acknowledged_and_counted() {
    let world = world(Kept::default());
    for body in ["", "{", "[]", "\"x\"", "{\"object\":\"page\",\"entry\":["] {
        assert_eq!(
            world.post(body).await,
            (StatusCode::OK, "EVENT_RECEIVED".to_owned())
        );
    }
    assert_eq!(
        world.count("bursar_events_total{kind=\"unparsable\",outcome=\"skipped\"}"),
        5
    );
    assert_eq!(world.kept.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn foreign_objects_and_standby_and_changes_are_acknowledged() {
    let world = world(Kept::default());
    for body in [
        r#"{"object":"instagram","entry":[]}"#,
        r#"{"object":"page","entry":[]}"#,
        r#"{"object":"page","entry":[{"id":"0","time":1,"changes":[{"field":"feed","value":{}}]}]}"#,
        r#"{"object":"page","entry":[{"id":"1","standby":[{"sender":{"id":"2"},"message":{"mid":"m"}}]}]}"#,
    ] {
        assert_eq!(world.post(body).await.0, StatusCode::OK, "{body}");
    }
    assert!(world.kept.events.lock().unwrap()[0].standby);
    assert_eq!(
        world.count("bursar_events_total{kind=\"changes\",outcome=\"skipped\"}"),
        1
    );
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let world = world(Kept::default());
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let request = HttpRequest::builder()
            .method(method)
            .uri(PATH)
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            world.answer(request).await.0,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}
