//! What a bank can be told to do, how that may be repeated, and what came of it (design 2.2).

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::alert::AlertSetting;
use super::card_service::ReplaceReason;
use super::model::{AccountId, CardId, CardState, PayeeId, TransactionId};
use crate::money::Money;

/// The kinds of command, for policy, metrics and what a bank offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// Stop a card for now.
    FreezeCard,
    /// Let a stopped card work again.
    UnfreezeCard,
    /// Report a card lost or stolen: stop it for good.
    ReportCard,
    /// File a dispute.
    FileDispute,
    /// Withdraw a dispute.
    WithdrawDispute,
    /// Move money between the customer's own accounts.
    TransferOwn,
    /// Pay a known payee.
    PayPayee,
    /// Cancel a payment that has not gone.
    CancelPayment,
    /// Tell the bank about travel.
    TravelNotice,
    /// Order a new card in place of one that is not lost.
    OrderCard,
    /// Switch on a new card.
    ActivateCard,
    /// Let the bank write when something happens.
    SetAlert,
    /// Let it write no more.
    RemoveAlert,
    /// Take somebody off the list of payees.
    RemovePayee,
    /// Stop what the bank pays again and again.
    StopStandingOrder,
}

impl CommandKind {
    /// All kinds.
    pub const ALL: [Self; 15] = [
        Self::FreezeCard,
        Self::UnfreezeCard,
        Self::ReportCard,
        Self::FileDispute,
        Self::WithdrawDispute,
        Self::TransferOwn,
        Self::PayPayee,
        Self::CancelPayment,
        Self::TravelNotice,
        Self::OrderCard,
        Self::ActivateCard,
        Self::SetAlert,
        Self::RemoveAlert,
        Self::RemovePayee,
        Self::StopStandingOrder,
    ];

    /// Returns the name used in metrics, audit entries and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FreezeCard => "freeze_card",
            Self::UnfreezeCard => "unfreeze_card",
            Self::ReportCard => "report_card",
            Self::FileDispute => "file_dispute",
            Self::WithdrawDispute => "withdraw_dispute",
            Self::TransferOwn => "transfer_own",
            Self::PayPayee => "pay_payee",
            Self::CancelPayment => "cancel_payment",
            Self::TravelNotice => "travel_notice",
            Self::OrderCard => "order_card",
            Self::ActivateCard => "activate_card",
            Self::SetAlert => "set_alert",
            Self::RemoveAlert => "remove_alert",
            Self::RemovePayee => "remove_payee",
            Self::StopStandingOrder => "stop_standing_order",
        }
    }

    /// Returns the key of `[actions]` that switches it.
    pub const fn switch(self) -> &'static str {
        match self {
            Self::FreezeCard => "freeze",
            Self::UnfreezeCard => "unfreeze",
            Self::ReportCard => "lost_card",
            Self::FileDispute | Self::WithdrawDispute => "dispute",
            Self::TransferOwn => "transfer_own",
            Self::PayPayee => "pay",
            Self::CancelPayment => "cancel_payment",
            Self::TravelNotice => "travel_notice",
            Self::OrderCard => "order_card",
            Self::ActivateCard => "activate_card",
            Self::SetAlert | Self::RemoveAlert => "alerts",
            Self::RemovePayee => "payees",
            Self::StopStandingOrder => "standing_orders",
        }
    }

    /// Tells whether money leaves an account by it.
    pub const fn moves_money(self) -> bool {
        matches!(self, Self::TransferOwn | Self::PayPayee)
    }
}

/// Why a card is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// Lost.
    Lost,
    /// Stolen.
    Stolen,
    /// Kept by a machine.
    Retained,
}

