//! What is in an account, or in all of them (requirements B2, B6; wording 5.4).

use crate::bank::model::{Account, BalanceKind, DateRange, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill, counted};

pub(super) const SKILL: Skill = Skill {
    name: "balance",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "none",
        "available",
        "available_pending",
        "available_booked",
        "booked_first",
        "booked_only",
        "booked_below_zero",
        "below_zero",
        "unknown_amount",
        "card_owed",
        "card_owed_only",
        "card_nothing_owed",
        "card_in_credit",
        "card_credit_left",
        "all",
        "item_available",
        "item_booked",
        "item_below_zero",
        "item_owed",
        "item_nothing_owed",
        "item_in_credit",
        "item_unknown",
        "as_of",
        "missing",
        "more",
    ],
    report: None,
};

/// More accounts than this are not listed in one answer (5.1 rule 9 leaves four choices and one more).
const LISTED: usize = 5;

fn ask(_: &Request, _: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    match resolve::accounts(&all.accounts, request) {
        Which::Nothing if all.accounts.is_empty() => {
            Outcome::say(Say::new("balance", "none", Values::new())).into()
        }
        Which::Nothing => Outcome::say(Say::shared("no_account")).into(),
        Which::One(account) => one(account, &all.accounts, request, answers, context),
        Which::Several(several) if request.said("account").is_none() || several.len() > 4 => {
            list(&several, &all.missing, request, context).into()
        }
        Which::Several(several) => which(&several, request, context).into(),
    }
}

/// Asks which one, with the customer's own accounts as buttons (5.1 rule 9).
fn which(several: &[&Account], request: &Request, context: &Context<'_>) -> Outcome {
    let options = several
        .iter()
        .take(4)
        .map(|account| {
            (
                resolve::label_text(account, context),
                request.clone().bind("account", account.id.as_str()),
            )
        })
        .collect();
    Outcome::say(Say::shared("choose_account")).choose(request, options)
}

fn one(
    account: &Account,
    all: &[Account],
    request: &Request,
    answers: &Answers,
    context: &Context<'_>,
) -> Next {
    let pending_query = Query::Transactions {
        account: Some(account.id.clone()),
        range: recent(context),
    };
    let differ = match (
        account.balance(BalanceKind::Available),
        account.balance(BalanceKind::Booked),
    ) {
        (Some(available), Some(booked)) => available.amount != booked.amount,
        _ => false,
    };
    if differ && !account.kind.is_debt() && !answers.has(&pending_query) {
        return Next::Ask(vec![pending_query]);
    }
    let pending = answers
        .transactions(&pending_query)
        .map_or(0, |(entries, _)| {
            entries
                .iter()
                .filter(|entry| {
                    entry.status == TransactionStatus::Pending && entry.amount.is_negative()
                })
                .count()
        });
    let (variant, values) = sentence(account, pending, request.said("kind"), context);
    let mut say = Say::new("balance", variant, values).on(
        "see_charges",
        Request::new("transactions").bind("account", account.id.as_str()),
    );
    let savings = all.iter().find(|other| {
        other.kind == crate::bank::model::AccountKind::Savings && other.id != account.id
    });
    if savings.is_none() || account.kind.is_debt() {
        say = say.without("savings");
    }
    let mut outcome = Outcome::say(say);
    let mut topic = request.clone();
    topic
        .bound
        .insert("account".to_owned(), account.id.as_str().to_owned());
    outcome.topic = Some(topic);
    outcome.into()
}

/// Pending entries are at most this old; older ones have been let go by every card scheme.
fn recent(context: &Context<'_>) -> DateRange {
    let today = context.place.today();
    DateRange {
        first: today.saturating_sub(jiff::Span::new().days(30)),
        last: today.saturating_add(jiff::Span::new().days(1)),
    }
}

