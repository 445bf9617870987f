//! Counters and latencies, in Prometheus' text form.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::intent::{Decision, Understanding};
use crate::store::{Accepted, Depths, PagePause};

type Word = Cow<'static, str>;

/// Labels of two words on the hot path: borrowed, so that counting allocates nothing.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ErrorLabels {
    area: &'static str,
    what: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    operation: Word,
    outcome: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SendLabels {
    outcome: Word,
    code: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct IntentLabels {
    intent: String,
    decision: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct QueueLabel {
    queue: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PauseLabels {
    page: String,
    reason: String,
}

type Latencies<L> = Family<L, Histogram, fn() -> Histogram>;

/// From 100 µs to 26 s, doubling: a turn's own work at one end, the bank's time limit at the other.
fn latency() -> Histogram {
    Histogram::new((0..19).map(|step| 0.0001 * f64::from(1_u32 << step)))
}

/// Everything that is counted. Cheap to call from any thread.
pub struct Metrics {
    registry: Registry,
    events: Family<EventLabels, Counter>,
    accepted: Family<OutcomeLabel, Counter>,
    errors: Family<ErrorLabels, Counter>,
    intents: Family<IntentLabels, Counter>,
    queue_wait: Histogram,
    turns: Histogram,
    commits: Histogram,
    bank_reads: Latencies<OutcomeLabel>,
    bank_calls: Latencies<OperationLabels>,
    commands: Family<OperationLabels, Counter>,
    sends: Family<SendLabels, Counter>,
    send_seconds: Latencies<OutcomeLabel>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histogram,
    depth: Family<QueueLabel, Gauge>,
    oldest: Family<QueueLabel, Gauge<f64, std::sync::atomic::AtomicU64>>,
    pauses: Family<PauseLabels, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Starts everything at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("bursar"),
            events: Family::default(),
            accepted: Family::default(),
            errors: Family::default(),
            intents: Family::default(),
            queue_wait: latency(),
            turns: latency(),
            commits: latency(),
            bank_reads: Family::new_with_constructor(latency),
            bank_calls: Family::new_with_constructor(latency),
            commands: Family::default(),
            sends: Family::default(),
            send_seconds: Family::new_with_constructor(latency),
            requests: Family::default(),
            request_seconds: latency(),
            depth: Family::default(),
            oldest: Family::default(),
            pauses: Family::default(),
        };
        metrics.register_work();
        metrics.register_outside();
        metrics
    }

    fn register_work(&mut self) {
        let Self { registry, .. } = self;
        registry.register(
            "events",
            "Inbound events by kind and what became of them",
            self.events.clone(),
        );
        registry.register(
            "accepted",
            "Events at the store: stored, duplicate, settled (echo of an unsettled send)",
            self.accepted.clone(),
        );
        registry.register(
            "errors",
            "Errors by area and what went wrong",
            self.errors.clone(),
        );
        registry.register(
            "intents",
            "Messages by intent and decision",
            self.intents.clone(),
        );
        registry.register_with_unit(
            "queue_wait",
            "Time from the commit of an input to the start of its turn",
            Unit::Seconds,
            self.queue_wait.clone(),
        );
        registry.register_with_unit(
            "turn",
            "Time of one input's turn, bank reads included, commit excluded",
            Unit::Seconds,
            self.turns.clone(),
        );
        registry.register_with_unit(
            "turn_commit",
            "Time from a lease to its commit",
            Unit::Seconds,
            self.commits.clone(),
        );
        registry.register("queue_depth", "What waits, by queue", self.depth.clone());
        registry.register_with_unit(
            "queue_oldest",
            "Age of the oldest that waits, by queue",
            Unit::Seconds,
            self.oldest.clone(),
        );
        registry.register(
            "page_paused",
            "1 for each Page whose sender stands still, by reason",
            self.pauses.clone(),
        );
    }

    fn register_outside(&mut self) {
        let Self { registry, .. } = self;
        registry.register_with_unit(
            "bank_read",
            "Time of all bank reads of a turn together",
            Unit::Seconds,
            self.bank_reads.clone(),
        );
        registry.register_with_unit(
            "bank_call",
            "Calls to the bank by operation and outcome",
            Unit::Seconds,
            self.bank_calls.clone(),
        );
        registry.register(
            "bank_commands",
            "Bank commands by kind and outcome",
            self.commands.clone(),
        );
        registry.register(
            "sends",
            "Sends by outcome and the channel's error code",
            self.sends.clone(),
        );
        registry.register_with_unit(
            "send",
            "Time of a send, by outcome",
            Unit::Seconds,
            self.send_seconds.clone(),
        );
        registry.register(
            "http_requests",
            "Requests by route, method and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request",
            "Time of a request to its answer's head",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
    }

    /// Counts an inbound event.
    pub fn event(&self, kind: &'static str, outcome: &'static str) {
        self.events(kind, outcome, 1);
    }

    /// Counts several inbound events of a kind.
    pub fn events(&self, kind: &'static str, outcome: &'static str, count: u64) {
        self.events
            .get_or_create(&EventLabels { kind, outcome })
            .inc_by(count);
    }

    /// Counts what the store made of a request.
    pub fn accepted(&self, accepted: Accepted) {
        for (outcome, count) in [
            ("stored", accepted.stored),
            ("duplicate", accepted.duplicates),
            ("settled", accepted.settled),
        ] {
            if count > 0 {
                self.accepted
                    .get_or_create(&OutcomeLabel {
                        outcome: Cow::Borrowed(outcome),
                    })
                    .inc_by(count.try_into().unwrap_or(u64::MAX));
            }
        }
    }

    /// Counts an input's turn. `stored_ms` and `now_ms` are the clock's: the difference is how long the input
    /// waited. `elapsed` is the turn's own time.
    pub fn turn(
        &self,
        understanding: Option<&Understanding>,
        stored_ms: i64,
        now_ms: i64,
        elapsed: Duration,
    ) {
        let waited = u64::try_from(now_ms.saturating_sub(stored_ms)).unwrap_or(0);
        self.queue_wait
            .observe(Duration::from_millis(waited).as_secs_f64());
        self.turns.observe(elapsed.as_secs_f64());
        let Some(understanding) = understanding else {
            return;
        };
        let count = |intent: &str, decision| {
            self.intents
                .get_or_create(&IntentLabels {
                    intent: intent.to_owned(),
                    decision,
                })
                .inc();
        };
        match understanding.decision {
            Decision::Act => {
                for reading in &understanding.intents {
                    count(reading.name.as_str(), "act");
                }
            }
            Decision::Clarify => {
                for reading in &understanding.alternatives {
                    count(reading.name.as_str(), "clarify");
                }
            }
            Decision::Reject => count("none", "reject"),
        }
    }

    /// Counts a committed lease.
    pub fn turn_committed(&self, elapsed: Duration) {
        self.commits.observe(elapsed.as_secs_f64());
    }

    /// Counts all reads of a turn together: `answered`, `interrupted`.
    pub fn bank_read(&self, outcome: &'static str, elapsed: Duration) {
        self.bank_reads
            .get_or_create(&OutcomeLabel {
                outcome: Cow::Borrowed(outcome),
            })
            .observe(elapsed.as_secs_f64());
    }

    /// Counts one call to a bank.
    pub fn bank_call(&self, operation: &'static str, outcome: &'static str, elapsed: Duration) {
        self.bank_calls
            .get_or_create(&OperationLabels {
                operation: Cow::Borrowed(operation),
                outcome: Cow::Borrowed(outcome),
            })
            .observe(elapsed.as_secs_f64());
    }

    /// Counts an error. `what` is a fixed word or a code, never a text.
    pub fn error(&self, area: &'static str, what: &str) {
        self.errors
            .get_or_create(&ErrorLabels {
                area,
                what: what.to_owned(),
            })
            .inc();
    }

    /// Counts a send by its outcome and the channel's error code.
    pub fn send(&self, outcome: &str, code: Option<i64>, elapsed: Duration) {
        let outcome: Word = Cow::Owned(outcome.to_owned());
        self.sends
            .get_or_create(&SendLabels {
                outcome: outcome.clone(),
                code: code.map_or(Cow::Borrowed("none"), |code| Cow::Owned(code.to_string())),
            })
            .inc();
        self.send_seconds
            .get_or_create(&OutcomeLabel { outcome })
            .observe(elapsed.as_secs_f64());
    }

    /// Counts a bank command that was settled.
    pub fn command(&self, kind: &str, outcome: &str) {
        self.commands
            .get_or_create(&OperationLabels {
                operation: Cow::Owned(kind.to_owned()),
                outcome: Cow::Owned(outcome.to_owned()),
            })
            .inc();
    }

    /// Counts a request. `route` is the path's template, never the path.
    pub fn request(
        &self,
        route: &'static str,
        method: &'static str,
        status: u16,
        elapsed: Duration,
    ) {
        self.requests
            .get_or_create(&RequestLabels {
                route,
                method,
                status,
            })
            .inc();
        self.request_seconds.observe(elapsed.as_secs_f64());
    }

    /// Sets what waits, as of now.
    pub fn depths(&self, depths: Depths) {
        for (queue, count) in [
            ("inbox", depths.inbox),
            ("outbox", depths.outbox),
            ("commands", depths.commands),
            ("dead_letters", depths.dead_letters),
        ] {
            self.depth
                .get_or_create(&QueueLabel { queue })
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        for (queue, age_ms) in [
            ("inbox", depths.inbox_oldest_ms),
            ("outbox", depths.outbox_oldest_ms),
        ] {
            let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
            self.oldest
                .get_or_create(&QueueLabel { queue })
                .set(age.as_secs_f64());
        }
    }

    /// Sets which Pages stand still, as of now.
    pub fn pauses(&self, pauses: &[PagePause]) {
        self.pauses.clear();
        for pause in pauses {
            self.pauses
                .get_or_create(&PauseLabels {
                    page: pause.page.as_str().to_owned(),
                    reason: pause.reason.clone(),
                })
                .set(1);
        }
    }

    /// Returns everything in the `OpenMetrics` text form.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(16 * 1024);
        if text::encode(&mut out, &self.registry).is_err() {
            // Writing into a String fails only if a metric's own encoding does: then nothing is better
            // than half a page that looks whole.
            out.clear();
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::{Language, Reading};
    use crate::message::PageId;

    fn line(metrics: &Metrics, start: &str) -> String {
        metrics
            .render()
            .lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("no line starts with {start}"))
            .to_owned()
    }

    #[test]
    fn counts_events_by_kind_and_outcome() {
        let metrics = Metrics::new();
        metrics.event("message", "accepted");
        metrics.event("message", "accepted");
        metrics.event("message", "dropped");
        assert_eq!(
            line(
                &metrics,
                "bursar_events_total{kind=\"message\",outcome=\"accepted\"}"
            ),
            "bursar_events_total{kind=\"message\",outcome=\"accepted\"} 2"
        );
    }

    #[test]
    fn duplicates_are_counted_apart_from_what_is_stored() {
        let metrics = Metrics::new();
        metrics.accepted(Accepted {
            stored: 3,
            duplicates: 2,
            settled: 0,
        });
        assert!(line(&metrics, "bursar_accepted_total{outcome=\"stored\"}").ends_with(" 3"));
        assert!(line(&metrics, "bursar_accepted_total{outcome=\"duplicate\"}").ends_with(" 2"));
        assert!(!metrics.render().contains("settled\"}"));
    }

    #[test]
    fn a_turn_is_counted_by_intent_and_its_wait_by_the_clock() {
        let metrics = Metrics::new();
        let understanding = Understanding {
            language: Language::En,
            decision: Decision::Act,
            intents: vec![Reading::new("balance", 0.9)],
            alternatives: Vec::new(),
            redacted: "how much do i have".to_owned(),
        };
        metrics.turn(
            Some(&understanding),
            1_000,
            3_000,
            Duration::from_millis(40),
        );
        metrics.turn(None, 3_000, 1_000, Duration::from_millis(1));
        assert!(
            line(
                &metrics,
                "bursar_intents_total{intent=\"balance\",decision=\"act\"}"
            )
            .ends_with(" 1")
        );
        // A clock that went back is no wait, not a negative one.
        assert_eq!(
            line(&metrics, "bursar_queue_wait_seconds_sum"),
            "bursar_queue_wait_seconds_sum 2.0"
        );
        assert!(!metrics.render().contains("how much"));
    }

    #[test]
    fn sends_carry_the_channels_code() {
        let metrics = Metrics::new();
        metrics.send("limited", Some(613), Duration::from_millis(20));
        metrics.send("sent", None, Duration::from_millis(20));
        assert!(
            line(
                &metrics,
                "bursar_sends_total{outcome=\"limited\",code=\"613\"}"
            )
            .ends_with(" 1")
        );
        assert!(
            line(
                &metrics,
                "bursar_sends_total{outcome=\"sent\",code=\"none\"}"
            )
            .ends_with(" 1")
        );
    }

    #[test]
    fn a_pause_that_was_lifted_disappears() {
        let metrics = Metrics::new();
        let pause = PagePause {
            page: PageId::from("1001"),
            until_ms: None,
            reason: "token".to_owned(),
            code: Some(190),
        };
        metrics.pauses(&[pause]);
        assert!(metrics.render().contains("page=\"1001\",reason=\"token\""));
        metrics.pauses(&[]);
        assert!(!metrics.render().contains("page=\"1001\""));
    }

    #[test]
    fn depths_are_gauges_in_base_units() {
        let metrics = Metrics::new();
        metrics.depths(Depths {
            inbox: 7,
            inbox_oldest_ms: 1_500,
            ..Depths::default()
        });
        assert!(line(&metrics, "bursar_queue_depth{queue=\"inbox\"}").ends_with(" 7"));
        assert!(line(&metrics, "bursar_queue_oldest_seconds{queue=\"inbox\"}").ends_with(" 1.5"));
    }
}
