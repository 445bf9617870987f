//! Stopping what repeats. By law a customer's word is enough (Reg E, 12 CFR 1005.10(c)), so the word is kept with its time as
//! a case, and a person at the bank carries it out. Whether it is in time for the next payment is told.

use crate::bank::model::TransactionKind;
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::human::case;
use super::recurrence::{self, Series, Way};
use super::recurring_list::{is_kind, series_values, year};
use super::{Context, Next, Outcome, Say, Skill, ledger, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "recurring_stop",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "which",
        "item",
        "confirm",
        "kept",
        "noted",
        "noted_closed",
        "in_time",
        "too_late",
        "card",
        "none",
        "none_named",
        "no_number",
    ],
    report: None,
};

const INTENT: &str = "recurring_stop";

/// The kind of its cases.
const CASE: &str = "stop_payment";

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.bound("declined").is_some() {
        return Vec::new();
    }
    let mut queries = vec![year(context), Query::Accounts];
    if request.bound("confirmed").is_some() {
        queries.push(Query::CaseNumber);
    }
    queries
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let say = |variant, values| Outcome::say(Say::new(INTENT, variant, values));
    if request.bound("declined").is_some() {
        return say("kept", Values::new()).into();
    }
    let (entries, _) = match answers.transactions(&year(context)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let today = context.place.today();
    let all = recurrence::find(entries, Way::Out, today, &context.place.zone);
    let mut found: Vec<&Series<'_>> = all
        .iter()
        .filter(|one| is_kind(one, request.said("kind")))
        .collect();
    if let Some(id) = request.bound("transaction") {
        found = all
            .iter()
            .filter(|one| one.latest.id.as_str() == id)
            .collect();
    } else if let Some(word) = ledger::wanted(request) {
        found = all
            .iter()
            .filter(|one| merchant::likeness(&one.name, word).is_some())
            .collect();
        if found.is_empty() {
            let values = Values::new().with("name", Value::quoted(word), Origin::Customer);
            return say("none_named", values).into();
        }
    }
    match found.as_slice() {
        [] => say("none", Values::new()).into(),
        [one] if request.bound("confirmed").is_some() => noted(request, one, answers, context),
        [one] => {
            let yes = bound(request, one)
                .bind("noticed_ms", noticed_ms(request, context).to_string())
                .bind("confirmed", "yes");
            let no = Request::new(INTENT).bind("declined", "yes");
            say("confirm", series_values(one))
                .confirm(request, yes, no)
                .into()
        }
        several => {
            let noticed = noticed_ms(request, context).to_string();
            let options = several.iter().take(4).map(|one| {
                let request = bound(request, one).bind("noticed_ms", noticed.clone());
                (merchant::name(one.latest), request)
            });
            let question = Say::new(INTENT, "which", Values::new());
            let question = several
                .iter()
                .take(4)
                .fold(question, |say, one| say.item("item", series_values(one)));
            Outcome::say(question)
                .choose(request, options.collect())
                .into()
        }
    }
}

fn bound(request: &Request, one: &Series<'_>) -> Request {
    request.clone().bind("transaction", one.latest.id.as_str())
}

/// When the customer first said so: the law counts from then, not from a tap that came later.
fn noticed_ms(request: &Request, context: &Context<'_>) -> i64 {
    let bound = request.bound("noticed_ms");
    bound
        .and_then(|at| at.parse().ok())
        .unwrap_or(context.at_ms)
}

/// Keeps the customer's word as a case.
fn noted(request: &Request, one: &Series<'_>, answers: &Answers, context: &Context<'_>) -> Next {
    let Ok(number) = answers.case_number() else {
        return Outcome::say(Say::new(INTENT, "no_number", Values::new())).into();
    };
    let noticed_ms = noticed_ms(request, context);
    let noticed = jiff::Timestamp::from_millisecond(noticed_ms).unwrap_or(context.place.now);
    let credit = answers.accounts().is_ok_and(|all| {
        let account = all.accounts.iter().find(|a| a.id == one.latest.account);
        account.is_some_and(|account| account.kind.is_debt())
    });
    let on_card = matches!(
        one.latest.kind,
        TransactionKind::Purchase | TransactionKind::Other
    );
    let rights = &context.policy.rights;
    let profile = rights.profile(credit);
    let said_on = noticed.to_zoned(context.policy.bank_zone.clone()).date();
    let in_time = profile.stops(said_on, one.next, &rights.closed);

    let mut kept = case(number, CASE, request, context);
    kept.opened_ms = noticed_ms;
    for (name, value) in [
        ("merchant", one.name.clone()),
        ("account", one.latest.account.as_str().to_owned()),
        ("transaction", one.latest.id.as_str().to_owned()),
        ("amount", one.amount.to_decimal()),
        ("currency", one.amount.currency().code().to_owned()),
        ("last", one.day.to_string()),
        ("next_expected", one.next.to_string()),
        ("law", profile.source.clone()),
    ] {
        kept.details.insert(name.to_owned(), value);
    }
    if let Some(in_time) = in_time {
        let word = if in_time { "yes" } else { "no" };
        kept.details
            .insert("in_time_for_next".to_owned(), word.to_owned());
    }
    let values = series_values(one)
        .with("case", Value::word(number.to_string()), Origin::Record)
        .with("noted", Value::Moment(noticed), Origin::Record);
    let open = context.policy.people_answer(&context.place.zoned());
    let lead = if open { "noted" } else { "noted_closed" };
    let mut say = Say::new(INTENT, lead, values);
    say = match (in_time, on_card) {
        (_, true) => say.item("card", series_values(one)),
        (Some(true), false) => say.item("in_time", series_values(one)),
        (Some(false), false) => say.item("too_late", series_values(one)),
        (None, false) => say,
    };
    Outcome::say(say).case(kept).into()
}
