//! Banks: the neutral model, the ports, and one adapter a folder.
//!
//! A bank is a set of ports ([`Reading`], [`Cards`], [`Disputes`], [`Payments`]) and, where it can be
//! told to do something, [`Commands`]. An adapter offers those it has; the bot offers the customer only
//! what the bank offers. Every call names its [`Connection`].
//!
//! To add a bank: a folder `bank/<name>/` with `wire.rs` (serde types and their conversion into
//! [`model`]) beside `bank/<name>.rs` (one short function a call), a variant of `config::bank::Kind`,
//! one arm in [`connect`](connect::connect), recorded answers in `fixtures/bank/<name>/`. Statuses are matched
//! exhaustively; an unknown one is never good news.

pub mod alert;
pub mod card_service;
pub mod command;
pub mod connect;
pub mod extension;
pub mod fdx;
pub mod http;
pub mod model;
pub mod papers;
pub mod query;
pub mod rate;
pub mod read;
pub mod rewards;
pub mod standing_order;
pub mod token;
pub mod twins;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::message::ConversationId;
use crate::money::Currency;
pub use alert::Alert;
pub use card_service::{CardLimits, CardOrder};
pub use command::{BankCommand, CommandKind, CommandOutcome, IdempotencyKey, Repeat};
pub use model::{
    Account, AccountId, Card, CardId, Connection, DateRange, Dispute, Page, Payee, Payment,
    Statement, Subject, Transaction,
};
pub use query::{Answer, Answers, Failure, Query};
pub use rate::ExchangeRate;
pub use rewards::RewardsProgram;
pub use standing_order::StandingOrder;

/// Which configured bank.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BankId(pub String);

/// Why a bank gave no answer. A variant exists because somebody acts differently on it
/// (`bank-apis.md` section 15).
#[derive(Debug, thiserror::Error)]
pub enum BankError {
    /// The connection must be made anew by the customer.
    #[error("the consent is no longer valid")]
    ConsentExpired,
    /// The bank refuses this to us.
    #[error("the bank does not allow this")]
    Forbidden,
    /// The thing asked for is not there.
    #[error("the bank does not know this")]
    NotFound,
    /// Too many calls.
    #[error("the bank limits our calls")]
    RateLimited {
        /// When the bank takes calls again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The bank is down or did not answer in time. For a command that was sent, the outcome is unknown.
    #[error("the bank cannot be reached")]
    Unavailable(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// An answer that makes no sense. The source names the field, never its value.
    #[error("the bank's answer cannot be read")]
    Unexpected(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
}

impl BankError {
    /// Returns the name used in metrics and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ConsentExpired => "consent_expired",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable(_) => "unavailable",
            Self::Unexpected(_) => "unexpected",
        }
    }

    /// Tells whether a command that ended so surely changed nothing: the bank refused to listen, or no
    /// connection came about. Otherwise its outcome is unknown (design 2.2).
    pub fn nothing_was_done(&self) -> bool {
        match self {
            Self::ConsentExpired | Self::Forbidden | Self::NotFound | Self::RateLimited { .. } => {
                true
            }
            Self::Unavailable(source) | Self::Unexpected(source) => source
                .as_ref()
                .and_then(|source| source.downcast_ref::<http::NetworkError>())
                .is_some_and(http::NetworkError::nothing_was_sent),
        }
    }
}

/// Gives the access token of a connection, refreshed when it has to be. The simulator's comes from its
/// own OAuth server; account linking brings the customer's.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// Returns a token that was valid a moment ago.
    async fn access_token(&self, connection: &Connection) -> Result<SecretString, BankError>;

    /// Tells that the bank refused the token, so that the next call brings a new one (tried once on 401).
    async fn refused(&self, connection: &Connection);
}

/// Reading accounts, balances, transactions and statements.
#[async_trait]
pub trait Reading: Send + Sync {
    /// Returns the customer's accounts with their balances. A partial answer names what is missing.
    async fn accounts(&self, connection: &Connection) -> Result<model::Accounts, BankError>;

    /// Returns an account's transactions whose relevant date lies in `range`, newest first, all pages,
    /// pending ones too, pending twins dropped (`bank-apis.md` 3.4).
    async fn transactions(
        &self,
        connection: &Connection,
        account: &AccountId,
        range: DateRange,
    ) -> Result<Vec<Transaction>, BankError>;

    /// Returns an account's statements, newest first.
    async fn statements(
        &self,
        connection: &Connection,
        account: &AccountId,
    ) -> Result<Vec<Statement>, BankError>;
}

/// Reading cards and their state.
#[async_trait]
pub trait Cards: Send + Sync {
    /// Returns the customer's cards.
    async fn cards(&self, connection: &Connection) -> Result<Vec<Card>, BankError>;
}

/// Reading disputes.
#[async_trait]
pub trait Disputes: Send + Sync {
    /// Returns the customer's disputes, newest first.
    async fn disputes(&self, connection: &Connection) -> Result<Vec<Dispute>, BankError>;
}

/// Reading payees and payments.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Returns the customer's known payees.
    async fn payees(&self, connection: &Connection) -> Result<Vec<Payee>, BankError>;

    /// Returns payments sent or waiting, newest first.
    async fn payments(&self, connection: &Connection) -> Result<Vec<Payment>, BankError>;
}

