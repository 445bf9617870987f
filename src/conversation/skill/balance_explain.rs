//! Why two balances differ: the entries that are not final, listed, and whether they make up the difference.

use jiff::Span;

use crate::bank::model::{Account, BalanceKind, DateRange, Transaction, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill, counted};

pub(super) const SKILL: Skill = Skill {
    name: "balance_explain",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "differ",
        "differ_below",
        "item",
        "adds_up",
        "not_all",
        "nothing_waits",
        "same",
        "one_only",
        "card",
        "none",
    ],
    report: None,
};

const INTENT: &str = "balance_explain";

fn recent(context: &Context<'_>) -> Query {
    let today = context.place.today();
    Query::Transactions {
        account: None,
        range: DateRange {
            first: today.saturating_sub(Span::new().days(31)),
            last: today.saturating_add(Span::new().days(1)),
        },
    }
}

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts, recent(context)]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let account = match resolve::accounts(&all.accounts, request) {
        Which::One(account) => account,
        Which::Nothing => return Outcome::say(Say::shared("no_account")).into(),
        // Unasked, the account whose balances differ is the one that is meant.
        Which::Several(several) => {
            let differing: Vec<&Account> = several
                .iter()
                .copied()
                .filter(|account| !account.kind.is_debt() && differs(account))
                .collect();
            match (differing.first().copied(), differing.len()) {
                (None, _) => return Outcome::say(Say::new(INTENT, "none", Values::new())).into(),
                (Some(only), 1) => only,
                _ => {
                    let options = differing
                        .iter()
                        .take(4)
                        .map(|account| {
                            (
                                resolve::label_text(account, context),
                                request.clone().bind("account", account.id.as_str()),
                            )
                        })
                        .collect();
                    return Outcome::say(Say::shared("choose_account"))
                        .choose(request, options)
                        .into();
                }
            }
        }
    };
    explained(account, answers, context).into()
}

fn differs(account: &Account) -> bool {
    match (
        account.balance(BalanceKind::Available),
        account.balance(BalanceKind::Booked),
    ) {
        (Some(available), Some(booked)) => available.amount != booked.amount,
        _ => false,
    }
}

fn explained(account: &Account, answers: &Answers, context: &Context<'_>) -> Outcome {
    let values = resolve::with_account(Values::new(), "account", account, context);
    let (Some(available), Some(booked)) = (
        account.balance(BalanceKind::Available),
        account.balance(BalanceKind::Booked),
    ) else {
        return Outcome::say(Say::new(INTENT, "one_only", values));
    };
    let values = values
        .with(
            "available",
            Value::Money(available.amount),
            Origin::bank_at("account.available", available.as_of),
        )
        .with(
            "booked",
            Value::Money(booked.amount),
            Origin::bank_at("account.booked", booked.as_of),
        );
    if account.kind.is_debt() {
        return Outcome::say(Say::new(INTENT, "card", values));
    }
    let difference = match available.amount.minus(booked.amount) {
        Ok(difference) if !difference.is_zero() => difference,
        _ => return Outcome::say(Say::new(INTENT, "same", values)),
    };
    let values = values.with(
        "difference",
        Value::Money(difference),
        Origin::rule("to use now against final"),
    );
    // Amounts are shown without a sign: below zero, only the difference is.
    let variant = if available.amount.is_negative() || booked.amount.is_negative() {
        "differ_below"
    } else {
        "differ"
    };
    let mut say = Say::new(INTENT, variant, values);
    let Ok((entries, _)) = answers.transactions(&recent(context)) else {
        return Outcome::say(say.tail("not_all", Values::new()));
    };
    let waiting: Vec<&Transaction> = entries
        .iter()
        .filter(|entry| entry.account == account.id && entry.status == TransactionStatus::Pending)
        .collect();
    for entry in waiting.iter().take(6) {
        say = say.item("item", ledger::entry_values(entry, false, context));
    }
    let sum = Money::sum(
        waiting.iter().map(|entry| entry.amount),
        difference.currency(),
    );
    let (count, origin) = counted(waiting.len(), "entries that are not final");
    let tail = if sum == Ok(difference) {
        "adds_up"
    } else if waiting.is_empty() {
        "nothing_waits"
    } else {
        "not_all"
    };
    Outcome::say(say.tail(tail, Values::new().with("count", count, origin)))
}
