//! Receiving, against a bare axum handler in the same run: `cargo bench --bench receive`.
//!
//! Both are loaded from another process over loopback with keep-alive connections and the same requests: signed,
//! distinct, randomly named events, made and signed before the clock starts, so that the maker's work burdens
//! neither. The real path is the production one: signature, parsing, redaction, encryption, de-duplication, and
//! a 200 only after SQLite's `FULL` commit. Nothing is leased meanwhile: this is ingest alone.
//!
//! Options after `--`: `--requests N` (each run, 60000), `--rounds N` (2), `--rows N` (rows there before, 0),
//! `--dir DIR` (where the database is; a disk, not a RAM disk).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench ends at the first thing that is wrong and prints what it found"
)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use bursar::app::{App, Policies};
use bursar::assembly::{self, Parts, PolicyParts};
use bursar::bank::{Bank, BankId};
use bursar::channel::messenger::signature::sign;
use bursar::channel::messenger::webhook::{self, Intake, Webhook};
use bursar::channel::{Delivered, Outgoing, Outlet, SendError};
use bursar::clock::{Clock, SystemClock};
use bursar::config::People;
use bursar::conversation::step::Understand;
use bursar::http;
use bursar::intent::catalogue::Catalogue;
use bursar::intent::matcher::Context;
use bursar::intent::{Decision, Understanding};
use bursar::message::{ConversationId, PageId, Psid};
use bursar::reply::locale::Locale;
use bursar::store::keys::{Keys, MasterKey};
use bursar::store::sqlite::{SqliteOptions, SqliteStore};
use bursar::store::{Accept, Arrival, NewInput, Sealed, SeenKey};
use bursar::telemetry::Metrics;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const SECRET: &str = "app-secret";
const PAGE: &str = "104900000000001";

/// What a run came to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Run {
    per_second: f64,
    p50_us: u32,
    p99_us: u32,
    refused: usize,
}

fn option(name: &str) -> Option<String> {
    let mut all = std::env::args().skip_while(|given| given != name);
    all.nth(1)
}

fn number(name: &str, default: usize) -> usize {
    option(name).map_or(default, |text| text.parse().unwrap())
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(address) = option("--load") {
        let run = runtime.block_on(load(
            address.parse().unwrap(),
            number("--connections", 64),
            number("--requests", 60_000),
        ));
        println!("{}", serde_json::to_string(&run).unwrap());
    } else {
        runtime.block_on(compare());
    }
}

async fn compare() {
    let rows = number("--rows", 0);
    let files = option("--dir").map_or_else(tempfile::tempdir, tempfile::tempdir_in);
    let files = files.unwrap();
    let app = app(files.path());
    fill(&app, rows).await;
    let bare = Router::new().route(webhook::PATH, post(|_: Bytes| async { "EVENT_RECEIVED" }));
    let bare = serve_bare(bare).await;
    let real = serve_real(&app).await;
    println!("rows before: {rows}");
    for connections in [64, 256] {
        let (mut of_bare, mut of_real) = (Vec::new(), Vec::new());
        for _ in 0..number("--rounds", 2) {
            of_bare.push(run("bare", bare, connections).await);
            of_real.push(run("real", real, connections).await);
        }
        let best = |runs: &[Run]| runs.iter().map(|run| run.per_second).fold(0.0, f64::max);
        println!(
            "{connections} connections: best real / best bare = {:.3}",
            best(&of_real) / best(&of_bare)
        );
    }
}

async fn run(name: &str, address: SocketAddr, connections: usize) -> Run {
    let requests = number("--requests", 60_000);
    let child = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--load", &address.to_string()])
            .args(["--connections", &connections.to_string()])
            .args(["--requests", &requests.to_string()])
            .output()
            .unwrap()
    });
    let output = child.await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let run: Run = serde_json::from_slice(&output.stdout).unwrap();
    println!(
        "{name} {connections:4} connections: {:8.0} req/s, p50 {:6} us, p99 {:6} us, refused {}",
        run.per_second, run.p50_us, run.p99_us, run.refused
    );
    run
}

