//! FDX: flat 6.x and wrapped 4.x/5.x in one adapter, decided per element (`bank-apis.md` section 5).
//!
//! Reading is here; transfers, payees and payments are in [`movement`]. Cards and disputes are not part
//! of FDX.

pub mod account;
mod error;
pub mod movement;
mod papers;
mod standing_orders;
#[cfg(test)]
mod tests;
pub mod transaction;
pub mod wire;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use serde_json::value::RawValue;

use super::http::hosts::same_origin;
use super::http::{Answer, BearerClient, Request};
use super::model::{
    Account, AccountId, Accounts, Connection, DateRange, Statement, Subject, Transaction,
};
use super::twins::drop_pending_twins;
use super::{BankError, Reading};
use crate::money::Currency;
use wire::{Envelope, Next, WireError};

/// Tells the bank that a person waits (`USER`) and not a nightly run.
const ACTOR_TYPE: HeaderName = HeaderName::from_static("fdx-api-actor-type");

/// More pages than this is a server in a circle (`bank-apis.md` section 5).
const MOST_PAGES: usize = 100;

/// Details of accounts fetched at the same time.
const AT_ONCE: usize = 4;

/// Accounts whose currency is remembered, over all customers.
const MOST_CURRENCIES: usize = 4096;

/// What sign a card's `currentBalance` has when money is owed. No description seen fixes it, so it is
/// the setting `card_balance_sign` of each institution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BalanceSign {
    /// Owing 642.18 is sent as `642.18` (usual).
    #[default]
    OwedIsPositive,
    /// Owing 642.18 is sent as `-642.18`.
    OwedIsNegative,
}

/// How the days of a query are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateFilter {
    /// `startTime`, `endTime`: all versions.
    #[default]
    Time,
    /// `startDate`, `endDate`: from 6.3.
    Date,
}

/// What differs from bank to bank.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name of the bank or brand.
    pub institution: String,
    /// The zone of its dates.
    pub zone: TimeZone,
    /// The currency of accounts that name none.
    pub currency: Currency,
    /// The sign of what is owed.
    pub balance_sign: BalanceSign,
    /// The names of the query's days.
    pub date_filter: DateFilter,
    /// Entries asked for in one page.
    pub page_size: u32,
    /// Transfers, payees and payments, where the bank has them.
    pub movement: Option<movement::Offer>,
}

impl Settings {
    /// Returns the usual settings of a bank.
    pub fn new(institution: impl Into<String>, zone: TimeZone) -> Self {
        Self {
            institution: institution.into(),
            zone,
            currency: Currency::USD,
            balance_sign: BalanceSign::default(),
            date_filter: DateFilter::default(),
            page_size: 500,
            movement: None,
        }
    }
}

/// The adapter.
pub struct Fdx {
    client: BearerClient,
    settings: Settings,
    /// Entries carry no currency; their account does.
    currencies: Mutex<HashMap<(Subject, AccountId), Currency>>,
}

/// A list, all pages of it.
struct List<T> {
    items: Vec<T>,
    /// The bank said that a part is missing (206).
    partial: bool,
}

struct PageRead<T> {
    items: Vec<T>,
    next: Option<Next>,
    partial: bool,
}

impl Fdx {
    /// Makes the adapter of one bank.
    pub fn new(client: BearerClient, settings: Settings) -> Self {
        Self {
            client,
            settings,
            currencies: Mutex::default(),
        }
    }

