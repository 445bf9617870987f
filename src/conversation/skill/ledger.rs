//! Choosing entries: period, account, merchant, category, direction, amounts. Shared by every skill that reads
//! transactions.

use jiff::Span;

use crate::bank::Query;
use crate::bank::model::{AccountId, DateRange, Transaction, TransactionKind, TransactionStatus};
use crate::intent::slot::calendar::period;
use crate::money::{Currency, Money};
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::{Context, category, merchant, resolve};

/// Where nothing was said about time.
#[derive(Debug, Clone, Copy)]
pub enum Usual {
    /// The month up to today.
    ThisMonth,
    /// So many days up to today.
    Days(i32),
}

/// Returns the days a request is about, and whether the customer named them.
pub fn range(request: &Request, usual: Usual, context: &Context<'_>) -> (DateRange, bool) {
    let now = context.place.zoned();
    let said = request
        .said("period")
        .or_else(|| request.said("date"))
        .and_then(|value| period::resolve_back(value, &now));
    if let Some(said) = said {
        let range = DateRange {
            first: said.first,
            last: said.last,
        };
        return (range, true);
    }
    let today = context.place.today();
    let first = match usual {
        Usual::ThisMonth => today.first_of_month(),
        Usual::Days(days) => today.saturating_sub(Span::new().days(days)),
    };
    (DateRange { first, last: today }, false)
}

/// Returns the question for entries of these days; tomorrow is asked too, since pending entries may be
/// dated ahead.
pub fn query(request: &Request, range: DateRange) -> Query {
    Query::Transactions {
        account: request.bound("account").map(|id| AccountId(id.to_owned())),
        range: DateRange {
            first: range.first,
            last: range.last.saturating_add(Span::new().days(1)),
        },
    }
}

/// Keeps the entries that a request means, all but its merchant.
pub fn select<'a>(
    entries: &'a [Transaction],
    request: &Request,
    range: DateRange,
    context: &Context<'_>,
) -> Vec<&'a Transaction> {
    let currency = entries
        .first()
        .map_or(Currency::USD, |entry| entry.amount.currency());
    let amount = |slot: &str| {
        request
            .said(slot)
            .and_then(|text| Money::parse(text, currency).ok())
            .map(Money::minor)
    };
    let (least, most, exactly) = (amount("min_amount"), amount("max_amount"), amount("amount"));
    entries
        .iter()
        .filter(|entry| entry.status != TransactionStatus::Declined)
        .filter(|entry| {
            entry
                .date(&context.place.zone)
                .is_none_or(|day| range.contains(day) || entry.status == TransactionStatus::Pending)
        })
        .filter(|entry| match request.said("direction") {
            Some("in") => entry.amount.minor() > 0,
            Some("out") => entry.amount.is_negative(),
            _ => true,
        })
        .filter(|entry| {
            let minor = entry.amount.abs().minor();
            least.is_none_or(|least| minor >= least)
                && most.is_none_or(|most| minor <= most)
                && exactly.is_none_or(|exactly| minor == exactly)
        })
        .filter(|entry| {
            request
                .said("category")
                .is_none_or(|slot| category::is_in(entry, slot))
        })
        .filter(|entry| request.said("type").is_none_or(|kind| is_kind(entry, kind)))
        .collect()
}

fn is_kind(entry: &Transaction, kind: &str) -> bool {
    match kind {
        "atm_withdrawal" | "cash" => entry.kind == TransactionKind::Cash,
        "transfer" => matches!(
            entry.kind,
            TransactionKind::TransferIn | TransactionKind::TransferOut
        ),
        "direct_debit" => entry.kind == TransactionKind::DirectDebit,
        "deposit" => entry.amount.minor() > 0,
        "fee" => entry.kind == TransactionKind::Fee,
        "check" => entry.description.to_ascii_lowercase().contains("check"),
        _ => true,
    }
}

/// Tells whether an entry is spending: transfers between accounts and card payments are not (3.4).
pub fn is_spending(entry: &Transaction) -> bool {
    entry.amount.is_negative()
        && !matches!(
            entry.kind,
            TransactionKind::TransferIn
                | TransactionKind::TransferOut
                | TransactionKind::CardPayment
                | TransactionKind::Interest
        )
}

/// Returns the word a request names somebody by.
pub fn wanted(request: &Request) -> Option<&str> {
    request
        .said("merchant")
        .or_else(|| request.said("payee"))
        .or_else(|| request.said("biller"))
        .or_else(|| request.said("payer"))
}

/// Returns the values of one entry's line: day, name, amount, how final.
pub fn entry_values(entry: &Transaction, with_code: bool, context: &Context<'_>) -> Values {
    let day = entry
        .date(&context.place.zone)
        .unwrap_or_else(|| context.place.today());
    let amount = if with_code {
        Value::MoneyWithCode(entry.amount)
    } else {
        Value::Money(entry.amount)
    };
    let flow = if entry.amount.minor() > 0 {
        "in"
    } else {
        "out"
    };
    let state = match entry.status {
        TransactionStatus::Pending => "pending",
        TransactionStatus::Booked => "booked",
        TransactionStatus::Declined => "declined",
    };
    Values::new()
        .with("day", Value::Day(day), Origin::bank("transaction.date"))
        .with(
            "name",
            named(entry, context),
            Origin::bank("transaction.merchant"),
        )
        .with("amount", amount, Origin::bank("transaction.amount"))
        .with("flow", Value::key(flow), Origin::bank("transaction.amount"))
        .with(
            "state",
            Value::key(state),
            Origin::bank("transaction.status"),
        )
}

/// Quotes what an entry's other side is called, or says that the bank gives no name.
fn named(entry: &Transaction, context: &Context<'_>) -> Value {
    let name = merchant::name(entry);
    if name.is_empty() {
        Value::word(resolve::word("no_name", context))
    } else {
        Value::quoted(&name)
    }
}

/// Tells whether entries are in more than one currency: then codes are shown and nothing is added up.
pub fn mixed<'a>(entries: impl IntoIterator<Item = &'a Transaction>) -> bool {
    let mut entries = entries.into_iter();
    let Some(first) = entries.next() else {
        return false;
    };
    entries.any(|entry| entry.amount.currency() != first.amount.currency())
}

/// Adds the days of a range as `first` and `last`.
pub fn with_range(values: Values, range: DateRange, named: bool) -> Values {
    let origin = if named {
        Origin::Customer
    } else {
        Origin::rule("the usual period of this question")
    };
    values
        .with("first", Value::Day(range.first), origin.clone())
        .with("last", Value::Day(range.last), origin)
}

/// Returns the names of accounts that could not be read, as `names`.
pub fn missing_values(missing: &[String]) -> Values {
    let names = missing
        .iter()
        .map(|missed| crate::reply::value::clean(missed))
        .collect::<Vec<_>>()
        .join(", ");
    Values::new().with(
        "names",
        Value::word(names),
        Origin::bank("accounts.missing"),
    )
}
