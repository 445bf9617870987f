//! A list of entries: recent ones, or a search, five at a time.

use crate::bank::model::Transaction;
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::ledger::{self, Usual};
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill, counted, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "transactions",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "list",
        "newest",
        "item",
        "more",
        "end",
        "none",
        "none_named",
        "missing",
        "also_like",
    ],
    report: None,
};

/// Entries in one answer.
const LISTED: usize = 5;

/// Without a period, a search looks this far back; a plain list, a month.
const SEARCH_DAYS: i32 = 180;

fn usual(request: &Request) -> Usual {
    let searching = ledger::wanted(request).is_some()
        || ["amount", "min_amount", "max_amount", "type", "category"]
            .iter()
            .any(|slot| request.slots.contains(slot));
    Usual::Days(if searching { SEARCH_DAYS } else { 30 })
}

/// "More" goes on where the last list stopped.
fn continued(request: &Request, context: &Context<'_>) -> Request {
    let back = request.said("page") == Some("previous");
    if request.said("page").is_none() {
        return request.clone();
    }
    let Some(topic) = context
        .state
        .topic
        .as_ref()
        .filter(|topic| topic.request.intent == "transactions")
    else {
        return request.clone();
    };
    let mut next = topic.request.clone();
    let offset = offset(&next);
    let offset = if back {
        offset.saturating_sub(LISTED)
    } else {
        offset.saturating_add(LISTED)
    };
    next.bound.insert("offset".to_owned(), offset.to_string());
    next
}

fn offset(request: &Request) -> usize {
    request
        .bound("offset")
        .and_then(|offset| offset.parse().ok())
        .unwrap_or(0)
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let request = continued(request, context);
    if request.said("account").is_some() && request.bound("account").is_none() {
        return vec![Query::Accounts];
    }
    let (range, _) = ledger::range(&request, usual(&request), context);
    vec![ledger::query(&request, range)]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let mut request = continued(request, context);
    if request.said("account").is_some() && request.bound("account").is_none() {
        let all = match answers.accounts() {
            Ok(all) => all,
            Err(failure) => return Outcome::failed(failure).into(),
        };
        match resolve::accounts(&all.accounts, &request) {
            Which::Nothing => return Outcome::say(Say::shared("no_account")).into(),
            Which::One(account) => request = request.bind("account", account.id.as_str()),
            Which::Several(several)
                if request.said("account") == Some("all") || several.len() > 4 => {}
            Which::Several(several) => {
                let options = several
                    .iter()
                    .map(|account| {
                        (
                            resolve::label_text(account, context),
                            request.clone().bind("account", account.id.as_str()),
                        )
                    })
                    .collect();
                return Outcome::say(Say::shared("choose_account"))
                    .choose(&request, options)
                    .into();
            }
        }
    }
    let (range, named) = ledger::range(&request, usual(&request), context);
    let query = ledger::query(&request, range);
    if !answers.has(&query) {
        return Next::Ask(vec![query]);
    }
    let (entries, missing) = match answers.transactions(&query) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let selected = ledger::select(entries, &request, range, context);
    let (chosen, others) = match ledger::wanted(&request) {
        Some(word) => {
            let (groups, others) = merchant::find(&selected, word);
            let names: Vec<String> = groups.into_keys().collect();
            let chosen = selected
                .into_iter()
                .filter(|entry| names.contains(&merchant::name(entry)))
                .collect();
            (chosen, others)
        }
        None => (selected, Vec::new()),
    };
    let mut outcome = list(&request, &chosen, &others, missing, (range, named), context);
    outcome.topic = Some(request);
    outcome.into()
}

fn list(
    request: &Request,
    chosen: &[&Transaction],
    others: &[String],
    missing: &[String],
    (range, named): (crate::bank::DateRange, bool),
    context: &Context<'_>,
) -> Outcome {
    let (count, origin) = counted(chosen.len(), "entries found");
    let values = ledger::with_range(Values::new(), range, named).with("count", count, origin);
    if chosen.is_empty() {
        return Outcome::say(match ledger::wanted(request) {
            Some(word) => Say::new(
                "transactions",
                "none_named",
                values.with("name", Value::quoted(word), Origin::Customer),
            ),
            None => Say::new("transactions", "none", values),
        });
    }
    let wanted: usize = request
        .said("count")
        .and_then(|count| count.parse().ok())
        .unwrap_or(LISTED)
        .clamp(1, 10);
    let skip = offset(request).min(chosen.len().saturating_sub(1));
    let with_code = ledger::mixed(chosen.iter().copied());
    // So many were asked for, and there are more: neither all nor a page of them.
    let newest = request.said("count").is_some() && chosen.len() > wanted && skip == 0;
    let mut say = if newest {
        let (shown, origin) = counted(wanted, "entries asked for");
        let shown = Values::new().with("shown", shown, origin);
        Say::new("transactions", "newest", shown)
    } else {
        Say::new("transactions", "list", values)
    };
    for entry in chosen.iter().skip(skip).take(wanted) {
        say = say.item("item", ledger::entry_values(entry, with_code, context));
    }
    let rest = chosen.len().saturating_sub(skip + wanted);
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
    } else if newest {
        return Outcome::say(say);
    } else if rest > 0 && request.said("count").is_none() {
        let (rest, origin) = counted(rest, "entries not shown yet");
        say = say
            .tail("more", Values::new().with("rest", rest, origin))
            .on("next", Request::new("transactions").slot("page", "next"));
    } else if let Some(other) = others.first() {
        say = say
            .tail(
                "also_like",
                Values::new().with(
                    "other",
                    Value::quoted(other),
                    Origin::bank("transaction.merchant"),
                ),
            )
            .on(
                "other",
                Request::new("transactions").slot("merchant", &other.to_lowercase()),
            );
    } else {
        say = say.tail("end", Values::new());
    }
    Outcome::say(say)
}
