//! Fees on an account: which, when, how much, what their own name says they are for, and what the bank's own fee list says
//! of them. Without a list nothing is guessed.

use std::collections::BTreeSet;

use crate::bank::model::{Transaction, TransactionKind, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::intent::normalize::normalize;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Skill, counted, resolve};

pub(super) const SKILL: Skill = Skill {
    name: "fee_explain",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "one",
        "list",
        "list_mixed",
        "item",
        "account",
        "why",
        "listed",
        "listed_share",
        "differs",
        "no_list",
        "none",
    ],
    report: None,
};

const INTENT: &str = "fee_explain";
const DAYS: i32 = 95;

/// Words in a fee's own text, and what they stand for.
const NAMES: &[(&str, &str)] = &[
    ("overdraft", "overdraft"),
    ("nsf", "overdraft"),
    ("insufficient", "overdraft"),
    ("atm", "atm"),
    ("foreign", "foreign"),
    ("international", "foreign"),
    ("late", "late"),
    ("maintenance", "monthly"),
    ("monthly", "monthly"),
    ("service", "monthly"),
    ("annual", "annual"),
    ("wire", "wire"),
    ("cash advance", "cash_advance"),
    ("interest", "interest"),
];

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let (range, _) = ledger::range(request, Usual::Days(DAYS), context);
    vec![Query::Accounts, ledger::query(request, range)]
}

/// Returns what a fee is by its own text; `other` where that does not tell.
fn named(entry: &Transaction) -> &'static str {
    if entry.kind == TransactionKind::Interest {
        return "interest";
    }
    let text = normalize(&entry.description).text;
    NAMES
        .iter()
        .find(|(word, _)| text.contains(word))
        .map_or("other", |(_, name)| name)
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let (range, days_named) = ledger::range(request, Usual::Days(DAYS), context);
    let (entries, _) = match answers.transactions(&ledger::query(request, range)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let wanted = match request.said("fee_type") {
        Some("nsf") => Some("overdraft"),
        other => other,
    };
    let fees: Vec<&Transaction> = ledger::select(entries, request, range, context)
        .into_iter()
        .filter(|entry| {
            entry.amount.is_negative()
                && matches!(entry.kind, TransactionKind::Fee | TransactionKind::Interest)
        })
        .filter(|entry| match wanted {
            Some(kind) => named(entry) == kind,
            None => entry.kind == TransactionKind::Fee,
        })
        .collect();
    let days = ledger::with_range(Values::new(), range, days_named);
    match fees.as_slice() {
        [] => {
            let say = Say::new(INTENT, "none", days);
            let listed = request
                .said("fee_type")
                .and_then(|name| of_list(say.clone(), name, context));
            Outcome::say(listed.unwrap_or(say)).into()
        }
        [fee] => one(fee, answers, context).into(),
        several => list(several, days, context).into(),
    }
}

fn one(fee: &Transaction, answers: &Answers, context: &Context<'_>) -> Outcome {
    let mut say = Say::new(INTENT, "one", ledger::entry_values(fee, false, context));
    let account = answers.accounts().ok().and_then(|all| {
        all.accounts
            .iter()
            .find(|account| account.id == fee.account)
    });
    if let Some(account) = account {
        say = say.item(
            "account",
            resolve::with_account(Values::new(), "account", account, context),
        );
    }
    let why = named(fee);
    if why != "other" {
        let values = Values::new().with(
            "why",
            Value::key(why),
            Origin::rule("what the fee's own text says"),
        );
        say = say.item("why", values);
    }
    let listed = of_list(say.clone(), why, context);
    say = listed.unwrap_or_else(|| say.item("no_list", Values::new()));
    let fixed = context
        .policy
        .fees
        .as_ref()
        .and_then(|list| list.fee(why)?.amount);
    if fixed.is_some_and(|fixed| fixed != fee.amount.abs()) {
        say = say.item("differs", Values::new());
    }
    let dispute = Request::new("dispute").bind("transaction", fee.id.as_str());
    Outcome::say(say.on("dispute", dispute))
}

/// Adds what the bank's fee list says of a kind of fee, if it says something.
fn of_list(say: Say, name: &str, context: &Context<'_>) -> Option<Say> {
    let list = context.policy.fees.as_ref()?;
    let fee = list.fee(name)?;
    let origin = || Origin::config("bank.fees_file");
    let values = Values::new()
        .with("version", Value::Day(list.version), origin())
        .with(
            "when",
            Value::word(fee.when.get(context.language())),
            origin(),
        );
    Some(match fee.amount {
        Some(amount) => say.item(
            "listed",
            values.with("listed", Value::Money(amount), origin()),
        ),
        None => say.item("listed_share", values),
    })
}

fn list(fees: &[&Transaction], days: Values, context: &Context<'_>) -> Outcome {
    let currency = fees
        .first()
        .map_or(crate::money::Currency::USD, |fee| fee.amount.currency());
    let booked = fees
        .iter()
        .filter(|fee| fee.status == TransactionStatus::Booked && fee.amount.currency() == currency)
        .map(|fee| fee.amount.abs());
    let sum = Money::sum(booked, currency).unwrap_or(Money::zero(currency));
    let (count, origin) = counted(fees.len(), "fees found");
    let values = days.with("count", count, origin).with(
        "amount",
        Value::Money(sum),
        Origin::rule("sum of the fees that are final"),
    );
    let with_code = ledger::mixed(fees.iter().copied());
    let variant = if with_code { "list_mixed" } else { "list" };
    let say = fees
        .iter()
        .take(5)
        .fold(Say::new(INTENT, variant, values), |say, fee| {
            say.item("item", ledger::entry_values(fee, with_code, context))
        });
    // Fees of one kind have one line of the bank's list.
    let kinds: BTreeSet<&str> = fees.iter().map(|fee| named(fee)).collect();
    let listed = match kinds.first() {
        Some(kind) if kinds.len() == 1 => of_list(say.clone(), kind, context),
        _ => None,
    };
    Outcome::say(listed.unwrap_or(say))
}
