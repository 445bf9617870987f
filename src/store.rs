//! The store: verbs over values, each one atomic unit (design section 6).
//!
//! There is no `begin()`: a backend may merge many units into one commit under savepoints, so that one
//! bad unit fails alone. Everything personal arrives sealed ([`Sealed`]); the store sees ids, times,
//! lanes and ciphertext. Two plain backends share the contract tests in `store/contract.rs`: SQLite
//! (one writer, group commit) and, later, PostgreSQL (buckets, leases by fence).
//!
//! "Not found" is `Ok(None)`. A commit whose fence is stale is `Err(StoreError::LeaseLost)` and
//! changes nothing.

pub mod audit;
#[cfg(test)]
mod contract;
pub mod keys;
pub mod sqlite;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::message::{ConversationId, PageId};

use self::audit::Head;

/// How long seen keys and the send times of settled sends are kept, ms: 48 hours (design 2.5). An event
/// older than that is dropped before it gets here (E7).
pub const SEEN_MS: i64 = 48 * 60 * 60 * 1000;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try later: disk full, locked, gone. Nothing was changed.
    #[error("the store is unavailable")]
    Unavailable(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The accept queue is full; nothing was changed (answered 503).
    #[error("the store is overloaded")]
    Overloaded,
    /// The lease's fence is stale: another node or a later lease owns the work. Discard the turn.
    #[error("the lease was lost")]
    LeaseLost,
    /// What is stored contradicts itself.
    #[error("inconsistent row in {table}: {id}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// Its key, never personal.
        id: String,
    },
    /// Another process serves this database.
    #[error("another process is serving this database")]
    InUse,
    /// The file was written by a newer program.
    #[error("the database has schema version {found}, this program knows up to {known}")]
    NewerSchema {
        /// What the file says.
        found: u32,
        /// What we know.
        known: u32,
    },
}

/// Ciphertext with its nonce and key id inside. Made and opened by [`keys`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// The seen key of design 2.5: time-ordered, so that receiving stays fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeenKey {
    /// Event time in ms; 0 for an event without one.
    pub at_ms: i64,
    /// First 16 bytes of SHA-256 over page, psid, kind and mid or canonical content.
    pub hash: [u8; 16],
}

/// An input of a conversation, to be stored in its inbox.
#[derive(Debug, Clone)]
pub struct NewInput {
    /// The conversation.
    pub conversation: ConversationId,
    /// Orders inputs within the conversation: event time in ms, else the time of arrival.
    pub at_ms: i64,
    /// The input, sealed under the ingest key (events) or the customer's key (inputs from inside).
    pub body: Sealed,
}

/// One received event: stored only if its key was not seen in the last 48 hours.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The key.
    pub seen: SeenKey,
    /// The input.
    pub input: NewInput,
}

/// An echo of our own send: settles an outbox row that may or may not have gone out (design 2.3).
#[derive(Debug, Clone)]
pub struct EchoSignal {
    /// Which row `message.metadata` named.
    pub row: OutboxId,
    /// The event's time (Meta's clock): the prompt's sent time.
    pub at_ms: i64,
}

/// What a webhook request brings: one atomic unit.
#[derive(Debug, Clone, Default)]
pub struct Accept {
    /// Events for turns.
    pub arrivals: Vec<Arrival>,
    /// Echoes of our own sends.
    pub echoes: Vec<EchoSignal>,
    /// The time of arrival, ms: what the seen rows' retention counts from.
    pub now_ms: i64,
}

/// What became of a unit of [`Accept`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Stored now.
    pub stored: usize,
    /// Seen before, dropped.
    pub duplicates: usize,
    /// Echoes that settled an unsettled row.
    pub settled: usize,
}

/// A row of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InboxId(pub i64);

/// A row of the outbox: random, since it travels in `message.metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutboxId(#[serde(with = "hex::serde")] pub [u8; 16]);

impl fmt::Display for OutboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A bank command's id, also its idempotency key. Derived from the turn, so that a repeated turn makes
/// the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CommandId(#[serde(with = "hex::serde")] pub [u8; 16]);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A case for a person at the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseNumber(pub i64);

/// Who holds a lease: a node incarnation (random at each start).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub [u8; 16]);

/// A lease's fence: grows with every lease of the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

