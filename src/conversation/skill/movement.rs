//! Moving money: from a plan to a confirmation bound to every field of it, the bank's page where it is needed,
//! one command, and what came of it (requirements C1 to C10). The skills `pay_person`, `pay_bill`, `pay_card`
//! and `transfer_own` say what is wanted; this says whether and how it is done.

mod plan;
mod said;

use crate::bank::model::{Account, AccountStatus, BalanceKind};
use crate::bank::{Answers, CommandKind, CommandOutcome, Query};
use crate::intent::Expecting;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::policy::{Asked, Verdict};
use super::super::request::{CHANGING, Request};
use super::super::state::Executing;
use super::resolve;
use super::{Ask, Change, Context, Next, Outcome, Say, Shape};

use said::once_only;

pub(super) use plan::Plan;
pub(super) use said::{account_options, amount, day, how_much, own, source, to_values, without};

/// A sign of pressure holds payments for so long, ms (C9).
const PRESSURE_MS: i64 = 24 * 60 * 60 * 1000;

/// A plan with the request it came from and the account that pays.
pub(super) struct Planned<'a> {
    /// With what was chosen on the way bound to it.
    pub request: Request,
    /// What would be done.
    pub plan: Plan,
    /// Where the money comes from.
    pub from: &'a Account,
}

/// Asks what a movement of this kind is planned with; nothing where the operator switched it off.
pub(super) fn ask(kind: CommandKind, context: &Context<'_>) -> Vec<Query> {
    if !context.policy.can(kind) {
        return Vec::new();
    }
    match kind {
        CommandKind::PayPayee => vec![Query::Accounts, Query::Payees],
        _ => vec![Query::Accounts],
    }
}

/// Answers a request to move money: what was pressed beside "yes", then what stops every movement, then the plan that
/// the skill makes of the customer's accounts. A skill that lacks something says so in place of a plan.
pub(super) fn answer<'a>(
    intent: &str,
    kind: CommandKind,
    request: &Request,
    answers: &'a Answers,
    context: &Context<'_>,
    plan: impl FnOnce(&'a [Account]) -> Result<Planned<'a>, Box<Outcome>>,
) -> Next {
    let stopped = answered(request)
        .or_else(|| barred(intent, kind, context))
        .or_else(|| once_only(request, context));
    if let Some(outcome) = stopped {
        return outcome.into();
    }
    let all = match answers.accounts() {
        Ok(all) => all.accounts.as_slice(),
        Err(failure) => return Outcome::failed(failure).into(),
    };
    match plan(all) {
        Ok(planned) => settle(&planned.request, &planned.plan, planned.from, all, context).into(),
        Err(outcome) => (*outcome).into(),
    }
}

/// Says a shared variant with values.
pub(super) fn say(variant: &'static str, values: Values) -> Outcome {
    Outcome::say(Say::new("", variant, values))
}

/// Returns what stops every movement of money before anything is asked: the operator's switch (C10) and signs that
/// somebody is pressed (C9).
fn barred(intent: &str, kind: CommandKind, context: &Context<'_>) -> Option<Outcome> {
    if !context.policy.can(kind) {
        return Some(Outcome::say(Say::new(intent, "answer", Values::new())));
    }
    let pressed = context
        .state
        .pressure_ms
        .is_some_and(|at| context.at_ms.saturating_sub(at) < PRESSURE_MS);
    pressed.then(|| say("money_held", Values::new()))
}

/// The way out of every choice (5.1 rule 9).
pub(super) fn something_else(context: &Context<'_>) -> (String, Request) {
    (
        resolve::word("something_else", context),
        Request::new("help"),
    )
}

/// Confirms a plan, or carries out the one that was confirmed.
fn settle(
    request: &Request,
    plan: &Plan,
    from: &Account,
    all: &[Account],
    context: &Context<'_>,
) -> Outcome {
    let verdict = verdict(plan, context);
    if let Some(refusal) = refused(verdict, context) {
        return refusal;
    }
    let mut base = request.clone();
    base.bound
        .retain(|name, _| matches!(name.as_str(), "payee" | "from" | "to"));
    if let Some(short) = short(&base, plan, from, all, context) {
        return short;
    }
    let confirmed = request
        .bound("confirmed")
        .and_then(|text| serde_json::from_str::<Plan>(text).ok())
        .is_some_and(|confirmed| confirmed == *plan);
    if !confirmed {
        return confirm(&base, plan, context);
    }
    if verdict == Verdict::StepUp && request.bound("stepped_up").is_none() {
        return step_up(request, plan, context);
    }
    let ordered = if plan.paid_before {
        request.clone()
    } else {
        request.clone().bind("stranger", "yes")
    };
    Outcome::default().command(plan.command(), ordered)
}

fn verdict(plan: &Plan, context: &Context<'_>) -> Verdict {
    if plan.kind == CommandKind::TransferOwn {
        return Verdict::Fine;
    }
    let today_ms = context
        .place
        .zoned()
        .start_of_day()
        .map_or(i64::MIN, |start| start.timestamp().as_millisecond());
    context.policy.limits.judge(&Asked {
        amount: plan.amount,
        payee: &plan.to,
        paid_before: plan.paid_before,
        moved: &context.state.moved,
        linked_ms: context.state.link.as_ref().map_or(0, |link| link.since_ms),
        today_ms,
        now_ms: context.place.now.as_millisecond(),
    })
}

