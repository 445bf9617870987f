//! Letting a stopped card work again: makes things riskier, so it needs the bank's own check (5.5, C4).

use crate::bank::model::{Card, CardState};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::state::Executing;
use super::card_freeze::reported_card;
use super::resolve::{self, Which};
use super::{Change, Context, Next, Outcome, Say, Shape, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "card_unfreeze",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "answer",
        "step_up",
        "step_up_button",
        "which",
        "none_stopped",
        "works_already",
        "for_good",
        "cannot_read",
        "done",
        "unknown",
        "refused",
        "not_sent",
    ],
    report: Some(report),
};

const INTENT: &str = "card_unfreeze";

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.can(CommandKind::UnfreezeCard) {
        vec![Query::Cards]
    } else {
        Vec::new()
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if !context.policy.can(CommandKind::UnfreezeCard) || context.policy.public_url.is_none() {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let Ok(cards) = answers.cards() else {
        return Outcome::say(Say::new(INTENT, "cannot_read", Values::new())).into();
    };
    let frozen: Vec<&Card> = cards
        .iter()
        .filter(|card| card.state == CardState::Frozen)
        .collect();
    let card = match resolve::cards(cards, request) {
        Which::One(card) => card,
        _ => match frozen.as_slice() {
            [] => {
                return Outcome::say(Say::new(INTENT, "none_stopped", Values::new())).into();
            }
            [only] => only,
            several => return choose(request, several, context).into(),
        },
    };
    let values = Values::new().with("card", resolve::card_label(card), Origin::bank("card.mask"));
    match card.state {
        CardState::Frozen => {}
        CardState::Active => {
            return Outcome::say(Say::new(INTENT, "works_already", values)).into();
        }
        _ => return Outcome::say(Say::new(INTENT, "for_good", values)).into(),
    }
    let request = request
        .clone()
        .bind("card", card.id.as_str())
        .bind("label", format!("{}|{}", card.brand, card.mask));
    if request.bound("stepped_up").is_some() {
        return Outcome::default()
            .command(
                BankCommand::UnfreezeCard {
                    card: card.id.clone(),
                },
                request,
            )
            .into();
    }
    let mut say = Say::new(INTENT, "step_up", values).class(SendClass::Prompt);
    say.shape = Shape::Link {
        title: "step_up_button",
        path: super::STEP_UP_PATH.to_owned(),
    };
    Outcome::say(say).change(Change::StepUp(request)).into()
}

fn choose(request: &Request, frozen: &[&Card], context: &Context<'_>) -> Outcome {
    let options = frozen
        .iter()
        .take(4)
        .map(|card| {
            (
                resolve::card_label(card).show(context.place),
                request.clone().bind("card", card.id.as_str()),
            )
        })
        .collect();
    Outcome::say(Say::new(INTENT, "which", Values::new())).choose(request, options)
}

fn report(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let variant = match outcome {
        CommandOutcome::Done {
            card_state: Some(CardState::Active),
            ..
        } => "done",
        CommandOutcome::Done { .. } | CommandOutcome::Unknown => "unknown",
        CommandOutcome::Rejected { .. } | CommandOutcome::NeedsApproval { .. } => "refused",
        CommandOutcome::NotSent => "not_sent",
    };
    Outcome::say(Say::new(INTENT, variant, reported_card(executing)).class(SendClass::Urgent))
}
