//! Paying a known payee, person or biller, from the customer's own list.

use crate::bank::model::{Account, Payee};
use crate::bank::{Answers, CommandKind};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::movement::{self, Plan, Planned};
use super::{Context, Next, Outcome, Skill, payee, resolve};

pub(super) const PERSON: Skill = Skill {
    name: "pay_person",
    access: Access::Linked,
    ask: |_, context| movement::ask(CommandKind::PayPayee, context),
    answer: |request, answers, context| answer(request, answers, context, "pay_person"),
    variants: &["answer"],
    report: Some(movement::report),
};

pub(super) const BILL: Skill = Skill {
    name: "pay_bill",
    access: Access::Linked,
    ask: |_, context| movement::ask(CommandKind::PayPayee, context),
    answer: |request, answers, context| {
        if request
            .said("product")
            .is_some_and(|product| product.contains("card"))
        {
            return super::pay_card::answer(&as_card(request), answers, context);
        }
        answer(request, answers, context, "pay_bill")
    },
    variants: &["answer"],
    report: Some(movement::report),
};

fn as_card(request: &Request) -> Request {
    let mut card = request.clone();
    "pay_card".clone_into(&mut card.intent);
    card
}

fn answer(
    request: &Request,
    answers: &Answers,
    context: &Context<'_>,
    intent: &'static str,
) -> Next {
    movement::answer(
        intent,
        CommandKind::PayPayee,
        request,
        answers,
        context,
        |all| plan(request, all, answers, context),
    )
}

fn plan<'a>(
    request: &Request,
    all: &'a [Account],
    answers: &Answers,
    context: &Context<'_>,
) -> Result<Planned<'a>, Box<Outcome>> {
    let payees = answers
        .payees()
        .map_err(|failure| Box::new(Outcome::failed(failure)))?;
    let chosen = chosen(request, payees, context)?;
    let request = request.clone().bind("payee", chosen.id.as_str());
    let day = movement::day(&request, context)?;
    let from = movement::source(all, &request, None, context)?;
    let label = payee::label(chosen);
    let Some(amount) = said_amount(&request, chosen, from.currency, context)? else {
        return Err(Box::new(movement::how_much(&request, &label)));
    };
    let plan = Plan {
        kind: CommandKind::PayPayee,
        from: from.id.clone(),
        from_label: resolve::label_text(from, context),
        to: chosen.id.as_str().to_owned(),
        to_label: label,
        amount,
        day,
        fee: context.policy.limits.fee,
        paid_before: chosen.paid_before,
    };
    Ok(Planned {
        request,
        plan,
        from,
    })
}

/// The amount said, or the last one paid to them where "the same again" was said.
fn said_amount(
    request: &Request,
    payee: &Payee,
    currency: crate::money::Currency,
    context: &Context<'_>,
) -> Result<Option<Money>, Box<Outcome>> {
    let said = movement::amount(request, currency)?;
    if said.is_none() && request.said("amount_ref") == Some("last_amount") {
        return Ok(context
            .state
            .moved
            .iter()
            .rev()
            .find(|moved| moved.payee == payee.id.as_str() && moved.amount.currency() == currency)
            .map(|moved| moved.amount));
    }
    Ok(said)
}

/// Finds whom to pay, or asks with the customer's own payees.
fn chosen<'a>(
    request: &Request,
    payees: &'a [Payee],
    context: &Context<'_>,
) -> Result<&'a Payee, Box<Outcome>> {
    if let Some(id) = request.bound("payee") {
        // A payee that is gone since is not paid.
        if let Some(payee) = payees.iter().find(|payee| payee.id.as_str() == id) {
            return Ok(payee);
        }
    }
    if request.said("ref") == Some("last_payee")
        && let Some(last) = context.state.moved.last()
        && let Some(payee) = payees.iter().find(|payee| payee.id.as_str() == last.payee)
    {
        return Ok(payee);
    }
    let all: Vec<&Payee> = payees.iter().collect();
    let bill = request.intent == "pay_bill";
    let name = request.said("payee").or_else(|| request.said("biller"));
    let found = name.map_or_else(Vec::new, |name| payee::named(&all, name));
    if let [one] = found.as_slice() {
        return Ok(one);
    }
    let likely: Vec<&Payee> = if found.is_empty() {
        all.iter()
            .copied()
            .filter(|payee| payee.biller == bill)
            .collect()
    } else {
        found.clone()
    };
    if likely.is_empty() {
        return Err(Box::new(movement::say("money_no_payees", Values::new())));
    }
    let options = payee::options(&likely, request, context);
    let outcome = match name {
        Some(name) if found.is_empty() => movement::say(
            "money_unknown_payee",
            Values::new().with(
                "name",
                Value::quoted(&payee::capital(name)),
                Origin::Customer,
            ),
        ),
        Some(name) => movement::say(
            "money_which_payee",
            Values::new().with(
                "name",
                Value::quoted(&payee::capital(name)),
                Origin::Customer,
            ),
        ),
        None => movement::say("money_whom", Values::new()),
    };
    Err(Box::new(outcome.choose(request, options)))
}
