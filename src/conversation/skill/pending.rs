//! What is not final yet: holds and payments under way, never added to what was spent.

use crate::bank::model::TransactionStatus;
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::{Context, Next, Outcome, Say, Skill, counted, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "pending",
    access: Access::Linked,
    ask,
    answer,
    variants: &["list", "item", "none", "none_named", "about_holds"],
    report: None,
};

/// Card schemes let holds go within a month.
const DAYS: i32 = 31;
const LISTED: usize = 6;

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let (range, _) = ledger::range(request, Usual::Days(DAYS), context);
    vec![ledger::query(request, range)]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let (range, _) = ledger::range(request, Usual::Days(DAYS), context);
    let (entries, _) = match answers.transactions(&ledger::query(request, range)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let mut pending: Vec<_> = ledger::select(entries, request, range, context)
        .into_iter()
        .filter(|entry| entry.status == TransactionStatus::Pending)
        .collect();
    if let Some(word) = ledger::wanted(request) {
        pending = merchant::find(&pending, word)
            .0
            .into_values()
            .flatten()
            .collect();
        if pending.is_empty() {
            let values = Values::new().with("name", Value::quoted(word), Origin::Customer);
            return Outcome::say(Say::new("pending", "none_named", values)).into();
        }
    }
    if pending.is_empty() {
        return Outcome::say(Say::new("pending", "none", Values::new())).into();
    }
    let (count, origin) = counted(pending.len(), "entries that are not final");
    let with_code = ledger::mixed(pending.iter().copied());
    let mut say = Say::new(
        "pending",
        "list",
        Values::new().with("count", count, origin),
    );
    for entry in pending.iter().take(LISTED) {
        say = say.item("item", ledger::entry_values(entry, with_code, context));
    }
    Outcome::say(say.tail("about_holds", Values::new())).into()
}
