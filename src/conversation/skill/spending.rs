//! How much was spent: at a shop, in a category, in a period; refunds netted and said so, pending ones left out
//! and counted (requirement B4; `bank-apis.md` 3.4).

use crate::bank::model::{DateRange, Transaction, TransactionKind, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Skill, counted, merchant, resolve};

pub(super) const SKILL: Skill = Skill {
    name: "spending",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "total",
        "total_named",
        "weekly",
        "weekly_named",
        "none",
        "none_named",
        "item",
        "net",
        "pending",
        "each_apart",
        "apart",
        "category_unknown",
        "mixed_currencies",
        "compared",
        "incomplete",
    ],
    report: None,
};

/// Who counts as one answer.
struct Sum {
    spent: Money,
    back: Money,
    count: usize,
    pending: usize,
}

/// A weekly average of the last twelve weeks says more than one of the month so far.
const WEEKS: i32 = 12;

/// The days counted where none were named.
fn usual(request: &Request) -> Usual {
    if is_weekly(request) {
        Usual::Days(WEEKS * 7 - 1)
    } else {
        Usual::ThisMonth
    }
}

fn is_weekly(request: &Request) -> bool {
    request.said("agg") == Some("avg_week")
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let (range, _) = ledger::range(request, usual(request), context);
    let mut queries = vec![ledger::query(request, range)];
    if let Some(other) = compared(request, context) {
        queries.push(ledger::query(request, other));
    }
    queries
}

/// The period to compare with, if one was named.
fn compared(request: &Request, context: &Context<'_>) -> Option<DateRange> {
    let said = request.said("compare_to")?;
    let mut other = Request::new("spending");
    other.slots.insert("period", said);
    let (range, named) = ledger::range(&other, Usual::ThisMonth, context);
    named.then_some(range)
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if let Some(word) = request
        .said("category")
        .and_then(|slot| slot.strip_prefix("unknown:"))
    {
        let values = Values::new().with("word", Value::quoted(word), Origin::Customer);
        return Outcome::say(Say::new("spending", "category_unknown", values)).into();
    }
    let (range, named) = ledger::range(request, usual(request), context);
    let query = ledger::query(request, range);
    let (entries, missing) = match answers.transactions(&query) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let selected = ledger::select(entries, request, range, context);
    let values = ledger::with_range(Values::new(), range, named);
    let mut say = match ledger::wanted(request) {
        Some(word) => at_a_shop(word, &selected, values, (request, range)),
        None => in_all(request, &selected, values, range, context),
    };
    if let Some(other) = compared(request, context)
        && say.tail.is_none()
        && let Ok((before, _)) = answers.transactions(&ledger::query(request, other))
    {
        let before = ledger::select(before, request, other, context);
        let before = match ledger::wanted(request) {
            Some(word) => merchant::find(&before, word)
                .0
                .into_values()
                .flatten()
                .collect(),
            None => before,
        };
        if let Some(sum) = sum(&before) {
            let values = ledger::with_range(Values::new(), other, true).with(
                "amount",
                Value::Money(sum.net()),
                Origin::rule("spent less refunds"),
            );
            say = say.tail("compared", values);
        }
    }
    if !missing.is_empty() {
        let names = missing
            .iter()
            .map(|missed| crate::reply::value::clean(missed))
            .collect::<Vec<_>>()
            .join(", ");
        say = say.tail(
            "incomplete",
            Values::new().with(
                "names",
                Value::word(names),
                Origin::bank("accounts.missing"),
            ),
        );
    }
    Outcome::say(say).into()
}

impl Sum {
    fn net(&self) -> Money {
        self.spent.minus(self.back).unwrap_or(self.spent)
    }
}

/// Adds up entries of one currency: spending, what came back, and how many are not final.
fn sum(entries: &[&Transaction]) -> Option<Sum> {
    let currency = entries.first()?.amount.currency();
    let booked = |wanted: fn(&Transaction) -> bool| {
        Money::sum(
            entries
                .iter()
                .filter(|entry| entry.status == TransactionStatus::Booked && wanted(entry))
                .map(|entry| entry.amount.abs()),
            currency,
        )
        .ok()
    };
    Some(Sum {
        spent: booked(ledger::is_spending)?,
        back: booked(|entry| entry.kind == TransactionKind::Refund)?,
        count: entries
            .iter()
            .filter(|entry| entry.status == TransactionStatus::Booked && ledger::is_spending(entry))
            .count(),
        pending: entries
            .iter()
            .filter(|entry| {
                entry.status == TransactionStatus::Pending && ledger::is_spending(entry)
            })
            .count(),
    })
}

