//! Branches, cash machines and their hours, from the operator's file. Without one the bot says that it has none.

use crate::bank::Answers;
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::places::{PlaceKind, Places, Site};
use super::super::request::Request;
use super::{Context, Next, Outcome, Say, Skill, ask_nothing, counted};

pub(super) const LOCATE: Skill = find("locate");
pub(super) const HOURS: Skill = find("branch_hours");

/// So many fit a message that is read at a glance.
const LISTED: usize = 5;

const fn find(name: &'static str) -> Skill {
    Skill {
        name,
        access: Access::Anonymous,
        ask: ask_nothing,
        answer,
        variants: &["answer", "found", "where", "none", "item", "more", "as_of"],
        report: None,
    }
}

fn answer(request: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let intent = request.intent.as_str();
    let Some(places) = context.policy.places.as_deref() else {
        return Outcome::say(Say::new(intent, "answer", Values::new())).into();
    };
    let kind = match (intent, request.said("kind")) {
        ("branch_hours", _) | (_, Some("branch")) => Some(PlaceKind::Branch),
        (_, Some("atm")) => Some(PlaceKind::Atm),
        _ => None,
    };
    let found: Vec<&Site> = if let Some(place) = request.said("place") {
        let found = places.at(place, kind);
        if found.is_empty() {
            let values = Values::new().with("place", Value::quoted(place), Origin::Customer);
            return Outcome::say(Say::new(intent, "none", values)).into();
        }
        found
    } else {
        let all: Vec<&Site> = places
            .sites
            .iter()
            .filter(|site| kind.is_none_or(|kind| site.kind == kind))
            .collect();
        if all.is_empty() {
            return Outcome::say(Say::new(intent, "answer", Values::new())).into();
        }
        if all.len() > LISTED {
            return Outcome::say(Say::new(intent, "where", Values::new())).into();
        }
        all
    };
    Outcome::say(list(intent, &found, places, context)).into()
}

fn list(intent: &str, found: &[&Site], places: &Places, context: &Context<'_>) -> Say {
    let origin = || Origin::config("people.places_file");
    let (count, rule) = counted(found.len(), "places found");
    let mut say = Say::new(intent, "found", Values::new().with("count", count, rule));
    for site in found.iter().take(LISTED) {
        let kind = match site.kind {
            PlaceKind::Atm => "atm",
            PlaceKind::Branch => "branch",
        };
        let values = Values::new()
            .with("kind", Value::key(kind), origin())
            .with("name", Value::word(&site.name), origin())
            .with("address", Value::word(&site.address), origin())
            .with("city", Value::word(&site.city), origin())
            .with("zip", Value::word(&site.zip), origin())
            .with(
                "open",
                Value::word(site.hours.get(context.language())),
                origin(),
            );
        say = say.item("item", values);
    }
    if found.len() > LISTED {
        let (rest, rule) = counted(found.len() - LISTED, "places not listed");
        say = say.item("more", Values::new().with("rest", rest, rule));
    }
    say.tail(
        "as_of",
        Values::new().with("version", Value::Day(places.version), origin()),
    )
}
