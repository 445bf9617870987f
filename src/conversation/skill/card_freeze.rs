//! Stopping a card for now (requirements A6, C2; design section 9: with two cards, choosing the card is the
//! confirmation).

use crate::bank::model::{Card, CardState};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::state::Executing;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "card_freeze",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "answer",
        "kept",
        "cannot_read",
        "already_stopped",
        "all_stopped",
        "no_cards",
        "confirm",
        "which",
        "done",
        "unknown",
        "refused",
        "not_sent",
    ],
    report: Some(report),
};

const INTENT: &str = "card_freeze";

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.can(CommandKind::FreezeCard) {
        vec![Query::Cards]
    } else {
        Vec::new()
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if !context.policy.can(CommandKind::FreezeCard) {
        // Honest words with the phone number: the card can still be stopped there.
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    if request.bound("keep").is_some() {
        return Outcome::say(Say::new(INTENT, "kept", Values::new())).into();
    }
    let Ok(cards) = answers.cards() else {
        return Outcome::say(Say::new(INTENT, "cannot_read", Values::new())).into();
    };
    let working: Vec<Card> = cards
        .iter()
        .filter(|card| card.state == CardState::Active)
        .cloned()
        .collect();
    match resolve::cards(cards, request) {
        Which::One(card) if card.state != CardState::Active => {
            Outcome::say(Say::new(INTENT, "already_stopped", with_card(card))).into()
        }
        Which::One(card) => confirmed_or_ask(request, card),
        Which::Several(_) if request.bound("both").is_some() => stop(request, &working),
        Which::Several(several) => match working.as_slice() {
            [] => Outcome::say(Say::new(INTENT, "all_stopped", Values::new())).into(),
            [only] if several.len() == cards.len() => confirmed_or_ask(request, only),
            _ => choose(request, &working, context).into(),
        },
        Which::Nothing if cards.is_empty() => {
            Outcome::say(Say::new(INTENT, "no_cards", Values::new())).into()
        }
        Which::Nothing => choose(request, &working, context).into(),
    }
}

fn confirmed_or_ask(request: &Request, card: &Card) -> Next {
    if request.bound("confirmed").is_some() {
        return stop(request, std::slice::from_ref(card));
    }
    let yes = request
        .clone()
        .bind("card", card.id.as_str())
        .bind("confirmed", "yes");
    let no = Request::new(INTENT).bind("keep", "yes");
    Outcome::say(Say::new(INTENT, "confirm", with_card(card)))
        .confirm(request, yes, no)
        .into()
}

/// Asks which card: the tap is the confirmation, [Stop both] is among them.
fn choose(request: &Request, working: &[Card], context: &Context<'_>) -> Outcome {
    let mut options: Vec<(String, Request)> = working
        .iter()
        .take(4)
        .map(|card| {
            (
                resolve::card_label(card).show(context.place),
                request
                    .clone()
                    .bind("card", card.id.as_str())
                    .bind("confirmed", "yes"),
            )
        })
        .collect();
    if working.len() > 1 {
        options.push((
            resolve::word(
                if working.len() == 2 {
                    "stop_both"
                } else {
                    "stop_all"
                },
                context,
            ),
            request.clone().bind("both", "yes").bind("confirmed", "yes"),
        ));
    }
    Outcome::say(Say::new(INTENT, "which", Values::new())).choose(request, options)
}

/// Tells the bank; what is said now is what is true now: it was asked, not done.
fn stop(request: &Request, cards: &[Card]) -> Next {
    let mut outcome = Outcome::default();
    for card in cards.iter().filter(|card| card.state == CardState::Active) {
        let request = request
            .clone()
            .bind("card", card.id.as_str())
            .bind("label", format!("{}|{}", card.brand, card.mask));
        outcome.commands.push((
            BankCommand::FreezeCard {
                card: card.id.clone(),
            },
            request,
        ));
    }
    outcome.into()
}

fn report(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let values = reported_card(executing);
    let variant = match outcome {
        CommandOutcome::Done {
            card_state: Some(CardState::Frozen | CardState::Blocked | CardState::Cancelled),
            ..
        } => "done",
        // The bank said yes and the card still reads as working: never reported as done (C7).
        CommandOutcome::Done { .. } | CommandOutcome::Unknown => "unknown",
        CommandOutcome::Rejected { .. } | CommandOutcome::NeedsApproval { .. } => "refused",
        CommandOutcome::NotSent => "not_sent",
    };
    Outcome::say(
        Say::new(INTENT, variant, values)
            .class(SendClass::Urgent)
            .on("unfreeze", Request::new("card_unfreeze"))
            .on("lost", Request::new("card_lost_stolen")),
    )
}

/// Returns the label kept with the command: the bank is not asked again to say what was done.
pub(super) fn reported_card(executing: &Executing) -> Values {
    let label = executing.request.bound("label").unwrap_or_default();
    let (brand, mask) = label.split_once('|').unwrap_or(("", label));
    let card = Card {
        id: crate::bank::model::CardId(String::new()),
        account: crate::bank::AccountId(String::new()),
        mask: mask.to_owned(),
        brand: brand.to_owned(),
        credit: false,
        state: CardState::Active,
    };
    with_card(&card)
}

pub(super) fn with_card(card: &Card) -> Values {
    Values::new().with("card", resolve::card_label(card), Origin::bank("card.mask"))
}