/// An exact request to a bank. Serialised once in T1; the same bytes are sent at every attempt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BankCommand {
    /// Stop a card for now.
    FreezeCard {
        /// The card.
        card: CardId,
    },
    /// Let a stopped card work again.
    UnfreezeCard {
        /// The card.
        card: CardId,
    },
    /// Stop a card for good and, if asked, send a new one.
    ReportCard {
        /// The card.
        card: CardId,
        /// Why.
        reason: LossReason,
        /// Whether a new card is wanted.
        replace: bool,
    },
    /// File a dispute.
    FileDispute {
        /// The account of the entry.
        account: Option<AccountId>,
        /// The entry, if one was named.
        transaction: Option<TransactionId>,
        /// `unrecognised`, `duplicate`, … (`intents.md`).
        reason: String,
        /// The customer's redacted words at first notice.
        words: String,
        /// First notice, milliseconds since 1970 (requirement A2).
        noticed_at_ms: i64,
    },
    /// Withdraw a dispute.
    WithdrawDispute {
        /// The bank's id of it.
        dispute: String,
    },
    /// Move money between the customer's own accounts.
    TransferOwn {
        /// From.
        from: AccountId,
        /// To.
        to: AccountId,
        /// How much (positive).
        amount: Money,
        /// When.
        date: Date,
    },
    /// Pay a known payee.
    PayPayee {
        /// From.
        from: AccountId,
        /// To whom.
        payee: PayeeId,
        /// How much (positive).
        amount: Money,
        /// When.
        date: Date,
        /// What for.
        memo: Option<String>,
    },
    /// Cancel a payment that has not gone.
    CancelPayment {
        /// The bank's id of it.
        payment: String,
    },
    /// Tell the bank about travel.
    TravelNotice {
        /// Where to.
        place: String,
        /// From which day.
        first: Date,
        /// Until which day.
        last: Date,
    },
    /// Order a new card in place of one that is not lost.
    OrderCard {
        /// The card whose place it takes.
        card: CardId,
        /// Why.
        reason: ReplaceReason,
    },
    /// Switch on a new card.
    ActivateCard {
        /// The card.
        card: CardId,
    },
    /// Let the bank write when something happens; what was set for this kind and account is replaced.
    SetAlert {
        /// To what.
        setting: AlertSetting,
    },
    /// Let it write no more.
    RemoveAlert {
        /// The bank's id of the alert.
        alert: String,
    },
    /// Take somebody off the list of payees.
    RemovePayee {
        /// Whom.
        payee: PayeeId,
    },
    /// Stop what the bank pays again and again.
    StopStandingOrder {
        /// The bank's id of the order.
        order: String,
    },
}

impl BankCommand {
    /// Returns its kind.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::FreezeCard { .. } => CommandKind::FreezeCard,
            Self::UnfreezeCard { .. } => CommandKind::UnfreezeCard,
            Self::ReportCard { .. } => CommandKind::ReportCard,
            Self::FileDispute { .. } => CommandKind::FileDispute,
            Self::WithdrawDispute { .. } => CommandKind::WithdrawDispute,
            Self::TransferOwn { .. } => CommandKind::TransferOwn,
            Self::PayPayee { .. } => CommandKind::PayPayee,
            Self::CancelPayment { .. } => CommandKind::CancelPayment,
            Self::TravelNotice { .. } => CommandKind::TravelNotice,
            Self::OrderCard { .. } => CommandKind::OrderCard,
            Self::ActivateCard { .. } => CommandKind::ActivateCard,
            Self::SetAlert { .. } => CommandKind::SetAlert,
            Self::RemoveAlert { .. } => CommandKind::RemoveAlert,
            Self::RemovePayee { .. } => CommandKind::RemovePayee,
            Self::StopStandingOrder { .. } => CommandKind::StopStandingOrder,
        }
    }
}

impl fmt::Debug for BankCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BankCommand({})", self.kind().name())
    }
}

/// How an operation may be repeated after a crash or a timeout (design 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Repeating changes nothing more (freeze): repeat it, read back.
    Natural,
    /// The bank keeps our key for this long: same bytes, same key, inside the window.
    Keyed {
        /// How long.
        window: Duration,
    },
    /// It can be found by our id; absence counts where the bank's reads are consistent.
    Lookup,
    /// It can be neither repeated nor found.
    None,
}

/// Our key of a command: the same at every attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(pub String);

/// What came of a command. Unknown states of a bank are never good news (hyperswitch's rule).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CommandOutcome {
    /// The bank did it.
    Done {
        /// The bank's reference, if it gave one.
        reference: Option<String>,
        /// The state read back, for cards.
        card_state: Option<CardState>,
    },
    /// The bank refused it; nothing was changed.
    Rejected {
        /// A short code of the bank, for the case.
        code: Option<String>,
    },
    /// The customer must approve it at the bank.
    NeedsApproval {
        /// Where, on an allowed host.
        url: Option<String>,
    },
    /// It cannot be told whether it was done.
    Unknown,
    /// It never left us: too late, switched off, or unlinked.
    NotSent,
}

impl CommandOutcome {
    /// Returns the name used in metrics and audit entries.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Rejected { .. } => "rejected",
            Self::NeedsApproval { .. } => "needs_approval",
            Self::Unknown => "unknown",
            Self::NotSent => "not_sent",
        }
    }
}

impl fmt::Debug for CommandOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandOutcome({})", self.name())
    }
}
