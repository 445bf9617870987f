//! Random data of a bank, and every amount, date and name in it.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use proptest::prelude::*;

use crate::bank::model::{
    Account, AccountKind, AccountStatus, Accounts, Balance, BalanceKind, Card, CardId, CardState,
    Statement, Transaction, TransactionId, TransactionKind, TransactionStatus,
};
use crate::bank::query::Answer;
use crate::bank::{AccountId, Answers, Failure, Query};
use crate::conversation::skill::merchant;
use crate::money::{Currency, Money};
use crate::reply::value::{Place, Value, clean};

use super::services::{Services, any_services};

/// Sunday.
pub(super) const TODAY: Date = date(2026, 11, 22);

/// A shop that is always among the names.
pub(super) const SHOP: &str = "corner market";

/// What shops are called, well or badly.
pub(super) const SHOPS: [&str; 8] = [
    "Corner Market",
    "Corner Market Eats",
    "CAFÉ ÑANDÚ",
    "🍕 Pizza \u{202E}oiram",
    "Bell\u{7}Co",
    "shop.example",
    "SQ *Bluebird",
    "Northwind Payroll",
];

#[derive(Debug, Clone)]
pub(super) struct Bank {
    pub(super) accounts: Vec<Account>,
    pub(super) entries: Vec<Transaction>,
    cards: Vec<Card>,
    statements: Vec<Date>,
    missing: Vec<String>,
    pub(super) services: Services,
}

impl Bank {
    pub(super) fn answer(&self, queries: &[Query]) -> Answers {
        let mut answers = Answers::new();
        for query in queries {
            let answer = match query {
                Query::Accounts => Ok(Answer::Accounts(Accounts {
                    accounts: self.accounts.clone(),
                    missing: self.missing.clone(),
                })),
                Query::Transactions { account, .. } => Ok(Answer::Transactions {
                    entries: self
                        .entries
                        .iter()
                        .filter(|entry| account.as_ref().is_none_or(|id| *id == entry.account))
                        .cloned()
                        .collect(),
                    missing: self.missing.clone(),
                }),
                Query::Cards => Ok(Answer::Cards(self.cards.clone())),
                Query::Statements { account } => Ok(Answer::Statements(
                    self.statements
                        .iter()
                        .map(|day| Statement {
                            id: day.to_string(),
                            account: account.clone(),
                            date: *day,
                            description: None,
                        })
                        .collect(),
                )),
                Query::CaseNumber => Ok(Answer::CaseNumber(20_931)),
                other => self.services.answer(other).ok_or(Failure::NotOffered),
            };
            answers.put(query.clone(), answer);
        }
        answers
    }

    /// Every amount, without its direction.
    pub(super) fn amounts(&self) -> BTreeSet<i64> {
        let balances = self.accounts.iter().flat_map(|account| &account.balances);
        let entries = self
            .entries
            .iter()
            .flat_map(|entry| std::iter::once(entry.amount).chain(entry.original_amount));
        balances
            .map(|balance| balance.amount)
            .chain(entries)
            .chain(self.services.amounts())
            .map(|amount| amount.minor().abs())
            .collect()
    }

    /// Every day.
    pub(super) fn dates(&self, zone: &TimeZone) -> BTreeSet<Date> {
        let entries = self.entries.iter().flat_map(|entry| {
            [entry.date(zone), entry.booking_date, entry.value_date]
                .into_iter()
                .flatten()
        });
        self.accounts
            .iter()
            .filter_map(|account| account.due_date)
            .chain(self.statements.iter().copied())
            .chain(entries)
            .chain(self.services.days())
            .collect()
    }

    /// Every instant.
    pub(super) fn instants(&self) -> BTreeSet<Timestamp> {
        let balances = self.accounts.iter().flat_map(|account| &account.balances);
        balances
            .filter_map(|balance| balance.as_of)
            .chain(self.entries.iter().filter_map(|entry| entry.occurred_at))
            .collect()
    }

