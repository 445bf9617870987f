//! What the store costs, as a table: `cargo bench --bench store [-- SECONDS] [seal] [receive] [turns]`.
//!
//! Receiving is measured as the webhook does it: each unit one distinct event with a random hash and an
//! event time a little before its arrival, sealed under the ingest key, durable when it is counted.
//! The disk decides as much as the processor, so figures are compared within one run only.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bursar::clock::{Clock, ManualClock};
use bursar::message::{ConversationId, PageId};
use bursar::store::audit::seal_entry;
use bursar::store::keys::{Class, Keys, MasterKey};
use bursar::store::sqlite::{SqliteOptions, SqliteStore};
use bursar::store::{
    Accept, Arrival, NewInput, NewSend, NodeId, OutboxId, SeenKey, SendClass, SendOutcome, Store,
    StoreError,
};

type Failure = Box<dyn Error + Send + Sync>;

const NODE: NodeId = NodeId([1; 16]);
const BODY: [u8; 300] = [b'x'; 300];

/// What the bench runs against.
struct Bench {
    store: SqliteStore,
    keys: Keys,
    clock: Arc<ManualClock>,
    started: Instant,
    start_ms: i64,
    at_ms: AtomicI64,
}

impl Bench {
    fn open(folder: &std::path::Path) -> Result<Self, Failure> {
        let start_ms = 1_795_350_000_000;
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::from_millisecond(
            start_ms,
        )?));
        let url = format!("sqlite:{}", folder.join("bench.db").display());
        let master = MasterKey::from_hex(&"5a".repeat(32))?;
        let keys = Keys::open(&Keys::default_url(&url), &master, clock.clone())?;
        let options = SqliteOptions {
            serve: true,
            ..SqliteOptions::default()
        };
        let store = SqliteStore::open(&url, options)?;
        Ok(Self {
            store,
            keys,
            clock,
            started: Instant::now(),
            start_ms,
            at_ms: AtomicI64::new(start_ms),
        })
    }

    /// Time since the start, as the wall clock would tell it.
    fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let now = self.start_ms + passed;
        self.at_ms.fetch_max(now, Ordering::Relaxed);
        now
    }

    fn event(&self, now_ms: i64, age_ms: i64) -> Result<Accept, Failure> {
        let conversation = ConversationId(rand::random());
        let at_ms = now_ms - age_ms;
        let input = NewInput {
            conversation,
            at_ms,
            body: self.keys.seal_ingest(now_ms, &conversation.0, &BODY)?,
        };
        let seen = SeenKey {
            at_ms,
            hash: rand::random(),
        };
        Ok(Accept {
            arrivals: vec![Arrival { seen, input }],
            echoes: Vec::new(),
            now_ms,
        })
    }

    /// Receives single events, `in_flight` at a time, for a while; returns each one's latency.
    async fn receive(
        self: &Arc<Self>,
        in_flight: usize,
        time: Duration,
    ) -> Result<Vec<Duration>, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        for _ in 0..in_flight {
            let (bench, stop) = (Arc::clone(self), Arc::clone(&stop));
            tasks.push(tokio::spawn(async move {
                let mut latencies = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let age_ms = rand::random_range(0..2_000);
                    let unit = bench.event(bench.now_ms(), age_ms)?;
                    let accepted = bench.store.accept(unit).await?;
                    if accepted.stored != 1 {
                        return Err(Failure::from("an event was not stored"));
                    }
                    latencies.push(begun.elapsed());
                }
                Ok(latencies)
            }));
        }
        tokio::time::sleep(time).await;
        stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await??);
        }
        Ok(all)
    }

    /// Puts rows there, of events spread over the last day.
    async fn fill(&self, rows: usize) -> Result<(), Failure> {
        let mut left = rows;
        while left > 0 {
            let count = left.min(2_000);
            let now_ms = self.now_ms();
            let mut unit = Accept {
                now_ms,
                ..Accept::default()
            };
            for _ in 0..count {
                let age_ms = rand::random_range(0..86_400_000);
                unit.arrivals.extend(self.event(now_ms, age_ms)?.arrivals);
            }
            self.store.accept(unit).await?;
            left -= count;
        }
        Ok(())
    }

    /// Runs whole turns: event, lease, commit with state, audit, record and a send, lease, settle.
    async fn turns(self: &Arc<Self>, workers: usize, time: Duration) -> Result<usize, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        for _ in 0..workers {
            let (bench, stop) = (Arc::clone(self), Arc::clone(&stop));
            tasks.push(tokio::spawn(async move {
                let mut done = 0;
                while !stop.load(Ordering::Relaxed) {
                    let now_ms = bench.now_ms();
                    bench.store.accept(bench.event(now_ms, 5)?).await?;
                    for lease in bench.store.lease_turns(NODE, now_ms, 30_000, 4).await? {
                        bench.turn(lease, now_ms).await?;
                        done += 1;
                    }
                    for send in bench.store.lease_sends(NODE, now_ms, 30_000, 4).await? {
                        let sent = SendOutcome::Sent { at_ms: now_ms };
                        bench
                            .store
                            .settle_send(send.id, send.fence, sent, now_ms)
                            .await?;
                    }
                }
                Ok::<_, Failure>(done)
            }));
        }
        tokio::time::sleep(time).await;
        stop.store(true, Ordering::Relaxed);
        let mut done = 0;
        for task in tasks {
            done += task.await??;
        }
        Ok(done)
    }

    async fn turn(&self, lease: bursar::store::TurnLease, now_ms: i64) -> Result<(), Failure> {
        let conversation = lease.conversation;
        let keys = self.keys.customer(conversation, true).await?;
        let keys = keys.ok_or("no keys")?;
        let turn = rand::random();
        let send = NewSend {
            id: OutboxId(rand::random()),
            page: PageId::from("page-1"),
            turn,
            ordinal: 0,
            class: SendClass::Answer,
            not_after_ms: None,
            body: keys.seal(Class::Chat, b"outbox", &BODY)?,
        };
        let commit = bursar::store::TurnCommit {
            conversation,
            fence: lease.fence,
            now_ms,
            done: lease.inputs.iter().map(|input| input.id).collect(),
            state: Some(keys.seal(Class::Chat, b"state", &[b's'; 1_000])?),
            sends: vec![send],
            commands: Vec::new(),
            audit: vec![seal_entry(&keys, Class::Chat, "answered", now_ms, &BODY)?],
            timers: Vec::new(),
            cases: Vec::new(),
            views: Vec::new(),
            inputs: Vec::new(),
            record: Some((now_ms, keys.seal(Class::Chat, b"record", &BODY)?)),
            erase_records_since_ms: None,
        };
        match self.store.commit_turn(commit).await {
            Ok(()) | Err(StoreError::LeaseLost) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn percentile(sorted: &[Duration], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list that fits in memory"
    )]
    let at = ((sorted.len().saturating_sub(1)) as f64 * share) as usize;
    sorted
        .get(at)
        .map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
}