fn refused(verdict: Verdict, context: &Context<'_>) -> Option<Outcome> {
    let limits = &context.policy.limits;
    let (variant, limit, key) = match verdict {
        Verdict::Fine | Verdict::StepUp => return None,
        Verdict::OverPayment => (
            "money_over_payment",
            limits.per_payment,
            "limits.per_payment",
        ),
        Verdict::OverDay => ("money_over_day", limits.per_day, "limits.per_day"),
        Verdict::OverNew => ("money_over_new", limits.new_payee, "limits.new_payee"),
        Verdict::OtherCurrency => {
            let values = Values::new().with(
                "currency",
                Value::word(limits.per_payment.currency().code()),
                Origin::config("limits.currency"),
            );
            return Some(say("money_foreign", values));
        }
    };
    let values = Values::new().with("limit", Value::Money(limit), Origin::config(key));
    Some(say(variant, values))
}

/// Says before the confirmation that the money is not there, and offers the accounts where it is. A later day may bring
/// it.
fn short(
    base: &Request,
    plan: &Plan,
    from: &Account,
    all: &[Account],
    context: &Context<'_>,
) -> Option<Outcome> {
    let available = from.balance(BalanceKind::Available)?;
    let needed = plan
        .amount
        .plus(plan.fee.unwrap_or(Money::zero(plan.amount.currency())))
        .ok()?;
    if plan.day != context.place.today() || needed.minor() <= available.amount.minor() {
        return None;
    }
    let values = Values::new()
        .with(
            "from",
            Value::quoted(&plan.from_label),
            Origin::bank("account.name"),
        )
        .with(
            "available",
            Value::Money(available.amount),
            Origin::bank_at("account.available", available.as_of),
        )
        .with("amount", Value::Money(plan.amount), Origin::Customer);
    let enough = |account: &&Account| {
        let there = account.balance(BalanceKind::Available);
        account.id != from.id
            && account.id.as_str() != plan.to
            && account.status != AccountStatus::Closed
            && !account.kind.is_debt()
            && account.currency == from.currency
            && there.is_some_and(|there| there.amount.minor() >= needed.minor())
    };
    let others: Vec<&Account> = all.iter().filter(enough).collect();
    if others.is_empty() {
        return Some(say("money_short", values));
    }
    let options = account_options(&others, "from", base, context);
    Some(say("money_short_here", values).choose(base, options))
}

fn confirm(base: &Request, plan: &Plan, context: &Context<'_>) -> Outcome {
    let Ok(bound) = serde_json::to_string(plan) else {
        return Outcome::say(Say::shared("something_wrong"));
    };
    let own = plan.kind == CommandKind::TransferOwn;
    let variant = if own { "money_move" } else { "money_send" };
    let mut outcome = say(variant, plan.values(context));
    if let Some(say) = outcome.says.last_mut() {
        if !own && !plan.paid_before {
            *say = say.clone().item("money_new_payee", Values::new());
        }
        let change = base.clone().bind(CHANGING, "yes");
        say.on.push(("change", super::Role::Plain, change));
    }
    outcome.confirm(
        base,
        base.clone().bind("confirmed", bound),
        Request::new(&base.intent).bind("declined", "yes"),
    )
}

/// What the buttons beside "yes" do: leave it, or say what to change.
fn answered(request: &Request) -> Option<Outcome> {
    if request.bound("declined").is_some() {
        return Some(Outcome::say(Say::shared("confirm_cancelled")));
    }
    request.bound(CHANGING)?;
    let mut base = request.clone();
    base.bound.remove(CHANGING);
    let mut outcome = say("money_change", Values::new());
    outcome.asks = Some(Ask {
        expecting: Expecting::Confirmation,
        base,
        resumes: true,
        options: Vec::new(),
    });
    if let Some(say) = outcome.says.last_mut() {
        say.class = SendClass::Prompt;
    }
    Some(outcome)
}

/// Sends the customer to the bank's page, outside the thread (C4).
fn step_up(request: &Request, plan: &Plan, context: &Context<'_>) -> Outcome {
    if context.policy.public_url.is_none() {
        return say("money_no_page", Values::new());
    }
    let mut say = Say::new("", "money_step_up", plan.values(context)).class(SendClass::Prompt);
    say.shape = Shape::Link {
        title: "money_step_up_button",
        path: super::STEP_UP_PATH.to_owned(),
    };
    Outcome::say(say).change(Change::StepUp(request.clone()))
}

/// Tells what came of a movement. Unknown is never said as done (C7).
pub(super) fn report(
    executing: &Executing,
    outcome: &CommandOutcome,
    context: &Context<'_>,
) -> Outcome {
    let Some(plan) = executing
        .request
        .bound("confirmed")
        .and_then(|text| serde_json::from_str::<Plan>(text).ok())
    else {
        return Outcome::say(Say::shared(match outcome {
            CommandOutcome::Unknown => "unknown_outcome",
            _ => "something_wrong",
        }));
    };
    let mut values = plan.values(context);
    let variant = match outcome {
        CommandOutcome::Done { .. } if executing.told_unknown => "money_submitted_late",
        CommandOutcome::Done {
            reference: Some(reference),
            ..
        } if plan.kind != CommandKind::TransferOwn => {
            values = values.with(
                "reference",
                Value::quoted(reference),
                Origin::bank("payment.reference"),
            );
            "money_submitted_reference"
        }
        CommandOutcome::Done { .. } => "money_submitted",
        CommandOutcome::Unknown => "money_unknown",
        CommandOutcome::Rejected { .. } => "money_rejected",
        CommandOutcome::NeedsApproval { .. } => "money_approval",
        CommandOutcome::NotSent => "money_not_sent",
    };
    say(variant, values)
}

#[cfg(test)]
mod tests;