/// Chooses how an account's balance is said, and with which values.
fn sentence(
    account: &Account,
    pending: usize,
    kind: Option<&str>,
    context: &Context<'_>,
) -> (&'static str, Values) {
    let available = account.balance(BalanceKind::Available);
    let booked = account.balance(BalanceKind::Booked);
    let as_of = available.or(booked).and_then(|balance| balance.as_of);
    let mut values = resolve::with_account(Values::new(), "account", account, context).with(
        "at",
        Value::Moment(as_of.unwrap_or(context.place.now)),
        Origin::bank_at("account.balance.as_of", as_of),
    );
    if let Some(available) = available {
        values = values.with(
            "available",
            Value::Money(available.amount),
            Origin::bank_at("account.available", available.as_of),
        );
    }
    if let Some(booked) = booked {
        values = values.with(
            "booked",
            Value::Money(booked.amount),
            Origin::bank_at("account.booked", booked.as_of),
        );
    }
    if account.kind.is_debt() {
        let variant = match (booked, available) {
            (Some(booked), _) if booked.amount.minor() > 0 => "card_in_credit",
            (Some(booked), Some(_)) if booked.amount.is_zero() => "card_nothing_owed",
            (Some(_), Some(_)) => "card_owed",
            (Some(_), None) => "card_owed_only",
            (None, Some(_)) => "card_credit_left",
            (None, None) => "unknown_amount",
        };
        return (variant, values);
    }
    let variant = match (available, booked) {
        (Some(available), _) if available.amount.is_negative() => "below_zero",
        (Some(available), Some(booked)) if available.amount == booked.amount => "available",
        (Some(_), Some(_)) if kind == Some("booked") => "booked_first",
        (Some(_), Some(_)) if pending > 0 => "available_pending",
        (Some(_), Some(_)) => "available_booked",
        (Some(_), None) => "available",
        (None, Some(booked)) if booked.amount.is_negative() => "booked_below_zero",
        (None, Some(_)) => "booked_only",
        (None, None) => "unknown_amount",
    };
    let (count, origin) = counted(pending, "pending charges of this account");
    (variant, values.with("pending", count, origin))
}

/// Lists accounts, one line each; debts say so in words.
fn list(
    accounts: &[&Account],
    missing: &[String],
    request: &Request,
    context: &Context<'_>,
) -> Outcome {
    let (count, origin) = counted(accounts.len(), "accounts the bank shows");
    let mut say = Say::new("balance", "all", Values::new().with("count", count, origin));
    let several_currencies = accounts.iter().any(|account| {
        accounts
            .iter()
            .any(|other| other.currency != account.currency)
    });
    for account in accounts.iter().take(LISTED) {
        let balance = if account.kind.is_debt() {
            account.balance(BalanceKind::Booked)
        } else {
            account
                .balance(BalanceKind::Available)
                .or_else(|| account.balance(BalanceKind::Booked))
        };
        let values = resolve::with_account(Values::new(), "account", account, context);
        let Some(balance) = balance else {
            say = say.item("item_unknown", values);
            continue;
        };
        let variant = match (account.kind.is_debt(), balance.amount.minor()) {
            (true, owed) if owed < 0 => "item_owed",
            (true, 0) => "item_nothing_owed",
            (true, _) => "item_in_credit",
            (false, below) if below < 0 => "item_below_zero",
            (false, _) if balance.kind == BalanceKind::Booked => "item_booked",
            (false, _) => "item_available",
        };
        let amount = if several_currencies {
            Value::MoneyWithCode(balance.amount)
        } else {
            Value::Money(balance.amount)
        };
        say = say.item(
            variant,
            values.with(
                "amount",
                amount,
                Origin::bank_at("account.balance", balance.as_of),
            ),
        );
    }
    if !missing.is_empty() {
        let names = missing
            .iter()
            .map(|missed| crate::reply::value::clean(missed))
            .collect::<Vec<_>>()
            .join(", ");
        say = say.tail(
            "missing",
            Values::new().with(
                "names",
                Value::word(names),
                Origin::bank("accounts.missing"),
            ),
        );
    } else if accounts.len() > LISTED {
        let (more, origin) = counted(accounts.len() - LISTED, "accounts not listed");
        say = say.tail("more", Values::new().with("more", more, origin));
    } else {
        say = say.tail(
            "as_of",
            Values::new().with(
                "at",
                Value::Moment(context.place.now),
                Origin::rule("read now"),
            ),
        );
    }
    let mut outcome = Outcome::say(say);
    outcome.topic = Some(request.clone());
    outcome
}