/// Prints one line of the table.
fn report(
    out: &mut impl Write,
    what: &str,
    in_flight: usize,
    mut latencies: Vec<Duration>,
    time: Duration,
) -> Result<(), Failure> {
    latencies.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a count of seconds' work")]
    let rate = latencies.len() as f64 / time.as_secs_f64();
    writeln!(
        out,
        "{what:<34} {in_flight:>6} {rate:>10.0} {:>9.2} {:>9.2} {:>9.2}",
        percentile(&latencies, 0.5),
        percentile(&latencies, 0.99),
        percentile(&latencies, 1.0),
    )?;
    Ok(())
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Repeats `work` for a quarter of a second; returns nanoseconds each.
fn each_ns(mut work: impl FnMut() -> Result<(), Failure>) -> Result<u128, Failure> {
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < Duration::from_millis(250) {
        for _ in 0..100 {
            work()?;
        }
        count += 100;
    }
    Ok(begun.elapsed().as_nanos() / count)
}

async fn seal() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let bench = Bench::open(folder.path())?;
    let keys = bench.keys.customer(ConversationId([1; 16]), true).await?;
    let keys = keys.ok_or("no keys")?;
    let now_ms = bench.clock.now_ms();
    let seal = each_ns(|| {
        std::hint::black_box(bench.keys.seal_ingest(now_ms, b"inbox", &BODY)?);
        Ok(())
    })?;
    let sealed = bench.keys.seal_ingest(now_ms, b"inbox", &BODY)?;
    let open = each_ns(|| {
        std::hint::black_box(bench.keys.open_ingest(b"inbox", &sealed)?);
        Ok(())
    })?;
    let customer = each_ns(|| {
        std::hint::black_box(keys.seal(Class::Chat, b"state", &BODY)?);
        Ok(())
    })?;
    writeln!(
        std::io::stdout(),
        "300 bytes: seal {seal} ns, open {open} ns (ingest key); seal {customer} ns (customer key)\n"
    )?;
    Ok(())
}

async fn receive(time: Duration, rows: usize) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let bench = Arc::new(Bench::open(folder.path())?);
    writeln!(
        out,
        "{:<34} {:>6} {:>10} {:>9} {:>9} {:>9}",
        "", "flight", "units/s", "p50 ms", "p99 ms", "max ms"
    )?;
    bench.receive(64, time / 8).await?;
    for in_flight in [1, 8, 64, 256] {
        let latencies = bench.receive(in_flight, time).await?;
        report(
            &mut out,
            "receive, new database",
            in_flight,
            latencies,
            time,
        )?;
    }
    bench.fill(rows).await?;
    for in_flight in [64, 256, 64, 256] {
        let latencies = bench.receive(in_flight, time).await?;
        let what = format!("receive, {rows} rows present");
        report(&mut out, &what, in_flight, latencies, time)?;
    }
    let depths = bench.store.depths(bench.now_ms()).await?;
    let resident = resident_mib();
    writeln!(
        out,
        "{} inputs wait, {resident} MiB resident\n",
        depths.inbox
    )?;
    Ok(())
}

async fn turns(time: Duration) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let bench = Arc::new(Bench::open(folder.path())?);
    for workers in [1, 16, 64] {
        let turns = bench.turns(workers, time).await?;
        #[expect(clippy::cast_precision_loss, reason = "a count of seconds' work")]
        let rate = turns as f64 / time.as_secs_f64();
        writeln!(
            out,
            "whole turns, new customers, {workers:>3} workers: {rate:.0}/s"
        )?;
    }
    writeln!(out, "{} MiB resident", resident_mib())?;
    Ok(())
}

fn main() -> Result<(), Failure> {
    // `cargo bench` adds `--bench`; `cargo test --benches` runs it for a moment only.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let measuring = arguments.iter().any(|argument| argument == "--bench");
    let seconds = arguments
        .iter()
        .find_map(|argument| argument.parse::<f64>().ok());
    let time = Duration::from_secs_f64(seconds.unwrap_or(if measuring { 4.0 } else { 0.05 }));
    let rows = if measuring { 1_000_000 } else { 1_000 };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(async {
            let words = ["seal", "receive", "turns"];
            let some = arguments.iter().any(|word| words.contains(&word.as_str()));
            let chosen = |word: &str| !some || arguments.iter().any(|argument| argument == word);
            if chosen("seal") {
                seal().await?;
            }
            if chosen("receive") {
                receive(time, rows).await?;
            }
            if chosen("turns") {
                turns(time).await?;
            }
            Ok(())
        })
}
