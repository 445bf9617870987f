//! What the bank would show of a world now.

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};

use super::super::activity::{Entry, Stage, instant};
use super::super::scenario::values::{EntryKind, Kind};
use super::super::scenario::{Account, Card};
use super::{CardLife, DisputeLife, Movement, World};
use crate::money::{Currency, Money};

/// An account with its numbers.
#[derive(Debug, Clone)]
pub struct AccountView<'a> {
    /// The account as the scenario has it.
    pub account: &'a Account,
    /// Its currency.
    pub currency: Currency,
    /// Settled entries; what is owed is negative.
    pub booked: Money,
    /// What can be spent, unless the bank hides it.
    pub available: Option<Money>,
    /// The credit limit.
    pub limit: Option<Money>,
    /// The last bill.
    pub bill: Option<BillView>,
    /// When the numbers were made.
    pub as_of: Timestamp,
}

/// The last bill of a card.
#[derive(Debug, Clone, Copy)]
pub struct BillView {
    /// When it was made.
    pub date: Date,
    /// What was owed (positive).
    pub balance: Money,
    /// The smallest payment still due (positive, perhaps nothing).
    pub minimum: Money,
    /// By when.
    pub due: Date,
}

/// An entry as it looks now.
#[derive(Debug, Clone)]
pub struct EntryView {
    /// The entry.
    pub entry: Entry,
    /// How it looks.
    pub stage: Stage,
}

impl EntryView {
    /// Returns its id as it looks now.
    pub fn id(&self) -> &str {
        match self.stage {
            Stage::Booked => &self.entry.id,
            Stage::Pending => &self.entry.pending_id,
        }
    }

    /// Returns its signed amount as it looks now.
    pub const fn minor(&self) -> i64 {
        match self.stage {
            Stage::Booked => self.entry.minor,
            Stage::Pending => self.entry.held_minor,
        }
    }
}

/// A monthly statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementView {
    /// Its id.
    pub id: String,
    /// Its date.
    pub date: Date,
}

/// What a tax form is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxFormKind {
    /// Interest the bank paid (1099-INT).
    InterestEarned,
    /// Interest paid on a mortgage (1098).
    MortgageInterest,
}

/// A form of the tax office, about one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxFormView {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub kind: TaxFormKind,
    /// About which year.
    pub year: i16,
    /// From when it is there.
    pub date: Date,
}

/// Statements are kept so long.
const STATEMENT_MONTHS: usize = 24;