    pub(super) fn rates(&self) -> BTreeSet<u32> {
        self.accounts
            .iter()
            .filter_map(|account| account.interest_rate_bp)
            .collect()
    }

    /// Every name as it may be quoted: shops, accounts with their last four, cards.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let shops = self.entries.iter().flat_map(|entry| {
            [
                merchant::name(entry),
                clean(&merchant::name(entry)),
                clean(&entry.description),
            ]
        });
        let accounts = self
            .accounts
            .iter()
            .map(|account| format!("{} ••{}", clean(&account.name), account.mask));
        let cards = self
            .cards
            .iter()
            .map(|card| format!("Visa ••{}", card.mask));
        let masks = self.cards.iter().map(|card| card.mask.clone());
        shops
            .chain(accounts)
            .chain(cards)
            .chain(masks)
            .chain(SHOPS.iter().map(|name| clean(name)))
            .chain([self.missing.join(", ")])
            .chain(self.services.names())
            .collect()
    }

    /// Every number a button may carry.
    pub(super) fn numbers(&self, place: &Place) -> BTreeSet<String> {
        let amounts = self
            .amounts()
            .into_iter()
            .map(|minor| Value::Money(Money::from_minor(minor, Currency::USD)).show(place));
        let days = self
            .dates(&place.zone)
            .into_iter()
            .map(|day| Value::Day(day).show(place));
        let masks = self.accounts.iter().map(|account| account.mask.clone());
        amounts
            .chain(days)
            .chain(masks)
            .chain(self.names())
            .flat_map(|text| super::numbers(&text))
            .collect()
    }

    /// One account and some entries of one shop, for comparing what its name does.
    pub(super) fn of_one_shop(name: &str) -> Self {
        use TransactionKind::{Purchase, Refund};
        let entry = |at: usize, minor, days_ago, kind| Transaction {
            merchant: Some(name.to_owned()),
            description: name.to_owned(),
            ..entry(at, "account-0", minor, days_ago, kind)
        };
        Self {
            accounts: vec![account(
                0,
                AccountKind::Checking,
                &[Some(45_560), Some(41_210)],
                None,
            )],
            entries: vec![
                entry(0, -1_599, 2, Purchase),
                entry(1, -4_520, 9, Purchase),
                entry(2, -1_599, 33, Purchase),
                entry(3, -1_599, 63, Purchase),
                entry(4, 2_000, 5, Refund),
            ],
            cards: vec![card(0)],
            statements: vec![date(2026, 10, 31)],
            missing: Vec::new(),
            services: Services::none(),
        }
    }
}

fn account(at: usize, kind: AccountKind, balances: &[Option<i64>], rate: Option<u32>) -> Account {
    use BalanceKind::{Available, Booked, CreditLimit, MinimumDue, StatementBalance};
    Account {
        id: AccountId(format!("account-{at}")),
        institution: "Acme Bank".to_owned(),
        kind,
        name: ["", "Checking", "Rainy day 🌧", "Savings"][at % 4].to_owned(),
        mask: format!("{:04}", 1_000 + at * 37),
        currency: Currency::USD,
        status: AccountStatus::Open,
        balances: [Booked, Available, CreditLimit, MinimumDue, StatementBalance]
            .into_iter()
            .zip(balances)
            .filter_map(|(kind, minor)| {
                Some(Balance {
                    kind,
                    amount: Money::from_minor((*minor)?, Currency::USD),
                    as_of: None,
                    includes_credit: Some(false),
                })
            })
            .collect(),
        due_date: rate.map(|_| date(2026, 12, 5)),
        interest_rate_bp: rate,
    }
}

