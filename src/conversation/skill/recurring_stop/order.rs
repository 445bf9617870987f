//! A standing order of the bank: confirmed with every field of it, stopped by one command, told as what came of it.

use crate::bank::model::Account;
use crate::bank::{Answers, BankCommand, CommandOutcome, StandingOrder};
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::super::request::Request;
use super::super::super::state::Executing;
use super::super::{Context, Outcome, Say, resolve};
use super::{INTENT, Repeating, bound, said_on};

/// Returns what is shown of an order.
pub(super) fn values(order: &StandingOrder) -> Values {
    let dated = if order.next.is_some() { "yes" } else { "no" };
    let values = Values::new()
        .with("name", Value::quoted(&order.to), Origin::bank("payee.name"))
        .with(
            "amount",
            Value::Money(order.amount),
            Origin::bank("standing_order.amount"),
        )
        .with(
            "every",
            Value::key(order.every.key()),
            Origin::bank("standing_order.frequency"),
        )
        .with(
            "dated",
            Value::key(dated),
            Origin::bank("standing_order.next"),
        );
    match order.next {
        Some(next) => values.with(
            "next",
            Value::Day(next),
            Origin::bank("standing_order.next"),
        ),
        None => values.with("next", Value::word(""), Origin::bank("standing_order.next")),
    }
}

/// The next payment is so near that it may go out all the same.
fn is_soon(request: &Request, order: &StandingOrder, context: &Context<'_>) -> bool {
    let rights = &context.policy.rights;
    let said = said_on(request, context);
    order
        .next
        .is_some_and(|next| rights.profile(false).stops(said, next, &rights.closed) == Some(false))
}

/// Asks, or stops the order that was confirmed. One that changed since is asked for again.
pub(super) fn answer(
    request: &Request,
    order: &StandingOrder,
    answers: &Answers,
    context: &Context<'_>,
) -> Outcome {
    let confirmed = request
        .bound("confirmed")
        .and_then(|text| serde_json::from_str::<StandingOrder>(text).ok())
        .is_some_and(|confirmed| confirmed == *order);
    if confirmed {
        let command = BankCommand::StopStandingOrder {
            order: order.id.clone(),
        };
        return Outcome::default().command(command, request.clone());
    }
    let (all, exact) = match (answers.accounts(), serde_json::to_string(order)) {
        (Ok(all), Ok(exact)) => (&all.accounts, exact),
        (Err(failure), _) => return Outcome::failed(failure),
        (_, Err(_)) => return Outcome::say(Say::shared("something_wrong")),
    };
    let mut base = bound(request, Repeating::Order(order), context);
    base.bound.remove("confirmed");
    let from: Option<&Account> = all.iter().find(|account| account.id == order.from);
    let known = if from.is_some() { "yes" } else { "no" };
    let label = from.map_or_else(String::new, |from| resolve::label_text(from, context));
    let shown = values(order)
        .with("known", Value::key(known), Origin::bank("account.name"))
        .with("from", Value::quoted(&label), Origin::bank("account.name"));
    let mut say = Say::new(INTENT, "confirm_order", shown);
    if is_soon(&base, order, context) {
        say = say.item("soon", Values::new());
    }
    let yes = base.clone().bind("confirmed", exact);
    let no = Request::new(INTENT).bind("declined", "yes");
    Outcome::say(say).confirm(&base, yes, no)
}

/// Tells what came of it. Unknown is never said as done (C7).
pub(super) fn report(
    executing: &Executing,
    outcome: &CommandOutcome,
    context: &Context<'_>,
) -> Outcome {
    let request = &executing.request;
    let Some(order) = request
        .bound("confirmed")
        .and_then(|text| serde_json::from_str::<StandingOrder>(text).ok())
    else {
        return Outcome::say(Say::shared("something_wrong"));
    };
    let variant = match outcome {
        CommandOutcome::Done { .. } if is_soon(request, &order, context) => "order_done_soon",
        CommandOutcome::Done { .. } => "order_done",
        CommandOutcome::Rejected { .. } | CommandOutcome::NeedsApproval { .. } => "order_refused",
        CommandOutcome::Unknown => "order_unknown",
        CommandOutcome::NotSent => "order_not_sent",
    };
    let mut say = Say::new(INTENT, variant, values(&order)).class(SendClass::Outcome);
    if variant == "order_refused" {
        let mut note = request.clone().bind("note", "yes");
        note.bound.remove("confirmed");
        say = say.on("note", note);
    }
    Outcome::say(say)
}
