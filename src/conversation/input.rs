//! What can happen to a conversation.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bank::{Answers, CommandOutcome};
use crate::message::{Attachment, ConversationId, ThreadControl};
use crate::store::{CommandId, OutboxId};

/// Names a turn; every key made in the turn is derived from it. Unguessable: an HMAC under the index key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TurnId(pub [u8; 16]);

impl fmt::Debug for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TurnId({})", hex::encode(self.0))
    }
}

/// Something that happened, when, and in which turn.
#[derive(Debug, Clone)]
pub struct Input {
    /// When it happened, ms: event time, else the time of the turn.
    pub at_ms: i64,
    /// The present, ms: deadlines count from here.
    pub now_ms: i64,
    /// The conversation.
    pub conversation: ConversationId,
    /// The turn.
    pub turn: TurnId,
    /// When the open prompt went out, ms, if it did (design 2.4).
    pub prompt_sent_ms: Option<i64>,
    /// What happened.
    pub what: What,
}

/// A case as the store knows it: a conversation remembers its last ones only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRef {
    /// Its number.
    pub number: i64,
    /// What it is about.
    pub kind: String,
    /// When it was opened, ms.
    pub opened_ms: i64,
    /// Nobody works on it any more.
    pub closed: bool,
}

/// What a member of staff does to a conversation. An input like others, so that no second process edits a
/// conversation under a lease (design section 6).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum OperatorAct {
    /// Write something to a case.
    NoteCase {
        /// The case.
        case: CaseRef,
        /// The words, redacted.
        text: String,
    },
    /// Nobody works on a case any more.
    CloseCase {
        /// The case.
        case: CaseRef,
        /// A last note, redacted.
        text: Option<String>,
    },
}

/// What happened.
#[derive(Clone)]
pub enum What {
    /// The customer wrote something (redacted).
    Said {
        /// The words.
        text: String,
    },
    /// The customer tapped a button, quick reply or menu item.
    Tapped {
        /// Untrusted.
        payload: String,
    },
    /// The customer sent something that is no words.
    Attached(Attachment),
    /// The customer changed an earlier message.
    Edited,
    /// The customer reacted to a message: opens the window, never confirms.
    Reacted,
    /// The customer came by a link or opt-in.
    Arrived,
    /// The bank answered, as far as it did.
    Answered(Answers),
    /// A safety message arrived while the bank was being read: what was asked is dropped.
    Interrupted,
    /// The outcome of a command is known (or surely unknown).
    Reported {
        /// Which.
        id: CommandId,
        /// What came of it.
        outcome: CommandOutcome,
        /// The number for the case that opens where the outcome is unknown (design 2.2).
        case: Option<i64>,
    },
    /// A member of staff did something from the command line.
    Operated(OperatorAct),
    /// The customer came back from the step-up page.
    SteppedUp {
        /// What the page brought.
        secret: String,
    },
    /// The customer opened a page that shows something once.
    Viewed {
        /// What it showed.
        what: String,
    },
    /// A message could not be sent for good.
    SendFailed {
        /// Which.
        row: OutboxId,
    },
    /// Control of the thread moved.
    Control {
        /// How.
        control: ThreadControl,
        /// Whether the bot owns the thread now.
        ours: bool,
    },
    /// A timer fired.
    Timer {
        /// What for.
        kind: String,
        /// Of what.
        subject: String,
    },
}

impl What {
    /// Returns the name used in spans.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Said { .. } => "said",
            Self::Tapped { .. } => "tapped",
            Self::Attached(_) => "attached",
            Self::Edited => "edited",
            Self::Reacted => "reacted",
            Self::Arrived => "arrived",
            Self::Answered(_) => "answered",
            Self::Interrupted => "interrupted",
            Self::Reported { .. } => "reported",
            Self::Operated(_) => "operated",
            Self::SteppedUp { .. } => "stepped_up",
            Self::Viewed { .. } => "viewed",
            Self::SendFailed { .. } => "send_failed",
            Self::Control { .. } => "control",
            Self::Timer { .. } => "timer",
        }
    }
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
