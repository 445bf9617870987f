//! Telling the bank about a journey, so that it does not stop the card abroad.

use jiff::civil::Date;

use crate::bank::model::DateRange;
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome};
use crate::intent::catalogue::Access;
use crate::intent::slot::calendar::period;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::state::Executing;
use super::{Context, Next, Outcome, Say, Skill, ask_nothing, told_as};

pub(super) const SKILL: Skill = Skill {
    name: "travel_notice",
    access: Access::Linked,
    ask: ask_nothing,
    answer,
    variants: &[
        "answer",
        "where_and_when",
        "where",
        "when",
        "over",
        "confirm",
        "kept",
        "done",
        "refused",
        "unknown",
        "not_sent",
    ],
    report: Some(report),
};

const INTENT: &str = "travel_notice";

fn answer(request: &Request, _: &Answers, context: &Context<'_>) -> Next {
    if request.bound("declined").is_some() {
        return Outcome::say(Say::new(INTENT, "kept", Values::new())).into();
    }
    if !context.policy.can(CommandKind::TravelNotice) {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let place = request.said("place");
    let days = request
        .said("period")
        .and_then(|said| period::resolve_ahead(said, &context.place.zoned()));
    let (place, days) = match (place, days) {
        (None, None) => return asked("where_and_when", Values::new()),
        (None, Some(days)) => return asked("where", on(days)),
        (Some(place), None) => return asked("when", of(place)),
        (Some(place), Some(days)) => (place, days),
    };
    let today = context.place.today();
    if days.last < today {
        return asked("over", of(place).with_all(on(days)));
    }
    let days = DateRange {
        first: days.first.max(today),
        last: days.last,
    };
    let bound = request
        .clone()
        .bind("first", days.first.to_string())
        .bind("last", days.last.to_string());
    if request.bound("confirmed").is_some() {
        let command = BankCommand::TravelNotice {
            place: named(place),
            first: days.first,
            last: days.last,
        };
        return Outcome::default().command(command, bound).into();
    }
    let yes = bound.clone().bind("confirmed", "yes");
    let no = Request::new(INTENT).bind("declined", "yes");
    Outcome::say(Say::new(INTENT, "confirm", of(place).with_all(on(days))))
        .confirm(&bound, yes, no)
        .into()
}

/// Asks for what is missing; the customer's next words complete the request.
fn asked(variant: &'static str, values: Values) -> Next {
    Outcome::say(Say::new(INTENT, variant, values).class(SendClass::Prompt)).into()
}

/// Writes a place as names are written: the slot holds it in lower case.
fn named(place: &str) -> String {
    const SMALL: [&str; 6] = ["of", "the", "and", "de", "del", "y"];
    let words = place.split(' ').enumerate().map(|(at, word)| {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if at == 0 || !SMALL.contains(&word) => {
                first.to_uppercase().chain(letters).collect()
            }
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<String>>().join(" ")
}

fn of(place: &str) -> Values {
    Values::new().with("place", Value::quoted(&named(place)), Origin::Customer)
}

fn on(days: DateRange) -> Values {
    let span = if days.first == days.last {
        "one"
    } else {
        "more"
    };
    Values::new()
        .with("span", Value::key(span), Origin::Customer)
        .with("first", Value::Day(days.first), Origin::Customer)
        .with("last", Value::Day(days.last), Origin::Customer)
}

fn report(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let variant = told_as(outcome);
    let request = &executing.request;
    let day = |name: &str| request.bound(name).and_then(|day| day.parse::<Date>().ok());
    let place = of(request.said("place").unwrap_or("–"));
    let values = match (day("first"), day("last")) {
        (Some(first), Some(last)) => place.with_all(on(DateRange { first, last })),
        _ => place,
    };
    Outcome::say(Say::new(INTENT, variant, values).class(SendClass::Outcome))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn places_are_written_as_names() {
        for (slot, name) in [
            ("mexico", "Mexico"),
            ("new york", "New York"),
            ("isle of man", "Isle of Man"),
            ("ciudad de méxico", "Ciudad de México"),
            ("el salvador", "El Salvador"),
            ("", ""),
        ] {
            assert_eq!(named(slot), name);
        }
    }
}
