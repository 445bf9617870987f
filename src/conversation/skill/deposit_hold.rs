//! Deposits that are not there yet, or not final.

use crate::bank::model::{Transaction, TransactionKind, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::Values;

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Skill, counted};

pub(super) const SKILL: Skill = Skill {
    name: "deposit_hold",
    access: Access::Linked,
    ask,
    answer,
    variants: &["waiting", "final", "item", "none"],
    report: None,
};

const INTENT: &str = "deposit_hold";

/// Banks hold a check for two weeks at most; a customer asks within a month or so.
const DAYS: i32 = 40;

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
    let mut loose = request.clone();
    loose.slots.remove("type");
    let deposits: Vec<&Transaction> = ledger::select(entries, &loose, range, context)
        .into_iter()
        .filter(|entry| is_deposit(entry))
        .collect();
    let waiting: Vec<&Transaction> = deposits
        .iter()
        .copied()
        .filter(|entry| entry.status == TransactionStatus::Pending)
        .collect();
    let missing = Request::new("dispute").slot("reason", "deposit_missing");
    let (variant, shown) = match (waiting.is_empty(), deposits.is_empty()) {
        (false, _) => ("waiting", waiting),
        (true, false) => ("final", deposits),
        (true, true) => {
            let days = ledger::with_range(Values::new(), range, named);
            return Outcome::say(Say::new(INTENT, "none", days).on("dispute", missing)).into();
        }
    };
    let (count, origin) = counted(shown.len(), "deposits found");
    let values = ledger::with_range(Values::new(), range, named).with("count", count, origin);
    let say = shown.iter().take(4).fold(
        Say::new(INTENT, variant, values).on("dispute", missing),
        |say, entry| say.item("item", ledger::entry_values(entry, false, context)),
    );
    Outcome::say(say).into()
}

/// Money paid in: not pay, not a refund, not interest, not the customer's own transfer.
fn is_deposit(entry: &Transaction) -> bool {
    entry.amount.minor() > 0 && matches!(entry.kind, TransactionKind::Other | TransactionKind::Cash)
}