    /// Reads a list to its end. `query` is part of the first address; later pages keep it.
    async fn list<T: Send>(
        &self,
        connection: &Connection,
        operation: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
        read: impl Fn(&RawValue) -> Result<T, WireError> + Send + Sync,
    ) -> Result<List<T>, BankError> {
        let mut first = self.client.url(path)?;
        first
            .query_pairs_mut()
            .extend_pairs(query)
            .append_pair("limit", &self.settings.page_size.to_string());
        let mut list = List {
            items: Vec::new(),
            partial: false,
        };
        let mut seen = HashSet::new();
        let mut url = first.clone();
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .call(
                    connection,
                    || read_request(operation, url.clone()),
                    |answer| read_page(&answer, &read),
                )
                .await?;
            list.items.extend(page.items);
            list.partial |= page.partial;
            match page.next {
                // A server that repeats its mark has no more to give.
                Some(next) if seen.insert(next.clone()) => url = self.next_url(&first, next)?,
                _ => return Ok(list),
            }
        }
        // A cut list would make sums that look complete.
        Err(WireError::Endless.into())
    }

    fn next_url(&self, first: &Url, next: Next) -> Result<Url, BankError> {
        let with = |key: &str, value: &str| {
            let kept: Vec<(String, String)> = first
                .query_pairs()
                .filter(|(name, _)| name != key)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            let mut url = first.clone();
            url.query_pairs_mut()
                .clear()
                .extend_pairs(kept)
                .append_pair(key, value);
            url
        };
        match next {
            Next::Offset(offset) => Ok(with("offset", &offset)),
            Next::PageKey(key) => Ok(with("pageKey", &key)),
            Next::Link(href) => {
                let base = self.client.base();
                // `/accounts?…` is meant from the base, not from the root of the host.
                let below_base = href
                    .strip_prefix('/')
                    .filter(|rest| !rest.starts_with('/') && !href.starts_with(base.path()));
                let url = base
                    .join(below_base.unwrap_or(&href))
                    .map_err(|_| WireError::Field("links.next.href"))?;
                // The token goes with the request.
                if same_origin(&url, base) {
                    Ok(url)
                } else {
                    Err(WireError::ForeignLink.into())
                }
            }
        }
    }

    /// Fetches the details of one account.
    async fn account(&self, connection: &Connection, id: &str) -> Result<account::Read, BankError> {
        let url = self.client.url(&["accounts", id])?;
        self.client
            .call(
                connection,
                || read_request("account", url.clone()),
                |answer| {
                    if !answer.status.is_success() {
                        return Err(error::error_of(&answer));
                    }
                    let raw: &RawValue =
                        serde_json::from_slice(&answer.body).map_err(WireError::from)?;
                    Ok(account::read(raw, &self.settings)?)
                },
            )
            .await
    }

    /// Fetches the balances that a "lightweight" list left out. An account whose details fail is
    /// shown as missing: its balance is what people ask for.
    async fn complete(&self, connection: &Connection, bare: Vec<Account>, found: &mut Accounts) {
        for group in bare.chunks(AT_ONCE) {
            let details = futures::future::join_all(
                group
                    .iter()
                    .map(|account| self.account(connection, account.id.as_str())),
            )
            .await;
            for (account, detail) in group.iter().zip(details) {
                match detail {
                    Ok(account::Read::Account { account, .. }) => found.accounts.push(account),
                    Ok(account::Read::Missing(name)) => found.missing.push(name),
                    Err(error) => {
                        tracing::info!(error = error.name(), "An account has no details");
                        found.missing.push(account.name.clone());
                    }
                }
            }
        }
    }

    fn remember(&self, connection: &Connection, accounts: &[Account]) {
        let mut known = self
            .currencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len().saturating_add(accounts.len()) > MOST_CURRENCIES {
            known.clear();
        }
        for account in accounts {
            known.insert(
                (connection.subject.clone(), account.id.clone()),
                account.currency,
            );
        }
    }

    /// Returns the currency of an account, asking the bank when it was not seen before.
    async fn currency(
        &self,
        connection: &Connection,
        account: &AccountId,
    ) -> Result<Currency, BankError> {
        let known = {
            let currencies = self
                .currencies
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            currencies
                .get(&(connection.subject.clone(), account.clone()))
                .copied()
        };
        if let Some(currency) = known {
            return Ok(currency);
        }
        match self.account(connection, account.as_str()).await? {
            account::Read::Account { account, .. } => {
                self.remember(connection, std::slice::from_ref(&account));
                Ok(account.currency)
            }
            account::Read::Missing(_) => Err(BankError::Unavailable(None)),
        }
    }
}

