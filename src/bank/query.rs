//! What a turn asks a bank, and what came back: neutral, so that the conversation core never sees a port.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::BankError;
use super::alert::Alert;
use super::card_service::{CardLimits, CardOrder};
use super::model::{
    AccountId, Accounts, Card, CardId, DateRange, Dispute, Payee, Payment, Statement, Transaction,
};
use super::papers::TaxForm;
use super::rate::ExchangeRate;
use super::rewards::RewardsProgram;
use super::standing_order::StandingOrder;
use crate::money::Currency;

/// One question of a turn. Reads may be repeated: nothing is visible before the commit (design 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Query {
    /// The accounts with their balances.
    Accounts,
    /// Entries of one account, or of all of them.
    Transactions {
        /// Which; `None` for all.
        account: Option<AccountId>,
        /// Which days.
        range: DateRange,
    },
    /// The cards.
    Cards,
    /// An account's statements.
    Statements {
        /// Which.
        account: AccountId,
    },
    /// The tax forms.
    TaxForms,
    /// The disputes.
    Disputes,
    /// The known payees.
    Payees,
    /// Payments sent or waiting.
    Payments,
    /// What the bank pays again and again.
    StandingOrders,
    /// The bank's rate between two currencies.
    ExchangeRate {
        /// Of one unit of this.
        from: Currency,
        /// In units of this.
        to: Currency,
    },
    /// What a card may spend.
    CardLimits {
        /// Which.
        card: CardId,
    },
    /// New cards on their way.
    CardOrders,
    /// What was collected.
    Rewards,
    /// The alerts set at the bank.
    Alerts,
    /// A number for a new case; our own, from the store.
    CaseNumber,
}

impl Query {
    /// Returns the name used in metrics, the inspector and fixtures.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Transactions { .. } => "transactions",
            Self::Cards => "cards",
            Self::Statements { .. } => "statements",
            Self::TaxForms => "tax_forms",
            Self::Disputes => "disputes",
            Self::Payees => "payees",
            Self::Payments => "payments",
            Self::StandingOrders => "standing_orders",
            Self::ExchangeRate { .. } => "exchange_rate",
            Self::CardLimits { .. } => "card_limits",
            Self::CardOrders => "card_orders",
            Self::Rewards => "rewards",
            Self::Alerts => "alerts",
            Self::CaseNumber => "case_number",
        }
    }
}

/// What a bank said to one question.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// The accounts.
    Accounts(Accounts),
    /// Entries, newest first.
    Transactions {
        /// The good part.
        entries: Vec<Transaction>,
        /// Names of accounts whose entries could not be read.
        missing: Vec<String>,
    },
    /// The cards.
    Cards(Vec<Card>),
    /// The statements.
    Statements(Vec<Statement>),
    /// The tax forms.
    TaxForms(Vec<TaxForm>),
    /// The disputes.
    Disputes(Vec<Dispute>),
    /// The payees.
    Payees(Vec<Payee>),
    /// The payments.
    Payments(Vec<Payment>),
    /// The orders.
    StandingOrders(Vec<StandingOrder>),
    /// The rate.
    ExchangeRate(ExchangeRate),
    /// The limits.
    CardLimits(CardLimits),
    /// The new cards.
    CardOrders(Vec<CardOrder>),
    /// The programmes.
    Rewards(Vec<RewardsProgram>),
    /// The alerts.
    Alerts(Vec<Alert>),
    /// The number.
    CaseNumber(i64),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// Why there is no answer, as far as the customer is told differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The bank cannot be read now.
    Down,
    /// The bank did not answer within the turn's budget.
    Slow,
    /// The connection must be made anew.
    Relink,
    /// The bank does not allow it.
    Forbidden,
    /// It is not there.
    NotFound,
    /// This bank has no such port.
    NotOffered,
}

impl From<&BankError> for Failure {
    fn from(error: &BankError) -> Self {
        match error {
            BankError::ConsentExpired => Self::Relink,
            BankError::Forbidden => Self::Forbidden,
            BankError::NotFound => Self::NotFound,
            BankError::RateLimited { .. }
            | BankError::Unavailable(_)
            | BankError::Unexpected(_) => Self::Down,
        }
    }
}

/// The answers to a turn's questions; parts may have failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(Vec<(Query, Result<Answer, Failure>)>);

