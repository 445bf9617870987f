//! The outbox: lease, send, settle, back off (design 2.3).
//!
//! Graph has no idempotency key, so the lease commit is the mark: an expired lease means *maybe sent*, and
//! the store gives such a row back only after its echo had time to arrive.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::channel::{Delivered, Occasion, Outgoing, SendError};
use crate::inbox::stored::StoredInput;
use crate::message::{OutboundMessage, PageId, Psid};
use crate::store::keys::{Class, KeyError};
use crate::store::{NewInput, PagePause, SendClass, SendLease, SendOutcome, StoreError};
use crate::work::Work;

/// How long a send may be under way, ms. Longer than the client's own limit.
const LEASE_MS: i64 = 30_000;

/// Tries of a temporary failure: about two minutes in all for replies (platform 4.4).
const ATTEMPTS: u32 = 6;

/// The first wait after a temporary failure, ms; doubled each time, with full jitter.
const FIRST_RETRY_MS: i64 = 1_000;

/// The longest `Retry-After` that is honoured, ms.
const LONGEST_RETRY_MS: i64 = 15 * 60_000;

/// The first pause of a rate-limited Page, ms (platform 4.4).
const PAGE_PAUSE_MS: i64 = 30_000;

/// What a row of the outbox holds.
#[derive(Serialize, Deserialize)]
#[serde(tag = "package", rename_all = "snake_case")]
pub enum Package {
    /// A message.
    Message {
        /// To whom.
        psid: Psid,
        /// What.
        message: OutboundMessage,
    },
    /// The thread goes to the people at the bank.
    HandOver {
        /// Whose thread.
        psid: Psid,
    },
}

/// Sends what turns said.
#[derive(Clone)]
pub struct Outbox {
    app: Arc<App>,
    throttle: Arc<Throttle>,
}

impl Work for Outbox {
    type Lease = SendLease;
    const NAME: &'static str = "sends";

    fn app(&self) -> &App {
        &self.app
    }

    async fn lease(&self, max: usize) -> Result<Vec<SendLease>, StoreError> {
        self.app
            .store
            .lease_sends(self.app.node, self.app.clock.now_ms(), LEASE_MS, max)
            .await
    }

    /// The store gives a conversation's next message only after this one is settled.
    async fn perform(&self, lease: SendLease) {
        self.send_one(lease).await;
    }
}

impl Outbox {
    /// Makes a sender that sends at most `per_second` messages a Page.
    pub fn new(app: Arc<App>, per_second: u32) -> Self {
        Self {
            app,
            throttle: Arc::new(Throttle::new(per_second)),
        }
    }

    async fn send_one(&self, lease: SendLease) {
        let started = Instant::now();
        let (id, fence, conversation) = (lease.id, lease.fence, lease.conversation);
        let result = self.attempt(&lease).await;
        let now_ms = self.app.clock.now_ms();
        let (outcome, name, code) = self.outcome(&lease, result, now_ms).await;
        self.app.metrics.send(name, code, started.elapsed());
        if let Err(error) = self.app.store.settle_send(id, fence, outcome, now_ms).await {
            match error {
                StoreError::LeaseLost => {
                    tracing::info!(conversation.id = %conversation, "a send was settled elsewhere");
                }
                error => {
                    tracing::error!(conversation.id = %conversation, error = %error, "cannot settle a send");
                }
            }
        }
    }

