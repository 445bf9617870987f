//! Stopping what repeats. A standing order is the bank's own: it is stopped there, and read back. What somebody else
//! collects or charges is not, but by law the customer's word is enough (Reg E, 12 CFR 1005.10(c)): it is kept with its
//! time as a case, and a person at the bank carries it out. Whether it is in time for the next payment is told.

mod order;
mod word;

use crate::bank::model::TransactionKind;
use crate::bank::{Answers, CommandKind, Failure, Query, StandingOrder};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::recurrence::{self, Series, Way};
use super::recurring_list::{is_kind, series_values, year};
use super::{Context, Next, Outcome, Say, Skill, ledger, merchant, movement, payee};

pub(super) const SKILL: Skill = Skill {
    name: "recurring_stop",
    access: Access::Linked,
    ask,
    answer,
    variants: &[
        "which",
        "item",
        "item_order",
        "confirm",
        "confirm_card",
        "confirm_order",
        "soon",
        "kept",
        "noted",
        "noted_closed",
        "in_time",
        "too_late",
        "card",
        "order_done",
        "order_done_soon",
        "order_refused",
        "order_unknown",
        "order_not_sent",
        "order_gone",
        "none",
        "none_named",
        "no_number",
    ],
    report: Some(order::report),
};

const INTENT: &str = "recurring_stop";

/// Something that repeats.
#[derive(Clone, Copy)]
enum Repeating<'a> {
    /// The bank pays it of its own.
    Order(&'a StandingOrder),
    /// It was seen among the entries.
    Series(&'a Series<'a>),
}

impl Repeating<'_> {
    fn is_called(self, word: &str) -> bool {
        match self {
            Self::Order(order) => {
                payee::is_named(&order.to, word) || merchant::likeness(&order.to, word).is_some()
            }
            Self::Series(one) => merchant::likeness(&one.name, word).is_some(),
        }
    }

    fn is_kind(self, kind: Option<&str>) -> bool {
        match self {
            Self::Order(_) => !matches!(kind, Some("direct_debit" | "subscription")),
            Self::Series(one) => is_kind(one, kind),
        }
    }
}

/// Tells whether the payments of a series are those of an order: what the bank calls one, of the same account, and
/// the same amount or name.
fn is_of(order: &StandingOrder, one: &Series<'_>) -> bool {
    one.latest.account == order.from
        && matches!(
            one.latest.kind,
            TransactionKind::StandingOrder | TransactionKind::TransferOut
        )
        && (one.amount == order.amount || merchant::likeness(&order.to, &one.name).is_some())
}

/// Charged to a card: its shop decides when the contract ends.
fn is_on_card(one: &Series<'_>) -> bool {
    matches!(
        one.latest.kind,
        TransactionKind::Purchase | TransactionKind::Other
    )
}

/// The bank shows its standing orders and stops them.
fn stops_orders(context: &Context<'_>) -> bool {
    context.policy.ports.standing_orders && context.policy.can(CommandKind::StopStandingOrder)
}

