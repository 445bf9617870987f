//! The customer's word, kept as a case where the bank has no order of its own to stop, or refused to stop it.

use jiff::civil::Date;

use crate::bank::Answers;
use crate::bank::model::AccountId;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::super::request::Request;
use super::super::dispute::first_words;
use super::super::human::case;
use super::super::recurring_list::series_values;
use super::super::{Context, Outcome, Say};
use super::{INTENT, Repeating, is_on_card, noticed_ms, order, said_on};

/// The kind of its cases.
const CASE: &str = "stop_payment";

/// What a person at the bank must know of it.
struct Facts<'a> {
    name: &'a str,
    account: &'a AccountId,
    amount: Money,
    last: Option<Date>,
    next: Option<Date>,
    on_card: bool,
    /// What the bank's id is of, and the id.
    id: (&'static str, &'a str),
    values: Values,
}

impl<'a> Facts<'a> {
    fn of(one: Repeating<'a>) -> Self {
        match one {
            Repeating::Order(order) => Self {
                name: &order.to,
                account: &order.from,
                amount: order.amount,
                last: None,
                next: order.next,
                on_card: false,
                id: ("standing_order", &order.id),
                values: order::values(order),
            },
            Repeating::Series(one) => Self {
                name: &one.name,
                account: &one.latest.account,
                amount: one.amount,
                last: Some(one.day),
                next: Some(one.next),
                on_card: is_on_card(one),
                id: ("transaction", one.latest.id.as_str()),
                values: series_values(one),
            },
        }
    }
}

/// Keeps it, and says whether it is in time for the next payment.
pub(super) fn keep(
    request: &Request,
    one: Repeating<'_>,
    answers: &Answers,
    context: &Context<'_>,
) -> Outcome {
    let Ok(number) = answers.case_number() else {
        return Outcome::say(Say::new(INTENT, "no_number", Values::new()));
    };
    let facts = Facts::of(one);
    let noticed_ms = noticed_ms(request, context);
    let noticed = jiff::Timestamp::from_millisecond(noticed_ms).unwrap_or(context.place.now);
    let credit = answers.accounts().is_ok_and(|all| {
        let account = all.accounts.iter().find(|a| a.id == *facts.account);
        account.is_some_and(|account| account.kind.is_debt())
    });
    let rights = &context.policy.rights;
    let profile = rights.profile(credit);
    let said_on = said_on(request, context);
    let in_time = facts
        .next
        .and_then(|next| profile.stops(said_on, next, &rights.closed));

    let mut kept = case(number, CASE, request, context);
    kept.words = first_words(noticed_ms, context);
    kept.opened_ms = noticed_ms;
    let details = [
        ("merchant", Some(facts.name.to_owned())),
        ("account", Some(facts.account.as_str().to_owned())),
        (facts.id.0, Some(facts.id.1.to_owned())),
        ("amount", Some(facts.amount.to_decimal())),
        ("currency", Some(facts.amount.currency().code().to_owned())),
        ("last", facts.last.map(|day| day.to_string())),
        ("next_expected", facts.next.map(|day| day.to_string())),
        ("law", Some(profile.source.clone())),
        (
            "in_time_for_next",
            in_time.map(|yes| if yes { "yes" } else { "no" }.to_owned()),
        ),
    ];
    for (name, value) in details {
        if let Some(value) = value {
            kept.details.insert(name.to_owned(), value);
        }
    }
    let values = facts
        .values
        .clone()
        .with("case", Value::word(number.to_string()), Origin::Record)
        .with("noted", Value::Moment(noticed), Origin::Record);
    let open = context.policy.people_answer(&context.place.zoned());
    let lead = if open { "noted" } else { "noted_closed" };
    let mut say = Say::new(INTENT, lead, values);
    say = match (in_time, facts.on_card) {
        (_, true) => say.item("card", facts.values),
        (Some(true), false) => say.item("in_time", facts.values),
        (Some(false), false) => say.item("too_late", facts.values),
        (None, false) => say,
    };
    Outcome::say(say).case(kept)
}
