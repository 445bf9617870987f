//! Messages a bank sends by itself when something happens, as the customer has set them there.

use serde::{Deserialize, Serialize};

use super::model::AccountId;
use crate::money::Money;

/// On what the bank writes (`intents.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The balance falls below an amount.
    LowBalance,
    /// A purchase above an amount.
    LargePurchase,
    /// Money comes in, where an amount is set only from that on.
    Deposit,
    /// A payment is due in some days.
    DueDate,
    /// The balance, again and again.
    BalanceDigest,
}

impl AlertKind {
    /// Returns the name used in slots, templates and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LowBalance => "low_balance",
            Self::LargePurchase => "large_purchase",
            Self::Deposit => "deposit",
            Self::DueDate => "due_date",
            Self::BalanceDigest => "balance_digest",
        }
    }

    /// Returns the kind of a slot's value.
    pub fn of(name: &str) -> Option<Self> {
        [
            Self::LowBalance,
            Self::LargePurchase,
            Self::Deposit,
            Self::DueDate,
            Self::BalanceDigest,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// How often a balance is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rhythm {
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
}

impl Rhythm {
    /// Returns the name used in templates and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

/// How the bank writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertChannel {
    /// A text message.
    Text,
    /// An e-mail.
    Email,
    /// In the bank's app.
    App,
}

impl AlertChannel {
    /// Returns the name used in templates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::App => "app",
        }
    }
}

/// What an alert is set to: one a kind and account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSetting {
    /// On what.
    pub kind: AlertKind,
    /// Of which account.
    pub account: AccountId,
    /// The amount it goes by.
    pub threshold: Option<Money>,
    /// So many days before.
    pub lead_days: Option<u8>,
    /// How often.
    pub rhythm: Option<Rhythm>,
}

/// An alert that is set.
#[derive(Clone, PartialEq, Eq)]
pub struct Alert {
    /// The bank's id.
    pub id: String,
    /// To what it is set.
    pub setting: AlertSetting,
    /// How the bank writes.
    pub channel: AlertChannel,
}

impl std::fmt::Debug for AlertSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AlertSetting({})", self.kind.name())
    }
}

impl std::fmt::Debug for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alert({})", self.setting.kind.name())
    }
}
