//! What a channel can bring in and what it can send, in the channel-neutral words of the field.
//!
//! Wire JSON ends in `channel/<name>`; nothing below it sees Meta's shapes. Ids are opaque strings.
//! `Debug` of everything that identifies a person shows nothing (requirement D1, style: logging).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, $shown:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Returns the id as it is written on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if $shown { write!(f, "{}({})", stringify!($name), self.0) } else { f.write_str(concat!(stringify!($name), "(…)")) }
            }
        }
    };
}

opaque_id!(
    /// A page-scoped user id: one for each (person, Page).
    Psid,
    false
);
opaque_id!(
    /// The id of a Page.
    PageId,
    true
);
opaque_id!(
    /// Messenger's id of a message, the inbound de-duplication key.
    Mid,
    false
);

/// Which channel a conversation lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Facebook Messenger.
    Messenger,
}

impl Channel {
    /// Returns the name used in keys and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messenger => "messenger",
        }
    }
}

/// A conversation: HMAC(index key, channel, page, psid), cut to 16 bytes (design section 6).
///
/// It tells nothing about the person without the index key, so it may be logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConversationId(#[serde(with = "hex::serde")] pub [u8; 16]);

impl ConversationId {
    /// Derives the id; the index key never rotates.
    pub fn derive(index_key: &[u8; 32], channel: Channel, page: &PageId, psid: &Psid) -> Self {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(index_key) else {
            // HMAC takes a key of any length; the crate's signature allows for those that do not.
            return Self([0; 16]);
        };
        for part in [channel.name(), page.as_str(), psid.as_str()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let digest = mac.finalize().into_bytes();
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(id)
    }

    /// Returns its bucket, 0 to 1023: the top ten bits, which lead every PostgreSQL key.
    pub fn bucket(&self) -> u16 {
        let [high, low, ..] = self.0;
        (u16::from(high) << 2) | (u16::from(low) >> 6)
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConversationId({self})")
    }
}

/// One element of `entry[].messaging[]` or `entry[].standby[]`, in our words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboundEvent {
    /// The channel it came by.
    pub channel: Channel,
    /// The Page it concerns.
    pub page: PageId,
    /// The person, whichever side of the message they were on.
    pub psid: Psid,
    /// Event time in milliseconds since 1970; 0 when the event carried none (design 2.5).
    pub at_ms: i64,
    /// Whether another app owns the thread: such an event is never answered (platform 2.12).
    pub standby: bool,
    /// What happened.
    pub kind: InboundKind,
}

/// What happened. Texts are redacted before anything but the redactor sees them.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum InboundKind {
    /// A message: text, a quick-reply tap, attachments.
    Message {
        /// Its id.
        mid: Mid,
        /// The text, redacted; empty when there is none.
        text: String,
        /// The payload of a tapped quick reply.
        quick_reply: Option<String>,
        /// The message it answers.
        reply_to: Option<Mid>,
        /// What was attached; addresses are not kept.
        attachments: Vec<Attachment>,
    },
    /// A tap on a button, the menu or Get Started.
    Postback {
        /// Missing in older traffic.
        mid: Option<Mid>,
        /// The title shown, redacted.
        title: String,
        /// The payload; untrusted. Empty when another app sent the button.
        payload: String,
        /// Where the thread came from.
        referral: Option<String>,
    },
    /// The customer changed an earlier message.
    Edit {
        /// The message.
        mid: Mid,
        /// The new text, redacted.
        text: String,
        /// Which edit, from 1.
        number: u32,
    },
    /// The customer reacted to a message, or took that back.
    Reaction {
        /// The message.
        mid: Mid,
        /// `like`, `love`, …; none when taken back.
        reaction: Option<String>,
    },
    /// A message was unsent (Instagram's form, handled if it ever comes).
    Unsent {
        /// The message.
        mid: Mid,
    },
    /// What the Page sent, from any app.
    Echo {
        /// The sent message.
        mid: Mid,
        /// The sending app.
        app_id: Option<String>,
        /// What our Send call put there: an outbox row's id.
        metadata: Option<String>,
    },
    /// Everything sent up to the watermark was delivered.
    Delivery {
        /// Milliseconds since 1970.
        watermark_ms: i64,
    },
    /// Everything sent up to the watermark was read.
    Read {
        /// Milliseconds since 1970.
        watermark_ms: i64,
    },
    /// The log-in or log-out button was used.
    AccountLinking {
        /// True for `linked`.
        linked: bool,
        /// Our code, only with `linked`.
        code: Option<String>,
    },
    /// A plugin or notification opt-in.
    Optin {
        /// `notification_messages`, `one_time_notif_req`, or absent.
        kind: Option<String>,
        /// Payload or ref; untrusted.
        payload: Option<String>,
    },
    /// The customer came by a link into an existing thread.
    Referral {
        /// `ref`; attacker-controlled.
        reference: Option<String>,
        /// `SHORTLINK`, `ADS`, …
        source: Option<String>,
    },
    /// Control of the thread moved.
    ThreadControl(ThreadControl),
    /// Meta warned or blocked the Page.
    PolicyEnforcement {
        /// `warning`, `block`, `unblock`.
        action: String,
    },
    /// Answers to a feedback template, or thumbs under a message.
    Feedback,
    /// Anything else: acknowledged, counted, dropped.
    Unknown,
}