async fn serve_bare(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn serve_real(app: &Arc<App>) -> SocketAddr {
    let webhook = Webhook::new(
        &[SECRET.into()],
        &"verify me".into(),
        1024 * 1024,
        Arc::clone(app) as Arc<dyn Intake>,
        Arc::clone(&app.metrics),
    );
    let router = http::public(app, webhook, false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bounds = http::serve::Bounds::default();
    tokio::spawn(http::serve::serve(
        listener,
        router,
        bounds,
        CancellationToken::new(),
    ));
    address
}

/// Puts rows there, as an hour's backlog would.
async fn fill(app: &App, rows: usize) {
    const UNIT: usize = 1000;
    let now_ms = app.clock.now_ms();
    for unit in 0..rows / UNIT {
        let at_ms = now_ms - 3_600_000 + i64::try_from(unit).unwrap();
        let arrivals = (0..UNIT)
            .map(|_| Arrival {
                seen: SeenKey {
                    at_ms,
                    hash: rand::random(),
                },
                input: NewInput {
                    conversation: ConversationId(rand::random()),
                    at_ms,
                    body: Sealed(vec![7; 250]),
                },
            })
            .collect();
        let unit = Accept {
            arrivals,
            echoes: Vec::new(),
            now_ms,
        };
        app.store.accept(unit).await.unwrap();
    }
}

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

fn app(files: &Path) -> Arc<App> {
    let at = |name: &str| format!("sqlite:{}", files.join(name).display());
    let clock = Arc::new(SystemClock);
    let master = MasterKey::from_hex(&"ab".repeat(32)).unwrap();
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
    let parts = PolicyParts {
        limits: bursar::conversation::policy::Limits::default(),
        brand: "Acme Bank",
        locale: Locale::EN_US,
        zone: jiff::tz::TimeZone::UTC,
        actions: BTreeSet::new(),
        people: &People::default(),
        public_url: None,
        chat_is_notice_address: false,
        notice_address: None,
        rights: bursar::conversation::legal::Rights::default(),
        fees: None,
    };
    let mut policies = Policies::default();
    policies.add(Some(PageId::from(PAGE)), assembly::policy(parts, &bank));
    let options = SqliteOptions {
        serve: true,
        ..SqliteOptions::default()
    };
    assembly::app(Parts {
        store: Arc::new(SqliteStore::open(&at("bursar.db"), options).unwrap()),
        keys: Arc::new(Keys::open(&at("keys.db"), &master, clock.clone()).unwrap()),
        clock,
        catalogue: Arc::new(Catalogue::built_in().unwrap()),
        matcher: Arc::new(Deaf),
        bank,
        auto_link: None,
        outlet: Arc::new(Mute),
        policies,
        metrics: Arc::new(Metrics::new()),
        app_id: None,
        witness: None,
    })
}

/// One signed request with a new person and a new message id.
fn request(at: usize, base_ms: i64) -> Vec<u8> {
    let (person, mid): (u64, [u8; 24]) = (rand::random(), rand::random());
    // Thirty a millisecond: as fast as they will be sent.
    let at_ms = base_ms + i64::try_from(at / 30).unwrap();
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":{at_ms},"messaging":[{{"sender":{{"id":"{person}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":{at_ms},"message":{{"mid":"m_{}","text":"how much did i spend on groceries last month?"}}}}]}}]}}"#,
        hex::encode(mid)
    );
    let signature = sign(SECRET, body.as_bytes());
    let mut request = format!(
        "POST {} HTTP/1.1\r\nhost: bot.example\r\nuser-agent: facebookexternalua\r\ncontent-type: application/json\r\nx-hub-signature-256: {signature}\r\ncontent-length: {}\r\n\r\n",
        webhook::PATH,
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body.as_bytes());
    request
}

/// The other process: sends all requests over that many connections.
async fn load(address: SocketAddr, connections: usize, requests: usize) -> Run {
    let base_ms = SystemClock.now_ms();
    let mut shares: Vec<Vec<Vec<u8>>> = vec![Vec::new(); connections];
    for (at, share) in (0..requests).zip((0..connections).cycle()) {
        shares.get_mut(share).unwrap().push(request(at, base_ms));
    }
    let mut sockets = Vec::new();
    for _ in 0..connections {
        let socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        sockets.push(socket);
    }
    let began = Instant::now();
    let all: Vec<_> = sockets
        .into_iter()
        .zip(shares)
        .map(|(socket, share)| tokio::spawn(send_all(socket, share)))
        .collect();
    let (mut times, mut refused) = (Vec::with_capacity(requests), 0);
    for one in all {
        let (of_one, bad) = one.await.unwrap();
        times.extend(of_one);
        refused += bad;
    }
    let elapsed = began.elapsed();
    times.sort_unstable();
    let at = |share: usize| {
        let time: Duration = *times.get(times.len() * share / 100).unwrap();
        u32::try_from(time.as_micros()).unwrap()
    };
    Run {
        per_second: f64::from(u32::try_from(times.len()).unwrap()) / elapsed.as_secs_f64(),
        p50_us: at(50),
        p99_us: at(99),
        refused,
    }
}

async fn send_all(mut socket: TcpStream, share: Vec<Vec<u8>>) -> (Vec<Duration>, usize) {
    let (mut times, mut refused) = (Vec::with_capacity(share.len()), 0);
    let mut answer = Vec::with_capacity(1024);
    for request in share {
        let began = Instant::now();
        socket.write_all(&request).await.unwrap();
        answer.clear();
        // Both answers end with these words; whatever else comes is no success.
        loop {
            let read = socket.read_buf(&mut answer).await.unwrap();
            assert!(read > 0, "the connection was closed");
            if answer.ends_with(b"EVENT_RECEIVED") {
                break;
            }
            if answer.starts_with(b"HTTP/1.1 ") && !answer.starts_with(b"HTTP/1.1 200") {
                refused += 1;
                break;
            }
        }
        times.push(began.elapsed());
    }
    (times, refused)
}
