//! Rates and loans: what the bank says of a product's yearly rate, and what is left of a loan.

use crate::bank::model::{Account, AccountKind, BalanceKind};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::{Context, Next, Outcome, Say, Skill, resolve};

pub(super) const RATE: Skill = Skill {
    name: "interest_rate",
    access: Access::Linked,
    ask,
    answer: rate,
    variants: &["costs", "earns", "unknown", "several", "none"],
    report: None,
};

pub(super) const LOAN: Skill = Skill {
    name: "loan_info",
    access: Access::Linked,
    ask,
    answer: loan,
    variants: &[
        "left", "paid_off", "payoff", "unknown", "due", "several", "none",
    ],
    report: None,
};

fn ask(_: &Request, _: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts]
}

/// Finds the accounts of a product, or those called by a card's or account's name.
fn of_product<'a>(
    all: &'a [Account],
    request: &Request,
    wanted: fn(AccountKind) -> bool,
) -> Vec<&'a Account> {
    let product = match request.said("product") {
        Some("auto_loan" | "student_loan" | "personal_loan") => Some("loan"),
        other => other,
    };
    let word = product.or_else(|| request.said("account")).or_else(|| {
        request.said("card").map(|card| match card {
            "credit" => "credit_card",
            other => other,
        })
    });
    // "My car loan" is never the mortgage; "my loan" may be.
    let no_mortgage = product == Some("loan") && request.said("product") != Some("loan");
    all.iter()
        .filter(|account| wanted(account.kind))
        .filter(|account| !(no_mortgage && account.kind == AccountKind::Mortgage))
        .filter(|account| word.is_none_or(|word| resolve::is_called(account, word)))
        .collect()
}

fn rate(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let mut found = of_product(&all.accounts, request, |_| true);
    if found.len() > 1 && request.slots.is_empty() {
        // Unasked, what has a rate is what is meant.
        found.retain(|account| account.interest_rate_bp.is_some());
    }
    match found.as_slice() {
        [] => Outcome::say(Say::new("interest_rate", "none", Values::new())).into(),
        [account] => {
            let (variant, values) = rate_of(account, context);
            Outcome::say(Say::new("interest_rate", variant, values)).into()
        }
        several => {
            let say = several.iter().take(6).fold(
                Say::new("interest_rate", "several", Values::new()),
                |say, account| {
                    let (variant, values) = rate_of(account, context);
                    say.item(variant, values)
                },
            );
            Outcome::say(say).into()
        }
    }
}

fn rate_of(account: &Account, context: &Context<'_>) -> (&'static str, Values) {
    let values = resolve::with_account(Values::new(), "account", account, context);
    match account.interest_rate_bp {
        None => ("unknown", values),
        Some(points) => (
            if account.kind.is_debt() {
                "costs"
            } else {
                "earns"
            },
            values.with(
                "rate",
                Value::Percent(points),
                Origin::bank("account.interest_rate"),
            ),
        ),
    }
}

fn loan(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let loans = of_product(&all.accounts, request, |kind| {
        matches!(
            kind,
            AccountKind::Loan | AccountKind::Mortgage | AccountKind::LineOfCredit
        )
    });
    let payoff = request.said("field") == Some("payoff");
    match loans.as_slice() {
        [] => Outcome::say(Say::new("loan_info", "none", Values::new())).into(),
        [account] => {
            let (variant, values) = left_of(account, payoff, context);
            let mut say = Say::new("loan_info", variant, values.clone());
            if values.get("due").is_some() && values.get("minimum").is_some() {
                say = say.item("due", values);
            }
            Outcome::say(say).into()
        }
        several => {
            let say = several.iter().take(6).fold(
                Say::new("loan_info", "several", Values::new()),
                |say, account| {
                    let (variant, values) = left_of(account, false, context);
                    say.item(variant, values)
                },
            );
            Outcome::say(say).into()
        }
    }
}

fn left_of(account: &Account, payoff: bool, context: &Context<'_>) -> (&'static str, Values) {
    let mut values = resolve::with_account(Values::new(), "account", account, context);
    if let Some(due) = account.due_date {
        values = values.with("due", Value::Weekday(due), Origin::bank("account.due_date"));
    }
    if let Some(minimum) = account.balance(BalanceKind::MinimumDue) {
        values = values.with(
            "minimum",
            Value::Money(minimum.amount),
            Origin::bank_at("account.minimum_due", minimum.as_of),
        );
    }
    let Some(owed) = account.balance(BalanceKind::Booked) else {
        return ("unknown", values);
    };
    values = values.with(
        "owed",
        Value::Money(owed.amount),
        Origin::bank_at("account.booked", owed.as_of),
    );
    let variant = match (owed.amount.is_negative(), payoff) {
        (false, _) => "paid_off",
        (true, true) => "payoff",
        (true, false) => "left",
    };
    (variant, values)
}