/// One leased input.
#[derive(Debug, Clone)]
pub struct LeasedInput {
    /// Its row.
    pub id: InboxId,
    /// When it happened, ms.
    pub at_ms: i64,
    /// When it was stored, ms (queue age).
    pub stored_ms: i64,
    /// Sealed.
    pub body: Sealed,
    /// Which try this is, from 1.
    pub attempt: u32,
}

/// A conversation leased for a turn, with its oldest inputs in event order.
#[derive(Debug, Clone)]
pub struct TurnLease {
    /// The conversation.
    pub conversation: ConversationId,
    /// Must match at commit.
    pub fence: Fence,
    /// The state, sealed; `None` for a new conversation.
    pub state: Option<Sealed>,
    /// Head of the audit chain (32 zero bytes at its start).
    pub audit_head: [u8; 32],
    /// At most 16, oldest first by (event time, arrival).
    pub inputs: Vec<LeasedInput>,
}

/// What a message is for: says what is done when it may or may not be out, and what may overtake. Only
/// `Urgent` overtakes, and only at turn boundaries (design 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendClass {
    /// Alerts that can wait.
    Notice,
    /// An answer made from reads: resent if unsure, dropped when old.
    Answer,
    /// A question or prompt: resent if unsure.
    Prompt,
    /// The outcome of a command: resent with a warning if unsure.
    Outcome,
    /// Fraud alert or result of a freeze: overtakes.
    Urgent,
}

/// A message to send.
#[derive(Debug, Clone)]
pub struct NewSend {
    /// Random.
    pub id: OutboxId,
    /// The Page that sends.
    pub page: PageId,
    /// Which turn made it; the parts of a turn go in order, and die together.
    pub turn: [u8; 16],
    /// Position within the turn, from 0.
    pub ordinal: u32,
    /// What it is.
    pub class: SendClass,
    /// Not sent after this instant, ms.
    pub not_after_ms: Option<i64>,
    /// PSID and message, sealed under the customer's key.
    pub body: Sealed,
}

/// A bank command made by a turn (T1).
#[derive(Debug, Clone)]
pub struct NewCommand {
    /// Derived from the turn.
    pub id: CommandId,
    /// `CommandKind::name`, for metrics and the kill switch.
    pub kind: &'static str,
    /// Not sent after this instant, ms: the confirmation + 2 minutes.
    pub not_after_ms: i64,
    /// Connection and exact request, sealed.
    pub body: Sealed,
}

/// An audit entry as the chain stores it: header, and the digest of what is sealed under the class key.
#[derive(Debug, Clone)]
pub struct NewAudit {
    /// Random.
    pub id: [u8; 16],
    /// What happened, a fixed word: never personal.
    pub kind: String,
    /// When, ms.
    pub at_ms: i64,
    /// SHA-256(nonce ‖ payload).
    pub digest: [u8; 32],
    /// Nonce and payload, sealed under the class key.
    pub body: Sealed,
}

/// An audit entry read back.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Position in its chain, from 1.
    pub position: i64,
    /// The entry.
    pub entry: NewAudit,
    /// Hash of the entry before.
    pub previous: [u8; 32],
    /// Its own hash.
    pub hash: [u8; 32],
}

/// A timer: fires once, by inserting `body` as an input. Unique per (conversation, kind, subject):
/// setting it again moves it.
#[derive(Debug, Clone)]
pub struct NewTimer {
    /// What for, a fixed word.
    pub kind: String,
    /// Tells several of one kind apart; a hash or id, never personal.
    pub subject: String,
    /// When, ms; `None` takes the timer away.
    pub due_ms: Option<i64>,
    /// The input, sealed.
    pub body: Sealed,
}

/// A change to the cases of a conversation.
#[derive(Debug, Clone)]
pub struct CaseWrite {
    /// Taken with [`Store::next_case_number`]; a number not seen before opens a case.
    pub number: CaseNumber,
    /// `dispute`, `human`, `unknown_outcome`, …
    pub kind: String,
    /// `open`, `waiting`, `closed`.
    pub status: String,
    /// When it was opened (first notice), ms.
    pub opened_ms: i64,
    /// Summary, redacted transcript, slots: sealed under the evidence key.
    pub body: Sealed,
}

