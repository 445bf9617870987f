//! Why a card was refused, as far as the bank's data tells: a stopped card, a refused entry, what there was
//! to use. The reason itself is never guessed.

use crate::bank::model::{Account, BalanceKind, Card, CardState, Transaction, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::card_status::with_card;
use super::ledger::{self, Usual};
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "card_declined",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "card_off",
        "refused",
        "not_seen",
        "not_seen_named",
        "to_use",
    ],
    report: None,
};

const INTENT: &str = "card_declined";

/// A refusal people ask about is fresh.
const DAYS: i32 = 14;

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let (range, _) = ledger::range(request, Usual::Days(DAYS), context);
    vec![Query::Cards, Query::Accounts, ledger::query(request, range)]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let (range, named) = ledger::range(request, Usual::Days(DAYS), context);
    let cards = match answers.cards() {
        Ok(cards) => cards,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let asked: Vec<&Card> = match resolve::cards(cards, request) {
        Which::One(card) => vec![card],
        Which::Several(several) => several,
        Which::Nothing => cards.iter().collect(),
    };
    let entries = match answers.transactions(&ledger::query(request, range)) {
        Ok((entries, _)) => entries,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    if let Some(off) = asked.iter().find(|card| card.state != CardState::Active) {
        let bound = Request::new("card_unfreeze").bind("card", off.id.as_str());
        let say = Say::new(INTENT, "card_off", with_card(off)).on("card_unfreeze", bound);
        let say = if off.state == CardState::Frozen {
            say
        } else {
            say.without("card_unfreeze")
        };
        return Outcome::say(say).into();
    }
    let accounts = answers.accounts().ok();
    let account = |entry: &Transaction| {
        accounts.and_then(|all| all.accounts.iter().find(|a| a.id == entry.account))
    };
    let word = ledger::wanted(request);
    let refused = entries.iter().find(|entry| {
        entry.status == TransactionStatus::Declined
            && word.is_none_or(|word| merchant::likeness(&merchant::name(entry), word).is_some())
    });
    if let Some(entry) = refused {
        let say = Say::new(
            INTENT,
            "refused",
            ledger::entry_values(entry, false, context),
        );
        return Outcome::say(with_to_use(say, account(entry), context)).into();
    }
    let values = ledger::with_range(Values::new(), range, named);
    let say = match word {
        Some(word) => Say::new(
            INTENT,
            "not_seen_named",
            values.with("name", Value::quoted(word), Origin::Customer),
        ),
        None => Say::new(INTENT, "not_seen", values),
    };
    let only = match asked.as_slice() {
        [card] => accounts.and_then(|all| {
            all.accounts
                .iter()
                .find(|account| account.id == card.account)
        }),
        _ => None,
    };
    Outcome::say(with_to_use(say, only, context)).into()
}

/// Adds what the account has now: often the reason, never said to be it.
fn with_to_use(say: Say, account: Option<&Account>, context: &Context<'_>) -> Say {
    let Some(account) = account else {
        return say;
    };
    let Some(available) = account.balance(BalanceKind::Available) else {
        return say;
    };
    if available.amount.is_negative() {
        return say;
    }
    let values = resolve::with_account(Values::new(), "account", account, context).with(
        "available",
        Value::Money(available.amount),
        Origin::bank_at("account.available", available.as_of),
    );
    say.item("to_use", values)
}
