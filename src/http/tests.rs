use std::sync::{LazyLock, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::app::Policies;
use crate::assembly::{self, Parts, PolicyParts};
use crate::bank::http::{CallObserver, ObservedCall};
use crate::bank::{Bank, BankId};
use crate::channel::messenger::signature::{HEADER, sign};
use crate::channel::{Delivered, Outgoing, Outlet, SendError};
use crate::clock::{Clock, ManualClock};
use crate::config::People;
use crate::conversation::step::Understand;
use crate::inbox::stored::StoredInput;
use crate::intent::catalogue::Catalogue;
use crate::intent::matcher::Context;
use crate::intent::{Decision, Understanding};
use crate::message::{ConversationId, PageId, Psid};
use crate::reply::locale::Locale;
use crate::store::keys::{Keys, MasterKey};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{NodeId, PagePause, Sealed, TurnCommit, TurnLease};
use crate::telemetry::Metrics;

mod bad_input;

const SECRET: &str = "app-secret";
const PAGE: &str = "104900000000001";
const NOW: &str = "2025-11-22T00:00:01Z";

/// Loaded once for all tests here: none of them looks into it.
static CATALOGUE: LazyLock<Arc<Catalogue>> =
    LazyLock::new(|| Arc::new(Catalogue::built_in().unwrap()));

struct Mute;

#[async_trait]
impl Outlet for Mute {
    async fn send(&self, _: Outgoing<'_>) -> Result<Delivered, SendError> {
        Err(SendError::Drop)
    }
    async fn typing(&self, _: &PageId, _: &Psid) {}
    async fn hand_over(&self, _: &PageId, _: &Psid) -> Result<(), SendError> {
        Ok(())
    }
}

struct Deaf;

impl Understand for Deaf {
    fn understand(&self, text: &str, heard: &Context<'_>) -> Understanding {
        Understanding {
            language: heard.language.unwrap_or_default(),
            decision: Decision::Reject,
            intents: Vec::new(),
            alternatives: Vec::new(),
            redacted: text.to_owned(),
        }
    }
}

struct World {
    _files: tempfile::TempDir,
    app: Arc<App>,
    health: Arc<Health>,
    clock: Arc<ManualClock>,
    public: Router,
    admin: Router,
}

fn world() -> World {
    world_with(SqliteOptions {
        durable: false,
        ..SqliteOptions::default()
    })
}

fn world_with(options: SqliteOptions) -> World {
    let files = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("sqlite:{}", files.path().join(name).display());
    let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
    let master = MasterKey::from_hex(&"ab".repeat(32)).unwrap();
    let metrics = Arc::new(Metrics::new());
    let bank = Bank {
        id: BankId("bank".to_owned()),
        name: "Acme Bank".to_owned(),
        zone: jiff::tz::TimeZone::UTC,
        reading: None,
        cards: None,
        disputes: None,
        standing_orders: None,
        rates: None,
        card_services: None,
        rewards: None,
        papers: None,
        alerts: None,
        payments: None,
        commands: None,
    };
    let mut policies = Policies::default();
    let parts = PolicyParts {
        brand: "Acme Bank",
        locale: Locale::EN_US,
        zone: jiff::tz::TimeZone::UTC,
        actions: std::collections::BTreeSet::new(),
        limits: crate::conversation::policy::Limits::default(),
        people: &People::default(),
        public_url: None,
        chat_is_notice_address: false,
        notice_address: None,
        rights: crate::conversation::legal::Rights::default(),
        fees: None,
    };
    policies.add(Some(PageId::from(PAGE)), assembly::policy(parts, &bank));
    let app = assembly::app(Parts {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        store: Arc::new(SqliteStore::open(&at("bursar.db"), options).unwrap()),
        keys: Arc::new(Keys::open(&at("keys.db"), &master, clock.clone()).unwrap()),
        catalogue: Arc::clone(&CATALOGUE),
        matcher: Arc::new(Deaf),
        bank,
        auto_link: None,
        outlet: Arc::new(Mute),
        policies,
        metrics: Arc::clone(&metrics),
        app_id: Some("1234567890123456".to_owned()),
        witness: None,
    });
    let webhook = Webhook::new(
        &[SECRET.into()],
        &"verify me".into(),
        1024 * 1024,
        Arc::clone(&app) as Arc<dyn webhook::Intake>,
        Arc::clone(&metrics),
    );
    let health = Arc::new(Health::new(metrics));
    World {
        public: public(&app, webhook, true),
        admin: admin(&app, Arc::clone(&health)),
        _files: files,
        app,
        health,
        clock,
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn get_from(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

impl World {
    async fn post(&self, body: &str) -> StatusCode {
        let request = Request::post(webhook::PATH)
            .header(HEADER, sign(SECRET, body.as_bytes()))
            .body(Body::from(body.to_owned()))
            .unwrap();
        ask(&self.public, request).await.status
    }

    async fn waiting(&self) -> u64 {
        let now_ms = self.clock.now_ms();
        self.app.store.depths(now_ms).await.unwrap().inbox
    }

    fn counted(&self, line: &str) -> u64 {
        let shown = self.app.metrics.render();
        shown
            .lines()
            .find_map(|shown| shown.strip_prefix(line))
            .map_or(0, |count| count.trim().parse().unwrap())
    }

    async fn lease(&self) -> Option<TurnLease> {
        let now_ms = self.clock.now_ms();
        let leases = self
            .app
            .store
            .lease_turns(NodeId([1; 16]), now_ms, 60_000, 1)
            .await
            .unwrap();
        leases.into_iter().next()
    }
}

fn event(mid: &str, text: &str) -> String {
    format!(
        r#"{{"sender":{{"id":"PSID-0001"}},"recipient":{{"id":"{PAGE}"}},"timestamp":1763769600001,"message":{{"mid":"{mid}","text":"{text}"}}}}"#
    )
}

fn body(lane: &str, events: &[String]) -> String {
    format!(
        r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1763769600123,"{lane}":[{}]}}]}}"#,
        events.join(",")
    )
}

