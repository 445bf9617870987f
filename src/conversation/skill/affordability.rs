//! Whether money will last: what there is to use now, less what is likely due until a day. An estimate with
//! its rule and its limits; it never says that somebody can afford something.

use jiff::Span;
use jiff::civil::Date;

use crate::bank::model::{Account, AccountKind, BalanceKind};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::recurrence::{self, Series, Way};
use super::recurring_list::year;
use super::resolve::{self, Which};
use super::upcoming_bills::{Due, due, takes, until};
use super::{Context, Next, Outcome, Say, Skill, counted};

pub(super) const SKILL: Skill = Skill {
    name: "affordability",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "left",
        "short",
        "to_use",
        "below_zero",
        "likely",
        "nothing_likely",
        "asked",
        "rule",
        "unknown",
        "none",
    ],
    report: None,
};

const INTENT: &str = "affordability";

/// Where neither a day was said nor pay is expected.
const DAYS: i32 = 14;

/// What is left, by the rule: to use now, less what is likely due, less what was asked about.
#[derive(Debug, PartialEq, Eq)]
struct Estimate {
    likely: Money,
    count: usize,
    left: Money,
}

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts, year(context)]
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
    let daily: Vec<Account> = all
        .accounts
        .iter()
        .filter(|account| account.kind == AccountKind::Checking)
        .cloned()
        .collect();
    let account = match resolve::accounts(&daily, request) {
        Which::One(account) => account,
        Which::Several(several) => {
            let options = several
                .iter()
                .take(4)
                .map(|account| {
                    (
                        resolve::label_text(account, context),
                        request.clone().bind("account", account.id.as_str()),
                    )
                })
                .collect();
            return Outcome::say(Say::shared("choose_account"))
                .choose(request, options)
                .into();
        }
        Which::Nothing => return Outcome::say(Say::new(INTENT, "none", Values::new())).into(),
    };
    let Some(available) = account.balance(BalanceKind::Available) else {
        let values = resolve::with_account(Values::new(), "account", account, context);
        return Outcome::say(Say::new(INTENT, "unknown", values)).into();
    };
    let today = context.place.today();
    let zone = &context.place.zone;
    let pay = recurrence::find(entries, Way::In, today, zone)
        .into_iter()
        .filter(|one| one.latest.kind == crate::bank::model::TransactionKind::Salary)
        .map(|one| one.next)
        .filter(|day| *day > today)
        .min();
    let usual = pay.unwrap_or_else(|| today.saturating_add(Span::new().days(DAYS)));
    let (last, named) = until(request, usual, context);
    let repeats: Vec<Series<'_>> = recurrence::find(entries, Way::Out, today, zone)
        .into_iter()
        .filter(|one| one.latest.account == account.id)
        .collect();
    let expected = due(&all.accounts, repeats, today, last);
    let asked = request
        .said("amount")
        .and_then(|text| Money::parse(text, available.amount.currency()).ok());
    let Some(estimate) = estimate(available.amount, &expected, asked) else {
        let values = resolve::with_account(Values::new(), "account", account, context);
        return Outcome::say(Say::new(INTENT, "unknown", values)).into();
    };
    let until_origin = match (named, pay) {
        (true, _) => Origin::Customer,
        (false, Some(_)) => Origin::rule("the day pay usually comes"),
        (false, None) => Origin::rule("the usual period of this question"),
    };
    let at = Values::new().with("last", Value::Weekday(last), until_origin);
    said(account, available, &estimate, asked, at, context).into()
}

/// `None` where currencies do not go together or a sum does not fit.
fn estimate(
    available: Money,
    expected: &[(Date, Due<'_>)],
    asked: Option<Money>,
) -> Option<Estimate> {
    let amounts: Vec<Money> = expected
        .iter()
        .filter_map(|(_, due)| takes(due))
        .filter(|amount| amount.currency() == available.currency())
        .collect();
    let count = amounts.len();
    let likely = Money::sum(amounts, available.currency()).ok()?;
    let left = available.minus(likely).ok()?;
    let left = match asked {
        Some(asked) => left.minus(asked).ok()?,
        None => left,
    };
    Some(Estimate {
        likely,
        count,
        left,
    })
}

fn said(
    account: &Account,
    available: &crate::bank::model::Balance,
    estimate: &Estimate,
    asked: Option<Money>,
    at: Values,
    context: &Context<'_>,
) -> Outcome {
    let variant = if estimate.left.is_negative() {
        "short"
    } else {
        "left"
    };
    let rule = || Origin::rule("to use now, less what is likely due");
    let mut say = Say::new(
        INTENT,
        variant,
        at.with("left", Value::Money(estimate.left), rule()),
    );
    let has = if available.amount.is_negative() {
        "below_zero"
    } else {
        "to_use"
    };
    say = say.item(
        has,
        resolve::with_account(Values::new(), "account", account, context).with(
            "available",
            Value::Money(available.amount),
            Origin::bank_at("account.available", available.as_of),
        ),
    );
    let (count, origin) = counted(estimate.count, "payments expected");
    say = if estimate.count == 0 {
        say.item("nothing_likely", Values::new())
    } else {
        say.item(
            "likely",
            Values::new()
                .with("likely", Value::Money(estimate.likely), rule())
                .with("count", count, origin),
        )
    };
    if let Some(asked) = asked {
        say = say.item(
            "asked",
            Values::new().with("amount", Value::Money(asked), Origin::Customer),
        );
    }
    Outcome::say(say.tail("rule", Values::new()))
}
