//! Where the money goes: the largest categories of a period, and the largest payment.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::bank::model::{Transaction, TransactionKind, TransactionStatus};
use crate::bank::{Answers, DateRange, Query};
use crate::intent::catalogue::Access;
use crate::intent::slot::calendar::period;
use crate::money::Money;
use crate::reply::chart::{self, Bar};
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Shape, Skill, category, resolve};

pub(super) const SKILL: Skill = Skill {
    name: "spending_summary",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "total", "top", "item", "unsorted", "biggest", "compared", "missing", "none", "mixed",
    ],
    report: None,
};

const INTENT: &str = "spending_summary";
const LISTED: usize = 5;

/// What a period comes to: spending less refunds, entries that are final.
struct Sums<'a> {
    total: Money,
    /// By category, the largest first; `None` is what nothing sorts.
    categories: Vec<(Option<&'static str>, Money)>,
    biggest: &'a Transaction,
}

fn compared(request: &Request, context: &Context<'_>) -> Option<DateRange> {
    period::resolve_back(request.said("compare_to")?, &context.place.zoned())
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let (range, _) = ledger::range(request, Usual::ThisMonth, context);
    let mut queries = vec![ledger::query(request, range)];
    if let Some(other) = compared(request, context) {
        queries.push(ledger::query(request, other));
    }
    queries
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let (range, named) = ledger::range(request, Usual::ThisMonth, context);
    let (entries, missing) = match answers.transactions(&ledger::query(request, range)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let relevant = relevant(entries, request, range, context);
    let days = ledger::with_range(Values::new(), range, named);
    if ledger::mixed(relevant.iter().copied()) {
        return Outcome::say(Say::new(INTENT, "mixed", days)).into();
    }
    let Some(sums) = sums(&relevant) else {
        return Outcome::say(Say::new(INTENT, "none", days)).into();
    };
    let rule = || Origin::rule("spent less refunds");
    let top = sums
        .categories
        .iter()
        .find_map(|(name, amount)| Some(((*name)?, *amount)));
    let mut say = match (request.said("field"), top) {
        (Some("top_category"), Some((name, amount))) => Say::new(
            INTENT,
            "top",
            days.with(
                "category",
                words(name, context),
                Origin::bank("transaction.category"),
            )
            .with("amount", Value::Money(amount), rule()),
        ),
        _ => Say::new(
            INTENT,
            "total",
            days.with("amount", Value::Money(sums.total), rule()),
        ),
    };
    for (name, amount) in sums.categories.iter().take(LISTED) {
        let values = Values::new().with("amount", Value::Money(*amount), rule());
        say = match name {
            Some(name) => say.item(
                "item",
                values.with(
                    "category",
                    words(name, context),
                    Origin::bank("transaction.category"),
                ),
            ),
            None => say.item("unsorted", values),
        };
    }
    say = say.item(
        "biggest",
        ledger::entry_values(sums.biggest, false, context),
    );
    if let Some(other) = compared(request, context)
        && let Ok((before, _)) = answers.transactions(&ledger::query(request, other))
    {
        let before = self::relevant(before, request, other, context);
        if let Some(before) = self::sums(&before) {
            let values = ledger::with_range(Values::new(), other, true).with(
                "amount",
                Value::Money(before.total),
                rule(),
            );
            say = say.item("compared", values);
        }
    }
    if !missing.is_empty() {
        say = say.tail("missing", ledger::missing_values(missing));
    }
    Outcome::say(with_chart(say, &sums, request, context)).into()
}

/// Draws the sums where the customer asked for it, and offers to where a picture would show something. The
/// words stay as they are: a picture never says more than they do (requirement G2). Amounts that are hidden in
/// words are not drawn either (requirement D9).
fn with_chart(mut say: Say, sums: &Sums<'_>, request: &Request, context: &Context<'_>) -> Say {
    if context.place.hide_amounts || sums.categories.len() < 2 {
        return say.without("chart");
    }
    if request.bound("chart").is_none() {
        return say.on("chart", request.clone().bind("chart", "yes"));
    }
    let rows: Vec<Bar> = sums
        .categories
        .iter()
        .take(LISTED)
        .map(|(name, amount)| Bar {
            name: name.map_or_else(
                || resolve::word("category_unsorted", context),
                |name| words(name, context).show(context.place),
            ),
            shown: Value::Money(*amount).show(context.place),
            size: amount.minor(),
        })
        .collect();
    if let Some(png) = chart::bars(&rows) {
        say.shape = Shape::Picture {
            png_base64: BASE64.encode(png),
        };
    }
    say.without("chart")
}

fn words(name: &str, context: &Context<'_>) -> Value {
    let words = resolve::word(&format!("category_{name}"), context);
    Value::word(if words.is_empty() {
        name.to_owned()
    } else {
        words
    })
}

fn relevant<'a>(
    entries: &'a [Transaction],
    request: &Request,
    range: DateRange,
    context: &Context<'_>,
) -> Vec<&'a Transaction> {
    ledger::select(entries, request, range, context)
        .into_iter()
        .filter(|entry| {
            entry.status == TransactionStatus::Booked
                && (ledger::is_spending(entry) || entry.kind == TransactionKind::Refund)
        })
        .collect()
}

fn sums<'a>(entries: &[&'a Transaction]) -> Option<Sums<'a>> {
    let biggest = entries
        .iter()
        .copied()
        .filter(|entry| ledger::is_spending(entry))
        .min_by_key(|entry| entry.amount.minor())?;
    let currency = biggest.amount.currency();
    let mut categories: BTreeMap<Option<&'static str>, i64> = BTreeMap::new();
    let mut total = 0_i64;
    for entry in entries {
        // Spending is negative, a refund positive: turned around, they net.
        let out = entry.amount.minor().saturating_neg();
        total = total.saturating_add(out);
        let sum = categories.entry(category::of(entry)).or_default();
        *sum = sum.saturating_add(out);
    }
    let mut categories: Vec<(Option<&'static str>, Money)> = categories
        .into_iter()
        .filter(|(_, minor)| *minor > 0)
        .map(|(name, minor)| (name, Money::from_minor(minor, currency)))
        .collect();
    categories.sort_by_key(|(name, amount)| (std::cmp::Reverse(amount.minor()), *name));
    Some(Sums {
        total: Money::from_minor(total, currency),
        categories,
        biggest,
    })
}
