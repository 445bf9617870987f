//! Random limits, new cards, programmes and alerts, and every amount, date and name in them.

use jiff::Span;
use proptest::prelude::*;

use crate::bank::alert::{AlertChannel, AlertKind, AlertSetting, Rhythm};
use crate::bank::card_service::{CardLimit, CardOrderState, LimitKind};
use crate::bank::model::CardId;
use crate::bank::papers::TaxForm;
use crate::bank::query::Answer;
use crate::bank::rewards::RewardAmount;
use crate::bank::{AccountId, Alert, CardLimits, CardOrder, Query, RewardsProgram};
use crate::money::{Currency, Money};

use super::now;
use super::world::{SHOPS, TODAY};

/// What a bank tells beside accounts and entries.
#[derive(Debug, Clone)]
pub(super) struct Services {
    limits: Vec<CardLimit>,
    orders: Vec<CardOrder>,
    programs: Vec<RewardsProgram>,
    alerts: Vec<Alert>,
    forms: Vec<TaxForm>,
}

impl Services {
    pub(super) const fn none() -> Self {
        Self {
            limits: Vec::new(),
            orders: Vec::new(),
            programs: Vec::new(),
            alerts: Vec::new(),
            forms: Vec::new(),
        }
    }

    /// Answers what is asked of these.
    pub(super) fn answer(&self, query: &Query) -> Option<Answer> {
        Some(match query {
            Query::CardLimits { .. } => Answer::CardLimits(CardLimits {
                as_of: now(),
                limits: self.limits.clone(),
            }),
            Query::CardOrders => Answer::CardOrders(self.orders.clone()),
            Query::Rewards => Answer::Rewards(self.programs.clone()),
            Query::Alerts => Answer::Alerts(self.alerts.clone()),
            Query::TaxForms => Answer::TaxForms(self.forms.clone()),
            _ => return None,
        })
    }

    pub(super) fn amounts(&self) -> impl Iterator<Item = Money> {
        let limits = self
            .limits
            .iter()
            .flat_map(|limit| std::iter::once(limit.per_day).chain(limit.left));
        let programs = self.programs.iter().filter_map(|one| match one.balance {
            RewardAmount::Cash(amount) => Some(amount),
            _ => None,
        });
        let alerts = self.alerts.iter().filter_map(|one| one.setting.threshold);
        limits.chain(programs).chain(alerts)
    }

    pub(super) fn days(&self) -> impl Iterator<Item = jiff::civil::Date> {
        let orders = self
            .orders
            .iter()
            .flat_map(|order| order.sent_on.into_iter().chain(order.expected));
        let ending = self.programs.iter().filter_map(|one| Some(one.expiring?.1));
        orders.chain(ending).chain([TODAY])
    }

    /// Names and years of tax forms.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.forms
            .iter()
            .flat_map(|form| [form.name.clone(), form.year.to_string()])
    }

    /// Counts that are told: points, miles, days before a payment.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> {
        let of = |amount| match amount {
            RewardAmount::Points(count) | RewardAmount::Miles(count) => Some(count),
            RewardAmount::Cash(_) => None,
        };
        let programs = self.programs.iter().flat_map(move |one| {
            of(one.balance)
                .into_iter()
                .chain(one.expiring.and_then(|(amount, _)| of(amount)))
        });
        let leads = self
            .alerts
            .iter()
            .filter_map(|one| one.setting.lead_days.map(u64::from));
        programs.chain(leads)
    }
}

/// Some of each, of every kind and state.
pub(super) fn any_services() -> impl Strategy<Value = Services> {
    let amount = || (0..9_000_000_i64).prop_map(|minor| Money::from_minor(minor, Currency::USD));
    let limits = prop::collection::vec((any::<bool>(), amount(), prop::option::of(amount())), 0..3);
    let states = prop::sample::select(vec![
        CardOrderState::Ordered,
        CardOrderState::Sent,
        CardOrderState::Delivered,
        CardOrderState::Returned,
    ]);
    let days = || prop::option::of(-40..40_i32);
    let orders = prop::collection::vec((states, days(), days()), 0..3);
    let programs = prop::collection::vec((0..3_u8, 0..100_000_u64, days()), 0..3);
    let alerts = prop::collection::vec((0..5_u8, amount(), 1..28_u8, 0..3_u8), 0..5);
    let names = prop::sample::select(vec!["1098", "1098-E", "1099-INT", "1099-DIV", "1099"]);
    let forms = prop::collection::vec((names, 2018..2027_i16), 0..4);
    let all = (limits, orders, programs, alerts, forms);
    all.prop_map(|(limits, orders, programs, alerts, forms)| Services {
        limits: limits.into_iter().map(limit).collect(),
        orders: orders.into_iter().map(order).collect(),
        programs: programs.into_iter().map(program).collect(),
        alerts: alerts.into_iter().enumerate().map(alert).collect(),
        forms: forms.into_iter().enumerate().map(form).collect(),
    })
}

fn day(from_now: i32) -> jiff::civil::Date {
    TODAY.saturating_add(Span::new().days(from_now))
}

fn limit((cash, per_day, left): (bool, Money, Option<Money>)) -> CardLimit {
    let kind = if cash {
        LimitKind::Cash
    } else {
        LimitKind::Purchase
    };
    CardLimit {
        kind,
        per_day,
        left,
    }
}

fn order((state, sent, expected): (CardOrderState, Option<i32>, Option<i32>)) -> CardOrder {
    CardOrder {
        id: "order".to_owned(),
        card: Some(CardId("card-0".to_owned())),
        replaces: None,
        state,
        ordered_at: now(),
        sent_on: sent.map(day),
        expected: expected.map(day),
    }
}

fn program((unit, count, ends): (u8, u64, Option<i32>)) -> RewardsProgram {
    let amount = |count: u64| match unit {
        0 => RewardAmount::Points(count),
        1 => RewardAmount::Miles(count),
        _ => RewardAmount::Cash(Money::from_minor(
            i64::try_from(count).unwrap(),
            Currency::USD,
        )),
    };
    RewardsProgram {
        name: SHOPS[usize::from(unit)].to_owned(),
        account: AccountId("account-0".to_owned()),
        balance: amount(count),
        expiring: ends.map(|ends| (amount(count), day(ends))),
        as_of: now(),
    }
}

fn alert((at, (kind, amount, days, rhythm)): (usize, (u8, Money, u8, u8))) -> Alert {
    let kind = match kind {
        0 => AlertKind::LowBalance,
        1 => AlertKind::LargePurchase,
        2 => AlertKind::Deposit,
        3 => AlertKind::DueDate,
        _ => AlertKind::BalanceDigest,
    };
    Alert {
        id: format!("alert-{at}"),
        setting: AlertSetting {
            kind,
            account: AccountId("account-0".to_owned()),
            threshold: matches!(
                kind,
                AlertKind::LowBalance | AlertKind::LargePurchase | AlertKind::Deposit
            )
            .then_some(amount),
            lead_days: (kind == AlertKind::DueDate).then_some(days),
            rhythm: (kind == AlertKind::BalanceDigest).then_some(match rhythm {
                0 => Rhythm::Daily,
                1 => Rhythm::Weekly,
                _ => Rhythm::Monthly,
            }),
        },
        channel: AlertChannel::Email,
    }
}

fn form((at, (name, year)): (usize, (&str, i16))) -> TaxForm {
    TaxForm {
        id: format!("form-{at}"),
        name: name.to_owned(),
        year,
    }
}