impl Answers {
    /// Returns no answers.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an answer, replacing an earlier one to the same question.
    pub fn put(&mut self, query: Query, answer: Result<Answer, Failure>) {
        match self.0.iter_mut().find(|(asked, _)| *asked == query) {
            Some((_, old)) => *old = answer,
            None => self.0.push((query, answer)),
        }
    }

    /// Takes over all answers of `other`.
    pub fn merge(&mut self, other: Self) {
        for (query, answer) in other.0 {
            self.put(query, answer);
        }
    }

    /// Tells whether a question has its answer or failure.
    pub fn has(&self, query: &Query) -> bool {
        self.0.iter().any(|(asked, _)| asked == query)
    }

    fn get(&self, query: &Query) -> Result<&Answer, Failure> {
        match self.0.iter().find(|(asked, _)| asked == query) {
            Some((_, Ok(answer))) => Ok(answer),
            Some((_, Err(failure))) => Err(*failure),
            None => Err(Failure::NotOffered),
        }
    }

    /// Returns the accounts.
    pub fn accounts(&self) -> Result<&Accounts, Failure> {
        match self.get(&Query::Accounts)? {
            Answer::Accounts(accounts) => Ok(accounts),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns entries, newest first, and the names of accounts that could not be read.
    pub fn transactions(&self, query: &Query) -> Result<(&[Transaction], &[String]), Failure> {
        match self.get(query)? {
            Answer::Transactions { entries, missing } => Ok((entries, missing)),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns the cards.
    pub fn cards(&self) -> Result<&[Card], Failure> {
        match self.get(&Query::Cards)? {
            Answer::Cards(cards) => Ok(cards),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns an account's statements.
    pub fn statements(&self, account: &AccountId) -> Result<&[Statement], Failure> {
        let query = Query::Statements {
            account: account.clone(),
        };
        match self.get(&query)? {
            Answer::Statements(statements) => Ok(statements),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns the tax forms.
    pub fn tax_forms(&self) -> Result<&[TaxForm], Failure> {
        match self.get(&Query::TaxForms)? {
            Answer::TaxForms(forms) => Ok(forms),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns the rate between two currencies.
    pub fn exchange_rate(&self, from: Currency, to: Currency) -> Result<&ExchangeRate, Failure> {
        match self.get(&Query::ExchangeRate { from, to })? {
            Answer::ExchangeRate(rate) => Ok(rate),
            _ => Err(Failure::Down),
        }
    }

    /// Returns what a card may spend.
    pub fn card_limits(&self, card: &CardId) -> Result<&CardLimits, Failure> {
        match self.get(&Query::CardLimits { card: card.clone() })? {
            Answer::CardLimits(limits) => Ok(limits),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns new cards on their way, newest first.
    pub fn card_orders(&self) -> Result<&[CardOrder], Failure> {
        match self.get(&Query::CardOrders)? {
            Answer::CardOrders(orders) => Ok(orders),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns what was collected.
    pub fn rewards(&self) -> Result<&[RewardsProgram], Failure> {
        match self.get(&Query::Rewards)? {
            Answer::Rewards(programs) => Ok(programs),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns the alerts set at the bank.
    pub fn alerts(&self) -> Result<&[Alert], Failure> {
        match self.get(&Query::Alerts)? {
            Answer::Alerts(alerts) => Ok(alerts),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns the disputes.
    pub fn disputes(&self) -> Result<&[Dispute], Failure> {
        match self.get(&Query::Disputes)? {
            Answer::Disputes(disputes) => Ok(disputes),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns the payees.
    pub fn payees(&self) -> Result<&[Payee], Failure> {
        match self.get(&Query::Payees)? {
            Answer::Payees(payees) => Ok(payees),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns the payments.
    pub fn payments(&self) -> Result<&[Payment], Failure> {
        match self.get(&Query::Payments)? {
            Answer::Payments(payments) => Ok(payments),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns what the bank pays again and again.
    pub fn standing_orders(&self) -> Result<&[StandingOrder], Failure> {
        match self.get(&Query::StandingOrders)? {
            Answer::StandingOrders(orders) => Ok(orders),
            _ => Err(Failure::NotOffered),
        }
    }

    /// Returns the number taken for a new case.
    pub fn case_number(&self) -> Result<i64, Failure> {
        match self.get(&Query::CaseNumber)? {
            Answer::CaseNumber(number) => Ok(*number),
            _ => Err(Failure::NotOffered),
        }
    }
}