/// A case read back.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// Whose.
    pub conversation: ConversationId,
    /// The rest.
    pub case: CaseWrite,
    /// Last change, ms.
    pub changed_ms: i64,
}

/// Everything a turn changes: one atomic unit.
#[derive(Debug, Clone)]
pub struct TurnCommit {
    /// The lease.
    pub conversation: ConversationId,
    /// Its fence.
    pub fence: Fence,
    /// Now, ms.
    pub now_ms: i64,
    /// Inputs done by it: deleted.
    pub done: Vec<InboxId>,
    /// The new state; `None` leaves the stored one as it is.
    pub state: Option<Sealed>,
    /// What to say.
    pub sends: Vec<NewSend>,
    /// What to tell the bank.
    pub commands: Vec<NewCommand>,
    /// Audit entries, in order.
    pub audit: Vec<NewAudit>,
    /// Timers to set, move or take away.
    pub timers: Vec<NewTimer>,
    /// Cases opened or changed.
    pub cases: Vec<CaseWrite>,
    /// Pages that show something once.
    pub views: Vec<NewView>,
    /// Inputs for this conversation made by the turn.
    pub inputs: Vec<NewInput>,
    /// The turn record, sealed (redacted input, variant, values, hashes).
    pub record: Option<(i64, Sealed)>,
    /// Older turn records to erase at once (a split card number), by (time, position in that time).
    pub erase_records_since_ms: Option<i64>,
}

/// Names a page that shows something once: SHA-256 of its link's secret, so that the store knows no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewId(pub [u8; 32]);

impl ViewId {
    /// Returns the name of a secret's page.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

/// A page that may be opened once.
#[derive(Debug, Clone)]
pub struct NewView {
    /// Its name.
    pub id: ViewId,
    /// Until when, ms.
    pub expires_ms: i64,
    /// What to read at the bank, sealed.
    pub body: Sealed,
}

/// A page that waits to be opened.
#[derive(Debug, Clone)]
pub struct ViewRow {
    /// Whose.
    pub conversation: ConversationId,
    /// What to read at the bank, sealed.
    pub body: Sealed,
}

/// What became of inputs whose turn failed.
#[derive(Debug, Clone)]
pub enum TurnFailure {
    /// Try again at this time, ms.
    Retry {
        /// When.
        at_ms: i64,
    },
    /// To the dead letters, with the error's words (never personal).
    Dead {
        /// Why.
        error: String,
    },
}

/// A leased send.
#[derive(Debug, Clone)]
pub struct SendLease {
    /// The row.
    pub id: OutboxId,
    /// Must match at settling.
    pub fence: Fence,
    /// The conversation.
    pub conversation: ConversationId,
    /// The Page.
    pub page: PageId,
    /// What it is.
    pub class: SendClass,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// A lease of it expired before: it may be out already (design 2.3).
    pub maybe_sent: bool,
    /// Not sent after this instant, ms.
    pub not_after_ms: Option<i64>,
    /// When the turn was committed, ms.
    pub queued_ms: i64,
    /// Sealed PSID and message.
    pub body: Sealed,
}

/// What became of a send.
#[derive(Debug, Clone)]
pub enum SendOutcome {
    /// Graph took it.
    Sent {
        /// When, ms (Meta's answer carries no time: ours; the echo corrects it).
        at_ms: i64,
    },
    /// Try again.
    Retry {
        /// When, ms.
        at_ms: i64,
        /// Whether it may have gone out (a time-out after sending): then the echo is waited for.
        maybe_sent: bool,
    },
    /// Never; the rest of its turn is cancelled.
    Dead {
        /// A fixed word: `window_closed`, `recipient_gone`, `expired`, `rejected`, …
        reason: &'static str,
        /// An input that tells the conversation (a prompt that failed voids its confirmation).
        input: Option<NewInput>,
    },
}

/// A leased command (T2 committed: attempt counted, state `Sent`).
#[derive(Debug, Clone)]
pub struct CommandLease {
    /// Its id.
    pub id: CommandId,
    /// Must match at settling.
    pub fence: Fence,
    /// The conversation.
    pub conversation: ConversationId,
    /// `CommandKind::name`.
    pub kind: String,
    /// Which try this is, from 1. Above 1 the command may have reached the bank before: a try settled
    /// as `Retry` is not counted.
    pub attempt: u32,
    /// How often an unknown outcome was checked, this time included.
    pub checks: u32,
    /// Its present outcome is `Unknown`: it is being checked, not sent.
    pub checking: bool,
    /// Not sent (first) after this instant, ms.
    pub not_after_ms: i64,
    /// Sealed connection and request.
    pub body: Sealed,
}

/// What became of a command (T3).
#[derive(Debug, Clone)]
pub enum CommandSettled {
    /// It is settled: `done`, `rejected`, `needs_approval`, `not_sent`; the input tells the customer.
    Final {
        /// The outcome's name.
        outcome: &'static str,
        /// The input.
        input: NewInput,
    },
    /// It cannot be told; checked again at `at_ms` while the schedule lasts.
    Unknown {
        /// The next check, ms; none when the schedule is over.
        at_ms: Option<i64>,
        /// The input, only the first time.
        input: Option<NewInput>,
    },
    /// The attempt surely did not reach the bank: try again.
    Retry {
        /// When, ms.
        at_ms: i64,
    },
}

/// Why a Page's sender stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagePause {
    /// The Page.
    pub page: PageId,
    /// Until when, ms; none: until an operator acts (token errors).
    pub until_ms: Option<i64>,
    /// A fixed word: `token`, `rate`, `policy`.
    pub reason: String,
    /// Graph's code.
    pub code: Option<i64>,
}

