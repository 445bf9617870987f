//! What the Graph stand-in knows of each person's thread: who owns it, when the person last acted, what
//! was sent and what was refused. Cheap enough for a hundred thousand threads.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::wire::{Refusal, Send};
use crate::clock::{ManualClock, SharedClock};
use crate::message::{Mid, PageId, Psid};

/// The standard messaging window, ms (platform 3.3).
pub const WINDOW_MS: i64 = 24 * 60 * 60 * 1000;

/// The window of messages a human writes under `HUMAN_AGENT`, ms (platform 3.4).
const HUMAN_WINDOW_MS: i64 = 7 * WINDOW_MS;

/// The app of the Page's inbox, where people answer (platform 8.3).
pub const INBOX_APP: &str = "263902037430900";

/// Who may write in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Owner {
    /// Nobody took it: every app may write.
    #[default]
    Nobody,
    /// Our app.
    Ours,
    /// Another app, by its id; people answer through [`INBOX_APP`].
    Other(String),
}

/// A message that was taken.
#[derive(Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// The Page that sent it.
    pub page: PageId,
    /// To whom.
    pub psid: Psid,
    /// When, ms, by the thread's clock.
    pub at_ms: i64,
    /// The id it was given.
    pub mid: Mid,
    /// The body of the call, byte for byte.
    pub json: Bytes,
}

impl fmt::Debug for SentMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SentMessage({} bytes at {})",
            self.json.len(),
            self.at_ms
        )
    }
}

/// A call that was not taken.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedSend {
    /// To whom, where that could be read.
    pub psid: Option<Psid>,
    /// When, ms.
    pub at_ms: i64,
    /// The body of the call.
    pub json: Bytes,
    /// Why, in Graph's code and words; none where the fault was of another kind.
    pub refusal: Option<Refusal>,
    /// The fault that was switched on, in words; none when the call itself was at fault.
    pub fault: Option<String>,
}

impl fmt::Debug for RefusedSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedSend")
            .field("at_ms", &self.at_ms)
            .field("refusal", &self.refusal)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// A typing or read mark that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderAction {
    /// When, ms.
    pub at_ms: i64,
    /// `typing_on`, `mark_seen`, …
    pub action: String,
}

/// What became of a call that was taken.
#[derive(Debug, Clone)]
pub(super) enum Taken {
    Message(SentMessage),
    Action { psid: Psid, action: SenderAction },
}

/// Which people can be written to who never wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strangers {
    /// None, as with the real Graph: error 100/2018001.
    #[default]
    Refused,
    /// Anybody, and the window is open: for load tests that post their webhooks themselves.
    Welcome,
}

#[derive(Debug, Default)]
struct Thread {
    page: Option<PageId>,
    last_action_ms: Option<i64>,
    blocked: bool,
    owner: Owner,
    clock: Option<SharedClock>,
    minted: u64,
    sent: VecDeque<SentMessage>,
    actions: VecDeque<SenderAction>,
    refused: VecDeque<RefusedSend>,
}

/// All threads.
#[derive(Debug)]
pub(super) struct Threads {
    clock: SharedClock,
    strangers: Strangers,
    kept: usize,
    seed: i64,
    by_person: Mutex<HashMap<Psid, Thread>>,
    nobodys: Mutex<VecDeque<RefusedSend>>,
}

