//! Letting a card work: one that was stopped for now, or a new one. It makes things riskier, so it needs the bank's own
//! check (5.5, C4).

use crate::bank::model::{Card, CardId, CardState};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::state::Executing;
use super::card_freeze::reported_card;
use super::resolve::{self, Which};
use super::{Change, Context, Next, Outcome, Say, Shape, Skill};

pub(super) const UNFREEZE: Skill = Skill {
    name: "card_unfreeze",
    access: Access::Linked,
    ask,
    answer,
    variants: VARIANTS,
    report: Some(report),
};

pub(super) const ACTIVATE: Skill = Skill {
    name: "card_activate",
    access: Access::Linked,
    ask,
    answer,
    variants: VARIANTS,
    report: Some(report),
};

const VARIANTS: &[&str] = &[
    "answer",
    "step_up",
    "step_up_button",
    "which",
    "none",
    "works_already",
    "other_way",
    "for_good",
    "cannot_read",
    "done",
    "unknown",
    "refused",
    "not_sent",
];

/// One of the two ways.
struct Way {
    intent: &'static str,
    kind: CommandKind,
    /// The state it leads out of.
    from: CardState,
    command: fn(CardId) -> BankCommand,
}

const UNFREEZING: Way = Way {
    intent: "card_unfreeze",
    kind: CommandKind::UnfreezeCard,
    from: CardState::Frozen,
    command: |card| BankCommand::UnfreezeCard { card },
};

const ACTIVATING: Way = Way {
    intent: "card_activate",
    kind: CommandKind::ActivateCard,
    from: CardState::NotActivated,
    command: |card| BankCommand::ActivateCard { card },
};

fn way(request: &Request) -> &'static Way {
    if request.intent == ACTIVATING.intent {
        &ACTIVATING
    } else {
        &UNFREEZING
    }
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.can(way(request).kind) {
        vec![Query::Cards]
    } else {
        Vec::new()
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let way = way(request);
    let say = |variant, values| Outcome::say(Say::new(way.intent, variant, values));
    if !context.policy.can(way.kind) || context.policy.public_url.is_none() {
        return say("answer", Values::new()).into();
    }
    let Ok(cards) = answers.cards() else {
        return say("cannot_read", Values::new()).into();
    };
    let waiting: Vec<&Card> = cards.iter().filter(|card| card.state == way.from).collect();
    let card = match resolve::cards(cards, request) {
        Which::One(card) => card,
        _ => match waiting.as_slice() {
            [] => return say("none", Values::new()).into(),
            [only] => only,
            several => return choose(way, request, several, context).into(),
        },
    };
    let values = Values::new().with("card", resolve::card_label(card), Origin::bank("card.mask"));
    let barred = match card.state {
        state if state == way.from => None,
        CardState::Active => Some("works_already"),
        CardState::Frozen | CardState::NotActivated => Some("other_way"),
        CardState::Blocked | CardState::Cancelled | CardState::Expired => Some("for_good"),
    };
    if let Some(variant) = barred {
        let bound = |intent: &str| Request::new(intent).bind("card", card.id.as_str());
        let say = Say::new(way.intent, variant, values)
            .on("card_unfreeze", bound("card_unfreeze"))
            .on("card_activate", bound("card_activate"));
        return Outcome::say(say).into();
    }
    let request = request
        .clone()
        .bind("card", card.id.as_str())
        .bind("label", format!("{}|{}", card.brand, card.mask));
    if request.bound("stepped_up").is_some() {
        let command = (way.command)(card.id.clone());
        return Outcome::default().command(command, request).into();
    }
    let mut say = Say::new(way.intent, "step_up", values).class(SendClass::Prompt);
    say.shape = Shape::Link {
        title: "step_up_button",
        path: super::STEP_UP_PATH.to_owned(),
    };
    Outcome::say(say).change(Change::StepUp(request)).into()
}

fn choose(way: &Way, request: &Request, waiting: &[&Card], context: &Context<'_>) -> Outcome {
    let options = waiting.iter().take(4).map(|card| {
        (
            resolve::card_label(card).show(context.place),
            request.clone().bind("card", card.id.as_str()),
        )
    });
    Outcome::say(Say::new(way.intent, "which", Values::new())).choose(request, options.collect())
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
    let intent = way(&executing.request).intent;
    Outcome::say(Say::new(intent, variant, reported_card(executing)).class(SendClass::Urgent))
}