/// Where a dead letter came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// An input whose turn failed for good.
    Inbox,
    /// A message that cannot be sent, or what was left of its turn.
    Outbox,
}

/// A dead letter's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeadLetterId(pub i64);

/// What was given up, for an operator.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Its row.
    pub id: DeadLetterId,
    /// Where it came from.
    pub lane: Lane,
    /// Whose.
    pub conversation: ConversationId,
    /// When it happened or was queued, ms.
    pub at_ms: i64,
    /// When it was given up, ms.
    pub buried_ms: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// Why: fixed words, never personal.
    pub error: String,
    /// Sealed as it was in its lane.
    pub body: Sealed,
}

/// How much waits, for metrics and `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Depths {
    /// Inputs waiting.
    pub inbox: u64,
    /// Age of the oldest waiting input, ms.
    pub inbox_oldest_ms: i64,
    /// Sends waiting.
    pub outbox: u64,
    /// Age of the oldest waiting send, ms.
    pub outbox_oldest_ms: i64,
    /// Commands not settled.
    pub commands: u64,
    /// Dead letters, both lanes.
    pub dead_letters: u64,
}

/// What [`Store::sweep`] took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Seen rows past 48 hours.
    pub seen: u64,
    /// Settled sends past their use.
    pub sends: u64,
    /// Turn records, settled commands and dead letters past retention.
    pub records: u64,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Turn records, ms (30 days by default).
    pub records_ms: i64,
}

