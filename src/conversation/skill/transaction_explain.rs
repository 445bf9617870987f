//! What an entry is: who, when, from where, what kind, final or not. The first button is "I don't recognise
//! it" (requirement A1).

use std::collections::BTreeMap;

use crate::bank::model::{DateRange, Transaction, TransactionKind, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values, clean};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Skill, category, counted, merchant, resolve};

pub(super) const SKILL: Skill = Skill {
    name: "transaction_explain",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "out",
        "in",
        "account",
        "statement_text",
        "category",
        "abroad",
        "fee",
        "pending",
        "earlier",
        "which",
        "which_name",
        "item",
        "none_named",
        "none",
    ],
    report: None,
};

const INTENT: &str = "transaction_explain";

/// Two statements back, as in a dispute.
const DAYS: i32 = 95;

fn query(request: &Request, context: &Context<'_>) -> (Query, DateRange) {
    let (range, _) = ledger::range(request, Usual::Days(DAYS), context);
    (ledger::query(request, range), range)
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts, query(request, context).0]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let (query, range) = query(request, context);
    let (entries, _) = match answers.transactions(&query) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    if let Some(id) = request.bound("transaction") {
        let entry = entries.iter().find(|entry| entry.id.as_str() == id);
        return match entry {
            Some(entry) => explained(entry, &[], answers, context).into(),
            None => Outcome::say(Say::new(INTENT, "none", Values::new())).into(),
        };
    }
    // A customer rounds an amount: it is compared below, not by the selection.
    let mut loose = request.clone();
    loose.slots.remove("amount");
    let mut found = ledger::select(entries, &loose, range, context);
    if let Some(word) = ledger::wanted(request) {
        let groups = merchant::find(&found, word).0;
        if groups.len() > 1 {
            return which_name(request, &groups).into();
        }
        found = groups.into_values().flatten().collect();
    }
    if let Some(text) = request.said("amount") {
        found = by_amount(&found, text);
    }
    let narrowed = ["amount", "date", "merchant", "payee", "biller", "payer"]
        .iter()
        .any(|slot| request.slots.contains(slot));
    match (found.split_first(), narrowed) {
        (Some((entry, earlier)), true) => {
            let same = merchant::name(entry);
            if earlier.iter().any(|other| merchant::name(other) != same) {
                return which(request, &found, context).into();
            }
            explained(entry, earlier, answers, context).into()
        }
        (Some(_), false) => which(request, &found, context).into(),
        (None, _) => not_found(request).into(),
    }
}

fn not_found(request: &Request) -> Outcome {
    Outcome::say(match ledger::wanted(request) {
        Some(word) => Say::new(
            INTENT,
            "none_named",
            Values::new().with("name", Value::quoted(word), Origin::Customer),
        ),
        None => Say::new(INTENT, "none", Values::new()),
    })
}

/// Keeps entries of exactly this amount, else those within one unit of it.
fn by_amount<'a>(entries: &[&'a Transaction], text: &str) -> Vec<&'a Transaction> {
    let off = |entry: &Transaction| {
        Money::parse(text, entry.amount.currency())
            .ok()
            .map(|amount| (amount.minor() - entry.amount.abs().minor()).abs())
    };
    let within = |limit: i64| -> Vec<&'a Transaction> {
        entries
            .iter()
            .copied()
            .filter(|entry| off(entry).is_some_and(|off| off <= limit))
            .collect()
    };
    let exactly = within(0);
    if exactly.is_empty() {
        within(100)
    } else {
        exactly
    }
}

/// Asks which entry; not recognising any of them is the first choice (A1).
fn which(request: &Request, entries: &[&Transaction], context: &Context<'_>) -> Outcome {
    let mut say = Say::new(INTENT, "which", Values::new());
    let mut options = vec![not_mine(context)];
    for entry in entries.iter().take(4) {
        say = say.item("item", ledger::entry_values(entry, false, context));
        options.push((
            super::dispute::title(entry, context),
            request.clone().bind("transaction", entry.id.as_str()),
        ));
    }
    Outcome::say(say).choose(request, options)
}

/// Several names hold the word: shown apart, never merged (B7).
fn which_name(request: &Request, groups: &BTreeMap<String, Vec<&Transaction>>) -> Outcome {
    let options = groups
        .iter()
        .take(4)
        .filter_map(|(name, entries)| {
            let latest = entries.first()?;
            Some((
                name.clone(),
                request.clone().bind("transaction", latest.id.as_str()),
            ))
        })
        .collect();
    Outcome::say(Say::new(INTENT, "which_name", Values::new())).choose(request, options)
}

fn not_mine(context: &Context<'_>) -> (String, Request) {
    (
        resolve::word("not_recognised", context),
        Request::new("dispute"),
    )
}

fn explained(
    entry: &Transaction,
    earlier: &[&Transaction],
    answers: &Answers,
    context: &Context<'_>,
) -> Outcome {
    let variant = if entry.amount.is_negative() {
        "out"
    } else {
        "in"
    };
    let mut say = Say::new(INTENT, variant, ledger::entry_values(entry, false, context)).on(
        "dispute",
        Request::new("dispute").bind("transaction", entry.id.as_str()),
    );
    let account = answers.accounts().ok().and_then(|all| {
        all.accounts
            .iter()
            .find(|account| account.id == entry.account)
    });
    if let Some(account) = account {
        say = say.item(
            "account",
            resolve::with_account(Values::new(), "account", account, context),
        );
    }
    if clean(&entry.description) != merchant::name(entry) {
        say = say.item(
            "statement_text",
            Values::new().with(
                "text",
                Value::quoted(&entry.description),
                Origin::bank("transaction.description"),
            ),
        );
    }
    if entry.kind == TransactionKind::Fee {
        say = say.item("fee", Values::new());
    } else if let Some(name) = category::of(entry) {
        let words = resolve::word(&format!("category_{name}"), context);
        if !words.is_empty() {
            say = say.item(
                "category",
                Values::new().with(
                    "category",
                    Value::word(words),
                    Origin::bank("transaction.category"),
                ),
            );
        }
    }
    if let Some(original) = entry
        .original_amount
        .filter(|original| original.currency() != entry.amount.currency())
    {
        say = say.item(
            "abroad",
            Values::new().with(
                "original",
                Value::MoneyWithCode(original),
                Origin::bank("transaction.original_amount"),
            ),
        );
    }
    if entry.status == TransactionStatus::Pending {
        say = say.item("pending", Values::new());
    }
    if !earlier.is_empty() {
        let (count, origin) = counted(earlier.len(), "earlier entries of the same name");
        say = say.tail("earlier", Values::new().with("count", count, origin));
    }
    let mut outcome = Outcome::say(say);
    // "I don't recognise it" a moment later is about this entry.
    outcome.topic = Some(Request::new(INTENT).bind("transaction", entry.id.as_str()));
    outcome
}
