//! The whole flow, `serve` as a process between both simulators: `cargo bench --bench flow`.
//!
//! Prints the time to the first 200, idle memory, the time from webhook to Send API call, what a slow bank or
//! a slow Graph does to receiving, what stored conversations do to it, and memory over many conversations.
//!
//! The simulators and the load run in this process, on the same processors as `serve`.
//!
//! Options after `--`: `--seconds N` (each run, 10), `--rate N` (messages a second, 200), `--stored N`
//! (conversations there before in the second run, 1000000), `--conversations N` (for memory, 100000),
//! `--only NAME` (start, latency, slow, stored, memory).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench ends at the first thing that is wrong and prints what it found"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar::clock::{Clock as _, SharedClock, SystemClock};
use bursar::message::Psid;
use bursar::simulator::bank::{self, BankSimulator, Scenarios};
use bursar::simulator::messenger::{self, MessengerSimulator, Strangers, Webhooks};
use futures::StreamExt as _;

/// How often two things that are compared are measured, in turns.
const ROUNDS: usize = 3;

const PAGE: &str = "100000000000001";

fn option(name: &str) -> Option<String> {
    let mut all = std::env::args().skip_while(|given| given != name);
    all.nth(1)
}

fn number(name: &str, default: u32) -> u32 {
    option(name).map_or(default, |text| text.parse().unwrap())
}

fn chosen(name: &str) -> bool {
    option("--only").is_none_or(|only| only == name)
}

/// The parties around `serve`, and its files.
struct World {
    bank: BankSimulator,
    graph: MessengerSimulator,
    folder: tempfile::TempDir,
    client: reqwest::Client,
}

struct Serve {
    child: Child,
    url: String,
    started: Instant,
}

impl Drop for Serve {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Serve {
    /// Resident memory now, MB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib: f64 = line
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        kib / 1024.0
    }

    /// Lets it finish what is leased.
    fn stop(mut self) {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.child.wait().unwrap();
    }
}

impl World {
    async fn start() -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let options = bank::Options {
            recorded_calls: 0,
            ..bank::Options::default()
        };
        let bank = BankSimulator::start(Scenarios::built_in(), Arc::clone(&clock), options);
        let options = messenger::Options {
            strangers: Strangers::Welcome,
            webhooks: Webhooks::Dropped,
            deliveries: false,
            kept_per_thread: 4,
            ..messenger::Options::default()
        };
        let graph = MessengerSimulator::start(options, clock);
        bursar::bank::http::install_crypto_provider();
        Self {
            bank: bank.await.unwrap(),
            graph: graph.await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            client: reqwest::Client::builder().build().unwrap(),
        }
    }

    fn serve(&self) -> Serve {
        let config = self.folder.path().join("bursar.toml");
        std::fs::write(&config, configuration(self)).unwrap();
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_bursar"))
            .args(["serve", "--config"])
            .arg(&config)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        Serve {
            child,
            url: url.unwrap().to_owned(),
            started,
        }
    }

    /// Posts one message of a person; returns how long its 200 took.
    async fn say(&self, url: &str, psid: &Psid, text: &str) -> Duration {
        let at_ms = SystemClock.now_ms();
        let mid: [u8; 16] = rand::random();
        let body = serde_json::json!({"object": "page", "entry": [{"id": PAGE, "time": at_ms, "messaging": [{
            "sender": {"id": psid.as_str()}, "recipient": {"id": PAGE}, "timestamp": at_ms,
            "message": {"mid": format!("m_{}", hex::encode(mid)), "text": text}
        }]}]})
        .to_string();
        let began = Instant::now();
        let answer = self
            .client
            .post(format!("{url}/webhooks/messenger"))
            .header("x-hub-signature-256", self.graph.sign(body.as_bytes()))
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        began.elapsed()
    }

    /// Lets new people write at a rate; returns the times to the 200s, ms, and who wrote when.
    async fn post(
        self: &Arc<Self>,
        serve: &Serve,
        text: &'static str,
        count: u32,
    ) -> (Vec<f64>, Vec<(Psid, i64)>) {
        let rate = number("--rate", 200);
        let run: u32 = rand::random();
        let began = tokio::time::Instant::now();
        let mut posts = Vec::new();
        for at in 0..count {
            tokio::time::sleep_until(began + Duration::from_secs(1) * at / rate).await;
            let (world, url) = (Arc::clone(self), serve.url.clone());
            posts.push(tokio::spawn(async move {
                let psid = Psid::from(format!("PSID-{run}-{at}").as_str());
                let posted_ms = SystemClock.now_ms();
                let took = world.say(&url, &psid, text).await;
                (psid, posted_ms, took)
            }));
        }
        let (mut taken, mut wrote) = (Vec::new(), Vec::new());
        for post in posts {
            let (psid, posted_ms, took) = post.await.unwrap();
            taken.push(took.as_secs_f64() * 1000.0);
            wrote.push((psid, posted_ms));
        }
        (taken, wrote)
    }

    /// The same, and waits for the first Send API call to each.
    async fn load(self: &Arc<Self>, serve: &Serve, text: &'static str, count: u32) -> Times {
        let (taken, wrote) = self.post(serve, text, count).await;
        let mut sent = Vec::new();
        let mut total = self.graph.sent_total();
        let patience = Instant::now();
        for (psid, posted_ms) in wrote {
            loop {
                // A first contact is told that this is a bot; that counts as the answer here.
                if let Some(message) = self.graph.sent(&psid).first() {
                    let took = i32::try_from(message.at_ms - posted_ms).unwrap();
                    sent.push(f64::from(took));
                    break;
                }
                assert!(patience.elapsed() < Duration::from_mins(3), "no answer");
                let changed = tokio::time::timeout(Duration::from_millis(50), total.changed());
                drop(changed.await);
            }
        }
        Times { taken, sent }
    }

    /// Waits until nothing was sent for longer than a slow send takes.
    async fn rest(&self) {
        let mut total = self.graph.sent_total();
        while tokio::time::timeout(Duration::from_secs(4), total.changed())
            .await
            .is_ok()
        {}
    }
}