/// Reading what the bank pays again and again.
#[async_trait]
pub trait StandingOrders: Send + Sync {
    /// Returns the orders that have not ended, the next one first.
    async fn standing_orders(
        &self,
        connection: &Connection,
    ) -> Result<Vec<StandingOrder>, BankError>;
}

/// Reading exchange rates.
#[async_trait]
pub trait Rates: Send + Sync {
    /// Returns the bank's rate now; `NotFound` where it does not trade the two.
    async fn rate(
        &self,
        connection: &Connection,
        from: Currency,
        to: Currency,
    ) -> Result<ExchangeRate, BankError>;
}

/// What a card may spend, and where a new one is.
#[async_trait]
pub trait CardServices: Send + Sync {
    /// Returns a card's limits of a day.
    async fn limits(&self, connection: &Connection, card: &CardId)
    -> Result<CardLimits, BankError>;

    /// Returns the new cards of the last weeks, newest first.
    async fn orders(&self, connection: &Connection) -> Result<Vec<CardOrder>, BankError>;
}

/// What was collected in the bank's programmes.
#[async_trait]
pub trait Rewards: Send + Sync {
    /// Returns the customer's programmes.
    async fn programs(&self, connection: &Connection) -> Result<Vec<RewardsProgram>, BankError>;
}

/// Alerts that the bank itself sends.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Returns those that are set.
    async fn alerts(&self, connection: &Connection) -> Result<Vec<Alert>, BankError>;
}

/// Full numbers and documents, for the customer's own screen.
#[async_trait]
pub trait Papers: Send + Sync {
    /// Returns the numbers others pay to; `NotFound` where the bank gives none.
    async fn numbers(
        &self,
        connection: &Connection,
        account: &AccountId,
    ) -> Result<papers::AccountNumbers, BankError>;

    /// Returns a statement as the bank made it.
    async fn statement_document(
        &self,
        connection: &Connection,
        account: &AccountId,
        statement: &str,
    ) -> Result<papers::Document, BankError>;

    /// Returns which tax forms there are, in no order.
    async fn tax_forms(&self, connection: &Connection) -> Result<Vec<papers::TaxForm>, BankError>;

    /// Returns a tax form as the bank made it.
    async fn tax_form_document(
        &self,
        connection: &Connection,
        form: &str,
    ) -> Result<papers::Document, BankError>;
}

/// Telling the bank to do something (design 2.2). Only `commands` calls this, never a turn.
#[async_trait]
pub trait Commands: Send + Sync {
    /// Returns how this kind of command may be repeated; `None` when the bank does not offer it.
    fn offers(&self, kind: CommandKind) -> Option<Repeat>;

    /// Does it. After an error the outcome is unknown unless the error says that nothing was sent.
    async fn execute(
        &self,
        connection: &Connection,
        command: &BankCommand,
        key: &IdempotencyKey,
    ) -> Result<CommandOutcome, BankError>;

    /// Looks for what an earlier `execute` with this key did. `Ok(None)` means that the bank's reads
    /// are consistent and that it is not there.
    async fn find(
        &self,
        connection: &Connection,
        command: &BankCommand,
        key: &IdempotencyKey,
    ) -> Result<Option<CommandOutcome>, BankError>;
}

/// A configured bank with the ports its adapter has.
#[derive(Clone)]
pub struct Bank {
    /// Its id in the configuration.
    pub id: BankId,
    /// The name customers know it by.
    pub name: String,
    /// The zone its dates and times are in when it does not say.
    pub zone: jiff::tz::TimeZone,
    /// Accounts, transactions, statements.
    pub reading: Option<Arc<dyn Reading>>,
    /// Cards.
    pub cards: Option<Arc<dyn Cards>>,
    /// Disputes.
    pub disputes: Option<Arc<dyn Disputes>>,
    /// Payees and payments.
    pub payments: Option<Arc<dyn Payments>>,
    /// Payments the bank makes again and again.
    pub standing_orders: Option<Arc<dyn StandingOrders>>,
    /// Exchange rates.
    pub rates: Option<Arc<dyn Rates>>,
    /// Limits of cards, new cards.
    pub card_services: Option<Arc<dyn CardServices>>,
    /// Points, miles, money back.
    pub rewards: Option<Arc<dyn Rewards>>,
    /// Alerts the bank sends.
    pub alerts: Option<Arc<dyn Alerts>>,
    /// Full numbers and documents, where a page can ask who is there (L2).
    pub papers: Option<Arc<dyn Papers>>,
    /// What it can be told to do.
    pub commands: Option<Arc<dyn Commands>>,
}

impl Bank {
    /// Returns how the bank lets a kind of command be repeated, `None` when it does not offer it.
    pub fn offers(&self, kind: CommandKind) -> Option<Repeat> {
        self.commands.as_ref()?.offers(kind)
    }
}

impl Connection {
    /// Names the connection of a conversation to a bank's customer.
    pub fn new(conversation: ConversationId, bank: BankId, subject: Subject) -> Self {
        Self {
            conversation,
            bank,
            subject,
        }
    }
}