    async fn attempt(&self, lease: &SendLease) -> Result<Delivered, Failed> {
        let now_ms = self.app.clock.now_ms();
        if lease.not_after_ms.is_some_and(|until| until < now_ms) {
            return Err(Failed::TooLate);
        }
        let keys = self
            .app
            .keys
            .customer(lease.conversation, false)
            .await?
            .ok_or(KeyError::Erased)?;
        let bytes = keys.open(&lease.conversation.0, &lease.body)?;
        let package: Package = serde_json::from_slice(&bytes).map_err(|_| Failed::Unreadable)?;
        match package {
            Package::Message { psid, message } => {
                self.throttle.wait(&lease.page).await;
                let message = self.warned(lease, message);
                let metadata = lease.id.to_string();
                let delivered = self
                    .app
                    .outlet
                    .send(Outgoing {
                        page: &lease.page,
                        psid: &psid,
                        occasion: Occasion::Response,
                        metadata: &metadata,
                        message: &message,
                    })
                    .await?;
                Ok(delivered)
            }
            Package::HandOver { psid } => {
                // The case is open whatever the channel says; a Page without an inbox app answers an error.
                if let Err(error) = self.app.outlet.hand_over(&lease.page, &psid).await {
                    self.app.metrics.error("hand_over", "refused");
                    tracing::warn!(error = %error, "the channel did not take the hand-over");
                }
                Ok(Delivered {
                    mid: None,
                    usage_percent: None,
                })
            }
        }
    }

    /// Outcomes of money that may be out already say that they may appear twice (design 2.3).
    fn warned(&self, lease: &SendLease, message: OutboundMessage) -> OutboundMessage {
        if !lease.maybe_sent || lease.class < SendClass::Outcome {
            return message;
        }
        let OutboundMessage::Text {
            text,
            quick_replies,
        } = message
        else {
            return message;
        };
        // The customer's language is sealed in the state; both are said rather than a wrong one.
        let both = crate::intent::Language::ALL
            .iter()
            .filter_map(|language| self.app.catalogue.shared_reply(*language, "maybe_twice"))
            .map(|variant| variant.source.clone())
            .collect::<Vec<_>>()
            .join(" / ");
        OutboundMessage::Text {
            text: format!("{both}\n{text}"),
            quick_replies,
        }
    }

    async fn outcome(
        &self,
        lease: &SendLease,
        result: Result<Delivered, Failed>,
        now_ms: i64,
    ) -> (SendOutcome, &'static str, Option<i64>) {
        let failed = match result {
            Ok(delivered) => {
                if delivered.usage_percent.is_some_and(|used| used >= 80) {
                    self.throttle.slow_down(&lease.page);
                }
                return (SendOutcome::Sent { at_ms: now_ms }, "sent", None);
            }
            Err(failed) => failed,
        };
        let error = match failed {
            Failed::TooLate => return (self.dead(lease, "expired").await, "expired", None),
            Failed::Unreadable | Failed::Keys(_) => {
                return (self.dead(lease, "unreadable").await, "unreadable", None);
            }
            Failed::Channel(error) => error,
        };
        match error {
            SendError::Retry {
                code,
                after,
                maybe_sent,
            } => {
                if lease.attempt >= ATTEMPTS {
                    return (self.dead(lease, "gave_up").await, "gave_up", code);
                }
                let wait = after
                    .and_then(|after| i64::try_from(after.as_millis()).ok())
                    .unwrap_or_else(|| backoff(lease.attempt))
                    .clamp(0, LONGEST_RETRY_MS);
                let at_ms = now_ms.saturating_add(wait);
                (SendOutcome::Retry { at_ms, maybe_sent }, "retry", code)
            }
            SendError::Limited { code, after } => {
                let wait = after
                    .and_then(|after| i64::try_from(after.as_millis()).ok())
                    .unwrap_or(PAGE_PAUSE_MS)
                    .clamp(1_000, LONGEST_RETRY_MS);
                let until = now_ms.saturating_add(wait);
                self.pause(&lease.page, Some(until), "rate", code).await;
                let outcome = SendOutcome::Retry {
                    at_ms: until,
                    maybe_sent: false,
                };
                (outcome, "limited", code)
            }
            SendError::Configuration { code, .. } => {
                // Nothing of this Page goes out until an operator acts; the message waits.
                self.pause(&lease.page, None, "token", Some(code)).await;
                let outcome = SendOutcome::Retry {
                    at_ms: now_ms.saturating_add(PAGE_PAUSE_MS),
                    maybe_sent: false,
                };
                (outcome, "token", Some(code))
            }
            SendError::Policy { code } => {
                let until = now_ms.saturating_add(LONGEST_RETRY_MS);
                self.pause(&lease.page, Some(until), "policy", Some(code))
                    .await;
                let outcome = SendOutcome::Retry {
                    at_ms: until,
                    maybe_sent: false,
                };
                (outcome, "policy", Some(code))
            }
            SendError::WindowClosed => (
                self.dead(lease, "window_closed").await,
                "window_closed",
                None,
            ),
            SendError::RecipientGone => (
                self.dead(lease, "recipient_gone").await,
                "recipient_gone",
                None,
            ),
            SendError::NotOwner => (self.dead(lease, "not_owner").await, "not_owner", None),
            SendError::Rejected { code } => (self.dead(lease, "rejected").await, "rejected", code),
            SendError::Drop => (SendOutcome::Sent { at_ms: now_ms }, "dropped", None),
        }
    }