/// One shop, or several whose names hold the word: each apart, never merged (B7).
fn at_a_shop(
    word: &str,
    selected: &[&Transaction],
    values: Values,
    asked: (&Request, DateRange),
) -> Say {
    let (groups, others) = merchant::find(selected, word);
    if groups
        .values()
        .any(|entries| ledger::mixed(entries.iter().copied()))
    {
        return Say::new("spending", "mixed_currencies", values);
    }
    let shown_word = Value::quoted(word);
    if groups.is_empty() {
        return Say::new(
            "spending",
            "none_named",
            values.with("name", shown_word, Origin::Customer),
        );
    }
    if groups.len() > 1 {
        let mut say = Say::new(
            "spending",
            "each_apart",
            values.with("name", shown_word, Origin::Customer),
        );
        for (name, entries) in groups.iter().take(4) {
            if let Some(sum) = sum(entries) {
                say = say.item("item", line(name, &sum));
            }
        }
        return say;
    }
    let Some((name, entries)) = groups.into_iter().next() else {
        return Say::new("spending", "none", values);
    };
    let mut say = totals(&entries, values, Some(&name), asked);
    if let Some(other) = others.first()
        && say.tail.is_none()
    {
        say = say
            .tail(
                "apart",
                Values::new().with(
                    "other",
                    Value::quoted(other),
                    Origin::bank("transaction.merchant"),
                ),
            )
            .on(
                "other",
                Request::new("spending").slot("merchant", &other.to_lowercase()),
            );
    }
    say
}

fn line(name: &str, sum: &Sum) -> Values {
    let (count, origin) = counted(sum.count, "payments that are final");
    Values::new()
        .with(
            "name",
            Value::quoted(name),
            Origin::bank("transaction.merchant"),
        )
        .with(
            "amount",
            Value::Money(sum.net()),
            Origin::rule("spent less refunds"),
        )
        .with("count", count, origin)
}

/// A category, or everything.
fn in_all(
    request: &Request,
    selected: &[&Transaction],
    values: Values,
    range: DateRange,
    context: &Context<'_>,
) -> Say {
    let label = request
        .said("category")
        .map(|slot| category_words(slot, context));
    let relevant: Vec<&Transaction> = selected
        .iter()
        .copied()
        .filter(|entry| ledger::is_spending(entry) || entry.kind == TransactionKind::Refund)
        .collect();
    if relevant.is_empty() {
        return match label {
            Some(label) => Say::new(
                "spending",
                "none_named",
                values.with("name", Value::word(label), Origin::Customer),
            ),
            None => Say::new("spending", "none", values),
        };
    }
    if ledger::mixed(relevant.iter().copied()) {
        return Say::new("spending", "mixed_currencies", values);
    }
    totals(&relevant, values, label.as_deref(), (request, range))
}

/// The average of a week: what a period comes to, by its days.
fn weekly(net: Money, range: DateRange) -> Option<Money> {
    let days = range.last.since(range.first).ok()?.get_days() + 1;
    let weeks = u32::try_from((days + 3) / 7).ok()?.max(1);
    net.divided_by(weeks)
}

fn totals(
    entries: &[&Transaction],
    values: Values,
    name: Option<&str>,
    (request, range): (&Request, DateRange),
) -> Say {
    let Some(sum) = sum(entries) else {
        return Say::new("spending", "none", values);
    };
    let (count, origin) = counted(sum.count, "payments that are final");
    let values = values
        .with(
            "amount",
            Value::Money(sum.net()),
            Origin::rule("spent less refunds"),
        )
        .with("count", count, origin);
    let average = is_weekly(request)
        .then(|| weekly(sum.net(), range))
        .flatten();
    let (values, total, total_named) = match average {
        Some(average) => (
            values.with(
                "average",
                Value::Money(average),
                Origin::rule("spent less refunds, by the week"),
            ),
            "weekly",
            "weekly_named",
        ),
        None => (values, "total", "total_named"),
    };
    let mut say = match name {
        Some(name) => Say::new(
            "spending",
            total_named,
            values.with(
                "name",
                Value::quoted(name),
                Origin::bank("transaction.merchant"),
            ),
        ),
        None => Say::new("spending", total, values),
    };
    if !sum.back.is_zero() {
        say = say.item(
            "net",
            Values::new()
                .with(
                    "spent",
                    Value::Money(sum.spent),
                    Origin::rule("payments that are final"),
                )
                .with("back", Value::Money(sum.back), Origin::rule("refunds")),
        );
    }
    if sum.pending > 0 {
        let (pending, origin) = counted(sum.pending, "payments that are not final");
        say = say.item("pending", Values::new().with("pending", pending, origin));
    }
    say
}

/// Says categories in the customer's language: `dining+groceries` is "eating out and groceries".
fn category_words(slot: &str, context: &Context<'_>) -> String {
    let and = resolve::word("word_and", context);
    slot.split('+')
        .map(|name| {
            let words = resolve::word(&format!("category_{name}"), context);
            if words.is_empty() {
                name.to_owned()
            } else {
                words
            }
        })
        .collect::<Vec<_>>()
        .join(&format!(" {and} "))
}