#[tokio::test]
async fn a_redelivered_message_is_stored_once() {
    let world = world();
    let body = body("messaging", &[event("m_1", "balance")]);
    for _ in 0..3 {
        assert_eq!(world.post(&body).await, StatusCode::OK);
    }
    assert_eq!(world.waiting().await, 1);
    assert_eq!(
        world.counted("bursar_accepted_total{outcome=\"duplicate\"}"),
        2
    );
}

#[tokio::test]
async fn the_same_batch_five_times_in_parallel_is_stored_once() {
    let world = world();
    let events: Vec<_> = (0..200)
        .map(|at| event(&format!("m_{at}"), "balance"))
        .collect();
    let body = body("messaging", &events);
    let all = (0..5).map(|_| world.post(&body));
    for status in futures::future::join_all(all).await {
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(world.waiting().await, 200);
}

#[tokio::test]
async fn messages_without_an_id_are_told_apart_by_what_they_say() {
    let world = world();
    let bare = |text: &str| event("x", text).replace("\"mid\":\"x\",", "");
    let events = [bare("balance"), bare("and savings?"), bare("balance")];
    assert_eq!(
        world.post(&body("messaging", &events)).await,
        StatusCode::OK
    );
    assert_eq!(world.waiting().await, 2);
}

#[tokio::test]
async fn another_apps_threads_and_other_pages_and_old_events_are_not_stored() {
    let world = world();
    let other = event("m_1", "hi").replace(PAGE, "999");
    let old = event("m_2", "hi").replace("1763769600001", "1463769600001");
    assert_eq!(
        world.post(&body("standby", &[event("m_0", "hi")])).await,
        StatusCode::OK
    );
    assert_eq!(
        world.post(&body("messaging", &[other, old])).await,
        StatusCode::OK
    );
    assert_eq!(world.waiting().await, 0);
    for outcome in ["dropped", "other_page", "too_old"] {
        let line = format!("bursar_events_total{{kind=\"message\",outcome=\"{outcome}\"}}");
        assert_eq!(world.counted(&line), 1, "{outcome}");
    }
}

#[tokio::test]
async fn an_echo_is_never_an_input() {
    let world = world();
    let echo = std::fs::read_to_string("fixtures/webhooks/messenger/echo.json").unwrap();
    assert_eq!(world.post(&echo).await, StatusCode::OK);
    assert_eq!(world.waiting().await, 0);
}

#[tokio::test]
async fn every_fixture_is_acknowledged() {
    let world = world();
    for file in std::fs::read_dir("fixtures/webhooks/messenger").unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "json") {
            let body = std::fs::read_to_string(&path).unwrap();
            assert_eq!(
                world.post(&body).await,
                StatusCode::OK,
                "{}",
                path.display()
            );
        }
    }
}

