//! Payments that were made or wait: how far they are, proof of one, taking one back; and whom the customer can pay.

use crate::bank::model::{Account, Payment, PaymentState};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::super::state::Executing;
use super::{Context, Next, Outcome, Say, Skill, counted, movement, payee, resolve, told_as};

pub(super) const STATUS: Skill = Skill {
    name: "payment_status",
    access: Access::Linked,
    ask: ask_payments,
    answer: |request, answers, context| shown(request, answers, context, "payment_status", 4),
    variants: &["answer", "list", "item", "none"],
    report: None,
};

pub(super) const PROOF: Skill = Skill {
    name: "payment_proof",
    access: Access::Linked,
    ask: ask_payments,
    answer: |request, answers, context| shown(request, answers, context, "payment_proof", 1),
    variants: &["answer", "list", "item", "none"],
    report: None,
};

pub(super) const CANCEL: Skill = Skill {
    name: "payment_cancel",
    access: Access::Linked,
    ask: |request, context| {
        if context.policy.can(CommandKind::CancelPayment) {
            ask_payments(request, context)
        } else {
            Vec::new()
        }
    },
    answer: cancel,
    variants: &[
        "answer", "none", "too_late", "which", "confirm", "done", "unknown", "refused", "not_sent",
    ],
    report: Some(cancelled),
};

pub(super) const PAYEES: Skill = Skill {
    name: "payee_list",
    access: Access::Linked,
    ask: |_, context| {
        if context.policy.ports.payments {
            vec![Query::Payees]
        } else {
            Vec::new()
        }
    },
    answer: payees,
    variants: &["answer", "list", "item", "more", "none"],
    report: None,
};

/// As many payees are listed; more do not help in a chat.
const LISTED: usize = 10;

fn ask_payments(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.ports.payments {
        vec![Query::Accounts, Query::Payments, Query::Payees]
    } else {
        Vec::new()
    }
}

/// What a payment goes to, as the customer knows it: the bank names an own account by its id.
fn to_label(payment: &Payment, accounts: &[Account], context: &Context<'_>) -> Value {
    accounts
        .iter()
        .find(|account| account.id.as_str() == payment.to)
        .map_or_else(
            || Value::quoted(&payment.to),
            |account| resolve::label(account, context),
        )
}

const fn state_key(state: PaymentState) -> &'static str {
    match state {
        PaymentState::NeedsApproval => "approval",
        PaymentState::Pending => "pending",
        PaymentState::Executed => "executed",
        PaymentState::Settled => "settled",
        PaymentState::Rejected => "rejected",
        PaymentState::Cancelled => "cancelled",
        PaymentState::Returned => "returned",
    }
}

fn values(payment: &Payment, accounts: &[Account], context: &Context<'_>) -> Values {
    let dated = if payment.date.is_some() { "yes" } else { "no" };
    Values::new()
        .with(
            "amount",
            Value::Money(payment.amount),
            Origin::bank("payment.amount"),
        )
        .with(
            "to",
            to_label(payment, accounts, context),
            Origin::bank("payment.to"),
        )
        .with(
            "state",
            Value::key(state_key(payment.state)),
            Origin::bank("payment.state"),
        )
        .with("dated", Value::key(dated), Origin::bank("payment.date"))
        .with(
            "day",
            Value::Weekday(payment.date.unwrap_or_else(|| context.place.today())),
            Origin::bank("payment.date"),
        )
        .with(
            "reference",
            Value::quoted(payment.reference.as_deref().unwrap_or(&payment.id)),
            Origin::bank("payment.reference"),
        )
}

/// Finds the payments a request means, newest first.
fn meant<'a>(
    request: &Request,
    payments: &'a [Payment],
    accounts: &[Account],
    answers: &Answers,
) -> Vec<&'a Payment> {
    if let Some(id) = request.bound("payment") {
        return payments.iter().filter(|payment| payment.id == id).collect();
    }
    let name = request.said("payee").or_else(|| request.said("biller"));
    let known: Vec<&crate::bank::model::Payee> =
        answers.payees().unwrap_or_default().iter().collect();
    let names: Option<Vec<&str>> = name.map(|name| {
        payee::named(&known, name)
            .into_iter()
            .map(|payee| payee.name.as_str())
            .collect()
    });
    let own = request.said("kind") == Some("transfer_own");
    let mut found: Vec<&Payment> = payments
        .iter()
        .filter(|payment| {
            names
                .as_ref()
                .is_none_or(|names| names.contains(&payment.to.as_str()))
        })
        .filter(|payment| {
            request.said("amount").is_none_or(|text| {
                Money::parse(text, payment.amount.currency()).ok() == Some(payment.amount)
            })
        })
        .filter(|payment| {
            !own || accounts
                .iter()
                .any(|account| account.id.as_str() == payment.to)
        })
        .collect();
    if request.said("ref").is_some() {
        found.truncate(1);
    }
    found
}