#[async_trait]
impl Reading for Fdx {
    async fn accounts(&self, connection: &Connection) -> Result<Accounts, BankError> {
        let list = self
            .list(
                connection,
                "accounts",
                &["accounts"],
                &[("resultType", "details")],
                |raw| account::read(raw, &self.settings),
            )
            .await?;
        let mut found = Accounts {
            accounts: Vec::with_capacity(list.items.len()),
            missing: Vec::new(),
        };
        let mut bare_accounts = Vec::new();
        for item in list.items {
            match item {
                account::Read::Account {
                    account,
                    bare: true,
                } => bare_accounts.push(account),
                account::Read::Account { account, .. } => found.accounts.push(account),
                account::Read::Missing(name) => found.missing.push(name),
            }
        }
        self.complete(connection, bare_accounts, &mut found).await;
        if list.partial && found.missing.is_empty() {
            found.missing.push("••••".to_owned());
        }
        self.remember(connection, &found.accounts);
        Ok(found)
    }

    async fn transactions(
        &self,
        connection: &Connection,
        account: &AccountId,
        range: DateRange,
    ) -> Result<Vec<Transaction>, BankError> {
        let currency = self.currency(connection, account).await?;
        // One day more on both sides: the bank may filter by UTC or by booking day.
        let from_day = shifted(range.first, -1).to_string();
        let until_day = shifted(range.last, 1).to_string();
        let (from, until) = match self.settings.date_filter {
            DateFilter::Time => ("startTime", "endTime"),
            DateFilter::Date => ("startDate", "endDate"),
        };
        let zone = &self.settings.zone;
        let list = self
            .list(
                connection,
                "transactions",
                &["accounts", account.as_str(), "transactions"],
                &[(from, &from_day), (until, &until_day)],
                |raw| transaction::read(raw, account, currency, zone),
            )
            .await?;
        if list.partial {
            return Err(BankError::Unavailable(None));
        }
        let mut ids = HashSet::new();
        let mut entries: Vec<Transaction> = list
            .items
            .into_iter()
            // Pages of a list that grows meanwhile overlap.
            .filter(|entry| ids.insert(entry.id.clone()))
            .collect();
        entries = drop_pending_twins(entries, zone);
        entries.retain(|entry| entry.date(zone).is_none_or(|day| range.contains(day)));
        entries.sort_by_key(|entry| {
            std::cmp::Reverse((entry.date(zone), entry.occurred_at, entry.id.clone()))
        });
        Ok(entries)
    }

    async fn statements(
        &self,
        connection: &Connection,
        account: &AccountId,
    ) -> Result<Vec<Statement>, BankError> {
        let list = self
            .list(
                connection,
                "statements",
                &["accounts", account.as_str(), "statements"],
                &[],
                |raw| account::read_statement(raw, account, &self.settings.zone),
            )
            .await?;
        let mut statements = list.items;
        statements.sort_by_key(|statement| std::cmp::Reverse(statement.date));
        Ok(statements)
    }
}

fn shifted(day: Date, days: i64) -> Date {
    day.checked_add(Span::new().days(days)).unwrap_or(day)
}

fn read_request(operation: &'static str, url: Url) -> Request {
    Request::get(operation, url)
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .header(ACTOR_TYPE, HeaderValue::from_static("USER"))
}

fn read_page<T>(
    answer: &Answer,
    read: impl Fn(&RawValue) -> Result<T, WireError>,
) -> Result<PageRead<T>, BankError> {
    if answer.status.as_u16() == 204 || error::means_no_data(answer) {
        return Ok(PageRead {
            items: Vec::new(),
            next: None,
            partial: false,
        });
    }
    if !answer.status.is_success() {
        return Err(error::error_of(answer));
    }
    let envelope = Envelope::read(&answer.body)?;
    let items = envelope
        .items
        .iter()
        .map(|raw| read(raw))
        .collect::<Result<Vec<T>, WireError>>()?;
    Ok(PageRead {
        items,
        next: envelope.next(),
        partial: answer.status.as_u16() == 206,
    })
}