impl InboundKind {
    /// Returns the name used in metrics and the seen key.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::Postback { .. } => "postback",
            Self::Edit { .. } => "message_edit",
            Self::Reaction { .. } => "reaction",
            Self::Unsent { .. } => "unsent",
            Self::Echo { .. } => "echo",
            Self::Delivery { .. } => "delivery",
            Self::Read { .. } => "read",
            Self::AccountLinking { .. } => "account_linking",
            Self::Optin { .. } => "optin",
            Self::Referral { .. } => "referral",
            Self::ThreadControl(_) => "thread_control",
            Self::PolicyEnforcement { .. } => "policy_enforcement",
            Self::Feedback => "feedback",
            Self::Unknown => "unknown",
        }
    }
}

/// Texts are personal data: `Debug` names the kind only.
impl fmt::Debug for InboundKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Thread control events (platform 2.12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadControl {
    /// Control was given to the app named.
    Passed {
        /// The new owner.
        to_app: Option<String>,
    },
    /// Control was taken from us.
    Taken {
        /// The new owner.
        by_app: Option<String>,
    },
    /// Another app asks for control.
    Requested {
        /// The app that asks.
        by_app: Option<String>,
    },
}

/// What was attached to a message. Addresses are not stored (design section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachment {
    /// A picture or GIF.
    Image,
    /// A video.
    Video,
    /// A voice note.
    Audio,
    /// A file.
    File,
    /// A sticker that is not the like button.
    Sticker,
    /// The like button: a thumbs up.
    ThumbsUp,
    /// A place.
    Location,
    /// A shared link.
    Link,
    /// Anything else.
    Other,
}

/// A button under a message, or a quick reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Button {
    /// Comes back as a postback (or quick reply) with this payload.
    Postback {
        /// At most 20 characters.
        title: String,
        /// At most 1000 characters.
        payload: String,
    },
    /// Opens a page in the webview.
    Url {
        /// At most 20 characters.
        title: String,
        /// The address, on a configured host.
        url: String,
    },
    /// Calls a number.
    Phone {
        /// At most 20 characters.
        title: String,
        /// `+<country><number>`.
        number: String,
    },
    /// The channel's own log-in button.
    LogIn {
        /// Our link page.
        url: String,
    },
    /// The channel's own log-out button.
    LogOut,
}

impl Button {
    /// Returns the words on it, where it has any.
    pub fn title(&self) -> Option<&str> {
        match self {
            Self::Postback { title, .. } | Self::Url { title, .. } | Self::Phone { title, .. } => {
                Some(title)
            }
            Self::LogIn { .. } | Self::LogOut => None,
        }
    }
}

/// One card of a carousel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// At most 80 characters.
    pub title: String,
    /// At most 80 characters.
    pub subtitle: Option<String>,
    /// At most three.
    pub buttons: Vec<Button>,
}

/// One line of a receipt. Prices are decimal text of the receipt's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// What was bought.
    pub title: String,
    /// More about it.
    pub subtitle: Option<String>,
    /// Its price.
    pub price: String,
}

/// A receipt, sendable only inside the window (platform 3.10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Unique for this receipt.
    pub order_number: String,
    /// The customer's name or a neutral word.
    pub recipient_name: String,
    /// Who was paid.
    pub merchant_name: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// For example `Visa ••1234`.
    pub payment_method: String,
    /// When, in seconds since 1970.
    pub at_seconds: Option<i64>,
    /// The lines.
    pub lines: Vec<ReceiptLine>,
    /// Decimal text.
    pub total: String,
}

/// What the bot sends, before a channel gives it its form. A channel refuses what breaks its limits
/// when the message is built for the wire, never by sending it and looking.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutboundMessage {
    /// Words with quick replies under them.
    Text {
        /// The words.
        text: String,
        /// At most 13.
        quick_replies: Vec<Button>,
    },
    /// Words (at most 640) with one to three buttons.
    Buttons {
        /// The words.
        text: String,
        /// One to three.
        buttons: Vec<Button>,
    },
    /// A carousel of at most ten cards.
    Cards {
        /// The cards.
        cards: Vec<Card>,
    },
    /// A receipt.
    Receipt(Receipt),
    /// A picture that was uploaded before, by its attachment id, with words for those who cannot see it
    /// sent beside it.
    Image {
        /// PNG bytes, base64; uploaded by the channel.
        png_base64: String,
        /// What it shows, in words.
        alt: String,
        /// At most 13; under the picture, since quick replies go with the last message.
        #[serde(default)]
        quick_replies: Vec<Button>,
    },
}

impl fmt::Debug for OutboundMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text { .. } => "Text(…)",
            Self::Buttons { .. } => "Buttons(…)",
            Self::Cards { .. } => "Cards(…)",
            Self::Receipt(_) => "Receipt(…)",
            Self::Image { .. } => "Image(…)",
        })
    }
}