#[tokio::test]
async fn a_card_number_is_gone_before_it_is_stored() {
    let world = world();
    let body = body(
        "messaging",
        &[event("m_1", "my card is 4111 1111 1111 1111")],
    );
    assert_eq!(world.post(&body).await, StatusCode::OK);
    let lease = world.lease().await.unwrap();
    let place = lease.conversation.0;
    let stored = world
        .app
        .keys
        .open_ingest(&place, &lease.inputs[0].body)
        .unwrap();
    let stored = String::from_utf8(stored.to_vec()).unwrap();
    assert!(stored.contains("my card is [card]"), "{stored}");
    assert!(!stored.contains("1111"));
}

#[tokio::test]
async fn a_full_disk_is_answered_503_until_there_is_room() {
    let world = world_with(SqliteOptions {
        max_pages: Some(80),
        ..SqliteOptions::default()
    });
    let mut accepted = 0;
    let refused = loop {
        let events: Vec<_> = (0..50)
            .map(|at| event(&format!("m_{accepted}_{at}"), &"long ".repeat(100)))
            .collect();
        let status = world.post(&body("messaging", &events)).await;
        if status != StatusCode::OK {
            break status;
        }
        accepted += 50;
        assert!(accepted < 10_000, "the disk never fills");
    };
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    // All of a request or nothing.
    assert_eq!(world.waiting().await, accepted);
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_refused() {
    let world = world();
    assert_eq!(
        get_from(&world.public, "/").await.status,
        StatusCode::NOT_FOUND
    );
    // What operators see is not for the public.
    for path in ["/metrics", "/readyz", "/healthz"] {
        assert_eq!(
            get_from(&world.public, path).await.status,
            StatusCode::NOT_FOUND
        );
        let posted = Request::post(path).body(Body::empty()).unwrap();
        assert_eq!(
            ask(&world.admin, posted).await.status,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
    assert_eq!(
        get_from(&world.admin, webhook::PATH).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn ready_means_store_and_both_listeners() {
    let world = world();
    assert_eq!(
        get_from(&world.admin, "/healthz").await.status,
        StatusCode::OK
    );
    let unready = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(get_from(&world.admin, "/readyz").await.status, unready);
    world.health.public_is_up();
    assert_eq!(get_from(&world.admin, "/readyz").await.status, unready);
    world.health.admin_is_up();
    let answer = get_from(&world.admin, "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK);
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["ready"], true);
    assert_eq!(body["queues"]["inbox"], 0);
}

#[tokio::test]
async fn a_refused_token_is_named_but_does_not_make_us_unready() {
    let world = world();
    world.health.public_is_up();
    world.health.admin_is_up();
    let page = PageId::from(PAGE);
    let pause = |until_ms| PagePause {
        page: page.clone(),
        until_ms,
        reason: "token".to_owned(),
        code: Some(190),
    };
    world
        .app
        .store
        .pause_page(&page, Some(pause(None)))
        .await
        .unwrap();
    let answer = get_from(&world.admin, "/readyz").await;
    assert_eq!(answer.status, StatusCode::OK);
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["pages"][0]["page"], PAGE);
    assert_eq!(body["pages"][0]["reason"], "token");
    assert_eq!(body["pages"][0]["code"], 190);
    let shown = get_from(&world.admin, "/metrics").await;
    assert!(
        shown.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    assert!(shown.body.contains(&format!(
        "bursar_page_paused{{page=\"{PAGE}\",reason=\"token\"}} 1"
    )));
    // One that is over is no trouble.
    let over = pause(Some(world.clock.now_ms() - 1));
    world.app.store.pause_page(&page, Some(over)).await.unwrap();
    let answer = get_from(&world.admin, "/readyz").await;
    assert!(answer.body.contains("\"pages\":[]"), "{}", answer.body);
}

#[tokio::test]
async fn a_bank_whose_calls_keep_failing_is_named() {
    let world = world();
    let call = |outcome| ObservedCall {
        bank: BankId("bank".to_owned()),
        conversation: None,
        operation: "accounts",
        outcome,
        status: None,
        attempts: 1,
        duration: std::time::Duration::from_millis(5),
        interaction: uuid::Uuid::nil(),
    };
    for _ in 0..2 {
        world.health.observe(&call("unavailable"));
    }
    let answer = get_from(&world.admin, "/readyz").await;
    assert!(answer.body.contains("\"banks\":[]"));
    world.health.observe(&call("unavailable"));
    let answer = get_from(&world.admin, "/readyz").await;
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["banks"][0]["outcome"], "unavailable");
    assert_eq!(body["banks"][0]["failed_calls"], 3);
    world.health.observe(&call("ok"));
    let answer = get_from(&world.admin, "/readyz").await;
    assert!(answer.body.contains("\"banks\":[]"));
    assert!(get_from(&world.admin, "/metrics").await.body.contains(
        "bursar_bank_call_seconds_count{operation=\"accounts\",outcome=\"unavailable\"} 3"
    ));
}

#[tokio::test]
async fn metrics_show_what_waits() {
    let world = world();
    world
        .post(&body("messaging", &[event("m_1", "balance")]))
        .await;
    let shown = get_from(&world.admin, "/metrics").await.body;
    assert!(
        shown.contains("bursar_queue_depth{queue=\"inbox\"} 1"),
        "{shown}"
    );
    assert!(shown.contains(
        "bursar_http_requests_total{route=\"/webhooks/messenger\",method=\"POST\",status=\"200\"} 1"
    ));
    assert!(shown.ends_with("# EOF\n"));
}

const STRANGER: &str = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100";

async fn confirm(world: &World, token: &str, language: &str) -> Answer {
    let request = Request::post(format!("/stepup/{token}"))
        .header("accept-language", language)
        .body(Body::empty())
        .unwrap();
    ask(&world.public, request).await
}

/// Makes a conversation with a stored state, as a turn would.
async fn known_conversation(world: &World) -> ConversationId {
    world
        .post(&body("messaging", &[event("m_1", "unfreeze")]))
        .await;
    let lease = world.lease().await.unwrap();
    world
        .app
        .store
        .commit_turn(TurnCommit {
            conversation: lease.conversation,
            fence: lease.fence,
            now_ms: world.clock.now_ms(),
            done: lease.inputs.iter().map(|input| input.id).collect(),
            state: Some(Sealed(vec![1])),
            sends: Vec::new(),
            commands: Vec::new(),
            audit: Vec::new(),
            timers: Vec::new(),
            cases: Vec::new(),
            views: Vec::new(),
            inputs: Vec::new(),
            record: None,
            erase_records_since_ms: None,
        })
        .await
        .unwrap();
    lease.conversation
}

#[tokio::test]
async fn a_step_up_becomes_an_input_of_its_conversation() {
    let world = world();
    let conversation = known_conversation(&world).await;
    let secret = "ffeeddccbbaa99887766554433221100";
    let answer = confirm(&world, &format!("{conversation}{secret}"), "en").await;
    assert_eq!(answer.status, StatusCode::OK);
    let lease = world.lease().await.unwrap();
    assert_eq!(lease.conversation, conversation);
    let stored = world
        .app
        .keys
        .open_ingest(&conversation.0, &lease.inputs[0].body)
        .unwrap();
    let StoredInput::SteppedUp { secret: brought } = serde_json::from_slice(&stored).unwrap()
    else {
        panic!("not a step-up");
    };
    assert_eq!(brought, secret);
}

#[tokio::test]
async fn the_step_up_page_answers_the_same_whether_or_not_it_knows_the_token() {
    let world = world();
    let conversation = known_conversation(&world).await;
    let known = format!("{conversation}{}", &STRANGER[32..]);
    let right = confirm(&world, &known, "en").await;
    for token in [STRANGER, "short", "%00", "../healthz"] {
        let answer = confirm(&world, token, "en").await;
        if answer.status == StatusCode::NOT_FOUND {
            // Two segments are another path.
            assert!(token.contains('/'));
            continue;
        }
        assert_eq!(answer.body, right.body, "{token}");
        assert_eq!(answer.status, right.status);
    }
    assert_eq!(world.waiting().await, 1);
}

#[tokio::test]
async fn looking_at_the_step_up_page_changes_nothing() {
    let world = world();
    let conversation = known_conversation(&world).await;
    let path = format!("/stepup/{conversation}{}", &STRANGER[32..]);
    let answer = get_from(&world.public, &path).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(world.waiting().await, 0);
    assert!(answer.body.contains("<html lang=\"en\">"));
    assert!(
        answer.body.contains(
            "<form method=\"post\"><button type=\"submit\">Yes, it is me</button></form>"
        )
    );
    assert!(!answer.body.contains(&STRANGER[32..]));
    let header = |name: &str| answer.headers[name].to_str().unwrap();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("x-content-type-options"), "nosniff");
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "style-src 'sha256-",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
}

#[tokio::test]
async fn the_step_up_page_speaks_spanish_when_asked() {
    let world = world();
    let request = Request::get(format!("/stepup/{STRANGER}"))
        .header("accept-language", "es-MX,es;q=0.9")
        .body(Body::empty())
        .unwrap();
    let answer = ask(&world.public, request).await;
    assert!(answer.body.contains("<html lang=\"es\">"));
    assert!(answer.body.contains("¿Eres tú?"));
    let confirmed = confirm(&world, STRANGER, "es").await;
    assert!(confirmed.body.contains("Gracias"));
}

#[tokio::test]
async fn without_the_simulated_bank_there_is_no_step_up_page() {
    let world = world();
    let webhook = Webhook::new(
        &[SECRET.into()],
        &"v".into(),
        1024,
        Arc::clone(&world.app) as Arc<dyn webhook::Intake>,
        Arc::clone(&world.app.metrics),
    );
    let router = public(&world.app, webhook, false);
    let answer = get_from(&router, &format!("/stepup/{STRANGER}")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_know_paths_by_their_template_and_nothing_of_what_was_said() {
    let world = world();
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber =
        crate::telemetry::subscriber(crate::config::LogFormat::Json, "debug", false, move || {
            writer.clone()
        })
        .unwrap();
    let guard = tracing::subscriber::set_default(subscriber);
    get_from(
        &world.public,
        "/webhooks/messenger?hub.verify_token=hunter2",
    )
    .await;
    confirm(&world, STRANGER, "en").await;
    world
        .post(&body(
            "messaging",
            &[event("m_secret", "how much did i spend at the bakery")],
        ))
        .await;
    drop(guard);
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("/stepup/{token}"), "{log}");
    assert!(log.contains("\"http.status\":200"));
    for secret in [
        "hunter2",
        &STRANGER[..32],
        "bakery",
        "PSID-0001",
        "m_secret",
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
