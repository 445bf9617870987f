//! Where an order is. The bank knows the payment only, so that is what is told, and who knows the rest.

use crate::bank::model::{Transaction, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Skill, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "order_status",
    access: Access::Linked,
    ask,
    answer,
    variants: &["answer", "paid", "not_final", "not_found"],
    report: None,
};

const INTENT: &str = "order_status";

/// An order that takes longer than this is a case for the shop or a dispute.
const DAYS: i32 = 95;

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if ledger::wanted(request).is_none() {
        return Vec::new();
    }
    let (range, _) = ledger::range(request, Usual::Days(DAYS), context);
    vec![ledger::query(request, range)]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let Some(word) = ledger::wanted(request) else {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    };
    let (range, named) = ledger::range(request, Usual::Days(DAYS), context);
    let (entries, _) = match answers.transactions(&ledger::query(request, range)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let purchases: Vec<&Transaction> = ledger::select(entries, request, range, context)
        .into_iter()
        .filter(|entry| ledger::is_spending(entry))
        .collect();
    let newest = merchant::find(&purchases, word)
        .0
        .into_values()
        .flatten()
        .max_by_key(|entry| (entry.date(&context.place.zone), entry.id.clone()));
    let Some(paid) = newest else {
        let values = ledger::with_range(Values::new(), range, named).with(
            "name",
            Value::quoted(word),
            Origin::Customer,
        );
        return Outcome::say(Say::new(INTENT, "not_found", values)).into();
    };
    let variant = if paid.status == TransactionStatus::Pending {
        "not_final"
    } else {
        "paid"
    };
    let dispute = Request::new("dispute")
        .bind("transaction", paid.id.as_str())
        .slot("reason", "not_received");
    Outcome::say(
        Say::new(INTENT, variant, ledger::entry_values(paid, false, context))
            .on("dispute", dispute),
    )
    .into()
}