fn shown(
    request: &Request,
    answers: &Answers,
    context: &Context<'_>,
    intent: &'static str,
    most: usize,
) -> Next {
    if !context.policy.ports.payments {
        return Outcome::say(Say::new(intent, "answer", Values::new())).into();
    }
    let (all, payments) = match (answers.accounts(), answers.payments()) {
        (Ok(all), Ok(payments)) => (all, payments),
        (Err(failure), _) | (_, Err(failure)) => return Outcome::failed(failure).into(),
    };
    let found = meant(request, payments, &all.accounts, answers);
    if found.is_empty() {
        return Outcome::say(Say::new(intent, "none", Values::new())).into();
    }
    let (count, origin) = counted(found.len().min(most), "payments the bank has on record");
    let mut say = Say::new(intent, "list", Values::new().with("count", count, origin));
    for payment in found.into_iter().take(most) {
        say = say.item("item", values(payment, &all.accounts, context));
    }
    Outcome::say(say).into()
}

fn cancel(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "payment_cancel";
    if request.bound("declined").is_some() {
        return Outcome::say(Say::shared("confirm_cancelled")).into();
    }
    if !context.policy.can(CommandKind::CancelPayment) {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let (all, payments) = match (answers.accounts(), answers.payments()) {
        (Ok(all), Ok(payments)) => (all, payments),
        (Err(failure), _) | (_, Err(failure)) => return Outcome::failed(failure).into(),
    };
    let found = meant(request, payments, &all.accounts, answers);
    let open: Vec<&Payment> = found
        .iter()
        .copied()
        .filter(|payment| {
            matches!(
                payment.state,
                PaymentState::Pending | PaymentState::NeedsApproval
            )
        })
        .collect();
    let payment = match (open.as_slice(), found.first()) {
        ([], None) => return Outcome::say(Say::new(INTENT, "none", Values::new())).into(),
        ([], Some(newest)) => {
            let values = values(newest, &all.accounts, context);
            return Outcome::say(Say::new(INTENT, "too_late", values)).into();
        }
        ([one], _) => *one,
        (several, _) => {
            let mut options: Vec<(String, Request)> = several
                .iter()
                .take(4)
                .map(|payment| {
                    let to = to_label(payment, &all.accounts, context).show(context.place);
                    let amount = Value::Money(payment.amount).show(context.place);
                    (
                        format!("{amount} {to}"),
                        request.clone().bind("payment", payment.id.as_str()),
                    )
                })
                .collect();
            options.push(movement::something_else(context));
            return Outcome::say(Say::new(INTENT, "which", Values::new()))
                .choose(request, options)
                .into();
        }
    };
    let base = request.clone().bind("payment", payment.id.as_str());
    let label = format!(
        "{}|{}",
        Value::Money(payment.amount).show(context.place),
        to_label(payment, &all.accounts, context).show(context.place)
    );
    if request.bound("confirmed").is_some() {
        return Outcome::default()
            .command(
                BankCommand::CancelPayment {
                    payment: payment.id.clone(),
                },
                base.bind("label", label),
            )
            .into();
    }
    Outcome::say(Say::new(
        INTENT,
        "confirm",
        values(payment, &all.accounts, context),
    ))
    .confirm(
        &base,
        base.clone().bind("confirmed", "yes"),
        Request::new(INTENT).bind("declined", "yes"),
    )
    .into()
}

fn cancelled(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let label = executing.request.bound("label").unwrap_or_default();
    let (amount, to) = label.split_once('|').unwrap_or((label, ""));
    let values = Values::new()
        .with("paid", Value::word(amount), Origin::bank("payment.amount"))
        .with("to", Value::quoted(to), Origin::bank("payment.to"));
    let variant = told_as(outcome);
    Outcome::say(Say::new("payment_cancel", variant, values))
}

fn payees(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "payee_list";
    if !context.policy.ports.payments {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let all = match answers.payees() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let known: Vec<&crate::bank::model::Payee> = all.iter().collect();
    let found = request
        .said("payee")
        .map_or_else(|| known.clone(), |name| payee::named(&known, name));
    if found.is_empty() {
        return Outcome::say(Say::new(INTENT, "none", Values::new())).into();
    }
    let (count, origin) = counted(found.len(), "people and companies the bank has saved");
    let mut say = Say::new(INTENT, "list", Values::new().with("count", count, origin));
    for payee in found.iter().take(LISTED) {
        let values = Values::new().with(
            "name",
            Value::quoted(&payee::label(payee)),
            Origin::bank("payee.name"),
        );
        say = say.item("item", values);
    }
    if found.len() > LISTED {
        let (rest, origin) = counted(found.len() - LISTED, "payees beyond those listed");
        say = say.tail("more", Values::new().with("count", rest, origin));
    }
    Outcome::say(say).into()
}
