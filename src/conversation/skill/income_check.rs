//! Whether money came in: pay, a benefit, a refund, a transfer. A plain question opens no case (A12).

use crate::bank::model::{Transaction, TransactionKind, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Skill, counted, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "income_check",
    access: Access::Linked,
    ask,
    answer,
    variants: &["came", "came_pending", "not_yet", "none", "total", "item"],
    report: None,
};

/// Pay comes at least monthly; two pay days tell when it usually comes.
const DAYS: i32 = 62;

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let (range, _) = ledger::range(request, Usual::Days(DAYS), context);
    vec![ledger::query(request, range)]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let (range, named) = ledger::range(request, Usual::Days(DAYS), context);
    let (entries, _) = match answers.transactions(&ledger::query(request, range)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let mut came: Vec<&Transaction> = ledger::select(entries, request, range, context)
        .into_iter()
        .filter(|entry| entry.amount.minor() > 0 && is_source(entry, request.said("source")))
        .collect();
    if let Some(word) = ledger::wanted(request) {
        came = merchant::find(&came, word)
            .0
            .into_values()
            .flatten()
            .collect();
    }
    let values = ledger::with_range(Values::new(), range, named);
    let Some(latest) = came.first() else {
        return Outcome::say(Say::new("income_check", "none", values)).into();
    };
    if named || request.said("agg") == Some("sum") {
        return total(&came, values, context).into();
    }
    let details = ledger::entry_values(latest, false, context);
    if latest.status == TransactionStatus::Pending {
        return Outcome::say(Say::new("income_check", "came_pending", details)).into();
    }
    let today = context.place.today();
    let fresh = latest
        .date(&context.place.zone)
        .is_some_and(|day| day.saturating_add(jiff::Span::new().days(3)) >= today);
    let variant = if fresh { "came" } else { "not_yet" };
    Outcome::say(Say::new("income_check", variant, details)).into()
}

fn total(came: &[&Transaction], values: Values, context: &Context<'_>) -> Outcome {
    let Some(first) = came.first() else {
        return Outcome::say(Say::new("income_check", "none", values));
    };
    let currency = first.amount.currency();
    let booked = came
        .iter()
        .filter(|entry| entry.status == TransactionStatus::Booked)
        .map(|entry| entry.amount);
    let sum = Money::sum(booked, currency).unwrap_or(Money::zero(currency));
    let (count, origin) = counted(came.len(), "payments that came in");
    let mut say = Say::new(
        "income_check",
        "total",
        values
            .with(
                "amount",
                Value::Money(sum),
                Origin::rule("money that came in and is final"),
            )
            .with("count", count, origin),
    );
    for entry in came.iter().take(4) {
        say = say.item("item", ledger::entry_values(entry, false, context));
    }
    Outcome::say(say)
}

/// Tells whether an entry is the kind of income asked about. Refunds and own transfers are not pay.
fn is_source(entry: &Transaction, source: Option<&str>) -> bool {
    let says = |words: &[&str]| {
        let text = entry.description.to_lowercase();
        words.iter().any(|word| text.contains(word))
    };
    match source {
        Some("transfer") => entry.kind == TransactionKind::TransferIn,
        Some("tax_refund") => says(&["tax", "irs", "treas"]),
        Some("ssi" | "social_security") => says(&["ssa", "ssi", "social sec"]),
        Some("pension") => says(&["pension", "retirement"]),
        Some("benefit" | "unemployment") => says(&["benefit", "unemploy", "ssa", "state of"]),
        Some("child_support") => says(&["child sup"]),
        Some("rent") => says(&["rent"]),
        Some("paycheck" | "direct_deposit") => entry.kind == TransactionKind::Salary,
        _ => !matches!(
            entry.kind,
            TransactionKind::Refund | TransactionKind::TransferIn | TransactionKind::CardPayment
        ),
    }
}
