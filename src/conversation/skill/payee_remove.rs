//! Taking somebody off the list of those who can be paid. Adding somebody takes their account number, which does not belong
//! in a chat (D2), so the bank's own app does that.

use crate::bank::model::Payee;
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::state::Executing;
use super::{Context, Next, Outcome, Say, Skill, payee, told_as};

pub(super) const SKILL: Skill = Skill {
    name: "payee_remove",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "answer",
        "whom",
        "which",
        "not_there",
        "confirm",
        "kept",
        "still_paid",
        "done",
        "refused",
        "unknown",
        "not_sent",
    ],
    report: Some(report),
};

const INTENT: &str = "payee_remove";

fn can(context: &Context<'_>) -> bool {
    context.policy.can(CommandKind::RemovePayee) && context.policy.ports.payments
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.bound("declined").is_none() && can(context) {
        let mut queries = vec![Query::Payees];
        if context.policy.ports.standing_orders {
            queries.push(Query::StandingOrders);
        }
        queries
    } else {
        Vec::new()
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let say = |variant, values| Outcome::say(Say::new(INTENT, variant, values));
    if request.bound("declined").is_some() {
        return say("kept", Values::new()).into();
    }
    if !can(context) {
        return say("answer", Values::new()).into();
    }
    let all = match answers.payees() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let known: Vec<&Payee> = all.iter().collect();
    let said = request.said("payee");
    let found: Vec<&Payee> = match (request.bound("payee"), said) {
        (Some(id), _) => all.iter().filter(|one| one.id.as_str() == id).collect(),
        (None, Some(name)) => payee::named(&known, name),
        (None, None) => known.clone(),
    };
    match (found.as_slice(), said) {
        ([], Some(name)) => {
            let values = Values::new().with(
                "name",
                Value::quoted(&payee::capital(name)),
                Origin::Customer,
            );
            say("not_there", values).into()
        }
        ([], None) => Outcome::say(Say::new("payee_list", "none", Values::new())).into(),
        ([one], _) => {
            let label = payee::label(one);
            let orders = answers.standing_orders().unwrap_or_default();
            if let Some(order) = orders.iter().find(|order| order.payee == one.id) {
                let stop = Request::new("recurring_stop").bind("order", order.id.as_str());
                let paid = Say::new(INTENT, "still_paid", named(&label)).on("stop", stop);
                return Outcome::say(paid).into();
            }
            let request = request
                .clone()
                .bind("payee", one.id.as_str())
                .bind("label", label.clone());
            if request.bound("confirmed").is_some() {
                let command = BankCommand::RemovePayee {
                    payee: one.id.clone(),
                };
                return Outcome::default().command(command, request).into();
            }
            let yes = request.clone().bind("confirmed", "yes");
            let no = Request::new(INTENT).bind("declined", "yes");
            say("confirm", named(&label))
                .confirm(&request, yes, no)
                .into()
        }
        (several, _) => {
            let variant = if said.is_some() { "which" } else { "whom" };
            let options = payee::options(several, request, context);
            say(variant, Values::new()).choose(request, options).into()
        }
    }
}

fn named(label: &str) -> Values {
    Values::new().with("name", Value::quoted(label), Origin::bank("payee.name"))
}

fn report(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let variant = told_as(outcome);
    let values = named(executing.request.bound("label").unwrap_or("–"));
    Outcome::say(Say::new(INTENT, variant, values).class(SendClass::Outcome))
}
