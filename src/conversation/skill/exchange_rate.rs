//! What other money costs, by the bank's own rate and its time. No rate is ever guessed.

use crate::bank::rate::ExchangeRate;
use crate::bank::{Answers, Failure, Query};
use crate::intent::catalogue::Access;
use crate::money::{Currency, Money};
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "exchange_rate",
    access: Access::Anonymous,
    ask,
    answer,
    variants: &["answer", "rate", "which", "not_traded"],
    report: None,
};

const INTENT: &str = "exchange_rate";

/// Shown where the customer named no amount: with one unit the last digits of a rate would be lost.
const SHOWN: &str = "100";

fn is_offered(context: &Context<'_>) -> bool {
    context.state.link.is_some() && context.policy.ports.rates
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let pair = pair(request, context).filter(|_| is_offered(context));
    pair.map(|(from, to)| Query::ExchangeRate { from, to })
        .into_iter()
        .collect()
}

/// Returns which money into which. Where only one is named, the other is the bank's own; an amount without a currency
/// is in the bank's own, too.
fn pair(request: &Request, context: &Context<'_>) -> Option<(Currency, Currency)> {
    let home = context.policy.limits.per_payment.currency();
    let said = |slot: &str| request.said(slot).and_then(|code| code.parse().ok());
    let pair = match (said("from"), said("to")) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, home),
        (None, Some(to)) if request.said("amount").is_some() => (home, to),
        (None, Some(to)) => (to, home),
        (None, None) => return None,
    };
    (pair.0 != pair.1).then_some(pair)
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if !is_offered(context) {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let Some((from, to)) = pair(request, context) else {
        return Outcome::say(Say::new(INTENT, "which", Values::new())).into();
    };
    let rate = match answers.exchange_rate(from, to) {
        Ok(rate) => rate,
        Err(Failure::NotFound | Failure::NotOffered) => {
            let code = |currency: Currency| Value::word(currency.code());
            let values = Values::new()
                .with("from", code(from), Origin::Customer)
                .with("to", code(to), Origin::Customer);
            return Outcome::say(Say::new(INTENT, "not_traded", values)).into();
        }
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let amount = Money::parse(request.said("amount").unwrap_or(SHOWN), from);
    let converted = amount.and_then(|amount| Ok((amount, rate.convert(amount)?)));
    match converted {
        Ok((amount, converted)) => Outcome::say(Say::new(
            INTENT,
            "rate",
            values(rate, amount, converted, request),
        ))
        .into(),
        // No amount of money: more than an amount can hold.
        Err(_) => Outcome::say(Say::new(INTENT, "which", Values::new())).into(),
    }
}

fn values(rate: &ExchangeRate, amount: Money, converted: Money, request: &Request) -> Values {
    let origin = if request.said("amount").is_some() {
        Origin::Customer
    } else {
        Origin::rule("shown for a hundred, so that no digit of the rate is lost")
    };
    Values::new()
        .with("amount", Value::MoneyWithCode(amount), origin)
        .with(
            "converted",
            Value::MoneyWithCode(converted),
            Origin::rule("the amount by the bank's rate, rounded to the smallest coin"),
        )
        .with(
            "as_of",
            Value::Moment(rate.as_of()),
            Origin::bank("exchange_rate.as_of"),
        )
}
