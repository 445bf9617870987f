//! Whether money came back from a shop.

use crate::bank::model::{Transaction, TransactionKind, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Skill, counted, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "refund_status",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "came",
        "coming",
        "list",
        "item",
        "none",
        "none_named",
        "bought",
    ],
    report: None,
};

const INTENT: &str = "refund_status";

/// Shops take weeks; two statements hold it.
const DAYS: i32 = 62;
const LISTED: usize = 5;

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
    let selected = ledger::select(entries, request, range, context);
    let days = ledger::with_range(Values::new(), range, named);
    let Some(word) = ledger::wanted(request) else {
        let back: Vec<&Transaction> = selected.into_iter().filter(|e| is_refund(e)).collect();
        return listed(&back, days, context).into();
    };
    let named: Vec<&Transaction> = merchant::find(&selected, word)
        .0
        .into_values()
        .flatten()
        .collect();
    // With the shop named, any money in from it is what was asked about.
    let back: Vec<&Transaction> = named
        .iter()
        .copied()
        .filter(|entry| entry.amount.minor() > 0)
        .collect();
    if !back.is_empty() {
        return listed(&back, days, context).into();
    }
    let mut say = Say::new(
        INTENT,
        "none_named",
        days.with("name", Value::quoted(word), Origin::Customer),
    )
    .on(
        "dispute",
        Request::new("dispute")
            .slot("merchant", word)
            .slot("reason", "not_received"),
    );
    if let Some(bought) = named.iter().find(|entry| entry.amount.is_negative()) {
        say = say.item("bought", ledger::entry_values(bought, false, context));
    }
    Outcome::say(say).into()
}

fn is_refund(entry: &Transaction) -> bool {
    entry.kind == TransactionKind::Refund && entry.amount.minor() > 0
}

fn listed(back: &[&Transaction], days: Values, context: &Context<'_>) -> Outcome {
    let dispute = Request::new("dispute").slot("reason", "not_received");
    match back {
        [] => Outcome::say(Say::new(INTENT, "none", days).on("dispute", dispute)),
        [entry] => {
            let variant = if entry.status == TransactionStatus::Pending {
                "coming"
            } else {
                "came"
            };
            let values = ledger::entry_values(entry, false, context);
            Outcome::say(Say::new(INTENT, variant, values).on("dispute", dispute))
        }
        several => {
            let (count, origin) = counted(several.len(), "refunds found");
            let mut say =
                Say::new(INTENT, "list", days.with("count", count, origin)).on("dispute", dispute);
            let with_code = ledger::mixed(several.iter().copied());
            for entry in several.iter().take(LISTED) {
                say = say.item("item", ledger::entry_values(entry, with_code, context));
            }
            Outcome::say(say)
        }
    }
}
