//! What the bot can do, made from the catalogue's own descriptions and what the bank offers.

use crate::bank::Answers;
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::{Context, Next, Outcome, Say, Skill, ask_nothing, skill};

pub(super) const SKILL: Skill = Skill {
    name: "help",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer,
    variants: &["list", "item", "person"],
    report: None,
};

/// What most people come for, in the order in which they come.
const SHOWN: [&str; 7] = [
    "balance",
    "transactions",
    "spending",
    "bill_due",
    "card_freeze",
    "card_lost_stolen",
    "dispute",
];

fn answer(_: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let mut say = Say::new("help", "list", Values::new());
    for name in SHOWN {
        let Some(intent) = context.catalogue.intent(name) else {
            continue;
        };
        if intent
            .skill
            .as_ref()
            .is_none_or(|name| skill(&name.value).is_none())
        {
            continue;
        }
        let description = intent.description.get(context.language()).clone();
        say = say.item(
            "item",
            Values::new().with("what", Value::word(description), Origin::config("intents")),
        );
    }
    say = say.tail("person", Values::new());
    Outcome::say(say).into()
}
