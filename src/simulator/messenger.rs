//! Messenger, simulated: a Graph stand-in that judges what it is sent, and the customer's side of it.
//!
//! [`wire`] holds what Graph takes, [`events`] what it posts. [`MessengerSimulator`] serves the edges a
//! bot calls, remembers every call, fails on demand ([`fault`]) and lets people act ([`Act`]). Webhooks
//! are posted, signed, to the bot, or handed out for whoever feeds them through the router itself.
//!
//! It answers what the platform's reference documents and no more: it is a judge, not a mirror.

mod auth;
mod control;
mod customer;
mod deliver;
pub mod events;
pub mod fault;
mod feed;
mod graph;
mod inspector;
mod links;
mod media;
mod multipart;
mod page;
mod profile;
mod reply;
mod threads;
pub mod wire;

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::SharedClock;
use crate::message::{PageId, Psid};
use crate::simulator::listener::Served;

pub use control::Control;
pub use customer::{Act, Done, LIKE_STICKER};
pub use deliver::{Progress, Webhook, Webhooks};
pub use fault::{Fault, FaultError, SetFault};
pub use page::{Surroundings, Switch};
pub use threads::{INBOX_APP, Owner, RefusedSend, SenderAction, SentMessage, Strangers, WINDOW_MS};

use deliver::{Deliverer, Report};
use events::Envelope;
use fault::Faults;
use feed::Feed;
use links::Links;
use media::Media;
use profile::Profile;
use reply::{Desk, Reply};
use threads::Threads;
use wire::Refusal;

/// Every field an app can subscribe to that this can post (platform 1.5).
const FIELDS: [&str; 10] = [
    "messages",
    "messaging_postbacks",
    "messaging_account_linking",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "messaging_handovers",
    "standby",
];

/// Fields that exist and bring nothing here.
const QUIET_FIELDS: [&str; 7] = [
    "messaging_optins",
    "messaging_referrals",
    "messaging_policy_enforcement",
    "messaging_feedback",
    "response_feedback",
    "message_template_status_update",
    "messenger_template_status_update",
];

/// A Page and its token.
#[derive(Clone)]
pub struct Page {
    /// Its id.
    pub id: PageId,
    /// Its access token.
    pub token: String,
}

/// How a stand-in runs.
#[derive(Clone)]
pub struct Options {
    /// Where it listens; port 0 takes any.
    pub listen: SocketAddr,
    /// The Pages; a person belongs to the first unless told otherwise by a send.
    pub pages: Vec<Page>,
    /// Our app.
    pub app_id: String,
    /// Signs webhooks and checks proofs.
    pub app_secret: String,
    /// Whether calls without `appsecret_proof` are refused.
    pub require_proof: bool,
    /// Who can be written to without having written.
    pub strangers: Strangers,
    /// What becomes of webhooks.
    pub webhooks: Webhooks,
    /// Whether what is sent is reported as delivered.
    pub deliveries: bool,
    /// Sends remembered for each person; 0 remembers none.
    pub kept_per_thread: usize,
    /// What is served beside Graph.
    pub beside: Beside,
}

/// What is served beside Graph. Both take orders only from this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beside {
    /// Nothing.
    #[default]
    Nothing,
    /// `/control`, for scripts.
    Control,
    /// The chat page at `/`, and `/control`.
    ChatPage,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pages: vec![Page {
                id: PageId::from("100000000000001"),
                token: "page-token".to_owned(),
            }],
            app_id: "200000000000001".to_owned(),
            app_secret: "app-secret".to_owned(),
            require_proof: false,
            strangers: Strangers::Refused,
            webhooks: Webhooks::Kept,
            deliveries: true,
            kept_per_thread: 500,
            beside: Beside::Nothing,
        }
    }
}

/// Why a stand-in does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address is taken or not ours.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// No client for webhooks could be made.
    #[error("cannot make a client for webhooks")]
    Client(#[source] reqwest::Error),
}

