//! What may follow from an input. The core says what should happen; the workers make it happen.

use std::fmt;

use super::case::Case;
use super::view::View;
use crate::bank::{BankCommand, BankId, Query, Subject};
use crate::message::OutboundMessage;
use crate::reply::value::Values;
use crate::store::{CommandId, OutboxId, SendClass, ViewId};

/// One thing to do. All but [`Effect::Ask`] take place in the turn's one commit.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Ask the bank, then come back with the answers in the same turn.
    Ask(Vec<Query>),
    /// Say something.
    Say(Box<Spoken>),
    /// Tell the bank (T1): never before the commit.
    Command {
        /// Derived from the turn.
        id: CommandId,
        /// The bank.
        bank: BankId,
        /// Whose account there.
        subject: Subject,
        /// What.
        command: BankCommand,
        /// Not sent after, ms.
        not_after_ms: i64,
    },
    /// Open or extend a case.
    Case(Case),
    /// Set, move or take away a timer.
    Timer {
        /// What for.
        kind: String,
        /// Of what.
        subject: String,
        /// When, ms; `None` takes it away.
        due_ms: Option<i64>,
    },
    /// Let a page show something, once.
    View {
        /// SHA-256 of the link's secret.
        id: ViewId,
        /// Until when, ms.
        expires_ms: i64,
        /// What.
        view: View,
    },
    /// Note something in the audit chain.
    Audit {
        /// A fixed word.
        kind: &'static str,
        /// Details, sealed before they are stored.
        payload: serde_json::Value,
    },
    /// Give the thread to the people at the bank.
    HandOver,
    /// Erase the earlier half of a split card number from the turn records.
    EraseRecent {
        /// Records since this instant, ms.
        since_ms: i64,
    },
}

/// A message with what it was made of, for the outbox and the turn record.
#[derive(Clone)]
pub struct Spoken {
    /// Its outbox row.
    pub row: OutboxId,
    /// What it is to the outbox.
    pub class: SendClass,
    /// The message.
    pub message: OutboundMessage,
    /// The intent whose reply it is.
    pub intent: String,
    /// The variant chosen.
    pub variant: String,
    /// The values shown.
    pub values: Values,
}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spoken({}.{})", self.intent, self.variant)
    }
}
