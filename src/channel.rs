//! Channels: verify and parse in, send out. Messenger is the first.
//!
//! A channel's wire JSON ends in its folder. What comes in leaves as
//! [`InboundEvent`](crate::message::InboundEvent); what goes out arrives as
//! [`OutboundMessage`] and gets its wire form, limits checked, before anything is sent.
//!
//! To add one: a folder `channel/<name>/`, an implementation of [`Outlet`], one route in `http`.

pub mod messenger;

use std::time::Duration;

use async_trait::async_trait;

use crate::message::{Mid, OutboundMessage, PageId, Psid};

/// Under which rule a message is sent (platform 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Answering something, inside the window.
    Response,
    /// On our own initiative, inside the window.
    Update,
}

/// A message on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The Page that sends.
    pub page: &'a PageId,
    /// To whom.
    pub psid: &'a Psid,
    /// Under which rule.
    pub occasion: Occasion,
    /// The outbox row: travels as `metadata` and comes back in the echo.
    pub metadata: &'a str,
    /// The message.
    pub message: &'a OutboundMessage,
}

/// What a channel answered to a send that it took.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The channel's id of the message.
    pub mid: Option<Mid>,
    /// How full the channel says our allowance is, in percent, if it does (platform 4.3).
    pub usage_percent: Option<u32>,
}

/// Why a message was not taken, by what somebody does about it (platform 4.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Try this message again (class R).
    #[error("temporary failure")]
    Retry {
        /// The channel's code.
        code: Option<i64>,
        /// When the channel said to.
        after: Option<Duration>,
        /// It may have gone out: no answer came after the bytes left.
        maybe_sent: bool,
    },
    /// Pause the Page (class L).
    #[error("rate limited")]
    Limited {
        /// The channel's code.
        code: Option<i64>,
        /// For how long, if it said.
        after: Option<Duration>,
    },
    /// The window is closed: final for this message (class W).
    #[error("the messaging window is closed")]
    WindowClosed,
    /// This person cannot be reached: final (class U).
    #[error("the recipient cannot be reached")]
    RecipientGone,
    /// Token or permission: the Page's sender stands still until an operator acts (class C).
    #[error("the page's token or permission was refused")]
    Configuration {
        /// The channel's code.
        code: i64,
        /// Its subcode.
        subcode: Option<i64>,
    },
    /// The channel restricts the Page (class P).
    #[error("the page is restricted by policy")]
    Policy {
        /// The channel's code.
        code: i64,
    },
    /// Another app controls the thread.
    #[error("another app controls the thread")]
    NotOwner,
    /// Our mistake; never retried (class B).
    #[error("the message was rejected")]
    Rejected {
        /// The channel's code, if it was the channel that rejected it.
        code: Option<i64>,
    },
    /// It is out, or is not needed any more.
    #[error("nothing to send")]
    Drop,
}

/// The way out of a channel.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Sends a message.
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Delivered, SendError>;

    /// Shows that an answer is being made. Best effort: never stored, never retried.
    async fn typing(&self, page: &PageId, psid: &Psid);

    /// Gives the thread to the people at the bank.
    async fn hand_over(&self, page: &PageId, psid: &Psid) -> Result<(), SendError>;
}
