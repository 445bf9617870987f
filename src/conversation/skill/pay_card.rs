//! Paying the customer's own card: the smallest amount, the last bill, all of it, or an amount.

use crate::bank::model::{Account, AccountKind, BalanceKind};
use crate::bank::{Answers, CommandKind};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::Values;

use super::super::request::Request;
use super::movement::{self, Plan, Planned};
use super::resolve;
use super::{Context, Next, Outcome, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "pay_card",
    access: Access::Linked,
    ask: |_, context| movement::ask(CommandKind::TransferOwn, context),
    answer,
    variants: &["answer"],
    report: Some(movement::report),
};

pub(super) fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    movement::answer(
        "pay_card",
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
    let cards: Vec<&Account> = all
        .iter()
        .filter(|account| {
            matches!(
                account.kind,
                AccountKind::CreditCard | AccountKind::ChargeCard
            )
        })
        .filter(|account| match request.bound("to") {
            Some(id) => account.id.as_str() == id,
            None => request
                .said("card")
                .is_none_or(|word| word == "credit" || resolve::is_called(account, word)),
        })
        .collect();
    let card = match cards.as_slice() {
        [] => return Err(Box::new(movement::say("money_no_card", Values::new()))),
        [one] => *one,
        several => {
            let options = movement::account_options(several, "to", request, context);
            let which = movement::say("money_which_card", Values::new());
            return Err(Box::new(which.choose(request, options)));
        }
    };
    // "Pay the minimum of my credit card" names the card, not where the money comes from.
    let mut request = request.clone().bind("to", card.id.as_str());
    if matches!(request.said("from"), Some("credit_card")) {
        request = movement::without(&request, "from");
    }
    let day = movement::day(&request, context)?;
    let from = movement::source(all, &request, None, context)?;
    let label = resolve::label_text(card, context);
    let amount = match movement::amount(&request, from.currency)? {
        Some(amount) => amount,
        None => match request
            .said("amount_kind")
            .and_then(|kind| owed(card, kind))
        {
            Some(amount) if amount.is_zero() => {
                return Err(Box::new(movement::say("money_nothing_owed", Values::new())));
            }
            Some(amount) => amount,
            None => return Err(Box::new(amounts(&request, card, &label, context))),
        },
    };
    let plan = Plan {
        kind: CommandKind::TransferOwn,
        from: from.id.clone(),
        from_label: resolve::label_text(from, context),
        to: card.id.as_str().to_owned(),
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

/// What is owed, by the bank's own figures.
fn owed(card: &Account, kind: &str) -> Option<Money> {
    let balance = |kind| card.balance(kind).map(|balance| balance.amount);
    match kind {
        "minimum" => balance(BalanceKind::MinimumDue),
        "statement" => balance(BalanceKind::StatementBalance),
        "full" => balance(BalanceKind::Booked).map(|owed| {
            if owed.is_negative() {
                owed.abs()
            } else {
                Money::zero(owed.currency())
            }
        }),
        _ => None,
    }
}

/// Offers the amounts the bank names, each with its figure.
fn amounts(request: &Request, card: &Account, label: &str, context: &Context<'_>) -> Outcome {
    use crate::reply::value::Value;

    let mut options = Vec::new();
    for (kind, word) in [
        ("minimum", "money_minimum"),
        ("statement", "money_statement"),
        ("full", "money_full"),
    ] {
        if let Some(amount) = owed(card, kind).filter(|amount| !amount.is_zero()) {
            options.push((
                format!(
                    "{} {}",
                    resolve::word(word, context),
                    Value::Money(amount).show(context.place)
                ),
                request.clone().slot("amount_kind", kind),
            ));
        }
    }
    if options.is_empty() {
        return movement::how_much(request, label);
    }
    options.push(movement::something_else(context));
    movement::say("money_how_much", movement::to_values(label)).choose(request, options)
}