    async fn pause(&self, page: &PageId, until_ms: Option<i64>, reason: &str, code: Option<i64>) {
        self.app.metrics.error("page_paused", reason);
        tracing::error!(
            page.id = page.as_str(),
            pause.reason = reason,
            graph.code = code,
            "paused a page's sender"
        );
        let pause = PagePause {
            page: page.clone(),
            until_ms,
            reason: reason.to_owned(),
            code,
        };
        if let Err(error) = self.app.store.pause_page(page, Some(pause)).await {
            tracing::error!(error = %error, "cannot store a page's pause");
        }
    }

    /// A message that died tells its conversation: a prompt that failed to send voids its confirmation.
    async fn dead(&self, lease: &SendLease, reason: &'static str) -> SendOutcome {
        let input = self.failed_input(lease).await;
        SendOutcome::Dead { reason, input }
    }

    async fn failed_input(&self, lease: &SendLease) -> Option<NewInput> {
        let keys = self
            .app
            .keys
            .customer(lease.conversation, false)
            .await
            .ok()??;
        let bytes = serde_json::to_vec(&StoredInput::SendFailed { row: lease.id }).ok()?;
        let body = keys.seal(Class::Chat, &lease.conversation.0, &bytes).ok()?;
        Some(NewInput {
            conversation: lease.conversation,
            at_ms: self.app.clock.now_ms(),
            body,
        })
    }
}

/// Why a message did not go out.
enum Failed {
    Channel(SendError),
    Keys(#[expect(dead_code, reason = "kept for debuggers")] KeyError),
    TooLate,
    Unreadable,
}

impl From<SendError> for Failed {
    fn from(error: SendError) -> Self {
        Self::Channel(error)
    }
}

impl From<KeyError> for Failed {
    fn from(error: KeyError) -> Self {
        Self::Keys(error)
    }
}

/// Doubles from a second, with full jitter (platform 4.4).
fn backoff(attempt: u32) -> i64 {
    let ceiling = FIRST_RETRY_MS.saturating_mul(1 << attempt.min(6));
    rand::random_range(FIRST_RETRY_MS / 2..=ceiling)
}

/// `messenger.max_sends_per_second`, the only throttle on ordinary replies.
struct Throttle {
    per_second: NonZeroU32,
    pages: Mutex<HashMap<PageId, Arc<DefaultDirectRateLimiter>>>,
}

impl Throttle {
    fn new(per_second: u32) -> Self {
        Self {
            per_second: NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN),
            pages: Mutex::new(HashMap::new()),
        }
    }

    async fn wait(&self, page: &PageId) {
        let limiter = {
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(pages.entry(page.clone()).or_insert_with(|| {
                Arc::new(RateLimiter::direct(Quota::per_second(self.per_second)))
            }))
        };
        limiter.until_ready().await;
    }

    /// Halves a Page's rate once the channel says that the allowance is nearly used (platform 4.4).
    fn slow_down(&self, page: &PageId) {
        let half = NonZeroU32::new(self.per_second.get() / 2).unwrap_or(NonZeroU32::MIN);
        self.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(
                page.clone(),
                Arc::new(RateLimiter::direct(Quota::per_second(half))),
            );
    }
}
