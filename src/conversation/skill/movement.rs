//! Moving money: from a plan to a confirmation bound to every field of it, the bank's page where it is needed,
//! one command, and what came of it (requirements C1 to C10). The skills `pay_person`, `pay_bill`, `pay_card`
//! and `transfer_own` say what is wanted; this says whether and how it is done.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::bank::model::{Account, AccountId, AccountStatus, BalanceKind, PayeeId};
use crate::bank::{BankCommand, CommandKind, CommandOutcome};
use crate::intent::Expecting;
use crate::intent::slot::calendar::date;
use crate::money::{Currency, Money};
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::policy::{Asked, Verdict};
use super::super::request::{CHANGING, Request};
use super::super::state::Executing;
use super::resolve::{self, Which};
use super::{Ask, Change, Context, Outcome, Say, Shape};

/// A sign of pressure holds payments for so long, ms (C9).
const PRESSURE_MS: i64 = 24 * 60 * 60 * 1000;

/// Everything a confirmation is bound to (C1). It is worked out anew when the customer says yes; unless it comes
/// out the same, another confirmation is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Transfer or payment.
    pub kind: CommandKind,
    /// The account it leaves.
    pub from: AccountId,
    /// As the customer reads it.
    pub from_label: String,
    /// The bank's id of the payee or own account.
    pub to: String,
    /// As the customer reads it.
    pub to_label: String,
    /// How much (positive).
    pub amount: Money,
    /// On which day.
    pub day: Date,
    /// What the bank takes for it; `None` where nobody said.
    pub fee: Option<Money>,
    /// The bank knows of an earlier payment to them.
    pub paid_before: bool,
}

impl Plan {
    fn command(&self) -> BankCommand {
        match self.kind {
            CommandKind::TransferOwn => BankCommand::TransferOwn {
                from: self.from.clone(),
                to: AccountId(self.to.clone()),
                amount: self.amount,
                date: self.day,
            },
            _ => BankCommand::PayPayee {
                from: self.from.clone(),
                payee: PayeeId(self.to.clone()),
                amount: self.amount,
                date: self.day,
                memo: None,
            },
        }
    }

    fn values(&self, context: &Context<'_>) -> Values {
        let today = context.place.today();
        let when = if self.day == today {
            "today"
        } else if today.tomorrow().is_ok_and(|next| next == self.day) {
            "tomorrow"
        } else {
            "day"
        };
        let fee = match self.fee {
            None => "unknown",
            Some(fee) if fee.is_zero() => "none",
            Some(_) => "some",
        };
        Values::new()
            .with("amount", Value::Money(self.amount), Origin::Customer)
            .with(
                "to",
                Value::quoted(&self.to_label),
                Origin::bank("payee.name"),
            )
            .with(
                "from",
                Value::quoted(&self.from_label),
                Origin::bank("account.name"),
            )
            .with("when", Value::key(when), Origin::Customer)
            .with("day", Value::Weekday(self.day), Origin::Customer)
            .with("charge", Value::key(fee), Origin::config("limits.fee"))
            .with(
                "fee",
                Value::Money(self.fee.unwrap_or(Money::zero(self.amount.currency()))),
                Origin::config("limits.fee"),
            )
    }
}

/// Says a shared variant with values.
pub(super) fn say(variant: &'static str, values: Values) -> Outcome {
    Outcome::say(Say::new("", variant, values))
}

/// Returns what stops every movement of money before anything is asked: the operator's switch (C10) and signs that
/// somebody is pressed (C9).
pub(super) fn barred(intent: &str, kind: CommandKind, context: &Context<'_>) -> Option<Outcome> {
    if !context.policy.can(kind) {
        return Some(Outcome::say(Say::new(intent, "answer", Values::new())));
    }
    let pressed = context
        .state
        .pressure_ms
        .is_some_and(|at| context.at_ms.saturating_sub(at) < PRESSURE_MS);
    pressed.then(|| say("money_held", Values::new()))
}

/// Asks for the amount, in words: the answer changes the request that is open.
pub(super) fn how_much(request: &Request, to: &str) -> Outcome {
    say("money_how_much", to_values(to)).ask_for_words(request)
}

/// Names the receiver where one is known.
pub(super) fn to_values(to: &str) -> Values {
    let known = if to.is_empty() { "no" } else { "yes" };
    Values::new()
        .with("to", Value::quoted(to), Origin::bank("payee.name"))
        .with("to_known", Value::key(known), Origin::bank("payee.name"))
}

