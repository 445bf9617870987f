//! Whether a card works (requirement A12: a plain question changes nothing).

use crate::bank::model::{Card, CardState};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "card_status",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "works",
        "stopped",
        "ended",
        "not_active",
        "list",
        "item",
        "not_found",
        "none",
    ],
    report: None,
};

const INTENT: &str = "card_status";

fn ask(_: &Request, _: &Context<'_>) -> Vec<Query> {
    vec![Query::Cards]
}

fn answer(request: &Request, answers: &Answers, _: &Context<'_>) -> Next {
    let cards = match answers.cards() {
        Ok(cards) => cards,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    match resolve::cards(cards, request) {
        Which::One(card) => Outcome::say(one(card)).into(),
        Which::Several(several) => Outcome::say(list("list", &several)).into(),
        Which::Nothing if cards.is_empty() => {
            Outcome::say(Say::new(INTENT, "none", Values::new())).into()
        }
        Which::Nothing => {
            let all: Vec<&Card> = cards.iter().collect();
            Outcome::say(list("not_found", &all)).into()
        }
    }
}

fn one(card: &Card) -> Say {
    let variant = match card.state {
        CardState::Active => "works",
        CardState::Frozen => "stopped",
        CardState::Blocked | CardState::Cancelled | CardState::Expired => "ended",
        CardState::NotActivated => "not_active",
    };
    let bound = |intent: &str| Request::new(intent).bind("card", card.id.as_str());
    Say::new(INTENT, variant, with_card(card))
        .on("stop_card", bound("card_freeze"))
        .on("card_unfreeze", bound("card_unfreeze"))
        .on("card_activate", bound("card_activate"))
}

fn list(variant: &'static str, cards: &[&Card]) -> Say {
    cards
        .iter()
        .take(6)
        .fold(Say::new(INTENT, variant, Values::new()), |say, card| {
            say.item("item", with_card(card))
        })
}

/// Returns the key that templates select a state by.
pub(super) const fn state_key(state: CardState) -> &'static str {
    match state {
        CardState::Active => "active",
        CardState::Frozen => "frozen",
        CardState::Blocked => "blocked",
        CardState::Cancelled => "cancelled",
        CardState::Expired => "expired",
        CardState::NotActivated => "not_active",
    }
}

/// Returns a card's name and state as values.
pub(super) fn with_card(card: &Card) -> Values {
    Values::new()
        .with("card", resolve::card_label(card), Origin::bank("card.mask"))
        .with(
            "state",
            Value::key(state_key(card.state)),
            Origin::bank("card.state"),
        )
}
