use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Request, Uri};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::channel::Occasion;
use crate::message::{Button, OutboundMessage};

const SECRET: &str = "app-secret";
const TOKEN: &str = "page-token";
/// Computed in the reference for this secret and token.
const PROOF: &str = "d8b448b9cc7d64c51098271805b3cc20b5b715e52bd587eb71b610259587c856";

/// One request as the stand-in got it.
#[derive(Debug, Clone)]
struct Call {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Answers = fn(&Call) -> Response;

#[derive(Clone)]
struct Graph {
    calls: Arc<Mutex<Vec<Call>>>,
    answers: Answers,
}

async fn answer(State(graph): State<Graph>, request: Request<axum::body::Body>) -> Response {
    let (parts, body) = request.into_parts();
    let call = Call {
        uri: parts.uri,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    };
    let answer = (graph.answers)(&call);
    graph.calls.lock().unwrap().push(call);
    answer
}

struct World {
    api: SendApi,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl World {
    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        call: Duration::from_millis(300),
        action: Duration::from_millis(300),
    }
}

fn api_at(base: &str, page: Option<&str>) -> SendApi {
    api_with(base, page, limits())
}

fn api_with(base: &str, page: Option<&str>, limits: Limits) -> SendApi {
    let (messenger, pages) = configured(base, page, TOKEN);
    SendApi::new(&messenger, &pages, limits).unwrap()
}

fn configured(base: &str, page: Option<&str>, token: &str) -> (Messenger, Vec<PageConfig>) {
    let messenger = Messenger {
        app_id: "1234567890123456".to_owned(),
        app_secrets: vec![SECRET.into(), "older".into()],
        verify_token: "v".into(),
        page_access_token: token.into(),
        graph_base_url: base.to_owned(),
        graph_version: "v26.0".to_owned(),
        max_sends_per_second: 250,
    };
    let page = PageConfig {
        id: page.map(PageId::from),
        token: token.into(),
        brand: "Bank".to_owned(),
        locale: crate::reply::locale::Locale::EN_US,
        zone: jiff::tz::TimeZone::UTC,
    };
    (messenger, vec![page])
}

async fn world(page: Option<&str>, answers: Answers) -> World {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let graph = Graph {
        calls: Arc::clone(&calls),
        answers,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(graph);
    tokio::spawn(async move { axum::serve(listener, router).await });
    // Long enough for a busy machine: only the tests of silence shorten it.
    let patient = Limits {
        connect: Duration::from_secs(10),
        call: Duration::from_secs(10),
        action: Duration::from_secs(10),
    };
    World {
        api: api_with(&format!("http://{address}"), page, patient),
        calls,
    }
}

fn hello() -> OutboundMessage {
    OutboundMessage::Text {
        text: "Checking ••1234: $412.10".to_owned(),
        quick_replies: vec![Button::Postback {
            title: "Savings".to_owned(),
            payload: "v1:savings".to_owned(),
        }],
    }
}

async fn send(api: &SendApi, message: &OutboundMessage) -> Result<Delivered, SendError> {
    api.send(Outgoing {
        page: &PageId::from("1001"),
        psid: &Psid::from("PSID-0001"),
        occasion: Occasion::Response,
        metadata: "00112233445566778899aabbccddeeff",
        message,
    })
    .await
}

fn sent(_: &Call) -> Response {
    (
        [("x-app-usage", r#"{"call_count":81}"#)],
        r#"{"recipient_id":"PSID-0001","message_id":"m_out1"}"#,
    )
        .into_response()
}

#[test]
fn the_proof_matches_the_references_vectors() {
    for (secret, token, expected) in [
        (
            "shhhhh!is.my.secret",
            "foo_token",
            "796ba0d8a6b339e476a7b166a9e8ac0a395f7de736dc37de5f2f4397f5854eb8",
        ),
        (
            "shhhhh!is.my.secret",
            "token1",
            "99eed1703c01487bce54ccf12b7e8007880e3bf7f3820656f17f200b5c976266",
        ),
        (SECRET, TOKEN, PROOF),
    ] {
        assert_eq!(
            appsecret_proof(&secret.into(), &token.into()).as_deref(),
            Some(expected)
        );
    }
}

#[tokio::test]
async fn a_message_goes_to_the_pages_edge_with_token_in_the_header_and_proof() {
    let world = world(Some("1001"), sent).await;
    let delivered = send(&world.api, &hello()).await.unwrap();
    assert_eq!(delivered.mid, Some(Mid::from("m_out1")));
    assert_eq!(delivered.usage_percent, Some(81));
    let call = &world.calls()[0];
    assert_eq!(call.uri.path(), "/v26.0/1001/messages");
    assert_eq!(
        call.uri.query(),
        Some(format!("appsecret_proof={PROOF}").as_str())
    );
    assert_eq!(call.headers["authorization"], "Bearer page-token");
    assert_eq!(call.headers["content-type"], "application/json");
    let body = call.json();
    assert_eq!(body["messaging_type"], "RESPONSE");
    assert_eq!(
        body["message"]["metadata"],
        "00112233445566778899aabbccddeeff"
    );
}

#[tokio::test]
async fn a_page_without_an_id_is_me() {
    let world = world(None, sent).await;
    send(&world.api, &hello()).await.unwrap();
    assert_eq!(world.calls()[0].uri.path(), "/v26.0/me/messages");
}

#[tokio::test]
async fn a_page_without_a_token_is_a_matter_of_configuration() {
    let world = world(Some("2002"), sent).await;
    assert!(matches!(
        send(&world.api, &hello()).await,
        Err(SendError::Configuration { .. })
    ));
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn a_message_that_breaks_a_limit_is_not_sent() {
    let world = world(None, sent).await;
    let long = OutboundMessage::Text {
        text: "x".repeat(2000),
        quick_replies: vec![],
    };
    assert_eq!(
        send(&world.api, &long).await.unwrap_err(),
        SendError::Rejected { code: None }
    );
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn connections_are_used_again() {
    let world = world(None, sent).await;
    for _ in 0..3 {
        send(&world.api, &hello()).await.unwrap();
    }
    assert_eq!(world.calls().len(), 3);
}

#[tokio::test]
async fn an_answer_with_a_message_id_alone_is_a_success() {
    let world = world(None, |_| r#"{"message_id":"m_1"}"#.into_response()).await;
    assert!(send(&world.api, &hello()).await.unwrap().mid.is_some());
}

#[tokio::test]
async fn graph_errors_are_told_apart_by_their_code() {
    let world = world(None, |_| {
        (
            StatusCode::BAD_REQUEST,
            r#"{"error":{"message":"…","code":10,"error_subcode":2018278,"fbtrace_id":"A"}}"#,
        )
            .into_response()
    })
    .await;
    assert_eq!(
        send(&world.api, &hello()).await.unwrap_err(),
        SendError::WindowClosed
    );
}

#[tokio::test]
async fn html_in_place_of_an_answer_may_hide_a_message_that_went_out() {
    for status in [StatusCode::OK, StatusCode::BAD_GATEWAY] {
        static STATUS: Mutex<StatusCode> = Mutex::new(StatusCode::OK);
        *STATUS.lock().unwrap() = status;
        let world = world(None, |_| {
            (*STATUS.lock().unwrap(), "<html>busy</html>").into_response()
        })
        .await;
        assert_eq!(
            send(&world.api, &hello()).await.unwrap_err(),
            SendError::Retry {
                code: None,
                after: None,
                maybe_sent: true
            }
        );
    }
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let world = world(None, |_| "x".repeat(10 * 1024 * 1024).into_response()).await;
    assert!(matches!(
        send(&world.api, &hello()).await,
        Err(SendError::Retry {
            maybe_sent: true,
            ..
        })
    ));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let world = world(None, |_| {
        (
            StatusCode::FOUND,
            [("location", "http://127.0.0.1:1/elsewhere")],
        )
            .into_response()
    })
    .await;
    assert!(send(&world.api, &hello()).await.is_err());
    assert_eq!(world.calls().len(), 1);
}

fn failed(maybe_sent: bool) -> SendError {
    SendError::Retry {
        code: None,
        after: None,
        maybe_sent,
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let api = api_at(&format!("http://{address}"), None);
    assert_eq!(send(&api, &hello()).await.unwrap_err(), failed(false));
}

/// Serves each connection by a function over the raw socket, after the request has arrived.
async fn raw<F>(serve: fn(TcpStream) -> F) -> SendApi
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let arrived = socket.read(&mut buffer).await.unwrap_or(0);
            if arrived > 0 {
                tokio::spawn(serve(socket));
            }
        }
    });
    api_at(&format!("http://{address}"), None)
}

#[tokio::test]
async fn a_hang_up_after_the_request_may_have_sent() {
    let api = raw(|socket| async move { drop(socket) }).await;
    assert_eq!(send(&api, &hello()).await.unwrap_err(), failed(true));
}

#[tokio::test]
async fn silence_may_have_sent() {
    let api = raw(|socket| async move {
        std::future::pending::<()>().await;
        drop(socket);
    })
    .await;
    assert_eq!(send(&api, &hello()).await.unwrap_err(), failed(true));
}

#[tokio::test]
async fn an_answer_that_breaks_off_may_have_sent() {
    let api = raw(|mut socket| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"recipient_id\":";
        socket.write_all(head.as_bytes()).await.unwrap();
    })
    .await;
    assert_eq!(send(&api, &hello()).await.unwrap_err(), failed(true));
}

#[tokio::test]
async fn what_is_no_http_may_have_sent() {
    let api = raw(|mut socket| async move {
        socket.write_all(b"SSH-2.0-x\r\n").await.unwrap();
    })
    .await;
    assert_eq!(send(&api, &hello()).await.unwrap_err(), failed(true));
}

fn picture() -> OutboundMessage {
    OutboundMessage::Image {
        png_base64: STANDARD.encode(b"\x89PNG\r\n"),
        alt: "Spending by month: October $512.40, November $318.05.".to_owned(),
        quick_replies: vec![Button::Postback {
            title: "See charges".to_owned(),
            payload: "v1:transactions".to_owned(),
        }],
    }
}

#[tokio::test]
async fn a_picture_is_uploaded_and_comes_after_its_words() {
    let world = world(Some("1001"), |call| {
        if call.uri.path().ends_with("/message_attachments") {
            r#"{"attachment_id":"7700"}"#.into_response()
        } else {
            sent(call)
        }
    })
    .await;
    send(&world.api, &picture()).await.unwrap();
    let calls = world.calls();
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[0].uri.path(), "/v26.0/1001/message_attachments");
    let form = String::from_utf8_lossy(&calls[0].body).into_owned();
    assert!(form.contains("name=\"filedata\"; filename=\"picture.png\""));
    assert!(form.contains("Content-Type: image/png"));
    assert!(form.contains(r#""is_reusable":true"#));
    assert!(
        calls[1].json()["message"]["text"]
            .as_str()
            .unwrap()
            .starts_with("Spending")
    );
    assert_eq!(
        calls[2].json()["message"],
        serde_json::json!({
            "attachment": {"type": "image", "payload": {"attachment_id": "7700"}},
            "quick_replies": [
                {"content_type": "text", "title": "See charges", "payload": "v1:transactions"}
            ]
        })
    );
    // Messenger shows the quick replies of the last message only.
    assert!(calls[1].json()["message"].get("quick_replies").is_none());
}

#[tokio::test]
async fn a_picture_that_cannot_be_uploaded_leaves_its_words() {
    let world = world(None, |call| {
        if call.uri.path().ends_with("/message_attachments") {
            (StatusCode::INTERNAL_SERVER_ERROR, "no").into_response()
        } else {
            sent(call)
        }
    })
    .await;
    assert!(send(&world.api, &picture()).await.is_ok());
    assert_eq!(world.calls().len(), 2);
}

#[tokio::test]
async fn typing_and_read_marks_are_sender_actions_whose_failure_is_nobodys() {
    let world = world(None, |_| {
        (StatusCode::BAD_REQUEST, r#"{"error":{"code":190}}"#).into_response()
    })
    .await;
    let (page, psid) = (PageId::from("1001"), Psid::from("PSID-0001"));
    world.api.typing(&page, &psid).await;
    world.api.mark_seen(&page, &psid).await;
    let bodies: Vec<_> = world.calls().iter().map(Call::json).collect();
    assert_eq!(bodies[0]["sender_action"], "typing_on");
    assert_eq!(bodies[1]["sender_action"], "mark_seen");
    assert!(bodies[0].get("message").is_none());
}

#[tokio::test]
async fn a_thread_is_handed_to_the_page_inbox_or_the_app_named() {
    let (page, psid) = (PageId::from("1001"), Psid::from("PSID-0001"));
    for answer in [
        (|_| r#"{"success":true}"#.into_response()) as Answers,
        |_| r#"{"success":"true"}"#.into_response(),
    ] {
        let world = world(Some("1001"), answer).await;
        world.api.hand_over(&page, &psid).await.unwrap();
        let call = &world.calls()[0];
        assert_eq!(call.uri.path(), "/v26.0/1001/pass_thread_control");
        assert_eq!(call.json()["target_app_id"], PAGE_INBOX);
        let api = world.api.hand_over_to("42");
        api.hand_over(&page, &psid).await.unwrap();
        assert_eq!(world.calls.lock().unwrap()[1].json()["target_app_id"], "42");
    }
    let refusing = world(Some("1001"), |_| {
        (StatusCode::FORBIDDEN, r#"{"error":{"code":2018300}}"#).into_response()
    })
    .await;
    assert_eq!(
        refusing.api.hand_over(&page, &psid).await.unwrap_err(),
        SendError::NotOwner
    );
}

#[tokio::test]
async fn neither_token_nor_proof_nor_text_is_logged() {
    use std::io::Write;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);
    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let world = world(None, |_| {
        (
            StatusCode::BAD_REQUEST,
            r#"{"error":{"message":"page-token $412.10","code":190,"fbtrace_id":"Trace1"}}"#,
        )
            .into_response()
    })
    .await;
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber =
        crate::telemetry::subscriber(crate::config::LogFormat::Json, "trace", false, move || {
            writer.clone()
        })
        .unwrap();
    let guard = tracing::subscriber::set_default(subscriber);
    assert!(send(&world.api, &hello()).await.is_err());
    drop(guard);
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("Trace1") && log.contains("190"), "{log}");
    for secret in [TOKEN, PROOF, "412.10", "Savings", "PSID-0001"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn a_token_that_is_no_header_value_is_named_at_the_start() {
    let (messenger, pages) = configured("http://127.0.0.1:1", None, "two\nlines");
    let error = SendApi::new(&messenger, &pages, limits()).err().unwrap();
    assert!(error.to_string().contains("messenger.page_access_token"));
}

#[test]
fn a_base_address_may_have_a_path() {
    let (messenger, pages) = configured("http://127.0.0.1:1/graph", Some("a/b"), TOKEN);
    let edges = Edges::new(&messenger, &pages[0]).unwrap();
    assert_eq!(edges.messages.path(), "/graph/v26.0/a%2Fb/messages");
}
