//! What is due soon: card and loan payments with the bank's own dates, and what repeated before, which is an
//! estimate and said to be one.

use jiff::Span;
use jiff::civil::Date;

use crate::bank::model::{Account, BalanceKind};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::intent::slot::calendar::{date, period};
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::recurrence::{self, Series, Way};
use super::recurring_list::{series_values, year};
use super::{Context, Next, Outcome, Say, Skill, counted, ledger, merchant, resolve};

pub(super) const SKILL: Skill = Skill {
    name: "upcoming_bills",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "list",
        "due",
        "due_no_minimum",
        "item",
        "item_varies",
        "more",
        "rule",
        "none",
        "none_named",
    ],
    report: None,
};

const INTENT: &str = "upcoming_bills";

/// Where no end was said.
const DAYS: i32 = 14;
const LISTED: usize = 8;

/// Something that is due, with its day.
pub(super) enum Due<'a> {
    /// A card or loan, from the bank.
    Debt(&'a Account),
    /// What repeated before.
    Repeats(Series<'a>),
}

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts, year(context)]
}

/// Returns the last day a request is about.
pub(super) fn until(request: &Request, usual: Date, context: &Context<'_>) -> (Date, bool) {
    let now = context.place.zoned();
    let said = request
        .said("until")
        .and_then(|value| date::resolve_ahead(value, &now))
        .or_else(|| {
            let value = request.said("period")?;
            Some(period::resolve_ahead(value, &now)?.last)
        })
        .filter(|day| *day >= context.place.today());
    match said {
        Some(day) => (day, true),
        None => (usual, false),
    }
}

/// Finds what is due from today until a day, soonest first.
pub(super) fn due<'a>(
    accounts: &'a [Account],
    repeats: Vec<Series<'a>>,
    today: Date,
    last: Date,
) -> Vec<(Date, Due<'a>)> {
    let mut all: Vec<(Date, Due<'a>)> = accounts
        .iter()
        .filter(|account| account.kind.is_debt())
        .filter(|account| {
            account
                .balance(BalanceKind::Booked)
                .is_none_or(|owed| owed.amount.is_negative())
        })
        .filter_map(|account| Some((account.due_date?, Due::Debt(account))))
        .chain(
            repeats
                .into_iter()
                .filter(|one| !pays_a_debt(one, accounts))
                .map(|one| (one.next, Due::Repeats(one))),
        )
        .filter(|(day, _)| today <= *day && *day <= last)
        .collect();
    all.sort_by_key(|(day, _)| *day);
    all
}

/// What goes out each month in just the amount and at just the time a loan asks for is the loan's payment, not one more.
fn pays_a_debt(one: &Series<'_>, accounts: &[Account]) -> bool {
    const AROUND_DAYS: i32 = 3;
    accounts.iter().filter(|a| a.kind.is_debt()).any(|account| {
        let minimum = account.balance(BalanceKind::MinimumDue);
        minimum.is_some_and(|minimum| minimum.amount == one.amount)
            && account
                .due_date
                .is_some_and(|due| (one.next - due).get_days().abs() <= AROUND_DAYS)
    })
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let (entries, _) = match answers.transactions(&year(context)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let today = context.place.today();
    let usual = today.saturating_add(Span::new().days(DAYS));
    let word = ledger::wanted(request);
    // A bill asked for by name is looked for further ahead.
    let usual = if word.is_some() {
        today.saturating_add(Span::new().days(45))
    } else {
        usual
    };
    let (last, named) = until(request, usual, context);
    let repeats = recurrence::find(entries, Way::Out, today, &context.place.zone);
    let mut found = due(&all.accounts, repeats, today, last);
    let origin = if named {
        Origin::Customer
    } else {
        Origin::rule("the usual period of this question")
    };
    let mut values = Values::new().with("last", Value::Weekday(last), origin);
    if let Some(word) = word {
        found.retain(|(_, due)| match due {
            Due::Debt(account) => resolve::is_called(account, word),
            Due::Repeats(one) => merchant::likeness(&one.name, word).is_some(),
        });
        values = values.with("name", Value::quoted(word), Origin::Customer);
    }
    if found.is_empty() {
        let variant = if word.is_some() { "none_named" } else { "none" };
        return Outcome::say(Say::new(INTENT, variant, values)).into();
    }
    let (count, origin) = counted(found.len(), "payments expected");
    let mut say = Say::new(INTENT, "list", values.with("count", count, origin));
    for (_, due) in found.iter().take(LISTED) {
        say = line(say, due, context);
    }
    let rest = found.len().saturating_sub(LISTED);
    let say = if rest > 0 {
        let (rest, origin) = counted(rest, "payments not listed");
        say.tail("more", Values::new().with("rest", rest, origin))
    } else {
        say.tail("rule", Values::new())
    };
    Outcome::say(say).into()
}

fn line(say: Say, due: &Due<'_>, context: &Context<'_>) -> Say {
    match due {
        Due::Repeats(one) if one.varies => say.item("item_varies", series_values(one)),
        Due::Repeats(one) => say.item("item", series_values(one)),
        Due::Debt(account) => {
            let values = resolve::with_account(Values::new(), "account", account, context);
            let values = match account.due_date {
                Some(day) => values.with("due", Value::Day(day), Origin::bank("account.due_date")),
                None => return say,
            };
            match account.balance(BalanceKind::MinimumDue) {
                Some(minimum) => say.item(
                    "due",
                    values.with(
                        "minimum",
                        Value::Money(minimum.amount),
                        Origin::bank_at("account.minimum_due", minimum.as_of),
                    ),
                ),
                None => say.item("due_no_minimum", values),
            }
        }
    }
}

/// Returns what something due takes at least; a debt without a minimum says nothing.
pub(super) fn takes(due: &Due<'_>) -> Option<Money> {
    match due {
        Due::Repeats(one) => Some(one.amount),
        Due::Debt(account) => Some(account.balance(BalanceKind::MinimumDue)?.amount),
    }
}
