//! What the bot remembers of a conversation, sealed under the customer's key.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::case::KnownCase;
use super::offer::Offer;
use super::request::Request;
use crate::bank::{BankId, CommandKind, Subject};
use crate::intent::Language;
use crate::message::{PageId, Psid};
use crate::money::Money;
use crate::reply::value::{Origin, Values};
use crate::store::{CommandId, OutboxId};

/// The version this program writes. N reads N−1; newer than known is left for a newer node.
pub const VERSION: u16 = 1;

/// How many of the customer's last messages are kept for follow-ups and split card numbers.
pub const RECENT: usize = 5;

/// A link to a bank's customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The bank.
    pub bank: BankId,
    /// Its customer.
    pub subject: Subject,
    /// Since when, ms.
    pub since_ms: i64,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The bot.
    #[default]
    Bot,
    /// A person; the bot is silent.
    Human,
}

/// A message the customer wrote a moment ago, redacted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// When, ms.
    pub at_ms: i64,
    /// The words.
    pub text: String,
}

/// What the last answer was about, for follow-ups (5.1 rule 10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// When, ms.
    pub at_ms: i64,
    /// The request that was served.
    pub request: Request,
}

/// An answer promised while the bank could not be read (B6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// What to answer.
    pub request: Request,
    /// When it was promised, ms.
    pub since_ms: i64,
    /// How often the bank was read in vain since.
    pub tries: u8,
}

/// A command under way, for the turn in which its outcome comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executing {
    /// The command.
    pub id: CommandId,
    /// Its kind.
    pub kind: CommandKind,
    /// The request it serves.
    pub request: Request,
    /// Since when, ms.
    pub since_ms: i64,
    /// The customer was told that the outcome is unknown.
    pub told_unknown: bool,
    /// The case that is open while the outcome is unknown.
    #[serde(default)]
    pub case: Option<i64>,
}

/// A payment that was ordered through the chat, for the limits (C5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The command.
    pub id: CommandId,
    /// When it was confirmed, ms.
    pub at_ms: i64,
    /// To whom, the bank's id.
    pub payee: String,
    /// How much.
    pub amount: Money,
    /// The first to them, as far as the bank and this chat know.
    pub first: bool,
}

/// A step-up the customer was sent to (5.5).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepUp {
    /// What the page must bring back.
    pub secret: String,
    /// What is done then.
    pub request: Request,
    /// Until when, ms.
    pub expires_ms: i64,
}

/// What was last answered, for "how do you know?" (requirement B9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When, ms.
    pub at_ms: i64,
    /// The intent.
    pub intent: String,
    /// The variant.
    pub variant: String,
    /// The origins of the values shown, without the values.
    pub origins: Vec<(String, Origin)>,
}

impl Told {
    /// Notes what was said, without the values.
    pub fn new(at_ms: i64, intent: &str, variant: &str, values: &Values) -> Self {
        Self {
            at_ms,
            intent: intent.to_owned(),
            variant: variant.to_owned(),
            origins: values
                .iter()
                .map(|(name, shown)| (name.to_owned(), shown.origin.clone()))
                .collect(),
        }
    }
}

/// The state of a conversation.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a wish of the customer that stands by itself"
)]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// [`VERSION`].
    pub version: u16,
    /// The Page.
    pub page: PageId,
    /// The person.
    pub psid: Psid,
    /// The language of the last clear message, or the one that was set.
    pub language: Option<Language>,
    /// The customer set the language; messages do not change it.
    #[serde(default)]
    pub language_set: bool,
    /// The linked bank.
    pub link: Option<Link>,
    /// Who answers.
    #[serde(default)]
    pub owner: Owner,
    /// When the customer last did something, ms.
    #[serde(default)]
    pub last_customer_ms: i64,
    /// Until when the messaging window is open, ms.
    #[serde(default)]
    pub window_until_ms: i64,
    /// When it was last said that a bot is speaking, ms.
    #[serde(default)]
    pub disclosed_ms: Option<i64>,
    /// The buttons of the last message that had any, and what an answer to it would do.
    #[serde(default)]
    pub offer: Option<Offer>,
    /// Requests set aside: a flow interrupted by a side question, or a second request of a message.
    #[serde(default)]
    pub later: Vec<Request>,
    /// What the last answer was about.
    #[serde(default)]
    pub topic: Option<Topic>,
    /// The customer's last messages, oldest first.
    #[serde(default)]
    pub recent: Vec<Recent>,
    /// Messages not understood, in a row.
    #[serde(default)]
    pub misses: u8,
    /// The fallback or prompt said last, so that it is not said twice in a row (A8).
    #[serde(default)]
    pub last_fallback: Option<String>,
    /// An answer promised once the bank can be read.
    #[serde(default)]
    pub owed: Option<Owed>,
    /// Commands under way.
    #[serde(default)]
    pub executing: Vec<Executing>,
    /// Payments ordered through the chat, oldest first; those that surely did not happen are taken out.
    #[serde(default)]
    pub moved: Vec<Moved>,
    /// When there was last a sign that somebody presses the customer, ms (C9).
    #[serde(default)]
    pub pressure_ms: Option<i64>,
    /// Step-ups under way, oldest first: a second does not take the first one's page away.
    #[serde(default)]
    pub step_ups: Vec<StepUp>,
    /// What was last answered.
    #[serde(default)]
    pub told: Option<Told>,
    /// Cases of this conversation, oldest first.
    #[serde(default)]
    pub cases: Vec<KnownCase>,
    /// The customer wants no messages on our own initiative.
    #[serde(default)]
    pub stopped: bool,
    /// Hide amounts (D9).
    #[serde(default)]
    pub private: bool,
    /// The customer cut the link: nothing links the chat again by itself.
    #[serde(default)]
    pub unlinked: bool,
}

impl State {
    /// Starts a conversation.
    pub fn new(page: PageId, psid: Psid) -> Self {
        Self {
            version: VERSION,
            page,
            psid,
            language: None,
            language_set: false,
            link: None,
            owner: Owner::Bot,
            last_customer_ms: 0,
            window_until_ms: 0,
            disclosed_ms: None,
            offer: None,
            later: Vec::new(),
            topic: None,
            recent: Vec::new(),
            misses: 0,
            last_fallback: None,
            owed: None,
            executing: Vec::new(),
            moved: Vec::new(),
            pressure_ms: None,
            step_ups: Vec::new(),
            told: None,
            cases: Vec::new(),
            stopped: false,
            private: false,
            unlinked: false,
        }
    }

    /// Returns the outbox row of the open prompt, whose sent time a typed answer is compared with (2.4).
    pub fn prompt_row(&self) -> Option<OutboxId> {
        self.offer
            .as_ref()
            .filter(|offer| offer.expecting.is_some())
            .map(|offer| offer.row)
    }

    /// Keeps a message of the customer, forgetting the oldest.
    pub fn remember(&mut self, at_ms: i64, text: &str) {
        if self.recent.len() >= RECENT {
            self.recent.remove(0);
        }
        self.recent.push(Recent {
            at_ms,
            text: text.chars().take(500).collect(),
        });
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("version", &self.version)
            .field("owner", &self.owner)
            .field("misses", &self.misses)
            .finish_non_exhaustive()
    }
}
