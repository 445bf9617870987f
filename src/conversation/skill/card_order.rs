//! A new card in place of one that is not lost: ordering it, and where it is.

use crate::bank::card_service::{CardOrder, CardOrderState, ReplaceReason};
use crate::bank::model::{Card, CardState};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::state::Executing;
use super::card_freeze::{reported_card, with_card};
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill, told_as};

pub(super) const REPLACE: Skill = Skill {
    name: "card_replace",
    access: Access::Linked,
    ask: ask_replace,
    answer: replace,
    variants: &[
        "answer",
        "new_name",
        "confirm",
        "kept",
        "under_way",
        "for_good",
        "done",
        "refused",
        "unknown",
        "not_sent",
    ],
    report: Some(report),
};

pub(super) const DELIVERY: Skill = Skill {
    name: "card_delivery",
    access: Access::Linked,
    ask: ask_delivery,
    answer: delivery,
    variants: &[
        "answer",
        "one",
        "expected",
        "late",
        "list",
        "item",
        "none",
        "word_card",
    ],
    report: None,
};

/// Orders older than this are history, days.
const SHOWN_DAYS: i32 = 60;

fn ask_replace(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.bound("declined").is_some() || !context.policy.can(CommandKind::OrderCard) {
        return Vec::new();
    }
    let mut queries = vec![Query::Cards];
    if context.policy.ports.card_services {
        queries.push(Query::CardOrders);
    }
    queries
}

fn replace(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "card_replace";
    let say = |variant, values| Outcome::say(Say::new(INTENT, variant, values));
    if request.bound("declined").is_some() {
        return say("kept", Values::new()).into();
    }
    if !context.policy.can(CommandKind::OrderCard) {
        return say("answer", Values::new()).into();
    }
    if request.said("reason") == Some("name_change") {
        return say("new_name", Values::new()).into();
    }
    let cards = match answers.cards() {
        Ok(cards) => cards,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    // What is gone for good is replaced by the report that ended it.
    let card = match resolve::one_card(cards, request, |card| is_replaceable(card.state)) {
        Which::One(card) => card,
        Which::Several(several) => return resolve::choose_card(request, &several, context).into(),
        Which::Nothing => {
            return Outcome::say(Say::new("card_status", "none", Values::new())).into();
        }
    };
    if !is_replaceable(card.state) {
        return say("for_good", with_card(card)).into();
    }
    let orders = answers.card_orders().unwrap_or_default();
    let known = orders
        .iter()
        .find(|order| order.replaces.as_ref() == Some(&card.id) && order.is_under_way());
    if let Some(order) = known {
        let values = with_card(card).with(
            "ordered",
            Value::Day(day(order, context)),
            Origin::bank("card_order.ordered_at"),
        );
        return say("under_way", values).into();
    }
    let request = request
        .clone()
        .bind("card", card.id.as_str())
        .bind("label", format!("{}|{}", card.brand, card.mask));
    if request.bound("confirmed").is_some() {
        let command = BankCommand::OrderCard {
            card: card.id.clone(),
            reason: match request.said("reason") {
                Some("damaged" | "worn") => ReplaceReason::Damaged,
                Some("expired") => ReplaceReason::Expired,
                _ => ReplaceReason::Other,
            },
        };
        return Outcome::default().command(command, request).into();
    }
    let yes = request.clone().bind("confirmed", "yes");
    let no = Request::new(INTENT).bind("declined", "yes");
    say("confirm", with_card(card))
        .confirm(&request, yes, no)
        .into()
}

const fn is_replaceable(state: CardState) -> bool {
    matches!(
        state,
        CardState::Active | CardState::Frozen | CardState::Expired
    )
}

fn report(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let variant = told_as(outcome);
    let say = Say::new("card_replace", variant, reported_card(executing));
    Outcome::say(say.class(SendClass::Outcome))
}

fn ask_delivery(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.ports.card_services {
        vec![Query::CardOrders, Query::Cards]
    } else {
        Vec::new()
    }
}

fn delivery(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "card_delivery";
    if !context.policy.ports.card_services {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let orders = match answers.card_orders() {
        Ok(orders) => orders,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let cards = answers.cards().unwrap_or_default();
    let today = context.place.today();
    let recent = |order: &&CardOrder| {
        order.is_under_way()
            || day(order, context).saturating_add(jiff::Span::new().days(SHOWN_DAYS)) >= today
    };
    let mut shown: Vec<&CardOrder> = orders.iter().filter(recent).collect();
    // "my credit card" names the new card, or the one whose place it takes.
    let meant = match resolve::cards(cards, request) {
        Which::One(card) => vec![&card.id],
        Which::Several(several) => several.into_iter().map(|card| &card.id).collect(),
        Which::Nothing => Vec::new(),
    };
    let is_meant = |order: &CardOrder| {
        let of = [order.card.as_ref(), order.replaces.as_ref()];
        of.into_iter().flatten().any(|id| meant.contains(&id))
    };
    if shown.iter().any(|order| is_meant(order)) {
        shown.retain(|order| is_meant(order));
    }
    match shown.as_slice() {
        [] => Outcome::say(Say::new(INTENT, "none", Values::new())).into(),
        [order] => {
            let mut say = Say::new(INTENT, "one", values(order, cards, context));
            let waits = cards.iter().any(|card| {
                Some(&card.id) == order.card.as_ref() && card.state == CardState::NotActivated
            });
            match &order.card {
                Some(card) if waits && !order.is_under_way() => {
                    let activate = Request::new("card_activate").bind("card", card.as_str());
                    say = say.on("card_activate", activate);
                }
                _ => say = say.without("card_activate"),
            }
            if let Some(expected) = order.expected.filter(|_| order.is_under_way()) {
                let variant = if expected < today { "late" } else { "expected" };
                let by = Value::Day(expected);
                let by = Values::new().with("expected", by, Origin::bank("card_order.expected"));
                say = say.tail(variant, by);
            }
            Outcome::say(say).into()
        }
        several => {
            let say = several
                .iter()
                .take(4)
                .fold(Say::new(INTENT, "list", Values::new()), |say, order| {
                    say.item("item", values(order, cards, context))
                });
            Outcome::say(say).into()
        }
    }
}

/// On which day it was ordered, for the customer.
fn day(order: &CardOrder, context: &Context<'_>) -> jiff::civil::Date {
    order.ordered_at.to_zoned(context.place.zone.clone()).date()
}

fn values(order: &CardOrder, cards: &[Card], context: &Context<'_>) -> Values {
    let id = order.card.as_ref();
    let card = cards.iter().find(|card| Some(&card.id) == id);
    let (label, origin) = match card {
        Some(card) => (resolve::card_label(card), Origin::bank("card.mask")),
        None => (
            Value::word(resolve::own_word("card_delivery", "word_card", context)),
            Origin::rule("the order has no card yet"),
        ),
    };
    let (state, on) = match (order.state, order.sent_on) {
        (CardOrderState::Delivered, _) => ("delivered", day(order, context)),
        (CardOrderState::Returned, _) => ("returned", day(order, context)),
        (CardOrderState::Sent, Some(sent)) => ("sent", sent),
        (CardOrderState::Sent, None) => ("sent_some_day", day(order, context)),
        (CardOrderState::Ordered, _) => ("ordered", day(order, context)),
    };
    Values::new()
        .with("card", label, origin)
        .with("state", Value::key(state), Origin::bank("card_order.state"))
        .with("day", Value::Day(on), Origin::bank("card_order"))
}
