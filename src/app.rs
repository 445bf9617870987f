//! What all workers share: the store, the keys, the catalogue and matcher, the bank, the way out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Notify;

use crate::bank::{Bank, Subject};
use crate::bank::{CommandKind, read::Timed};
use crate::channel::Outlet;
use crate::clock::SharedClock;
use crate::conversation::policy::Policy;
use crate::conversation::step::Understand;
use crate::conversation::{Spoken, TurnId};
use crate::intent::Understanding;
use crate::intent::catalogue::Catalogue;
use crate::message::{ConversationId, Mid, PageId};
use crate::store::keys::Keys;
use crate::store::{InboxId, NodeId, Store};
use crate::telemetry::Metrics;

/// Everything the workers share.
pub struct App {
    /// Tells the time.
    pub clock: SharedClock,
    /// Inbox, outbox, commands, cases, audit.
    pub store: Arc<dyn Store>,
    /// The key store.
    pub keys: Arc<Keys>,
    /// Every sentence and intent.
    pub catalogue: Arc<Catalogue>,
    /// Understanding.
    pub matcher: Arc<dyn Understand>,
    /// The bank.
    pub bank: Bank,
    /// Who is linked without a link page: the simulator's customer.
    pub auto_link: Option<Arc<dyn AutoLink>>,
    /// The way out.
    pub outlet: Arc<dyn Outlet>,
    /// What is allowed, by Page.
    pub policies: Policies,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Our app's id, to tell whose a thread is.
    pub app_id: Option<String>,
    /// This process.
    pub node: NodeId,
    /// Reads that a safety message may cut short.
    pub interrupts: Interrupts,
    /// How long a turn waits for the bank.
    pub read_budget: Duration,
    /// Sees every turn: the inspector of the chat page, and `replay`.
    pub witness: Option<Arc<dyn Witness>>,
}

/// Links conversations by itself (`bank.kind = "simulator"` without `require_link`).
pub trait AutoLink: Send + Sync {
    /// Returns the bank's customer of a new conversation.
    fn subject(&self, page: &PageId, psid: &crate::message::Psid) -> Option<Subject>;
}

/// What a turn did, for who watches.
#[derive(Debug, Clone)]
pub struct TurnSeen {
    /// The conversation.
    pub conversation: ConversationId,
    /// The person, for the local world only.
    pub psid: crate::message::Psid,
    /// What it began with: `said`, `tapped`, `reported`, …
    pub began: &'static str,
    /// The customer's message that began it.
    pub mid: Option<Mid>,
    /// What was understood.
    pub understanding: Option<Understanding>,
    /// What the bank was asked.
    pub queries: Vec<&'static str>,
    /// How those that reached the bank went.
    pub reads: Vec<Timed>,
    /// What the bank was told.
    pub commands: Vec<&'static str>,
    /// What was said.
    pub spoken: Vec<Spoken>,
    /// Audit entries.
    pub audit: Vec<&'static str>,
    /// Cases opened or extended, by kind.
    pub cases: Vec<String>,
    /// The thread was handed over.
    pub handed_over: bool,
    /// The whole turn, bank included.
    pub took: Duration,
}

/// Watches turns. Only the local world has one.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Sees a committed turn.
    fn turn(&self, seen: TurnSeen);

    /// Tells how long the simulated bank takes, where time is simulated too: beyond the budget the
    /// answer is "slow" without anybody waiting.
    fn bank_latency(&self, _psid: &crate::message::Psid) -> Duration {
        Duration::ZERO
    }
}

/// Policies by Page, with one for every Page where none is configured.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    by_page: HashMap<PageId, Arc<Policy>>,
    any: Option<Arc<Policy>>,
}

impl Policies {
    /// Adds a Page's policy; no id: every Page.
    pub fn add(&mut self, page: Option<PageId>, policy: Policy) {
        match page {
            Some(page) => {
                self.by_page.insert(page, Arc::new(policy));
            }
            None => self.any = Some(Arc::new(policy)),
        }
    }

    /// Returns a Page's policy; `None` for a Page that is not served.
    pub fn get(&self, page: &PageId) -> Option<&Arc<Policy>> {
        self.by_page.get(page).or(self.any.as_ref())
    }

    /// Tells whether any Page may order a kind of command: what the operator switched off is not sent, even
    /// if it was confirmed before (design 2.2).
    pub fn allow(&self, kind: CommandKind) -> bool {
        self.by_page
            .values()
            .chain(&self.any)
            .any(|policy| policy.actions.contains(&kind))
    }
}

impl App {
    /// Names a turn: an HMAC under the index key, so that nothing derived from it can be guessed.
    pub fn turn_id(&self, conversation: ConversationId, input: InboxId) -> TurnId {
        let mut id = [0; 16];
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.keys.index_key()[..]) {
            mac.update(b"turn");
            mac.update(&conversation.0);
            mac.update(&input.0.to_be_bytes());
            let digest = mac.finalize().into_bytes();
            id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        }
        TurnId(id)
    }
}

/// Lets a safety message of a conversation cut short the bank read of an earlier one (design 2.1).
#[derive(Debug, Default)]
pub struct Interrupts(Mutex<HashMap<ConversationId, Arc<Notify>>>);

impl Interrupts {
    /// Registers a read under way; dropping the guard ends it.
    pub fn reading(&self, conversation: ConversationId) -> Reading<'_> {
        let notify = Arc::new(Notify::new());
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(conversation, Arc::clone(&notify));
        Reading {
            interrupts: self,
            conversation,
            notify,
        }
    }

    /// Cuts a conversation's read short, if one is under way.
    pub fn interrupt(&self, conversation: ConversationId) {
        if let Some(notify) = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&conversation)
        {
            notify.notify_one();
        }
    }
}

/// A read that can be cut short.
#[derive(Debug)]
pub struct Reading<'a> {
    interrupts: &'a Interrupts,
    conversation: ConversationId,
    notify: Arc<Notify>,
}

impl Reading<'_> {
    /// Resolves when the read should stop.
    pub async fn interrupted(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.interrupts
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.conversation);
    }
}
