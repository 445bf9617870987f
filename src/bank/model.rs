//! The neutral model every adapter maps to (`bank-apis.md` section 3), in the words of ISO 20022 and PSD2.
//!
//! One sign rule: negative means that the customer is worse off. A purchase is negative on a checking
//! account and on a card; `Booked` on a card is minus what is owed; `Available` and `CreditLimit` are
//! positive. Replies turn signs into words.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::BankId;
use crate::message::ConversationId;
use crate::money::Money;

macro_rules! bank_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Returns the id as the bank writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

bank_id!(
    /// A bank's id of an account.
    AccountId
);
bank_id!(
    /// A bank's id of a card.
    CardId
);
bank_id!(
    /// A bank's id of a transaction.
    TransactionId
);
bank_id!(
    /// A bank's id of a payee.
    PayeeId
);
bank_id!(
    /// A bank's id of its customer, as the consent names them.
    Subject
);

/// Whose data a port call is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Connection {
    /// The conversation.
    pub conversation: ConversationId,
    /// The bank.
    pub bank: BankId,
    /// The bank's customer.
    pub subject: Subject,
}

/// What kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Day-to-day account.
    Checking,
    /// Savings.
    Savings,
    /// Credit card.
    CreditCard,
    /// Charge card: paid in full.
    ChargeCard,
    /// Line of credit.
    LineOfCredit,
    /// Loan.
    Loan,
    /// Mortgage.
    Mortgage,
    /// Wallet.
    Wallet,
    /// Prepaid card.
    Prepaid,
    /// Investments.
    Investment,
    /// Anything else.
    Other,
}

impl AccountKind {
    /// Tells whether the account is money owed rather than money held.
    pub const fn is_debt(self) -> bool {
        matches!(
            self,
            Self::CreditCard | Self::ChargeCard | Self::LineOfCredit | Self::Loan | Self::Mortgage
        )
    }
}

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// In use.
    Open,
    /// Restricted by the bank.
    Blocked,
    /// Closed.
    Closed,
    /// The bank's word is not known.
    Unknown,
}

/// What a balance counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceKind {
    /// Settled entries only.
    Booked,
    /// What can be spent now; on a card the credit left.
    Available,
    /// The credit limit (positive).
    CreditLimit,
    /// The smallest amount that must be paid (positive).
    MinimumDue,
    /// The last statement's balance (positive: owed).
    StatementBalance,
}

/// One balance of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// What it counts.
    pub kind: BalanceKind,
    /// How much.
    pub amount: Money,
    /// When the bank computed it, if it says.
    pub as_of: Option<Timestamp>,
    /// Whether an overdraft or credit line is counted in; `None` when the bank does not say.
    pub includes_credit: Option<bool>,
}

/// An account with its balances.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The bank's id.
    pub id: AccountId,
    /// The bank or brand that keeps it.
    pub institution: String,
    /// What it is.
    pub kind: AccountKind,
    /// Nickname or product name: untrusted text.
    pub name: String,
    /// The last two to four digits.
    pub mask: String,
    /// ISO 4217.
    pub currency: crate::money::Currency,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// Its balances; one at most of each kind.
    pub balances: Vec<Balance>,
    /// When the next payment is due (cards, loans).
    pub due_date: Option<Date>,
    /// Yearly cost of borrowing or interest paid, in basis points.
    pub interest_rate_bp: Option<u32>,
}

impl Account {
    /// Returns the balance of a kind.
    pub fn balance(&self, kind: BalanceKind) -> Option<&Balance> {
        self.balances.iter().find(|balance| balance.kind == kind)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({:?}, …)", self.kind)
    }
}

/// The accounts a bank gave, and what it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// The good part.
    pub accounts: Vec<Account>,
    /// Names (or masks) of accounts that should be there and could not be read.
    pub missing: Vec<String>,
}

/// How final a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    /// Not final yet.
    Pending,
    /// Settled.
    Booked,
    /// Refused.
    Declined,
}

/// What a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    /// Bought something.
    Purchase,
    /// Money back from a shop.
    Refund,
    /// From another account.
    TransferIn,
    /// To another account.
    TransferOut,
    /// A card's bill paid.
    CardPayment,
    /// The bank's fee.
    Fee,
    /// Interest paid or earned.
    Interest,
    /// Pay or a benefit.
    Salary,
    /// Cash machine or counter.
    Cash,
    /// Collected by a biller.
    DirectDebit,
    /// Sent on a schedule.
    StandingOrder,
    /// Anything else.
    Other,
}