/// Reads the amount that was said, in the account's currency. `Ok(None)`: none was said.
pub(super) fn amount(request: &Request, currency: Currency) -> Result<Option<Money>, Box<Outcome>> {
    if request
        .said("currency")
        .is_some_and(|code| !code.eq_ignore_ascii_case(currency.code()))
    {
        let values = Values::new().with(
            "currency",
            Value::word(currency.code()),
            Origin::bank("account.currency"),
        );
        return Err(Box::new(say("money_foreign", values)));
    }
    let Some(text) = request.said("amount") else {
        return Ok(None);
    };
    match Money::parse(text, currency) {
        Ok(amount) if amount.minor() > 0 => Ok(Some(amount)),
        _ => Err(Box::new(how_much(&without(request, "amount"), ""))),
    }
}

/// Returns the request without a slot.
pub(super) fn without(request: &Request, slot: &str) -> Request {
    let mut kept = request.clone();
    kept.slots = request
        .slots
        .iter()
        .filter(|(name, _)| *name != slot)
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .fold(crate::intent::Slots::new(), |mut slots, (name, value)| {
            slots.insert(&name, value);
            slots
        });
    kept
}

/// Reads the day: today where none was said. A day that is past or cannot be told is asked for again.
pub(super) fn day(request: &Request, context: &Context<'_>) -> Result<Date, Box<Outcome>> {
    let today = context.place.today();
    let Some(said) = request.said("date") else {
        return Ok(today);
    };
    match date::resolve_ahead(said, &context.place.zoned()) {
        Some(day) if day >= today => Ok(day),
        _ => {
            let base = without(request, "date");
            Err(Box::new(say("money_past_day", Values::new()).choose(
                &base,
                vec![(resolve::word("money_today", context), base.clone())],
            )))
        }
    }
}

/// A bank that cannot repeat a movement is not asked to: it is offered once.
pub(super) fn once_only(request: &Request, context: &Context<'_>) -> Option<Outcome> {
    request.said("schedule")?;
    let base = without(request, "schedule");
    Some(say("money_no_schedule", Values::new()).choose(
        &base,
        vec![(resolve::word("money_once", context), base.clone())],
    ))
}

/// Finds the account that money leaves: the one chosen or said, else the only one for daily use.
pub(super) fn source<'a>(
    all: &'a [Account],
    request: &Request,
    but: Option<&AccountId>,
    context: &Context<'_>,
) -> Result<&'a Account, Box<Outcome>> {
    let held: Vec<&'a Account> = all
        .iter()
        .filter(|account| {
            !account.kind.is_debt()
                && account.status != AccountStatus::Closed
                && Some(&account.id) != but
        })
        .collect();
    if let Some(id) = request.bound("from") {
        return held
            .into_iter()
            .find(|account| account.id.as_str() == id)
            .ok_or_else(|| Box::new(Outcome::say(Say::shared("no_account"))));
    }
    let called = |word: &str| -> Vec<&'a Account> {
        held.iter()
            .copied()
            .filter(|account| resolve::is_called(account, word))
            .collect()
    };
    let said = request.said("from").map_or_else(
        || {
            let daily = called("checking");
            if daily.is_empty() {
                held.clone()
            } else {
                daily
            }
        },
        called,
    );
    match said.as_slice() {
        [] => Err(Box::new(Outcome::say(Say::shared("no_account")))),
        [one] => Ok(one),
        several => Err(Box::new(
            say("money_from_which", Values::new())
                .choose(request, account_options(several, "from", request, context)),
        )),
    }
}

/// Offers accounts, four at most and a way out.
pub(super) fn account_options(
    accounts: &[&Account],
    binding: &str,
    request: &Request,
    context: &Context<'_>,
) -> Vec<(String, Request)> {
    let mut options: Vec<(String, Request)> = accounts
        .iter()
        .take(4)
        .map(|account| {
            (
                resolve::label_text(account, context),
                request.clone().bind(binding, account.id.as_str()),
            )
        })
        .collect();
    options.push(something_else(context));
    options
}

/// The way out of every choice (5.1 rule 9).
pub(super) fn something_else(context: &Context<'_>) -> (String, Request) {
    (
        resolve::word("something_else", context),
        Request::new("help"),
    )
}

/// Confirms a plan, or carries out the one that was confirmed.
pub(super) fn settle(
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
pub(super) fn answered(request: &Request) -> Option<Outcome> {
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

/// Finds accounts by a slot's word or a binding.
pub(super) fn own<'a>(
    all: &'a [Account],
    request: &Request,
    name: &str,
) -> Option<Which<'a, Account>> {
    let found: Vec<&Account> = if let Some(id) = request.bound(name) {
        all.iter().filter(|a| a.id.as_str() == id).collect()
    } else {
        let word = request.said(name)?;
        all.iter().filter(|a| resolve::is_called(a, word)).collect()
    };
    Some(match found.as_slice() {
        [] => Which::Nothing,
        [one] => Which::One(one),
        _ => Which::Several(found),
    })
}

#[cfg(test)]
mod tests;
