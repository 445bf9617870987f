//! How much credit is left on a card, and its limit.

use crate::bank::model::{Account, AccountKind, BalanceKind};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "available_credit",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "left",
        "left_only",
        "odd",
        "limit",
        "limit_only",
        "unknown",
        "several",
        "item",
        "item_unknown",
        "none",
    ],
    report: None,
};

const INTENT: &str = "available_credit";

fn ask(_: &Request, _: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let credit: Vec<Account> = all
        .accounts
        .iter()
        .filter(|account| {
            matches!(
                account.kind,
                AccountKind::CreditCard | AccountKind::ChargeCard | AccountKind::LineOfCredit
            )
        })
        .cloned()
        .collect();
    let outcome = match resolve::accounts(&credit, request) {
        Which::Nothing => Outcome::say(Say::new(INTENT, "none", Values::new())),
        Which::One(account) => {
            let (variant, values) = one(account, request.said("field"), context);
            let say = Say::new(INTENT, variant, values);
            Outcome::say(if fits(account) {
                say
            } else {
                say.tail("odd", Values::new())
            })
        }
        Which::Several(several) => {
            let mut say = Say::new(INTENT, "several", Values::new());
            for account in several.iter().take(6) {
                let (variant, values) = one(account, None, context);
                let variant = match variant {
                    "left" | "left_only" => "item",
                    _ => "item_unknown",
                };
                say = say.item(variant, values);
            }
            Outcome::say(say)
        }
    };
    outcome.into()
}

/// Tells whether what is left fits the limit and what is owed. A bank may have taken a payment in already, so
/// more may be left than the limit only where the customer is in credit.
fn fits(account: &Account) -> bool {
    let minor = |kind| account.balance(kind).map(|balance| balance.amount.minor());
    match (
        minor(BalanceKind::Available),
        minor(BalanceKind::CreditLimit),
    ) {
        (Some(left), Some(limit)) => {
            left <= limit.saturating_add(minor(BalanceKind::Booked).unwrap_or(0).max(0))
        }
        _ => true,
    }
}

fn one(account: &Account, field: Option<&str>, context: &Context<'_>) -> (&'static str, Values) {
    let mut values = resolve::with_account(Values::new(), "account", account, context);
    let left = account.balance(BalanceKind::Available);
    let limit = account.balance(BalanceKind::CreditLimit);
    if let Some(left) = left {
        values = values.with(
            "left",
            Value::Money(left.amount),
            Origin::bank_at("account.available", left.as_of),
        );
    }
    if let Some(limit) = limit {
        values = values.with(
            "limit",
            Value::Money(limit.amount),
            Origin::bank_at("account.credit_limit", limit.as_of),
        );
    }
    let variant = match (left, limit) {
        (Some(_), Some(_)) if field == Some("limit") => "limit",
        (Some(_), Some(_)) => "left",
        (Some(_), None) => "left_only",
        (None, Some(_)) => "limit_only",
        (None, None) => "unknown",
    };
    (variant, values)
}
