//! The ready queue: which conversations have inputs due, which are leased, which wait for a retry.
//!
//! It lives in memory only and is rebuilt from the inbox at start, because an index over random
//! conversation ids would halve the rate of receiving (design section 6). It changes only after the
//! commit that it mirrors. Memory is bounded: past `window` inputs the newer ones stay on disk and are
//! taken in, in the order of arrival, as room comes.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::message::ConversationId;
use crate::store::{Fence, InboxId};

/// An input as the queue knows it: its place in the conversation's order.
pub(super) type Place = (i64, InboxId);

/// The ready queue.
#[derive(Debug)]
pub(super) struct Ready {
    conversations: HashMap<ConversationId, Waiting>,
    /// Conversations that may be leased, the one that has waited longest first, and since when.
    queue: VecDeque<(ConversationId, i64)>,
    /// Conversations that wait for a retry, by time.
    later: BTreeSet<(i64, ConversationId)>,
    /// Live leases by expiry.
    leases: BTreeSet<(i64, ConversationId)>,
    inputs: usize,
    window: usize,
    /// The first input that is on disk only.
    spilled_from: Option<InboxId>,
}

#[derive(Debug)]
struct Waiting {
    /// In order of (event time, arrival).
    inputs: Vec<Place>,
    standing: Standing,
    /// The newest lease. One that expired stays good until another takes its place: the fence decides,
    /// not the clock.
    lease: Option<Box<Lease>>,
}

#[derive(Debug)]
struct Lease {
    fence: Fence,
    expires_ms: i64,
    inputs: Vec<InboxId>,
}

#[derive(Debug)]
enum Standing {
    Queued,
    /// Taken from the queue, about to be leased.
    Picked,
    Later,
    Leased,
}

impl Ready {
    /// Makes an empty queue that holds at most about `window` inputs.
    pub(super) fn new(window: usize) -> Self {
        Self {
            conversations: HashMap::new(),
            queue: VecDeque::new(),
            later: BTreeSet::new(),
            leases: BTreeSet::new(),
            inputs: 0,
            window: window.max(1),
            spilled_from: None,
        }
    }

    /// Takes in an input that was committed just now.
    pub(super) fn arrived(&mut self, conversation: ConversationId, place: Place, now_ms: i64) {
        if self.spilled_from.is_some() || self.inputs >= self.window {
            self.spilled_from.get_or_insert(place.1);
            return;
        }
        self.add(conversation, place, now_ms, None);
    }

    /// Takes in a row read from the inbox; `retry_ms` is when its conversation may go on.
    pub(super) fn add(
        &mut self,
        conversation: ConversationId,
        place: Place,
        since_ms: i64,
        retry_ms: Option<i64>,
    ) {
        self.inputs += 1;
        match self.conversations.entry(conversation) {
            Entry::Vacant(vacant) => {
                // Room for exactly one: nearly every conversation has one, and a push would make four.
                let inputs = vec![place];
                let standing = if let Some(at_ms) = retry_ms {
                    self.later.insert((at_ms, conversation));
                    Standing::Later
                } else {
                    self.queue.push_back((conversation, since_ms));
                    Standing::Queued
                };
                vacant.insert(Waiting {
                    inputs,
                    standing,
                    lease: None,
                });
            }
            Entry::Occupied(mut occupied) => {
                let waiting = occupied.get_mut();
                let at = waiting.inputs.partition_point(|other| *other < place);
                waiting.inputs.insert(at, place);
                if let (Some(at_ms), Standing::Queued) = (retry_ms, &waiting.standing) {
                    // Only while rows are read at start; the entry left in `queue` is skipped later.
                    waiting.standing = Standing::Later;
                    self.later.insert((at_ms, conversation));
                }
            }
        }
    }

    /// Returns the inputs of the lease with this fence, if it is the newest of its conversation.
    pub(super) fn leased(&self, conversation: ConversationId, fence: Fence) -> Option<&[InboxId]> {
        let lease = self.conversations.get(&conversation)?.lease.as_deref()?;
        (lease.fence == fence).then_some(&lease.inputs)
    }

    /// Tells whether a turn of the conversation is under way.
    pub(super) fn is_leased(&self, conversation: ConversationId) -> bool {
        self.conversations
            .get(&conversation)
            .is_some_and(|waiting| waiting.lease.is_some())
    }