struct Times {
    /// To the 200, ms.
    taken: Vec<f64>,
    /// To the Send API call, ms.
    sent: Vec<f64>,
}

/// Returns the value that so many hundredths are below.
fn at(times: &mut [f64], hundredths: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    let place = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or_default()
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let count = number("--rate", 200) * number("--seconds", 10);
        if chosen("start") {
            start().await;
        }
        if chosen("latency") {
            latency(count).await;
        }
        if chosen("slow") {
            slow(count).await;
        }
        if chosen("stored") {
            stored(count).await;
        }
        if chosen("memory") {
            memory().await;
        }
    });
}

async fn start() {
    let mut times = Vec::new();
    let mut rss = Vec::new();
    for _ in 0..7 {
        let world = World::start().await;
        let serve = world.serve();
        world.say(&serve.url, &Psid::from("PSID-1"), "hello").await;
        times.push(serve.started.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_secs(2)).await;
        rss.push(serve.memory());
    }
    println!(
        "start to first 200: median {:.0} ms, least {:.0} ms (goal 150)",
        at(&mut times, 50),
        at(&mut times, 0)
    );
    println!("idle memory: median {:.1} MB (goal 30)", at(&mut rss, 50));
}

async fn latency(count: u32) {
    let world = Arc::new(World::start().await);
    let serve = world.serve();
    world.load(&serve, "balance", 100).await;
    let mut plain = world.load(&serve, "balance", count).await;
    say("webhook to Send API", &mut plain.sent);
    println!("  goal: p95 under 50 ms");
    say("webhook to 200", &mut plain.taken);
}

/// Receiving must not know what happens behind it. In turns, so that the machine's moods strike both.
async fn slow(count: u32) {
    let world = Arc::new(World::start().await);
    let serve = world.serve();
    world.load(&serve, "hello", 200).await;
    let fault: messenger::SetFault = "slow 3s".parse().unwrap();
    let (mut plain, mut slow) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(usual(&mut world.load(&serve, "hello", count).await.taken));
        world.graph.control().fault(fault.clone());
        let (mut times, _) = world.post(&serve, "hello", count).await;
        slow.push(usual(&mut times));
        world.graph.control().clear_faults(None);
        world.rest().await;
    }
    println!(
        "webhook to 200, Graph takes 3 s: {:.2} ms, {:.2} of that without (goal 0.90 to 1.10)",
        least(&slow),
        least(&slow) / least(&plain)
    );
}