/// A running Graph stand-in. Dropping it stops it at once; [`MessengerSimulator::stop`] lets calls finish.
pub struct MessengerSimulator {
    core: Arc<Core>,
    served: Served,
}

impl MessengerSimulator {
    /// Starts one; `clock` is the time of threads that have none of their own.
    pub async fn start(options: Options, clock: SharedClock) -> Result<Self, SimulatorError> {
        let listen = options.listen;
        let cannot_listen = |source| SimulatorError::Listen(listen, source);
        let listener = TcpListener::bind(listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let core = Arc::new(Core::new(options, clock, format!("http://{address}")));
        let served = Served::start(listener, router(&core)).map_err(cannot_listen)?;
        let client = deliver::client().map_err(SimulatorError::Client)?;
        let reporter = Arc::clone(&core);
        let report: Arc<Report> =
            Arc::new(move |webhook, progress| reporter.delivered(webhook, progress));
        core.deliverer.start(&client, &report, served.stopping());
        Ok(Self { core, served })
    }

    /// Returns its address, `http://127.0.0.1:PORT`: the bot's `messenger.graph_base_url`.
    pub fn url(&self) -> &str {
        &self.core.url
    }

    /// Returns where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.served.address()
    }

    /// Returns what was sent to a person, oldest first.
    pub fn sent(&self, psid: &Psid) -> Vec<SentMessage> {
        self.core.threads.sent(psid)
    }

    /// Returns what was sent to a person and forgets it.
    pub fn take_sent(&self, psid: &Psid) -> Vec<SentMessage> {
        self.core.threads.take_sent(psid)
    }

    /// Returns how many messages were taken in all, and changes as more are.
    pub fn sent_total(&self) -> watch::Receiver<u64> {
        self.core.total.subscribe()
    }

    /// Returns the webhooks that wait to be taken, oldest first ([`Webhooks::Kept`]).
    pub fn take_webhooks(&self) -> Vec<Webhook> {
        self.core.deliverer.take(None)
    }

    /// Returns those about one person.
    pub fn take_webhooks_of(&self, psid: &Psid) -> Vec<Webhook> {
        self.core.deliverer.take(Some(psid))
    }

    /// Returns the `X-Hub-Signature-256` of a body.
    pub fn sign(&self, body: &[u8]) -> String {
        self.core.deliverer.sign(body)
    }

    /// Stops accepting, lets open calls finish for a moment, and ends.
    pub async fn stop(self) {
        self.served.stop().await;
    }
}

fn router(core: &Arc<Core>) -> Router {
    let mut router = graph::routes(core);
    if core.options.beside != Beside::Nothing {
        router = router.merge(control::routes(core));
    }
    if core.options.beside == Beside::ChatPage {
        router = router.merge(page::routes(core));
    }
    router.fallback(|| async {
        Reply::with(
            StatusCode::NOT_FOUND,
            "text/plain",
            "no such page\n".to_owned(),
        )
        .into_response()
    })
}

/// What all calls share.
struct Core {
    options: Options,
    url: String,
    threads: Threads,
    faults: Mutex<Faults>,
    desk: Desk,
    media: Media,
    links: Links,
    profile: Mutex<Profile>,
    subscribed: Mutex<BTreeSet<String>>,
    deliverer: Deliverer,
    total: watch::Sender<u64>,
    feed: Feed,
    surroundings: OnceLock<Arc<dyn Surroundings>>,
    numbered: AtomicU64,
}

