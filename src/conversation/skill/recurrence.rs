//! What repeats: entries of one name on one account at even gaps. Pure; the rule is said in every answer
//! that uses it.
//!
//! The rule: at least three times at gaps of a week, two weeks or a month, up to now. Where the amounts
//! differ each time it must also look like a bill (a direct debit, a standing order, rent, utilities,
//! insurance) or pay, and have come four times: groceries each Saturday are a habit, not a commitment.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::bank::model::{Transaction, TransactionKind, TransactionStatus};
use crate::money::Money;

use super::{category, merchant};

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Each week.
    Week,
    /// Every two weeks.
    TwoWeeks,
    /// Each month.
    Month,
}

impl Every {
    const ALL: [Self; 3] = [Self::Month, Self::TwoWeeks, Self::Week];

    /// Returns the key a template selects by.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::TwoWeeks => "two_weeks",
            Self::Month => "month",
        }
    }

    /// Days between two entries; weekends and month ends move them.
    const fn fits(self, days: i32) -> bool {
        match self {
            Self::Week => 6 <= days && days <= 8,
            Self::TwoWeeks => 12 <= days && days <= 16,
            Self::Month => 26 <= days && days <= 36,
        }
    }

    fn after(self, day: Date) -> Date {
        day.saturating_add(match self {
            Self::Week => Span::new().days(7),
            Self::TwoWeeks => Span::new().days(14),
            Self::Month => Span::new().months(1),
        })
    }

    /// So many days late, it is taken to have stopped.
    const fn grace(self) -> i32 {
        match self {
            Self::Week => 4,
            Self::TwoWeeks => 6,
            Self::Month => 12,
        }
    }
}

/// A price that went up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rise {
    /// What it was before.
    pub before: Money,
    /// The first entry at the new price.
    pub since: Date,
}

/// Entries that repeat.
#[derive(Debug, Clone)]
pub struct Series<'a> {
    /// Who is paid or pays.
    pub name: String,
    /// How often.
    pub every: Every,
    /// The latest entry.
    pub latest: &'a Transaction,
    /// Its day.
    pub day: Date,
    /// How much, without its sign: the latest amount, or the average of three where it differs each time.
    pub amount: Money,
    /// The amount differs each time.
    pub varies: bool,
    /// When the next one would come if nothing changes; never before today.
    pub next: Date,
    /// Its last change of price, where that was upwards.
    pub rise: Option<Rise>,
}

/// Which way the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the customer.
    In,
    /// From the customer.
    Out,
}

/// Finds what repeats among entries, the largest amount first.
pub fn find<'a>(
    entries: &'a [Transaction],
    way: Way,
    today: Date,
    zone: &TimeZone,
) -> Vec<Series<'a>> {
    /// By name, account and currency.
    type Groups<'a> = BTreeMap<(String, String, String), Vec<(Date, &'a Transaction)>>;

    let mut groups: Groups<'a> = BTreeMap::new();
    for entry in entries {
        let outwards = entry.amount.is_negative();
        if entry.status == TransactionStatus::Declined
            || entry.amount.is_zero()
            || outwards != (way == Way::Out)
            || matches!(
                entry.kind,
                TransactionKind::CardPayment
                    | TransactionKind::Refund
                    | TransactionKind::Interest
                    | TransactionKind::Cash
                    | TransactionKind::Fee
            )
        {
            continue;
        }
        let Some(day) = entry.date(zone) else {
            continue;
        };
        let key = (
            merchant::name(entry).to_lowercase(),
            entry.account.as_str().to_owned(),
            entry.amount.currency().code().to_owned(),
        );
        groups.entry(key).or_default().push((day, entry));
    }
    let mut found = Vec::new();
    for mut group in groups.into_values() {
        group.sort_by_key(|(day, entry)| (*day, entry.id.clone()));
        if let Some(series) = series(&group, today) {
            found.push(series);
            continue;
        }
        // A shop may sell other things beside the subscription: look at each amount alone.
        let mut amounts: BTreeMap<i64, Vec<(Date, &'a Transaction)>> = BTreeMap::new();
        for (day, entry) in group {
            amounts
                .entry(entry.amount.minor())
                .or_default()
                .push((day, entry));
        }
        found.extend(
            amounts
                .into_values()
                .filter_map(|group| series(&group, today))
                .filter(|series| series.every == Every::Month),
        );
    }
    found.sort_by(|a, b| {
        b.amount
            .minor()
            .cmp(&a.amount.minor())
            .then_with(|| a.name.cmp(&b.name))
    });
    found
}

/// Makes a series of one name's entries, oldest first, if they repeat up to now.
fn series<'a>(group: &[(Date, &'a Transaction)], today: Date) -> Option<Series<'a>> {
    let (every, run) = Every::ALL.into_iter().find_map(|every| {
        let run = latest_run(group, every);
        (run.len() >= 3).then_some((every, run))
    })?;
    let (day, latest) = run.last().copied()?;
    let expected = every.after(day);
    if expected.saturating_add(Span::new().days(every.grace())) < today {
        return None;
    }
    let changes: Vec<(Money, Date)> = run
        .iter()
        .zip(run.iter().skip(1))
        .filter(|((_, before), (_, after))| before.amount != after.amount)
        .map(|((_, before), (day, _))| (before.amount.abs(), *day))
        .collect();
    let varies = changes.len() * 4 > run.len();
    if varies && (run.len() < 4 || !is_commitment(latest)) {
        return None;
    }
    let amount = if varies {
        let last: Vec<Money> = run
            .iter()
            .rev()
            .take(3)
            .map(|(_, entry)| entry.amount.abs())
            .collect();
        Money::sum(last, latest.amount.currency())
            .ok()
            .and_then(|sum| sum.divided_by(3))
            .unwrap_or(latest.amount.abs())
    } else {
        latest.amount.abs()
    };
    let rise = changes
        .last()
        .filter(|(before, _)| !varies && latest.amount.abs().minor() > before.minor())
        .map(|(before, since)| Rise {
            before: *before,
            since: *since,
        });
    Some(Series {
        name: merchant::name(latest),
        every,
        latest,
        day,
        amount,
        varies,
        next: expected.max(today),
        rise,
    })
}

/// Returns the entries at even gaps that lead up to the latest one.
fn latest_run<'g, 'a>(
    group: &'g [(Date, &'a Transaction)],
    every: Every,
) -> &'g [(Date, &'a Transaction)] {
    let mut start = group.len().saturating_sub(1);
    while let Some(before) = start.checked_sub(1) {
        let (Some((earlier, _)), Some((later, _))) = (group.get(before), group.get(start)) else {
            break;
        };
        if !every.fits((*later - *earlier).get_days()) {
            break;
        }
        start = before;
    }
    group.get(start..).unwrap_or_default()
}

/// Tells whether amounts may differ each time: a bill or pay.
fn is_commitment(entry: &Transaction) -> bool {
    matches!(
        entry.kind,
        TransactionKind::DirectDebit | TransactionKind::StandingOrder | TransactionKind::Salary
    ) || matches!(
        category::of(entry),
        Some("utilities" | "insurance" | "rent")
    )
}