async fn stored(count: u32) {
    let many = number("--stored", 1_000_000);
    let mut sides = Vec::new();
    for stored in [1_000, many] {
        let world = Arc::new(World::start().await);
        world.serve().stop();
        fill(world.folder.path(), stored);
        let serve = world.serve();
        world.load(&serve, "balance", 200).await;
        sides.push((stored, world, serve, Vec::new(), Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, world, serve, sent, taken) in &mut sides {
            let mut times = world.load(serve, "balance", count).await;
            sent.push(usual(&mut times.sent));
            taken.push(usual(&mut times.taken));
        }
    }
    for (stored, _, _, sent, taken) in &sides {
        println!(
            "{stored} stored: webhook to Send API {:.2} ms, to 200 {:.2} ms",
            least(sent),
            least(taken)
        );
    }
    if let [few, many] = sides.as_slice() {
        println!(
            "  by those with few: sends {:.2}, 200s {:.2} (goal 1.20)",
            least(&many.3) / least(&few.3),
            least(&many.4) / least(&few.4)
        );
    }
}

/// The mean of the nine tenths that were not disturbed, ms.
fn usual(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let kept = times.get(..times.len() * 9 / 10).unwrap_or_default();
    kept.iter().sum::<f64>() / f64::from(u32::try_from(kept.len()).unwrap())
}

fn least(rounds: &[f64]) -> f64 {
    rounds.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Puts conversations there that nobody continues, with a state of the usual size.
fn fill(folder: &Path, count: u32) {
    let mut database = rusqlite::Connection::open(folder.join("bursar.db")).unwrap();
    let unit = database.transaction().unwrap();
    {
        let mut insert = unit
            .prepare("INSERT INTO conversation (id, state, audit_head, audit_length, changed_ms) VALUES (?1, ?2, ?3, 0, ?4)")
            .unwrap();
        let now_ms = SystemClock.now_ms();
        for _ in 0..count {
            let id: [u8; 16] = rand::random();
            insert
                .execute((&id[..], &[7_u8; 700][..], &[0_u8; 32][..], now_ms))
                .unwrap();
        }
    }
    unit.commit().unwrap();
}

async fn memory() {
    let conversations = number("--conversations", 100_000);
    let world = Arc::new(World::start().await);
    let serve = world.serve();
    for share in [10, 25, 50, 100] {
        let target = conversations * share / 100;
        let had = [0, 10, 25, 50, 100]
            .into_iter()
            .rfind(|had| *had < share)
            .unwrap_or(0)
            * conversations
            / 100;
        futures::stream::iter(had..target)
            .map(|at| {
                let (world, url) = (Arc::clone(&world), serve.url.clone());
                async move {
                    let psid = Psid::from(format!("PSID-{at}").as_str());
                    world.say(&url, &psid, "thanks").await;
                    psid
                }
            })
            .buffer_unordered(64)
            .for_each(|_| async {})
            .await;
        // All are answered.
        let mut total = world.graph.sent_total();
        while *total.borrow_and_update() < u64::from(target) {
            drop(tokio::time::timeout(Duration::from_mins(1), total.changed()).await);
        }
        println!("{target} conversations: {:.1} MB", serve.memory());
    }
}

fn say(what: &str, times: &mut [f64]) {
    println!(
        "{what}: p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms",
        at(times, 50),
        at(times, 95),
        at(times, 99)
    );
}

fn configuration(world: &World) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8080"
[messenger]
app_id = "200000000000001"
app_secrets = ["app-secret"]
verify_token = "verify"
page_access_token = "page-token"
graph_base_url = "{}"
max_sends_per_second = 5000
[store]
url = "sqlite:bursar.db"
master_key = "{}"
[bank]
kind = "simulator"
base_url = "{}"
[telemetry]
filter = "error"
"#,
        world.graph.url(),
        "42".repeat(32),
        world.bank.url()
    )
}