impl Core {
    fn new(options: Options, clock: SharedClock, url: String) -> Self {
        let fields = FIELDS.into_iter().map(str::to_owned).collect();
        Self {
            threads: Threads::new(clock, options.strangers, options.kept_per_thread),
            faults: Mutex::default(),
            desk: Desk::default(),
            media: Media::default(),
            links: Links::default(),
            profile: Mutex::default(),
            subscribed: Mutex::new(fields),
            deliverer: Deliverer::new(&options.webhooks, options.app_secret.clone()),
            total: watch::Sender::new(0),
            feed: Feed::new(options.beside == Beside::ChatPage),
            surroundings: OnceLock::new(),
            numbered: AtomicU64::new(0),
            options,
            url,
        }
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn profile(&self) -> MutexGuard<'_, Profile> {
        self.profile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn world(&self) -> Option<&Arc<dyn Surroundings>> {
        self.surroundings.get()
    }

    /// Numbers entries of the page that have no id of their own.
    fn next_turn(&self) -> u64 {
        self.numbered.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn strike(&self, psid: Option<&Psid>, action: bool) -> Option<Fault> {
        self.faults().strike(psid, action)
    }

    /// Returns the Page a person writes to.
    fn page_of(&self, psid: &Psid) -> PageId {
        self.threads
            .page(psid)
            .or_else(|| self.options.pages.first().map(|page| page.id.clone()))
            .unwrap_or_else(|| PageId::from("0"))
    }

    /// A message was taken: its echo and its delivery go to the app.
    fn took(&self, sent: &SentMessage) {
        self.total.send_modify(|total| *total += 1);
        self.feed.put(
            &sent.psid,
            sent.mid.as_str(),
            || json!({"kind": "out", "at": sent.at_ms, "raw": words(&sent.json)}),
        );
        if !self.deliverer.wanted() {
            return;
        }
        let envelope = Envelope {
            psid: sent.psid.as_str(),
            page: sent.page.as_str(),
            at_ms: sent.at_ms,
        };
        let owner = self.threads.owner(&sent.psid);
        if self.is_subscribed("message_echoes") {
            let body: Value = serde_json::from_slice(&sent.json).unwrap_or_default();
            let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
            let words = text("/message/text").unwrap_or_default();
            let metadata = text("/message/metadata");
            let app = self.options.app_id.as_str();
            let echo = envelope.echo(sent.mid.as_str(), app, metadata, words);
            self.tell(&sent.psid, &sent.page, sent.at_ms, None, echo, &owner);
        }
        if self.options.deliveries && self.is_subscribed("message_deliveries") {
            let delivery = envelope.delivery(sent.at_ms);
            self.tell(&sent.psid, &sent.page, sent.at_ms, None, delivery, &owner);
        }
    }

    /// A typing or read mark was taken.
    fn acted_on(&self, psid: &Psid, action: &SenderAction) {
        self.feed.put(psid, "action", || {
            json!({
                "kind": "action",
                "at": action.at_ms,
                "action": action.action,
                // Two of the same action are two changes.
                "number": self.next_turn(),
            })
        });
    }

    /// A call was not taken.
    fn refuse(
        &self,
        psid: Option<Psid>,
        body: &Bytes,
        refusal: Option<Refusal>,
        fault: Option<String>,
    ) {
        let at_ms = match &psid {
            Some(psid) => self.threads.now_ms(psid),
            None => self.threads.clock_ms(),
        };
        if let Some(psid) = &psid {
            self.feed
                .put(psid, &format!("refused-{}", self.next_turn()), || {
                    json!({
                        "kind": "refused",
                        "at": at_ms,
                        "raw": words(body),
                        "code": refusal.as_ref().map(|refusal| refusal.code),
                        "subcode": refusal.as_ref().and_then(|refusal| refusal.subcode),
                        "words": refusal.as_ref().map(|refusal| refusal.message.as_str()),
                        "fault": fault,
                    })
                });
        }
        self.threads.refuse(RefusedSend {
            psid,
            at_ms,
            json: body.clone(),
            refusal,
            fault,
        });
    }

    /// A posted webhook got somewhere.
    fn delivered(&self, webhook: &Webhook, progress: Progress) {
        if progress == Progress::Lost {
            tracing::warn!("the bot did not take a webhook; gave up");
        }
        if let Some(mid) = &webhook.mid {
            let (status, answered) = match progress {
                Progress::Taken => ("taken", Some(200)),
                Progress::Refused { status } => ("refused", status),
                Progress::Lost => ("lost", None),
            };
            let (psid, mid) = (&webhook.psid, mid.as_str());
            self.feed.patch(psid, mid, "answered", answered.into());
            self.feed.patch(psid, mid, "status", status.into());
        }
    }

    fn set_owner(&self, psid: &Psid, owner: Owner) {
        let text = match &owner {
            Owner::Other(app) if app == INBOX_APP => "A person at the bank has the chat now.",
            Owner::Other(_) => "Another app has the chat now.",
            Owner::Ours => "The bot has the chat again.",
            Owner::Nobody => "Nobody owns the chat; the bot may answer.",
        };
        if self.threads.set_owner(psid, owner) {
            self.notice(psid, text);
            self.world_changed();
        }
    }

    /// Puts a line between the bubbles of a thread.
    fn notice(&self, psid: &Psid, text: &str) {
        let at_ms = self.threads.now_ms(psid);
        self.feed.put(
            psid,
            &format!("notice-{}", self.next_turn()),
            || json!({"kind": "notice", "at": at_ms, "text": text}),
        );
    }

    /// Somebody else moves a thread: our app is told.
    fn hand(&self, psid: &Psid, owner: Owner) {
        let (kind, new_owner) = match &owner {
            Owner::Other(app) => ("take_thread_control", app.clone()),
            Owner::Ours | Owner::Nobody => ("pass_thread_control", self.options.app_id.clone()),
        };
        self.set_owner(psid, owner);
        if !self.is_subscribed("messaging_handovers") {
            return;
        }
        let at_ms = self.threads.now_ms(psid);
        let page = self.page_of(psid);
        let envelope = Envelope {
            psid: psid.as_str(),
            page: page.as_str(),
            at_ms,
        };
        let event = envelope.control(kind, &new_owner);
        // Control events come as ordinary ones on both ways (platform 2.12).
        self.tell(psid, &page, at_ms, None, event, &Owner::Nobody);
    }

    /// A person at the bank writes: our app sees an echo of the inbox's.
    fn human_writes(&self, psid: &Psid, text: &str) {
        let at_ms = self.threads.now_ms(psid);
        let page = self.page_of(psid);
        let mid = self.threads.mint(psid);
        self.feed.put(
            psid,
            mid.as_str(),
            || json!({"kind": "human", "at": at_ms, "text": text}),
        );
        if !self.is_subscribed("message_echoes") {
            return;
        }
        let envelope = Envelope {
            psid: psid.as_str(),
            page: page.as_str(),
            at_ms,
        };
        let echo = envelope.echo(mid.as_str(), INBOX_APP, None, text);
        let owner = self.threads.owner(psid);
        self.tell(psid, &page, at_ms, None, echo, &owner);
    }

    fn fields(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.subscribed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_subscribed(&self, field: &str) -> bool {
        self.deliverer.wanted() && self.fields().contains(field)
    }

    fn subscribed_fields(&self) -> Vec<String> {
        self.fields().iter().cloned().collect()
    }

    fn subscribe(&self, fields: Vec<String>) -> Result<(), Refusal> {
        if fields.is_empty() {
            return Err(Refusal::parameter(
                "(#100) The parameter subscribed_fields is required.",
            ));
        }
        let known = |field: &String| {
            FIELDS.contains(&field.as_str()) || QUIET_FIELDS.contains(&field.as_str())
        };
        if !fields.iter().all(known) {
            return Err(Refusal::parameter(
                "(#100) Param subscribed_fields holds an unknown field",
            ));
        }
        *self.fields() = fields.into_iter().collect();
        Ok(())
    }

    fn unsubscribe(&self) {
        self.fields().clear();
    }

    fn profile_changed(&self) {
        self.feed.tell(|| json!({"profile": self.profile().all()}));
    }

    /// Pages look at the world again.
    fn world_changed(&self) {
        self.feed.tell(|| json!({"world": true}));
    }
}

/// Returns a body for the page to show: its bytes as text.
fn words(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

#[cfg(test)]
mod tests;
