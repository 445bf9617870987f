//! When a card or loan payment is due, and the least that must be paid.

use crate::bank::model::{Account, BalanceKind};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::resolve;
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "bill_due",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "due",
        "past",
        "item_past",
        "due_no_minimum",
        "nothing_owed",
        "no_date",
        "none",
        "several",
        "item",
    ],
    report: None,
};

fn ask(_: &Request, _: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let wanted = match request.said("product") {
        Some("credit_card") => Some("credit_card"),
        Some("mortgage") => Some("mortgage"),
        Some(product) if product.ends_with("loan") => Some("loan"),
        _ => None,
    };
    let debts: Vec<&Account> = all
        .accounts
        .iter()
        .filter(|account| account.kind.is_debt())
        .filter(|account| wanted.is_none_or(|word| resolve::is_called(account, word)))
        .filter(|account| {
            request
                .said("card")
                .is_none_or(|card| card == "credit" || resolve::is_called(account, card))
        })
        .collect();
    let outcome = match debts.as_slice() {
        [] => Outcome::say(Say::new("bill_due", "none", Values::new())),
        [account] => {
            let (variant, values) = one(account, context);
            Outcome::say(Say::new("bill_due", variant, values))
        }
        several => {
            let mut say = Say::new("bill_due", "several", Values::new());
            for account in several.iter().take(5) {
                match one(account, context) {
                    ("due" | "due_no_minimum", values) => say = say.item("item", values),
                    ("past", values) => say = say.item("item_past", values),
                    _ => {}
                }
            }
            Outcome::say(say)
        }
    };
    outcome.into()
}

fn one(account: &Account, context: &Context<'_>) -> (&'static str, Values) {
    let mut values = resolve::with_account(Values::new(), "account", account, context);
    let owed = account.balance(BalanceKind::Booked);
    if let Some(owed) = owed {
        values = values.with(
            "owed",
            Value::Money(owed.amount),
            Origin::bank_at("account.booked", owed.as_of),
        );
    }
    let minimum = account.balance(BalanceKind::MinimumDue);
    if let Some(minimum) = minimum {
        values = values.with(
            "minimum",
            Value::Money(minimum.amount),
            Origin::bank_at("account.minimum_due", minimum.as_of),
        );
    }
    if owed.is_some_and(|owed| !owed.amount.is_negative()) {
        return ("nothing_owed", values);
    }
    let Some(due) = account.due_date else {
        return ("no_date", values);
    };
    values = values.with("due", Value::Weekday(due), Origin::bank("account.due_date"));
    match (owed, minimum) {
        (Some(_), _) if due < context.place.today() => ("past", values),
        (Some(_), Some(_)) => ("due", values),
        (Some(_), None) => ("due_no_minimum", values),
        _ => ("no_date", values),
    }
}