/// The customer's word is to be kept as a case.
fn keeps_word(request: &Request) -> bool {
    request.bound("note").is_some()
        || (request.bound("confirmed").is_some() && request.bound("order").is_none())
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.bound("declined").is_some() {
        return Vec::new();
    }
    let mut queries = vec![year(context), Query::Accounts];
    if stops_orders(context) {
        queries.push(Query::StandingOrders);
    }
    if keeps_word(request) {
        queries.push(Query::CaseNumber);
    }
    queries
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let say = |variant, values| Outcome::say(Say::new(INTENT, variant, values));
    if request.bound("declined").is_some() {
        return say("kept", Values::new()).into();
    }
    let (entries, orders) = match (answers.transactions(&year(context)), orders(answers)) {
        (Ok((entries, _)), Ok(orders)) => (entries, orders),
        (Err(failure), _) | (_, Err(failure)) => return Outcome::failed(failure).into(),
    };
    let today = context.place.today();
    let series = recurrence::find(entries, Way::Out, today, &context.place.zone);
    // What was paid by an order that is open is that order; what was paid by one that is not has ended.
    let listed = answers.standing_orders().is_ok();
    let ended = |one: &Series<'_>| listed && one.latest.kind == TransactionKind::StandingOrder;
    let all = orders.iter().map(Repeating::Order).chain(
        series
            .iter()
            .filter(|one| !ended(one) && !orders.iter().any(|order| is_of(order, one)))
            .map(Repeating::Series),
    );
    let found: Vec<Repeating<'_>> = if let Some(id) = request.bound("order") {
        all.filter(|one| matches!(one, Repeating::Order(order) if order.id == id))
            .collect()
    } else if let Some(id) = request.bound("transaction") {
        all.filter(|one| matches!(one, Repeating::Series(one) if one.latest.id.as_str() == id))
            .collect()
    } else if let Some(word) = ledger::wanted(request) {
        let named: Vec<Repeating<'_>> = all.filter(|one| one.is_called(word)).collect();
        if named.is_empty() {
            let gone = |one: &Series<'_>| ended(one) && Repeating::Series(one).is_called(word);
            if series.iter().any(gone) {
                return say("order_gone", Values::new()).into();
            }
            let values = Values::new().with("name", Value::quoted(word), Origin::Customer);
            return say("none_named", values).into();
        }
        named
    } else {
        all.filter(|one| one.is_kind(request.said("kind")))
            .collect()
    };
    match found.as_slice() {
        [] if request.bound("order").is_some() => say("order_gone", Values::new()).into(),
        [] => say("none", Values::new()).into(),
        [one] if keeps_word(request) => word::keep(request, *one, answers, context).into(),
        [Repeating::Order(order)] => order::answer(request, order, answers, context).into(),
        [Repeating::Series(one)] => confirm(request, one, context).into(),
        several => which(request, several, context).into(),
    }
}

/// Returns the orders; a bank that has no such list has none.
fn orders(answers: &Answers) -> Result<&[StandingOrder], Failure> {
    match answers.standing_orders() {
        Err(Failure::NotOffered | Failure::NotFound | Failure::Forbidden) => Ok(&[]),
        orders => orders,
    }
}

/// Asks before the customer's word is kept; for what is charged to a card with what else helps.
fn confirm(request: &Request, one: &Series<'_>, context: &Context<'_>) -> Outcome {
    let yes = bound(request, Repeating::Series(one), context).bind("confirmed", "yes");
    let no = Request::new(INTENT).bind("declined", "yes");
    let variant = if is_on_card(one) {
        "confirm_card"
    } else {
        "confirm"
    };
    let mut say = Say::new(INTENT, variant, series_values(one));
    if is_on_card(one) {
        let charged = Request::new("dispute")
            .slot("merchant", &one.name)
            .slot("reason", "cancelled_recurring");
        say = say.on("charged", charged);
    }
    Outcome::say(say).confirm(request, yes, no)
}

fn which(request: &Request, several: &[Repeating<'_>], context: &Context<'_>) -> Outcome {
    let mut say = Say::new(INTENT, "which", Values::new());
    let mut options = Vec::new();
    for one in several.iter().take(4) {
        let title = match one {
            Repeating::Order(order) => {
                say = say.item("item_order", order::values(order));
                payee::short(&order.to)
            }
            Repeating::Series(one) => {
                say = say.item("item", series_values(one));
                merchant::name(one.latest)
            }
        };
        options.push((title, bound(request, *one, context)));
    }
    options.push(movement::something_else(context));
    Outcome::say(say).choose(request, options)
}

/// Binds a request to one of them and to the time of the customer's first word.
fn bound(request: &Request, one: Repeating<'_>, context: &Context<'_>) -> Request {
    let request = request
        .clone()
        .bind("noticed_ms", noticed_ms(request, context).to_string());
    match one {
        Repeating::Order(order) => request.bind("order", order.id.as_str()),
        Repeating::Series(one) => request.bind("transaction", one.latest.id.as_str()),
    }
}

/// When the customer first said so: the law counts from then, not from a tap that came later.
fn noticed_ms(request: &Request, context: &Context<'_>) -> i64 {
    let bound = request.bound("noticed_ms");
    bound
        .and_then(|at| at.parse().ok())
        .unwrap_or(context.at_ms)
}

/// The day of the customer's word where the bank is.
fn said_on(request: &Request, context: &Context<'_>) -> jiff::civil::Date {
    let at = jiff::Timestamp::from_millisecond(noticed_ms(request, context));
    let at = at.unwrap_or(context.place.now);
    at.to_zoned(context.policy.bank_zone.clone()).date()
}
