//! Telling others about bank calls: for metrics, the inspector and `replay`. Neither amounts nor ids of
//! accounts nor bodies pass through here.

use std::time::Duration;

use uuid::Uuid;

use crate::bank::BankId;
use crate::message::ConversationId;

/// One call to a bank, all its attempts together.
#[derive(Debug, Clone)]
pub struct ObservedCall {
    /// The bank.
    pub bank: BankId,
    /// The conversation it was made for, where there is one.
    pub conversation: Option<ConversationId>,
    /// What was asked, for example `accounts`; a fixed set of names per adapter.
    pub operation: &'static str,
    /// `ok`, or [`BankError::name`](crate::bank::BankError::name).
    pub outcome: &'static str,
    /// The HTTP status of the last answer, if there was one.
    pub status: Option<u16>,
    /// How many requests were sent.
    pub attempts: u32,
    /// How long it took, waits between attempts included.
    pub duration: Duration,
    /// The interaction id of the last attempt, to find the call in the bank's own log.
    pub interaction: Uuid,
}

/// Hears of every call when it is over.
pub trait CallObserver: Send + Sync {
    /// Takes note of a call. Must not block.
    fn observe(&self, call: &ObservedCall);
}

/// Hears nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoObserver;

impl CallObserver for NoObserver {
    fn observe(&self, _: &ObservedCall) {}
}
