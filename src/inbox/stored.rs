//! An input as the inbox keeps it, and how it becomes one of the conversation.

use serde::{Deserialize, Serialize};

use crate::bank::CommandOutcome;
use crate::conversation::What;
use crate::conversation::input::OperatorAct;
use crate::message::{InboundEvent, InboundKind, ThreadControl};
use crate::store::{CommandId, OutboxId};

/// An input, sealed in the inbox. Carries a version like everything stored (design section 5).
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum StoredInput {
    /// An event of a channel, redacted.
    Event {
        /// The event.
        event: InboundEvent,
        /// Whether the bot owns the thread after a thread-control event.
        #[serde(default)]
        ours: bool,
    },
    /// The outcome of a command.
    Reported {
        /// Which.
        id: CommandId,
        /// What came of it.
        outcome: CommandOutcome,
        /// The number for the case that opens where the outcome is unknown.
        #[serde(default)]
        case: Option<i64>,
    },
    /// A member of staff did something.
    Operated {
        /// What.
        act: OperatorAct,
    },
    /// A message that could not be sent for good.
    SendFailed {
        /// Which.
        row: OutboxId,
    },
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
    /// A timer fired.
    Timer {
        /// What for.
        kind: String,
        /// Of what.
        subject: String,
    },
}

impl StoredInput {
    /// Returns what it is to the conversation; `None` for what a conversation does not react to.
    pub fn what(self) -> Option<What> {
        match self {
            Self::Event { event, .. } if event.standby => None,
            Self::Event { event, ours } => from_event(event.kind, ours),
            Self::Reported { id, outcome, case } => Some(What::Reported { id, outcome, case }),
            Self::Operated { act } => Some(What::Operated(act)),
            Self::SendFailed { row } => Some(What::SendFailed { row }),
            Self::SteppedUp { secret } => Some(What::SteppedUp { secret }),
            Self::Viewed { what } => Some(What::Viewed { what }),
            Self::Timer { kind, subject } => Some(What::Timer { kind, subject }),
        }
    }
}

fn from_event(kind: InboundKind, ours: bool) -> Option<What> {
    Some(match kind {
        InboundKind::Message {
            text,
            quick_reply,
            attachments,
            ..
        } => match (quick_reply, text.trim().is_empty(), attachments.first()) {
            (Some(payload), _, _) => What::Tapped { payload },
            (None, false, _) => What::Said { text },
            (None, true, Some(attachment)) => What::Attached(*attachment),
            // An empty message: answered like one that cannot be read, since silence is no answer.
            (None, true, None) => What::Attached(crate::message::Attachment::Other),
        },
        // A postback without its payload belongs to another app (platform 2.7).
        InboundKind::Postback { payload, .. } if payload.is_empty() => return None,
        InboundKind::Postback { payload, .. } => What::Tapped { payload },
        InboundKind::Edit { .. } => What::Edited,
        InboundKind::Reaction {
            reaction: Some(_), ..
        } => What::Reacted,
        InboundKind::Optin { .. } | InboundKind::Referral { .. } => What::Arrived,
        InboundKind::ThreadControl(
            control @ (ThreadControl::Passed { .. } | ThreadControl::Taken { .. }),
        ) => What::Control { control, ours },
        InboundKind::Reaction { reaction: None, .. }
        | InboundKind::ThreadControl(ThreadControl::Requested { .. })
        | InboundKind::Unsent { .. }
        | InboundKind::Echo { .. }
        | InboundKind::Delivery { .. }
        | InboundKind::Read { .. }
        | InboundKind::AccountLinking { .. }
        | InboundKind::PolicyEnforcement { .. }
        | InboundKind::Feedback
        | InboundKind::Unknown => return None,
    })
}