/// An entry of an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The bank's id; unique within the account after the adapter's key rule.
    pub id: TransactionId,
    /// The account.
    pub account: AccountId,
    /// Signed: negative is money out.
    pub amount: Money,
    /// How final.
    pub status: TransactionStatus,
    /// When it was booked, in the bank's zone.
    pub booking_date: Option<Date>,
    /// When it counts for interest.
    pub value_date: Option<Date>,
    /// When it happened, where the bank gives an instant.
    pub occurred_at: Option<Timestamp>,
    /// The statement text: untrusted.
    pub description: String,
    /// The merchant's name: untrusted.
    pub merchant: Option<String>,
    /// ISO 18245 merchant category code.
    pub mcc: Option<u16>,
    /// The bank's own category word.
    pub category: Option<String>,
    /// What it is.
    pub kind: TransactionKind,
    /// The amount in the shop's currency.
    pub original_amount: Option<Money>,
    /// The pending entry it came from.
    pub pending_id: Option<TransactionId>,
}

impl Transaction {
    /// Returns the date people mean: when it happened in `zone`, else when it was booked.
    ///
    /// Date-only entries need no zone and are never pushed through UTC midnight (`bank-apis.md` 3.4).
    pub fn date(&self, zone: &jiff::tz::TimeZone) -> Option<Date> {
        self.occurred_at
            .map(|at| at.to_zoned(zone.clone()).date())
            .or(self.booking_date)
            .or(self.value_date)
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transaction({:?}, {:?}, …)", self.kind, self.status)
    }
}

/// What a card can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    /// Works.
    Active,
    /// Stopped by the customer; can be let go again.
    Frozen,
    /// Stopped by the bank.
    Blocked,
    /// Stopped for good.
    Cancelled,
    /// Past its date.
    Expired,
    /// Not switched on yet.
    NotActivated,
}

/// A card.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The bank's id.
    pub id: CardId,
    /// The account it draws on.
    pub account: AccountId,
    /// The last four digits.
    pub mask: String,
    /// `visa`, `mastercard`, …
    pub brand: String,
    /// Whether it spends the customer's own money or credit.
    pub credit: bool,
    /// What it can do.
    pub state: CardState,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card({:?}, …)", self.state)
    }
}

/// Whom the customer pays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payee {
    /// The bank's id.
    pub id: PayeeId,
    /// The name the customer gave: untrusted.
    pub name: String,
    /// Masked account, for example `••8812`.
    pub account_hint: String,
    /// Whether it is a biller rather than a person.
    pub biller: bool,
    /// Whether money was sent there before (requirement C8).
    pub paid_before: bool,
}

impl fmt::Debug for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payee(…)")
    }
}

/// How far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Waits for the customer at the bank.
    NeedsApproval,
    /// Accepted, not done.
    Pending,
    /// Done at our bank.
    Executed,
    /// Arrived.
    Settled,
    /// Refused.
    Rejected,
    /// Taken back.
    Cancelled,
    /// Came back.
    Returned,
}

/// A payment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The bank's id.
    pub id: String,
    /// How much (positive).
    pub amount: Money,
    /// From which account.
    pub from: AccountId,
    /// To whom: untrusted.
    pub to: String,
    /// How far.
    pub state: PaymentState,
    /// On which date it goes or went.
    pub date: Option<Date>,
    /// Our reference.
    pub reference: Option<String>,
}

impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payment({:?}, …)", self.state)
    }
}

/// A statement the bank keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The bank's id.
    pub id: String,
    /// The account.
    pub account: AccountId,
    /// Its date.
    pub date: Date,
    /// The bank's word for it.
    pub description: Option<String>,
}

/// How far a dispute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// Received.
    Open,
    /// Being looked into.
    Investigating,
    /// The customer was right.
    Won,
    /// The bank found no error.
    Lost,
    /// Taken back by the customer.
    Withdrawn,
}

/// A dispute the bank knows of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The bank's id.
    pub id: String,
    /// The entry, if one was named.
    pub transaction: Option<TransactionId>,
    /// How far.
    pub state: DisputeState,
    /// When it was received.
    pub opened_at: Timestamp,
}

impl fmt::Debug for Dispute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dispute({:?}, …)", self.state)
    }
}

/// Civil dates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DateRange {
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
}

impl DateRange {
    /// Tells whether a day lies in it.
    pub fn contains(&self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

/// A page of a longer list, for adapters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page begins.
    pub next: Option<String>,
}