/// The verbs. All times are the caller's clock, in milliseconds since 1970.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores what a webhook brought, de-duplicated; durable when it returns.
    async fn accept(&self, unit: Accept) -> Result<Accepted, StoreError>;

    /// Inserts an input made inside (operator, link page, bank event); durable when it returns.
    async fn insert_input(&self, input: NewInput, now_ms: i64) -> Result<(), StoreError>;

    /// Leases up to `max` conversations that have inputs due and no live lease, each with up to 16 inputs.
    async fn lease_turns(
        &self,
        node: NodeId,
        now_ms: i64,
        lease_ms: i64,
        max: usize,
    ) -> Result<Vec<TurnLease>, StoreError>;

    /// Commits a turn, or changes nothing.
    async fn commit_turn(&self, commit: TurnCommit) -> Result<(), StoreError>;

    /// Gives a failed turn's inputs back or buries the first of them; the others stay in order.
    async fn fail_turn(
        &self,
        conversation: ConversationId,
        fence: Fence,
        input: InboxId,
        failure: TurnFailure,
        now_ms: i64,
    ) -> Result<(), StoreError>;

    /// Leases up to `max` sends: at most one a conversation, in order, none of a paused Page.
    async fn lease_sends(
        &self,
        node: NodeId,
        now_ms: i64,
        lease_ms: i64,
        max: usize,
    ) -> Result<Vec<SendLease>, StoreError>;

    /// Settles a send.
    async fn settle_send(
        &self,
        id: OutboxId,
        fence: Fence,
        outcome: SendOutcome,
        now_ms: i64,
    ) -> Result<(), StoreError>;

    /// Returns when the row went out, ms, if it did: what a typed "yes" is compared with (design 2.4).
    async fn sent_at(&self, id: OutboxId) -> Result<Option<i64>, StoreError>;

    /// T2: leases up to `max` commands, counting the attempt and marking them `Sent`.
    async fn lease_commands(
        &self,
        node: NodeId,
        now_ms: i64,
        lease_ms: i64,
        max: usize,
    ) -> Result<Vec<CommandLease>, StoreError>;

    /// T3: settles a command.
    async fn settle_command(
        &self,
        id: CommandId,
        fence: Fence,
        settled: CommandSettled,
        now_ms: i64,
    ) -> Result<(), StoreError>;

    /// Fires timers that are due: each becomes an input. Returns how many.
    async fn due_timers(&self, now_ms: i64, max: usize) -> Result<usize, StoreError>;

    /// Returns when the next thing (input retry, send retry, command, timer) is due, ms.
    async fn next_due(&self) -> Result<Option<i64>, StoreError>;

    /// Takes the next case number.
    async fn next_case_number(&self) -> Result<CaseNumber, StoreError>;

    /// Lists cases, newest first; `open_only` leaves closed ones out.
    async fn cases(&self, open_only: bool, max: usize) -> Result<Vec<CaseRow>, StoreError>;

    /// Returns one case.
    async fn case(&self, number: CaseNumber) -> Result<Option<CaseRow>, StoreError>;

    /// Returns a page that is neither spent nor expired.
    async fn view(&self, id: ViewId, now_ms: i64) -> Result<Option<ViewRow>, StoreError>;

    /// Spends a page, once: false when it was spent before, or is expired.
    async fn spend_view(&self, id: ViewId, now_ms: i64) -> Result<bool, StoreError>;

    /// Returns a conversation's audit chain in order.
    async fn audit(&self, conversation: ConversationId) -> Result<Vec<AuditRow>, StoreError>;

    /// Returns the head of a conversation's audit chain, which shows whether its end was cut off.
    async fn audit_head(&self, conversation: ConversationId) -> Result<Head, StoreError>;

    /// Returns a conversation's sealed state.
    async fn state(&self, conversation: ConversationId) -> Result<Option<Sealed>, StoreError>;

    /// Returns a conversation's turn records, oldest first: (time, body).
    async fn records(&self, conversation: ConversationId)
    -> Result<Vec<(i64, Sealed)>, StoreError>;

    /// Pauses a Page's sender, or lifts the pause (`None`).
    async fn pause_page(&self, page: &PageId, pause: Option<PagePause>) -> Result<(), StoreError>;

    /// Returns the Pages that stand still.
    async fn page_pauses(&self) -> Result<Vec<PagePause>, StoreError>;

    /// Lists dead letters, newest first.
    async fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, StoreError>;

    /// Removes a dead letter that was dealt with; returns whether it was there.
    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError>;

    /// Removes what is kept of a conversation: state, records, timers, waiting sends, settled commands,
    /// dead letters. Its audit chain and cases stay, under keys of their own classes, and so do seen keys
    /// (design 2.5). Returns false, and changes nothing, while a turn, a send or a command of it is under
    /// way: forgetting waits. The keys are destroyed by [`keys::Keys::forget`].
    async fn forget(&self, conversation: ConversationId) -> Result<bool, StoreError>;

    /// Returns when the oldest stored event arrived, ms: its ingest key must be kept.
    async fn oldest_input_ms(&self) -> Result<Option<i64>, StoreError>;

    /// Returns how much waits.
    async fn depths(&self, now_ms: i64) -> Result<Depths, StoreError>;

    /// Takes away what is past its retention, in small steps.
    async fn sweep(&self, now_ms: i64, retention: Retention) -> Result<Swept, StoreError>;

    /// Tells that new work may be there: resolves after the next commit that made some. Call it before
    /// looking for work and await it after, so that nothing is missed in between.
    async fn work_arrived(&self);
}
