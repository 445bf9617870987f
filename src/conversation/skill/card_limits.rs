//! What a card may spend in a day, and what is left of it, as the bank tells it with its time.

use crate::bank::card_service::{CardLimit, LimitKind};
use crate::bank::model::{Card, CardState};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::card_freeze::with_card;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "card_limits",
    access: Access::Linked,
    ask,
    answer,
    variants: &["answer", "limits", "limit", "left", "as_of", "none"],
    report: None,
};

const INTENT: &str = "card_limits";

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.ports.card_services {
        vec![Query::Cards]
    } else {
        Vec::new()
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if !context.policy.ports.card_services {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let cards = match answers.cards() {
        Ok(cards) => cards,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let card = match resolve::one_card(cards, request, is_usable) {
        Which::One(card) => card,
        Which::Several(several) => return resolve::choose_card(request, &several, context).into(),
        Which::Nothing => {
            return Outcome::say(Say::new("card_status", "none", Values::new())).into();
        }
    };
    let query = Query::CardLimits {
        card: card.id.clone(),
    };
    if !answers.has(&query) {
        return Next::Ask(vec![query]);
    }
    let found = match answers.card_limits(&card.id) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let asked_for = |limit: &&CardLimit| match request.said("channel") {
        Some("atm") => limit.kind == LimitKind::Cash,
        _ => true,
    };
    let told: Vec<&CardLimit> = found.limits.iter().filter(asked_for).collect();
    if told.is_empty() {
        return Outcome::say(Say::new(INTENT, "none", with_card(card))).into();
    }
    let as_of = Values::new().with(
        "as_of",
        Value::Moment(found.as_of),
        Origin::bank("card_limits.as_of"),
    );
    let say = told
        .into_iter()
        .fold(Say::new(INTENT, "limits", with_card(card)), line)
        .tail("as_of", as_of);
    Outcome::say(say).into()
}

const fn is_usable(card: &Card) -> bool {
    matches!(
        card.state,
        CardState::Active | CardState::Frozen | CardState::NotActivated
    )
}

fn line(say: Say, limit: &CardLimit) -> Say {
    let kind = match limit.kind {
        LimitKind::Purchase => "purchase",
        LimitKind::Cash => "cash",
    };
    let values = Values::new()
        .with("kind", Value::key(kind), Origin::bank("card_limits.kind"))
        .with(
            "limit",
            Value::Money(limit.per_day),
            Origin::bank("card_limits.per_day"),
        );
    match limit.left {
        Some(left) => say.item(
            "left",
            values.with("left", Value::Money(left), Origin::bank("card_limits.left")),
        ),
        None => say.item("limit", values),
    }
}
