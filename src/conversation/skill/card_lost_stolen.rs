//! A card is lost, stolen or kept by a machine: stopped within two messages, time noted, new card offered (A6).

use crate::bank::command::LossReason;
use crate::bank::model::{Card, CardState};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::state::Executing;
use super::card_freeze::reported_card;
use super::human::case;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "card_lost_stolen",
    access: Access::Anonymous,
    ask,
    answer,
    variants: &[
        "answer",
        "confirm",
        "which",
        "kept",
        "done",
        "unknown",
        "refused",
        "not_sent",
        "reported",
        "report_unknown",
        "report_refused",
        "none_left",
    ],
    report: Some(report),
};

const INTENT: &str = "card_lost_stolen";

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.bound("keep").is_some()
        || context.state.link.is_none()
        || !context.policy.can(CommandKind::FreezeCard)
    {
        return Vec::new();
    }
    if request.bound("case").is_some() {
        vec![Query::Cards]
    } else {
        vec![Query::Cards, Query::CaseNumber]
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if request.bound("keep").is_some() {
        return Outcome::say(Say::new(INTENT, "kept", Values::new())).into();
    }
    // Whoever cannot be helped here is told at once what to do instead.
    let guidance =
        || Outcome::say(Say::new(INTENT, "answer", Values::new()).class(SendClass::Urgent));
    if context.state.link.is_none() || !context.policy.can(CommandKind::FreezeCard) {
        return guidance().into();
    }
    // The time of the notice is kept before anything is asked (Reg E 1005.6).
    let number = match request.bound("case") {
        Some(number) => number.parse().ok(),
        None => answers.case_number().ok(),
    };
    let notice = |outcome: Outcome| match (number, request.bound("case")) {
        (Some(number), None) => outcome.case(case(number, "lost_card", request, context)),
        _ => outcome,
    };
    let Ok(cards) = answers.cards() else {
        return notice(guidance()).into();
    };
    let request = &match number {
        Some(number) => request.clone().bind("case", number.to_string()),
        None => request.clone(),
    };
    if request.bound("replace").is_some() {
        return replace(request, cards);
    }
    let usable: Vec<&Card> = cards
        .iter()
        .filter(|card| matches!(card.state, CardState::Active | CardState::Frozen))
        .collect();
    let chosen = match resolve::cards(cards, request) {
        Which::One(card) => Some(card),
        _ if usable.len() == 1 => usable.first().copied(),
        _ => None,
    };
    match chosen {
        Some(card) if request.bound("confirmed").is_some() => stop(request, &[card]),
        Some(card) => notice(confirm(request, card)).into(),
        None if request.bound("both").is_some() => stop(request, &usable),
        None if usable.is_empty() => {
            notice(Outcome::say(Say::new(INTENT, "none_left", Values::new()))).into()
        }
        None => notice(choose(request, &usable, context)).into(),
    }
}

fn labelled(request: &Request, card: &Card) -> Request {
    request
        .clone()
        .bind("card", card.id.as_str())
        .bind("label", format!("{}|{}", card.brand, card.mask))
}

fn confirm(request: &Request, card: &Card) -> Outcome {
    let values = Values::new().with("card", resolve::card_label(card), Origin::bank("card.mask"));
    let yes = labelled(request, card).bind("confirmed", "yes");
    let no = Request::new(INTENT).bind("keep", "yes");
    Outcome::say(Say::new(INTENT, "confirm", values)).confirm(request, yes, no)
}

fn choose(request: &Request, usable: &[&Card], context: &Context<'_>) -> Outcome {
    let mut options: Vec<(String, Request)> = usable
        .iter()
        .take(4)
        .map(|card| {
            (
                resolve::card_label(card).show(context.place),
                labelled(request, card).bind("confirmed", "yes"),
            )
        })
        .collect();
    let all = if usable.len() == 2 {
        "stop_both"
    } else {
        "stop_all"
    };
    options.push((
        resolve::word(all, context),
        request.clone().bind("both", "yes").bind("confirmed", "yes"),
    ));
    Outcome::say(Say::new(INTENT, "which", Values::new())).choose(request, options)
}

fn stop(request: &Request, cards: &[&Card]) -> Next {
    let mut outcome = Outcome::default();
    for card in cards {
        outcome = outcome.command(
            BankCommand::FreezeCard {
                card: card.id.clone(),
            },
            labelled(request, card),
        );
    }
    outcome.into()
}

/// The second step, asked after the card is stopped: for good, with a new one.
fn replace(request: &Request, cards: &[Card]) -> Next {
    let Which::One(card) = resolve::cards(cards, request) else {
        return Outcome::say(Say::new(INTENT, "report_refused", Values::new())).into();
    };
    let reason = match request.said("state") {
        Some("stolen") => LossReason::Stolen,
        Some("retained") => LossReason::Retained,
        _ => LossReason::Lost,
    };
    Outcome::default()
        .command(
            BankCommand::ReportCard {
                card: card.id.clone(),
                reason,
                replace: true,
            },
            labelled(request, card),
        )
        .into()
}

fn report(executing: &Executing, outcome: &CommandOutcome, context: &Context<'_>) -> Outcome {
    let values = reported_card(executing).with(
        "case",
        Value::word(executing.request.bound("case").unwrap_or("–")),
        Origin::Record,
    );
    if executing.kind == CommandKind::ReportCard {
        let variant = match outcome {
            CommandOutcome::Done { .. } => "reported",
            CommandOutcome::Unknown => "report_unknown",
            _ => "report_refused",
        };
        return Outcome::say(Say::new(INTENT, variant, values).class(SendClass::Urgent));
    }
    let variant = match outcome {
        CommandOutcome::Done {
            card_state: Some(CardState::Frozen | CardState::Blocked | CardState::Cancelled),
            ..
        } => "done",
        CommandOutcome::Done { .. } | CommandOutcome::Unknown => "unknown",
        CommandOutcome::Rejected { .. } | CommandOutcome::NeedsApproval { .. } => "refused",
        CommandOutcome::NotSent => "not_sent",
    };
    let mut say = Say::new(INTENT, variant, values).class(SendClass::Urgent);
    if variant == "done" && context.policy.can(CommandKind::ReportCard) {
        let mut again = executing.request.clone().bind("replace", "yes");
        again.bound.remove("confirmed");
        again.bound.remove("both");
        say = say.on("replace", again);
    } else {
        say = say.without("replace");
    }
    Outcome::say(say)
}
