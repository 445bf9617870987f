//! What repeats: subscriptions, standing orders, bills, and prices that went up.

use jiff::Span;

use crate::bank::model::{DateRange, TransactionKind};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::recurrence::{self, Every, Series, Way};
use super::{Context, Next, Outcome, Say, Skill, category, counted, ledger, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "recurring_list",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "list",
        "one",
        "sum",
        "item",
        "item_varies",
        "item_up",
        "ups",
        "up",
        "no_ups",
        "rule",
        "more",
        "none",
        "none_named",
    ],
    report: None,
};

const INTENT: &str = "recurring_list";
const LISTED: usize = 10;

/// A year of entries: what repetition is looked for in.
pub(super) fn year(context: &Context<'_>) -> Query {
    let today = context.place.today();
    Query::Transactions {
        account: None,
        range: DateRange {
            first: today.saturating_sub(Span::new().days(365)),
            last: today.saturating_add(Span::new().days(1)),
        },
    }
}

fn ask(_: &Request, context: &Context<'_>) -> Vec<Query> {
    vec![year(context)]
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let (entries, _) = match answers.transactions(&year(context)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let all = recurrence::find(
        entries,
        Way::Out,
        context.place.today(),
        &context.place.zone,
    );
    let kind = request
        .said("kind")
        .or_else(|| says_subscription(context.words).then_some(SUBSCRIPTION));
    let mut found: Vec<&Series<'_>> = all.iter().filter(|one| is_kind(one, kind)).collect();
    if let Some(word) = ledger::wanted(request) {
        found = all
            .iter()
            .filter(|one| merchant::likeness(&one.name, word).is_some())
            .collect();
        if found.is_empty() {
            let values = Values::new().with("name", Value::quoted(word), Origin::Customer);
            return Outcome::say(Say::new(INTENT, "none_named", values)).into();
        }
    }
    if request.said("field") == Some("price_increase") {
        return ups(&found).into();
    }
    listed(request, &found).into()
}

fn listed(request: &Request, found: &[&Series<'_>]) -> Outcome {
    let rule = Origin::rule("payments that came at even gaps");
    let (count, origin) = counted(found.len(), "payments that came at even gaps");
    let values = Values::new().with("count", count, origin);
    let in_all = per_month(found);
    let mut say = match (found.len(), request.said("agg"), in_all) {
        (0, _, _) => return Outcome::say(Say::new(INTENT, "none", Values::new())),
        (1, _, _) => Say::new(INTENT, "one", values),
        (_, Some("sum" | "sum_month"), Some(in_all)) => Say::new(
            INTENT,
            "sum",
            values.with("amount", Value::Money(in_all), rule.clone()),
        ),
        _ => Say::new(INTENT, "list", values),
    };
    for one in found.iter().take(LISTED) {
        let variant = match (one.varies, one.rise) {
            (true, _) => "item_varies",
            (false, Some(_)) => "item_up",
            (false, None) => "item",
        };
        say = say.item(variant, series_values(one));
    }
    let rest = found.len().saturating_sub(LISTED);
    let say = if rest > 0 {
        let (rest, origin) = counted(rest, "payments not listed");
        say.tail("more", Values::new().with("rest", rest, origin))
    } else {
        say.tail("rule", Values::new())
    };
    Outcome::say(say)
}

fn ups(found: &[&Series<'_>]) -> Outcome {
    let risen: Vec<&&Series<'_>> = found.iter().filter(|one| one.rise.is_some()).collect();
    if risen.is_empty() {
        return Outcome::say(Say::new(INTENT, "no_ups", Values::new()));
    }
    let (count, origin) = counted(risen.len(), "repeating payments that cost more than before");
    let say = risen.iter().take(LISTED).fold(
        Say::new(INTENT, "ups", Values::new().with("count", count, origin)),
        |say, one| say.item("up", series_values(one)),
    );
    Outcome::say(say.tail("rule", Values::new()))
}

/// Returns the values of one line.
pub(super) fn series_values(one: &Series<'_>) -> Values {
    let origin = if one.varies {
        Origin::rule("average of the last three")
    } else {
        Origin::bank("transaction.amount")
    };
    let values = Values::new()
        .with(
            "name",
            Value::quoted(&one.name),
            Origin::bank("transaction.merchant"),
        )
        .with("amount", Value::Money(one.amount), origin)
        .with(
            "every",
            Value::key(one.every.key()),
            Origin::rule("payments that came at even gaps"),
        )
        .with(
            "next",
            Value::Day(one.next),
            Origin::rule("the last one and its usual gap"),
        );
    match one.rise {
        Some(rise) => values
            .with(
                "before",
                Value::Money(rise.before),
                Origin::bank("transaction.amount"),
            )
            .with(
                "since",
                Value::Day(rise.since),
                Origin::bank("transaction.date"),
            ),
        None => values,
    }
}

/// Adds up what repeats to a month: 52 weeks and 26 fortnights a year over twelve months. `None` where
/// currencies differ.
fn per_month(found: &[&Series<'_>]) -> Option<Money> {
    let currency = found.first()?.amount.currency();
    let mut sum = 0_i64;
    for one in found {
        if one.amount.currency() != currency {
            return None;
        }
        let minor = one.amount.minor();
        let month = match one.every {
            Every::Month => minor,
            Every::TwoWeeks => minor.checked_mul(26)? / 12,
            Every::Week => minor.checked_mul(52)? / 12,
        };
        sum = sum.checked_add(month)?;
    }
    Some(Money::from_minor(sum, currency))
}

/// What a shop bills a card for. The vocabulary of understanding has no such kind: the customer's word tells.
const SUBSCRIPTION: &str = "subscription";

/// Tells whether somebody asked for subscriptions, and not for all that repeats.
fn says_subscription(words: &str) -> bool {
    const STEMS: [&str; 6] = [
        "subscri",
        "suscri",
        "subs",
        "membership",
        "membres",
        "membrec",
    ];
    words
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| word == "subs" || STEMS.iter().any(|stem| word.starts_with(stem)))
}

/// Tells whether a series is of the kind asked for.
pub(super) fn is_kind(one: &Series<'_>, kind: Option<&str>) -> bool {
    let bank = one.latest.kind;
    match kind {
        Some("standing_order") => matches!(
            bank,
            TransactionKind::StandingOrder | TransactionKind::TransferOut
        ),
        Some("direct_debit") => bank == TransactionKind::DirectDebit,
        Some("autopay") => !matches!(bank, TransactionKind::TransferOut),
        Some(SUBSCRIPTION) => {
            matches!(bank, TransactionKind::Purchase | TransactionKind::Other)
                && !matches!(
                    category::of(one.latest),
                    Some("rent" | "utilities" | "insurance")
                )
        }
        _ => true,
    }
}
