//! The person's side of a thread: what they do, and the webhook it makes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Core;
use super::deliver::Webhook;
use super::events::{self, Envelope};
use super::threads::Owner;
use crate::message::{Mid, PageId, Psid};

/// The like button's sticker (platform 2.2).
pub const LIKE_STICKER: u64 = 369_239_263_222_822;

/// What a person does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Writes.
    Write {
        /// The words.
        text: String,
    },
    /// Taps a quick reply.
    QuickReply {
        /// Its title.
        title: String,
        /// Its payload.
        payload: String,
    },
    /// Taps a button, the menu or Get Started.
    Postback {
        /// Its title.
        title: String,
        /// Its payload.
        payload: String,
    },
    /// Taps the thumb beside the input.
    ThumbsUp,
    /// Sends another sticker.
    Sticker {
        /// Which.
        id: u64,
    },
    /// Sends a picture, video, voice note or file.
    Attach {
        /// `image`, `video`, `audio`, `file`.
        kind: String,
    },
    /// Changes a message sent before.
    Edit {
        /// The message.
        mid: String,
        /// The new words.
        text: String,
        /// Which edit, from 1.
        number: u32,
    },
    /// Reacts to a message.
    React {
        /// The message.
        mid: String,
        /// `like`, `love`, …
        reaction: String,
    },
    /// Reads what there is.
    Read,
    /// Comes back from the link page with its code.
    Linked {
        /// Our code.
        code: String,
    },
    /// Taps log out.
    Unlink,
}

impl Act {
    /// Whether it opens the 24-hour window (platform 3.3).
    const fn opens_window(&self) -> bool {
        !matches!(
            self,
            Self::Read | Self::Linked { .. } | Self::Unlink | Self::Edit { .. }
        )
    }

    /// The field that brings it (platform 1.5).
    const fn field(&self) -> &'static str {
        match self {
            Self::Write { .. }
            | Self::QuickReply { .. }
            | Self::ThumbsUp
            | Self::Sticker { .. }
            | Self::Attach { .. } => "messages",
            Self::Postback { .. } => "messaging_postbacks",
            Self::Edit { .. } => "message_edits",
            Self::React { .. } => "message_reactions",
            Self::Read => "message_reads",
            Self::Linked { .. } | Self::Unlink => "messaging_account_linking",
        }
    }
}

/// What came of an act.
#[derive(Debug, Clone)]
pub struct Done {
    /// The id of the message it made, where it made one.
    pub mid: Option<Mid>,
    /// When, ms.
    pub at_ms: i64,
    /// What the bot is told; none where the app did not subscribe to that.
    pub webhook: Option<Webhook>,
}

impl Core {
    /// Lets a person do something; the webhook goes its way and is returned as well.
    pub(super) fn act(&self, psid: &Psid, act: &Act) -> Done {
        let at_ms = self.threads.now_ms(psid);
        let page = self.page_of(psid);
        let owner = self.threads.owner(psid);
        if act.opens_window() {
            self.threads.acted(psid, at_ms);
        }
        let fresh = || self.threads.mint(psid);
        let envelope = Envelope {
            psid: psid.as_str(),
            page: page.as_str(),
            at_ms,
        };
        let (mid, event) = match act {
            Act::Write { text } => with(fresh(), |mid| envelope.text(mid, text)),
            Act::QuickReply { title, payload } => {
                with(fresh(), |mid| envelope.quick_reply(mid, title, payload))
            }
            Act::Postback { title, payload } => {
                let (mid, mut event) = with(fresh(), |mid| envelope.postback(mid, title, payload));
                // A payload reaches only the app that made the button (platform 2.7).
                if matches!(owner, Owner::Other(_))
                    && let Some(postback) = event.get_mut("postback").and_then(Value::as_object_mut)
                {
                    postback.remove("payload");
                }
                (mid, event)
            }
            Act::ThumbsUp => with(fresh(), |mid| envelope.sticker(mid, LIKE_STICKER)),
            Act::Sticker { id } => with(fresh(), |mid| envelope.sticker(mid, *id)),
            Act::Attach { kind } => with(fresh(), |mid| envelope.attachment(mid, kind)),
            Act::Edit { mid, text, number } => (None, envelope.edit(mid, text, *number)),
            Act::React { mid, reaction } => (None, envelope.reaction(mid, reaction)),
            Act::Read => (None, envelope.read(at_ms)),
            Act::Linked { code } => (None, envelope.linked(code)),
            Act::Unlink => (None, envelope.unlinked()),
        };
        self.feed.know(psid);
        if let Some(mid) = &mid {
            self.feed.put(
                psid,
                mid.as_str(),
                || json!({"kind": "in", "at": at_ms, "act": act, "status": "sending"}),
            );
        }
        let webhook = self
            .is_subscribed(act.field())
            .then(|| self.tell(psid, &page, at_ms, mid.clone(), event, &owner));
        if let (Some(mid), Some(webhook)) = (&mid, &webhook) {
            let shown = super::words(&webhook.body).into();
            self.feed.patch(psid, mid.as_str(), "webhook", shown);
        }
        Done {
            mid,
            at_ms,
            webhook,
        }
    }

    /// Sends an event to the bot: as `standby` while another app owns the thread (platform 2.12).
    pub(super) fn tell(
        &self,
        psid: &Psid,
        page: &PageId,
        at_ms: i64,
        mid: Option<Mid>,
        event: Value,
        owner: &Owner,
    ) -> Webhook {
        let events = [event];
        let body = match owner {
            Owner::Other(_) => events::standby_body(page.as_str(), at_ms, &events),
            Owner::Nobody | Owner::Ours => events::body(page.as_str(), at_ms, &events),
        };
        let webhook = Webhook {
            psid: psid.clone(),
            mid,
            at_ms,
            signature: self.deliverer.sign(&body),
            body: body.into(),
        };
        self.deliverer.push(webhook.clone());
        webhook
    }
}

fn with(mid: Mid, event: impl FnOnce(&str) -> Value) -> (Option<Mid>, Value) {
    let event = event(mid.as_str());
    (Some(mid), event)
}