impl World {
    /// Returns the accounts with their balances.
    pub fn account_views(&self) -> Vec<AccountView<'_>> {
        (0..self.scenario().account.len())
            .filter_map(|at| self.account_view(at))
            .collect()
    }

    /// Returns one account with its balances.
    pub fn account_view(&self, at: usize) -> Option<AccountView<'_>> {
        let now = self.now();
        let account = self.scenario().account.get(at)?;
        let currency = self.scenario().currency_of(at);
        let money = |minor| Money::from_minor(minor, currency);
        let (booked, held) = self.balance(at, now);
        let limit = account.limit.as_ref().map(|limit| limit.minor(currency));
        let available = match (&account.shown_available, account.hides_available) {
            (Some(shown), _) => Some(shown.minor(currency)),
            (None, true) => None,
            (None, false) if account.kind.is_debt() && limit.is_none() => None,
            (None, false) => Some(
                booked
                    .saturating_add(held)
                    .saturating_add(limit.unwrap_or(0)),
            ),
        };
        Some(AccountView {
            account,
            currency,
            booked: money(booked),
            available: available.map(money),
            limit: limit.map(money),
            bill: self.bill(at, account, currency, now),
            as_of: now,
        })
    }

    fn bill(
        &self,
        at: usize,
        account: &Account,
        currency: Currency,
        now: Timestamp,
    ) -> Option<BillView> {
        if !account.kind.is_debt() {
            return None;
        }
        let zone = &self.scenario().zone.0;
        let today = self.today(now);
        let day = account.statement_day?;
        let in_month = |date: Date| date.with().day(day).build().ok();
        let closes = |date: Date| instant(date, Time::constant(23, 59, 0, 0), zone);
        let this = in_month(today)?;
        let date = if closes(this) <= now {
            this
        } else {
            in_month(today.checked_sub(Span::new().months(1)).ok()?)?
        };
        if date < self.scenario().starts.0 {
            return None;
        }
        let (booked, _) = self.balance(at, closes(date));
        let owed = booked.saturating_neg().max(0);
        let paid: i64 = self
            .entries(now, |entry| {
                entry.account == at
                    && entry.minor > 0
                    && entry.posted.is_some_and(|posted| posted > closes(date))
            })
            .iter()
            .filter(|(_, stage)| *stage == Stage::Booked)
            .map(|(entry, _)| entry.minor)
            .sum();
        let floor = account
            .minimum
            .as_ref()
            .map_or(owed / 50, |minimum| minimum.minor(currency).max(owed / 50));
        let due = account.due_date.map_or_else(
            || {
                date.checked_add(Span::new().days(account.due_days.unwrap_or(25)))
                    .unwrap_or(date)
            },
            |due| due.0,
        );
        Some(BillView {
            date,
            balance: Money::from_minor(owed, currency),
            minimum: Money::from_minor(floor.min(owed).saturating_sub(paid).max(0), currency),
            due,
        })
    }

    /// Returns the entries of an account whose day lies between the two, newest first.
    pub fn entry_views(
        &self,
        account: usize,
        first: Option<Date>,
        last: Option<Date>,
    ) -> Vec<EntryView> {
        let mut found: Vec<EntryView> = self
            .entries(self.now(), |entry| {
                let day = || self.today(entry.occurred);
                entry.account == account
                    && first.is_none_or(|first| first <= day())
                    && last.is_none_or(|last| day() <= last)
            })
            .into_iter()
            .map(|(entry, stage)| EntryView { entry, stage })
            .collect();
        found.sort_by(|one, other| {
            (other.entry.occurred, &other.entry.id).cmp(&(one.entry.occurred, &one.entry.id))
        });
        found
    }

    /// Finds an entry by the id it has now or had while it was pending.
    pub fn entry_by_id(&self, id: &str) -> Option<EntryView> {
        self.entries(self.now(), |entry| entry.id == id || entry.pending_id == id)
            .into_iter()
            .next()
            .map(|(entry, stage)| EntryView { entry, stage })
    }

    /// Returns the monthly statements of an account, newest first.
    pub fn statement_views(&self, account: usize) -> Vec<StatementView> {
        let Some(account) = self.scenario().account.get(account) else {
            return Vec::new();
        };
        let today = self.today(self.now());
        let day = account.statement_day;
        let mut found = Vec::new();
        for back in 0..i64::try_from(STATEMENT_MONTHS).unwrap_or(24) {
            let Ok(month) = today.first_of_month().checked_sub(Span::new().months(back)) else {
                break;
            };
            let date = match day {
                Some(day) => month.with().day(day).build().unwrap_or(month),
                None => month.last_of_month(),
            };
            if date < today && date >= self.scenario().starts.0 {
                found.push(StatementView {
                    id: format!("stmt-{}-{}", account.id.get_ref(), date.strftime("%Y-%m")),
                    date,
                });
            }
        }
        found
    }

    /// Returns the tax forms, newest first: interest in dollars of a year that is over, from the last day of January on,
    /// when the tax office wants them sent.
    pub fn tax_form_views(&self) -> Vec<TaxFormView> {
        let today = self.today(self.now());
        let scenario = self.scenario();
        let mut found = Vec::new();
        for year in (scenario.starts.0.year()..today.year()).rev() {
            let Ok(date) = Date::new(year + 1, 1, 31) else {
                continue;
            };
            if today < date {
                continue;
            }
            let first = date.first_of_month().checked_sub(Span::new().years(1)).ok();
            let last = date.first_of_year().yesterday().ok();
            let bore_interest = |kind: Kind| {
                scenario.account.iter().enumerate().any(|(at, account)| {
                    account.kind == kind
                        && scenario.currency_of(at) == Currency::USD
                        && self
                            .entry_views(at, first, last)
                            .iter()
                            .any(|view| view.entry.kind == EntryKind::Interest)
                })
            };
            if bore_interest(Kind::Savings) || bore_interest(Kind::Checking) {
                found.push(TaxFormView {
                    id: format!("tax-1099int-{year}"),
                    kind: TaxFormKind::InterestEarned,
                    year,
                    date,
                });
            }
            if bore_interest(Kind::Mortgage) {
                found.push(TaxFormView {
                    id: format!("tax-1098-{year}"),
                    kind: TaxFormKind::MortgageInterest,
                    year,
                    date,
                });
            }
        }
        found
    }

    /// Returns the cards as they are now.
    pub fn card_views(&self) -> Vec<CardLife> {
        self.cards.clone().unwrap_or_else(|| {
            self.scenario()
                .card
                .iter()
                .map(|card| self.new_card(card))
                .collect()
        })
    }

    pub(super) fn new_card(&self, card: &Card) -> CardLife {
        CardLife {
            id: card.id.get_ref().clone(),
            account: self
                .scenario()
                .account_index(card.account.get_ref())
                .unwrap_or(0),
            last4: card.last4.clone(),
            brand: card.brand.clone(),
            state: card.state,
            stopped: Vec::new(),
        }
    }

    /// Returns the disputes, newest first.
    pub fn dispute_views(&self) -> Vec<DisputeLife> {
        let mut found = self.disputes.clone();
        found.reverse();
        found
    }

    /// Returns the transfers, newest first.
    pub fn transfer_views(&self) -> Vec<Movement> {
        let mut found = self.transfers.clone();
        found.reverse();
        found
    }

    /// Returns the payments, newest first.
    pub fn payment_views(&self) -> Vec<Movement> {
        let mut found = self.payments.clone();
        found.reverse();
        found
    }
}
