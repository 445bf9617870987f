//! Points, miles and money back, as the bank counts them. Using them happens at the bank.

use crate::bank::rewards::{RewardAmount, RewardsProgram};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const BALANCE: Skill = Skill {
    name: "rewards_balance",
    access: Access::Linked,
    ask,
    answer,
    variants: &["answer", "one", "list", "item", "ends", "whole", "none"],
    report: None,
};

const INTENT: &str = "rewards_balance";

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.ports.rewards {
        vec![Query::Rewards, Query::Cards]
    } else {
        Vec::new()
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if !context.policy.ports.rewards {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let mut programs: Vec<&RewardsProgram> = match answers.rewards() {
        Ok(programs) => programs.iter().collect(),
        Err(failure) => return Outcome::failed(failure).into(),
    };
    if request.said("card").is_some()
        && let Ok(cards) = answers.cards()
        && let Which::One(card) = resolve::cards(cards, request)
    {
        programs.retain(|program| program.account == card.account);
    }
    // The bank counts the whole, not what one shop or month brought.
    let of_a_part = request.said("merchant").is_some() || request.said("period").is_some();
    let say = match programs.as_slice() {
        [] => return Outcome::say(Say::new(INTENT, "none", Values::new())).into(),
        [one] => Say::new(INTENT, "one", values(one)),
        several => several
            .iter()
            .take(6)
            .fold(Say::new(INTENT, "list", Values::new()), |say, program| {
                say.item("item", values(program))
            }),
    };
    let mut ending = programs
        .iter()
        .filter_map(|program| {
            let (amount, on) = program.expiring?;
            Some((on, amount, *program))
        })
        .collect::<Vec<_>>();
    ending.sort_by_key(|(on, ..)| *on);
    let say = match ending.first() {
        _ if of_a_part => say.tail("whole", Values::new()),
        Some((on, ends, program)) => say.tail(
            "ends",
            with_amount(named(program), *ends, "rewards.expiring").with(
                "day",
                Value::Day(*on),
                Origin::bank("rewards.expires"),
            ),
        ),
        None => say,
    };
    Outcome::say(say).into()
}

fn named(program: &RewardsProgram) -> Values {
    let name = Value::quoted(&program.name);
    Values::new().with("name", name, Origin::bank("rewards.name"))
}

fn values(program: &RewardsProgram) -> Values {
    with_amount(named(program), program.balance, "rewards.balance").with(
        "as_of",
        Value::Moment(program.as_of),
        Origin::bank("rewards.as_of"),
    )
}

fn with_amount(values: Values, amount: RewardAmount, field: &str) -> Values {
    let (unit, amount) = match amount {
        RewardAmount::Points(count) => ("points", Value::Count(count)),
        RewardAmount::Miles(count) => ("miles", Value::Count(count)),
        RewardAmount::Cash(money) => ("cash", Value::Money(money)),
    };
    values
        .with("unit", Value::key(unit), Origin::bank("rewards.unit"))
        .with("amount", amount, Origin::bank(field))
}