impl Threads {
    pub(super) fn new(clock: SharedClock, strangers: Strangers, kept: usize) -> Self {
        Self {
            seed: clock.now_ms(),
            clock,
            strangers,
            kept,
            by_person: Mutex::default(),
            nobodys: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Psid, Thread>> {
        self.by_person
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn within<R>(&self, psid: &Psid, act: impl FnOnce(&mut Thread) -> R) -> R {
        let mut threads = self.lock();
        if let Some(thread) = threads.get_mut(psid) {
            return act(thread);
        }
        act(threads.entry(psid.clone()).or_default())
    }

    fn look<R: Default>(&self, psid: &Psid, see: impl FnOnce(&mut Thread) -> R) -> R {
        self.lock().get_mut(psid).map(see).unwrap_or_default()
    }

    /// Returns the time in a thread.
    pub(super) fn now_ms(&self, psid: &Psid) -> i64 {
        let own = self.look(psid, |thread| thread.clock.clone());
        own.as_ref().unwrap_or(&self.clock).now_ms()
    }

    /// Returns the common time.
    pub(super) fn clock_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Returns the Page that wrote to a person last.
    pub(super) fn page(&self, psid: &Psid) -> Option<PageId> {
        self.look(psid, |thread| thread.page.clone())
    }

    pub(super) fn set_clock(&self, psid: &Psid, clock: Option<SharedClock>) {
        self.within(psid, |thread| thread.clock = clock);
    }

    /// Stops a thread's clock at `at_ms`, or moves it there.
    pub(super) fn set_time(&self, psid: &Psid, at_ms: i64) {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        self.set_clock(psid, Some(Arc::new(ManualClock::new(at))));
    }

    /// Notes that a person did something that opens the window.
    pub(super) fn acted(&self, psid: &Psid, at_ms: i64) {
        self.within(psid, |thread| {
            thread.last_action_ms = thread.last_action_ms.max(Some(at_ms));
        });
    }

    pub(super) fn last_action_ms(&self, psid: &Psid) -> Option<i64> {
        self.look(psid, |thread| thread.last_action_ms)
    }

    pub(super) fn is_known(&self, psid: &Psid) -> bool {
        self.strangers == Strangers::Welcome || self.last_action_ms(psid).is_some()
    }

    pub(super) fn set_blocked(&self, psid: &Psid, blocked: bool) {
        self.within(psid, |thread| thread.blocked = blocked);
    }

    pub(super) fn is_blocked(&self, psid: &Psid) -> bool {
        self.look(psid, |thread| thread.blocked)
    }

    pub(super) fn owner(&self, psid: &Psid) -> Owner {
        self.look(psid, |thread| thread.owner.clone())
    }

    /// Sets a thread's owner; tells whether it was another before.
    pub(super) fn set_owner(&self, psid: &Psid, owner: Owner) -> bool {
        self.within(psid, |thread| {
            let changed = thread.owner != owner;
            thread.owner = owner;
            changed
        })
    }

    /// Makes an id for a message of a thread: the same at every run with the same clock.
    pub(super) fn mint(&self, psid: &Psid) -> Mid {
        let number = self.within(psid, |thread| {
            thread.minted += 1;
            thread.minted
        });
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(psid.as_str().as_bytes());
        hash.update(number.to_be_bytes());
        let digest = hash.finalize();
        Mid(format!(
            "m_{}",
            hex::encode(digest.get(..16).unwrap_or_default())
        ))
    }

    /// Takes a checked call, or says why Graph would not.
    pub(super) fn take(&self, page: &PageId, call: &Send, json: &Bytes) -> Result<Taken, Refusal> {
        let Some(psid) = call.recipient.id.as_deref().map(Psid::from) else {
            return Err(Refusal::parameter(
                "(#100) recipient.user_ref is of no checkbox plugin",
            ));
        };
        let at_ms = self.now_ms(&psid);
        self.permit(&psid, call, at_ms)?;
        if let Some(action) = &call.sender_action {
            let action = SenderAction {
                at_ms,
                action: action.clone(),
            };
            self.within(&psid, |thread| {
                keep(&mut thread.actions, action.clone(), self.kept);
            });
            return Ok(Taken::Action { psid, action });
        }
        let sent = SentMessage {
            page: page.clone(),
            at_ms,
            mid: self.mint(&psid),
            json: json.clone(),
            psid,
        };
        self.within(&sent.psid, |thread| {
            if thread.page.as_ref() != Some(page) {
                thread.page = Some(page.clone());
            }
            keep(&mut thread.sent, sent.clone(), self.kept);
        });
        Ok(Taken::Message(sent))
    }

    fn permit(&self, psid: &Psid, send: &Send, at_ms: i64) -> Result<(), Refusal> {
        if !self.is_known(psid) {
            return Err(refusal(100, Some(2_018_001), "No matching user found"));
        }
        let (blocked, owner, last) = self.look(psid, |thread| {
            (thread.blocked, thread.owner.clone(), thread.last_action_ms)
        });
        if blocked {
            let words = "This person isn't available right now.";
            return Err(refusal(551, Some(1_545_041), words));
        }
        if let Owner::Other(_) = owner {
            let words = "Another app is controlling this thread now.";
            return Err(refusal(2_018_300, None, words));
        }
        let window = if send.tag.as_deref() == Some("HUMAN_AGENT") {
            HUMAN_WINDOW_MS
        } else {
            WINDOW_MS
        };
        if last.is_some_and(|last| at_ms.saturating_sub(last) > window) {
            let words = "This message is sent outside of allowed window.";
            return Err(refusal(10, Some(2_018_278), words));
        }
        Ok(())
    }

    /// Notes a call that was not taken.
    pub(super) fn refuse(&self, refused: RefusedSend) {
        match refused.psid.clone() {
            // A stranger gets no thread: whoever writes to anybody must not fill the memory.
            Some(psid) if self.lock().contains_key(&psid) => self.within(&psid, |thread| {
                keep(&mut thread.refused, refused, self.kept);
            }),
            _ => {
                let mut nobodys = self.nobodys.lock().unwrap_or_else(PoisonError::into_inner);
                keep(&mut nobodys, refused, self.kept);
            }
        }
    }

    pub(super) fn sent(&self, psid: &Psid) -> Vec<SentMessage> {
        self.look(psid, |thread| thread.sent.iter().cloned().collect())
    }

    pub(super) fn take_sent(&self, psid: &Psid) -> Vec<SentMessage> {
        self.look(psid, |thread| thread.sent.drain(..).collect())
    }

    pub(super) fn actions(&self, psid: &Psid) -> Vec<SenderAction> {
        self.look(psid, |thread| thread.actions.iter().cloned().collect())
    }

    /// Returns the refused calls for a person, or those for nobody we know.
    pub(super) fn refused(&self, psid: Option<&Psid>) -> Vec<RefusedSend> {
        match psid {
            Some(psid) => self.look(psid, |thread| thread.refused.iter().cloned().collect()),
            None => self
                .nobodys
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .cloned()
                .collect(),
        }
    }

    /// Forgets a thread: for fixtures that are done.
    pub(super) fn forget(&self, psid: &Psid) {
        self.lock().remove(psid);
    }
}

fn keep<T>(list: &mut VecDeque<T>, entry: T, most: usize) {
    while list.len() >= most.max(1) {
        list.pop_front();
    }
    if most > 0 {
        list.push_back(entry);
    }
}

fn refusal(code: i64, subcode: Option<i64>, words: &str) -> Refusal {
    Refusal {
        code,
        subcode,
        message: format!("(#{code}) {words}"),
    }
}