fn entry(
    at: usize,
    account: &str,
    minor: i64,
    days_ago: i32,
    kind: TransactionKind,
) -> Transaction {
    let day = TODAY.saturating_sub(Span::new().days(days_ago));
    Transaction {
        id: TransactionId(format!("entry-{at}")),
        account: AccountId(account.to_owned()),
        amount: Money::from_minor(minor, Currency::USD),
        status: TransactionStatus::Booked,
        booking_date: Some(day),
        value_date: Some(day),
        occurred_at: None,
        description: SHOPS[at % SHOPS.len()].to_owned(),
        merchant: Some(SHOPS[at % SHOPS.len()].to_owned()),
        mcc: Some(5_411),
        category: None,
        kind,
        original_amount: None,
        pending_id: None,
    }
}

fn card(at: usize) -> Card {
    Card {
        id: CardId(format!("card-{at}")),
        account: AccountId("account-0".to_owned()),
        mask: format!("{:04}", 4_000 + at * 13),
        brand: "visa".to_owned(),
        credit: at % 2 == 1,
        state: CardState::Active,
    }
}

/// Accounts of every kind with odd balances, and entries of every kind: none at all, zero, of both signs, in
/// two currencies.
pub(super) fn any_bank() -> impl Strategy<Value = Bank> {
    let kinds = prop::sample::select(vec![
        AccountKind::Checking,
        AccountKind::Savings,
        AccountKind::CreditCard,
        AccountKind::Loan,
    ]);
    let amount = || prop_oneof![3 => -500_000_i64..500_000, 1 => Just(0_i64)];
    let accounts = prop::collection::vec(
        (
            kinds,
            prop::collection::vec(prop::option::weighted(0.8, amount()), 5),
            prop::option::of(1_u32..4_000),
        ),
        0..7,
    );
    let entry_kinds = prop::sample::select(vec![
        TransactionKind::Purchase,
        TransactionKind::Purchase,
        TransactionKind::Refund,
        TransactionKind::TransferIn,
        TransactionKind::TransferOut,
        TransactionKind::CardPayment,
        TransactionKind::Fee,
        TransactionKind::Interest,
        TransactionKind::Salary,
        TransactionKind::Cash,
        TransactionKind::DirectDebit,
        TransactionKind::Other,
    ]);
    let statuses = prop::sample::select(vec![
        TransactionStatus::Booked,
        TransactionStatus::Booked,
        TransactionStatus::Pending,
        TransactionStatus::Declined,
    ]);
    let mccs = prop::option::of(prop::sample::select(vec![
        5_411_u16, 5_812, 5_541, 6_011, 9_999,
    ]));
    let entries = prop::collection::vec(
        (
            amount(),
            0..120_i32,
            entry_kinds,
            statuses,
            mccs,
            0..SHOPS.len(),
        ),
        0..40,
    );
    (
        accounts,
        entries,
        any::<bool>(),
        0..3_usize,
        any::<bool>(),
        any_services(),
    )
        .prop_map(|(accounts, entries, euros, cards, missing, services)| {
            let accounts: Vec<Account> = accounts
                .into_iter()
                .enumerate()
                .map(|(at, (kind, balances, rate))| account(at, kind, &balances, rate))
                .collect();
            let count = accounts.len().max(1);
            let mut entries: Vec<Transaction> = entries
                .into_iter()
                .enumerate()
                .map(|(at, (minor, days_ago, kind, status, mcc, shop))| {
                    let mut made = entry(
                        at,
                        &format!("account-{}", at % count),
                        minor,
                        days_ago,
                        kind,
                    );
                    made.status = status;
                    made.mcc = mcc;
                    made.merchant = Some(SHOPS[shop].to_owned());
                    if euros && at % 5 == 4 {
                        made.amount = Money::from_minor(minor, "EUR".parse().unwrap());
                    }
                    made
                })
                .collect();
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.booking_date));
            Bank {
                accounts,
                entries,
                cards: (0..cards).map(card).collect(),
                statements: vec![date(2026, 10, 31), date(2026, 9, 30)],
                missing: missing.then(|| "Savings".to_owned()).into_iter().collect(),
                services,
            }
        })
}