    /// Ends a lease: `done` inputs are gone, the conversation goes on with the others at `retry_ms`
    /// or at once.
    pub(super) fn release(
        &mut self,
        conversation: ConversationId,
        done: &[InboxId],
        retry_ms: Option<i64>,
        now_ms: i64,
    ) {
        let Entry::Occupied(mut occupied) = self.conversations.entry(conversation) else {
            return;
        };
        let waiting = occupied.get_mut();
        if let Some(lease) = waiting.lease.take() {
            self.leases.remove(&(lease.expires_ms, conversation));
        }
        let before = waiting.inputs.len();
        waiting.inputs.retain(|(_, id)| !done.contains(id));
        self.inputs -= before - waiting.inputs.len();
        if waiting.inputs.is_empty() {
            occupied.remove();
            return;
        }
        if let Some(at_ms) = retry_ms {
            waiting.standing = Standing::Later;
            self.later.insert((at_ms, conversation));
        } else if !matches!(waiting.standing, Standing::Queued) {
            waiting.standing = Standing::Queued;
            self.queue.push_back((conversation, now_ms));
        }
    }

    /// Makes conversations ready whose lease expired or whose retry is due.
    pub(super) fn wake(&mut self, now_ms: i64) {
        while let Some(&(at_ms, conversation)) = self.leases.first() {
            // A lease ends when its last millisecond is over.
            if at_ms > now_ms {
                break;
            }
            self.leases.pop_first();
            self.enqueue(conversation, at_ms);
        }
        while let Some(&(at_ms, conversation)) = self.later.first() {
            if at_ms > now_ms {
                break;
            }
            self.later.pop_first();
            self.enqueue(conversation, at_ms);
        }
    }

    /// Takes the conversation that has waited longest, with its inputs in order.
    pub(super) fn pick(&mut self) -> Option<(ConversationId, &[Place])> {
        while let Some((conversation, _)) = self.queue.pop_front() {
            if self.is_queued(conversation) {
                let waiting = self.conversations.get_mut(&conversation)?;
                waiting.standing = Standing::Picked;
                return Some((conversation, &waiting.inputs));
            }
        }
        None
    }

    /// Puts a picked conversation back in its place: leasing it failed.
    pub(super) fn unpick(&mut self, conversation: ConversationId, since_ms: i64) {
        if let Some(waiting) = self.conversations.get_mut(&conversation) {
            waiting.standing = Standing::Queued;
            self.queue.push_front((conversation, since_ms));
        }
    }

    /// Marks a picked conversation as leased.
    pub(super) fn lease(
        &mut self,
        conversation: ConversationId,
        fence: Fence,
        expires_ms: i64,
        inputs: Vec<InboxId>,
    ) {
        if let Some(waiting) = self.conversations.get_mut(&conversation) {
            waiting.standing = Standing::Leased;
            waiting.lease = Some(Box::new(Lease {
                fence,
                expires_ms,
                inputs,
            }));
            self.leases.insert((expires_ms, conversation));
        }
    }

    /// Tells whether an input should be here and is not.
    pub(super) fn lacks(&self, conversation: ConversationId, place: Place) -> bool {
        let on_disk_only = self.spilled_from.is_some_and(|from| place.1 >= from);
        let known = self
            .conversations
            .get(&conversation)
            .is_some_and(|waiting| waiting.inputs.binary_search(&place).is_ok());
        !on_disk_only && !known
    }

    /// Returns from where rows must be read, when some are on disk only and there is room for them.
    pub(super) fn wants(&self) -> Option<InboxId> {
        self.spilled_from.filter(|_| self.inputs * 2 <= self.window)
    }

    /// Tells that rows before `next` are now known; `None` when all are.
    pub(super) fn spilled_from(&mut self, next: Option<InboxId>) {
        self.spilled_from = next;
    }

    /// Returns how many inputs wait; `last` is the newest input on disk.
    pub(super) fn depth(&self, last: Option<InboxId>) -> u64 {
        let mut depth = self.inputs as u64;
        if let (Some(from), Some(last)) = (self.spilled_from, last) {
            // What is on disk only is counted by its ids, which may have gaps: an upper bound.
            depth += u64::try_from(last.0 - from.0 + 1).unwrap_or(0);
        }
        depth
    }

    /// Returns when the next conversation may be leased: now or before for one that is ready.
    pub(super) fn next_due(&self) -> Option<i64> {
        let ready = self
            .queue
            .iter()
            .find(|(conversation, _)| self.is_queued(*conversation))
            .map(|(_, since_ms)| *since_ms);
        let later = self.later.first().map(|(at_ms, _)| *at_ms);
        let expired = self.leases.first().map(|(at_ms, _)| *at_ms);
        [ready, later, expired].into_iter().flatten().min()
    }

    fn is_queued(&self, conversation: ConversationId) -> bool {
        self.conversations
            .get(&conversation)
            .is_some_and(|waiting| matches!(waiting.standing, Standing::Queued))
    }

    fn enqueue(&mut self, conversation: ConversationId, since_ms: i64) {
        if let Some(waiting) = self.conversations.get_mut(&conversation) {
            waiting.standing = Standing::Queued;
            self.queue.push_back((conversation, since_ms));
        }
    }
}
