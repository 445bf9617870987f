//! What a request says about a movement of money: how much, on which day, from and to which account. What it does not
//! say is asked for.

use jiff::civil::Date;

use super::super::super::request::Request;
use super::super::resolve::{self, Which};
use super::super::{Context, Outcome, Say};
use super::{say, something_else};
use crate::bank::model::{Account, AccountId, AccountStatus};
use crate::intent::Slots;
use crate::intent::slot::calendar::date;
use crate::money::{Currency, Money};
use crate::reply::value::{Origin, Value, Values};

/// Asks for the amount, in words: the answer changes the request that is open.
pub(crate) fn how_much(request: &Request, to: &str) -> Outcome {
    say("money_how_much", to_values(to)).ask_for_words(request)
}

/// Names the receiver where one is known.
pub(crate) fn to_values(to: &str) -> Values {
    let known = if to.is_empty() { "no" } else { "yes" };
    Values::new()
        .with("to", Value::quoted(to), Origin::bank("payee.name"))
        .with("to_known", Value::key(known), Origin::bank("payee.name"))
}

/// Reads the amount that was said, in the account's currency. `Ok(None)`: none was said.
pub(crate) fn amount(request: &Request, currency: Currency) -> Result<Option<Money>, Box<Outcome>> {
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
pub(crate) fn without(request: &Request, slot: &str) -> Request {
    let mut kept = request.clone();
    kept.slots = request
        .slots
        .iter()
        .filter(|(name, _)| *name != slot)
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .fold(Slots::new(), |mut slots, (name, value)| {
            slots.insert(&name, value);
            slots
        });
    kept
}

/// Reads the day: today where none was said. A day that is past or cannot be told is asked for again.
pub(crate) fn day(request: &Request, context: &Context<'_>) -> Result<Date, Box<Outcome>> {
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
pub(crate) fn source<'a>(
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
pub(crate) fn account_options(
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

/// Finds accounts by a slot's word or a binding.
pub(crate) fn own<'a>(
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
