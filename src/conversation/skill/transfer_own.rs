//! Moving money between the customer's own accounts.

use crate::bank::model::{Account, BalanceKind};
use crate::bank::{Answers, CommandKind};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::Values;

use super::super::request::Request;
use super::movement::{self, Plan, Planned};
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "transfer_own",
    access: Access::Linked,
    ask: |_, context| movement::ask(CommandKind::TransferOwn, context),
    answer,
    variants: &["answer"],
    report: Some(movement::report),
};

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    movement::answer(
        "transfer_own",
        CommandKind::TransferOwn,
        request,
        answers,
        context,
        |all| plan(request, all, context),
    )
}

fn plan<'a>(
    request: &Request,
    all: &'a [Account],
    context: &Context<'_>,
) -> Result<Planned<'a>, Box<Outcome>> {
    let (from, to) = ends(all, request, context)?;
    if from.id == to.id {
        return Err(Box::new(movement::say("money_same_account", Values::new())));
    }
    if from.currency != to.currency {
        return Err(Box::new(Outcome::say(Say::shared("feature_off"))));
    }
    let request = request
        .clone()
        .bind("from", from.id.as_str())
        .bind("to", to.id.as_str());
    let day = movement::day(&request, context)?;
    let label = resolve::label_text(to, context);
    let said = movement::amount(&request, from.currency)?;
    let Some(amount) = whole(&request, said, from).or(said) else {
        return Err(Box::new(movement::how_much(&request, &label)));
    };
    let plan = Plan {
        kind: CommandKind::TransferOwn,
        from: from.id.clone(),
        from_label: resolve::label_text(from, context),
        to: to.id.as_str().to_owned(),
        to_label: label,
        amount,
        day,
        fee: context.policy.limits.fee,
        paid_before: true,
    };
    Ok(Planned {
        request,
        plan,
        from,
    })
}

/// "All of it" and "all but fifty", by what there is to use now.
fn whole(request: &Request, said: Option<Money>, from: &Account) -> Option<Money> {
    let available = from.balance(BalanceKind::Available)?.amount;
    let amount = match request.said("amount_kind")? {
        "full" => available,
        "all_but" => available.minus(said?).ok()?,
        _ => return None,
    };
    (amount.minor() > 0).then_some(amount)
}

/// Finds both ends; with two accounts the other one is meant where only one was named.
fn ends<'a>(
    all: &'a [Account],
    request: &Request,
    context: &Context<'_>,
) -> Result<(&'a Account, &'a Account), Box<Outcome>> {
    let no_account = || Box::new(Outcome::say(Say::shared("no_account")));
    let to = match movement::own(all, request, "to") {
        Some(Which::One(account)) => Some(account),
        Some(Which::Nothing) => return Err(no_account()),
        Some(Which::Several(several)) => {
            return Err(Box::new(
                movement::say("money_to_which", Values::new()).choose(
                    request,
                    movement::account_options(&several, "to", request, context),
                ),
            ));
        }
        None => None,
    };
    if let Some(to) = to {
        let from = if request.bound("from").is_some() || request.said("from").is_some() {
            movement::source(all, request, None, context)?
        } else {
            movement::source(all, request, Some(&to.id), context)?
        };
        return Ok((from, to));
    }
    let from = movement::source(all, request, None, context)?;
    let request = &request.clone().bind("from", from.id.as_str());
    let others: Vec<&Account> = all
        .iter()
        .filter(|account| account.id != from.id && !account.kind.is_debt())
        .collect();
    match others.as_slice() {
        [] => Err(no_account()),
        [only] => Ok((from, only)),
        several => Err(Box::new(
            movement::say("money_to_which", Values::new()).choose(
                request,
                movement::account_options(several, "to", request, context),
            ),
        )),
    }
}
