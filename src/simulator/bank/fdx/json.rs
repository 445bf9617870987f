//! FDX's JSON as the simulated bank writes it.

use std::fmt::Write as _;

use axum::http::StatusCode;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::super::activity::Stage;
use super::super::call::Call;
use super::super::reply::Reply;
use super::super::scenario::values::{AccountState, EntryKind, Kind};
use super::super::scenario::{Payee, Scenario};
use super::super::world::{AccountView, EntryView, Movement, MovementState, StatementView};
use super::{Paging, Wire};
use crate::money::{Currency, Money};

/// An amount as a JSON number with the currency's digits.
fn number(amount: Money) -> Option<Box<RawValue>> {
    RawValue::from_string(amount.to_decimal()).ok()
}

pub(super) fn minor_number(minor: i64, currency: Currency) -> Option<Box<RawValue>> {
    number(Money::from_minor(minor, currency))
}

fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    Zoned::new(at, zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

pub(super) fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_default()
}

/// Writes a list with the mark of its next part.
pub(super) fn list(
    call: &Call,
    status: StatusCode,
    name: &'static str,
    items: &[Box<RawValue>],
    total: usize,
    next: Option<usize>,
) -> Reply {
    let mut page = serde_json::Map::new();
    page.insert("totalElements".into(), total.into());
    let mut links = serde_json::Map::new();
    if let Some(next) = next {
        match call.shared.options.paging {
            Paging::Offset => {
                page.insert("nextOffset".into(), next.to_string().into());
            }
            Paging::PageKey => {
                page.insert("nextPageKey".into(), next.to_string().into());
            }
            Paging::Link => {
                links.insert(
                    "next".into(),
                    serde_json::json!({ "href": next_href(call, next) }),
                );
            }
        }
    }
    let mut body = serde_json::Map::new();
    body.insert("page".into(), page.into());
    if !links.is_empty() {
        body.insert("links".into(), links.into());
    }
    // The items go in as they are written: a value in between would read the amounts as floats.
    let mut text = serde_json::to_string(&body).unwrap_or_default();
    text.pop();
    let _ = write!(text, ",\"{name}\":[");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(item.get());
    }
    text.push_str("]}");
    Reply {
        status,
        content_type: "application/json",
        body: text.into(),
    }
}

/// Returns the address of the next part, relative to the base, with the query as it came.
fn next_href(call: &Call, next: usize) -> String {
    let kept: Vec<&str> = call
        .parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("offset="))
        .collect();
    let path = call.parts.uri.path();
    if kept.is_empty() {
        format!("{path}?offset={next}")
    } else {
        format!("{path}?{}&offset={next}", kept.join("&"))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CurrencyJson<'a> {
    currency_code: &'a str,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct AccountJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_category: Option<&'static str>,
    account_id: &'a str,
    account_type: &'static str,
    account_number_display: &'a str,
    product_name: &'a str,
    nickname: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<CurrencyJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_as_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interest_rate: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_line: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_credit: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_balance: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_balance: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_balance: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_payment_amount: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_payment_amount: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_payment_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_stmt_balance: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_stmt_date: Option<String>,
}

#[derive(Serialize)]
struct ErrorJson {
    code: &'static str,
    message: &'static str,
}

/// The family, its wrapper's stem, and `accountType`.
const fn family(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Checking => ("DEPOSIT_ACCOUNT", "deposit", "CHECKING"),
        Kind::Savings => ("DEPOSIT_ACCOUNT", "deposit", "SAVINGS"),
        Kind::Other => ("DEPOSIT_ACCOUNT", "deposit", "OTHERDEPOSIT"),
        Kind::Prepaid => ("DEPOSIT_ACCOUNT", "deposit", "PREPAID"),
        Kind::Wallet => ("DEPOSIT_ACCOUNT", "deposit", "DIGITALWALLET"),
        Kind::CreditCard => ("LOC_ACCOUNT", "loc", "CREDITCARD"),
        Kind::ChargeCard => ("LOC_ACCOUNT", "loc", "CHARGE"),
        Kind::LineOfCredit => ("LOC_ACCOUNT", "loc", "LINEOFCREDIT"),
        Kind::Loan => ("LOAN_ACCOUNT", "loan", "LOAN"),
        Kind::Mortgage => ("LOAN_ACCOUNT", "loan", "MORTGAGE"),
        Kind::Investment => ("INVESTMENT_ACCOUNT", "investment", "TAXABLE"),
    }
}

const fn is_loan(kind: Kind) -> bool {
    matches!(kind, Kind::Loan | Kind::Mortgage)
}

fn wrapped(wire: Wire, kind: Kind, suffix: &str, object: Box<RawValue>) -> Box<RawValue> {
    match wire {
        Wire::Flat => object,
        Wire::Wrapped => {
            let (_, stem, _) = family(kind);
            let text = format!("{{\"{stem}{suffix}\":{}}}", object.get());
            RawValue::from_string(text).unwrap_or_default()
        }
    }
}

fn account_base<'a>(view: &AccountView<'a>, wire: Wire) -> AccountJson<'a> {
    let (category, _, account_type) = family(view.account.kind);
    AccountJson {
        account_category: (wire == Wire::Flat).then_some(category),
        account_id: view.account.id.get_ref(),
        account_type,
        account_number_display: &view.account.number,
        product_name: &view.account.name,
        nickname: &view.account.name,
        status: match view.account.state {
            AccountState::Open => "OPEN",
            AccountState::Blocked => "RESTRICTED",
            AccountState::Closed => "CLOSED",
        },
        ..AccountJson::default()
    }
}

/// Writes an account; without `details` as FDX's "lightweight" list does, without numbers.
pub(super) fn account(view: &AccountView<'_>, wire: Wire, details: bool) -> Box<RawValue> {
    let kind = view.account.kind;
    let mut json = account_base(view, wire);
    let code = view.currency;
    json.currency = Some(CurrencyJson {
        currency_code: code.code(),
    });
    if details {
        json.balance_as_of = Some(
            view.as_of
                .to_zoned(TimeZone::UTC)
                .strftime("%Y-%m-%dT%H:%M:%S.000Z")
                .to_string(),
        );
        json.interest_rate = view
            .account
            .interest_percent
            .as_ref()
            .and_then(|percent| RawValue::from_string(percent.text().to_owned()).ok());
        if kind.is_debt() {
            // What is owed is sent as a positive number (`bank-apis.md` 3.2, the usual sign).
            json.balance_type = Some("LIABILITY");
            let owed = number(view.booked.negated());
            if is_loan(kind) {
                json.principal_balance = owed;
            } else {
                json.current_balance = owed;
                json.credit_line = view.limit.and_then(number);
                json.available_credit = view.available.and_then(number);
            }
        } else {
            json.balance_type = Some("ASSET");
            json.current_balance = number(view.booked);
            json.available_balance = view.available.and_then(number);
        }
        if let Some(bill) = &view.bill {
            json.last_stmt_balance = number(bill.balance);
            json.last_stmt_date = Some(bill.date.to_string());
            json.next_payment_date = Some(bill.due.to_string());
            if is_loan(kind) {
                json.next_payment_amount = number(bill.minimum);
            } else {
                json.minimum_payment_amount = number(bill.minimum);
            }
        } else if let Some(due) = view.account.due_date {
            json.next_payment_date = Some(due.0.to_string());
            json.minimum_payment_amount = view
                .account
                .minimum
                .as_ref()
                .and_then(|minimum| minor_number(minimum.minor(code), code));
        }
    }
    wrapped(wire, kind, "Account", raw(&json))
}

/// Writes an account that cannot be read just now.
pub(super) fn broken_account(view: &AccountView<'_>, wire: Wire) -> Box<RawValue> {
    let mut json = account_base(view, wire);
    json.error = Some(ErrorJson {
        code: "500",
        message: "account temporarily unavailable",
    });
    wrapped(wire, view.account.kind, "Account", raw(&json))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransactionJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_category: Option<&'static str>,
    account_id: &'a str,
    transaction_id: &'a str,
    transaction_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    posted_timestamp: Option<String>,
    description: &'a str,
    debit_credit_memo: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payee: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign_amount: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign_currency: Option<&'a str>,
}

/// Writes an entry of an account.
pub(super) fn transaction(
    scenario: &Scenario,
    account: usize,
    view: &EntryView,
    wire: Wire,
) -> Box<RawValue> {
    let Some(owner) = scenario.account.get(account) else {
        return Box::default();
    };
    let zone = &scenario.zone.0;
    let currency = scenario.currency_of(account);
    let entry = &view.entry;
    let (category, _, _) = family(owner.kind);
    let original = entry.original.map(Money::currency);
    let json = TransactionJson {
        account_category: (wire == Wire::Flat).then_some(category),
        account_id: owner.id.get_ref(),
        transaction_id: view.id(),
        transaction_timestamp: stamp(entry.occurred, zone),
        posted_timestamp: match view.stage {
            Stage::Booked => entry.posted.map(|posted| stamp(posted, zone)),
            Stage::Pending => None,
        },
        description: &entry.description,
        debit_credit_memo: if view.minor() < 0 { "DEBIT" } else { "CREDIT" },
        status: match view.stage {
            Stage::Booked => "POSTED",
            Stage::Pending => "PENDING",
        },
        amount: number(Money::from_minor(view.minor(), currency).abs()),
        category: entry.mcc.map(|mcc| format!("{mcc:04}")),
        sub_category: entry.mcc.map(|_| "MCC"),
        payee: entry.merchant.as_deref(),
        transaction_type: transaction_type(entry.kind, owner.kind, view.minor() < 0),
        foreign_amount: entry.original.and_then(number),
        foreign_currency: original.as_ref().map(Currency::code),
    };
    wrapped(wire, owner.kind, "Transaction", raw(&json))
}

const fn transaction_type(kind: EntryKind, account: Kind, out: bool) -> Option<&'static str> {
    let debt = account.is_debt();
    match kind {
        EntryKind::Purchase | EntryKind::Refund if debt => Some("PURCHASE"),
        EntryKind::Purchase | EntryKind::Refund if out => Some("POSDEBIT"),
        EntryKind::Purchase | EntryKind::Refund => Some("POSCREDIT"),
        EntryKind::CardPayment if debt => Some("PAYMENT"),
        EntryKind::CardPayment => Some("BILLPAYMENT"),
        EntryKind::Transfer => Some("TRANSFER"),
        EntryKind::Fee => Some("FEE"),
        EntryKind::Interest => Some("INTEREST"),
        EntryKind::Salary => Some("DIRECTDEPOSIT"),
        EntryKind::Cash if debt => Some("WITHDRAWAL"),
        EntryKind::Cash if out => Some("ATMWITHDRAWAL"),
        EntryKind::Cash => Some("ATMDEPOSIT"),
        EntryKind::DirectDebit => Some("DIRECTDEBIT"),
        EntryKind::StandingOrder => Some("REPEATPAYMENT"),
        EntryKind::Other if out => Some("CHECK"),
        EntryKind::Other => Some("DEPOSIT"),
        EntryKind::Untyped => None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatementJson<'a> {
    statement_id: &'a str,
    account_id: &'a str,
    statement_date: String,
    description: String,
    status: &'static str,
    links: [LinkJson; 1],
}

#[derive(Serialize)]
struct LinkJson {
    href: String,
    action: &'static str,
    rel: &'static str,
    types: [&'static str; 1],
}

/// Writes a statement of an account.
pub(super) fn statement(account: &str, view: &StatementView) -> Box<RawValue> {
    raw(&StatementJson {
        statement_id: &view.id,
        account_id: account,
        statement_date: view.date.to_string(),
        description: format!("{} statement", view.date.strftime("%B %Y")),
        status: "AVAILABLE",
        links: [LinkJson {
            href: format!("/accounts/{account}/statements/{}", view.id),
            action: "GET",
            rel: "self",
            types: ["application/pdf"],
        }],
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayeeJson<'a> {
    payee_id: &'a str,
    display_name: &'a str,
    merchant_account_ids: [&'a str; 1],
    account_number_display: &'a str,
    paid_before: bool,
    status: &'static str,
}

/// Writes a payee. FDX has merchants only; a person stands under a key of our own.
pub(super) fn payee(payee: &Payee) -> Box<RawValue> {
    let json = raw(&PayeeJson {
        payee_id: payee.id.get_ref(),
        display_name: &payee.name,
        merchant_account_ids: [&payee.number],
        account_number_display: &payee.number,
        paid_before: payee.paid_before,
        status: "ACTIVE",
    });
    let key = if payee.biller { "merchant" } else { "person" };
    RawValue::from_string(format!("{{\"{key}\":{}}}", json.get())).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MovementJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<&'a str>,
    from_account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_payee_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id: Option<String>,
    status: MovementState,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_timestamp: Option<String>,
}

/// Writes a transfer or a payment.
pub(super) fn movement(scenario: &Scenario, movement: &Movement) -> Box<RawValue> {
    let id_of = |at: usize| {
        scenario
            .account
            .get(at)
            .map_or("", |account| account.id.get_ref().as_str())
    };
    let transfer = movement.to_account.is_some();
    let made = stamp(movement.created, &scenario.zone.0);
    raw(&MovementJson {
        transfer_id: transfer.then_some(&movement.id),
        payment_id: (!transfer).then_some(&movement.id),
        from_account_id: id_of(movement.from),
        to_account_id: movement.to_account.map(id_of),
        to_payee_id: movement.to_payee.as_deref(),
        amount: minor_number(movement.minor, scenario.currency_of(movement.from)),
        memo: movement.memo.as_deref(),
        reference_id: transfer.then(|| format!("ref-{}", movement.id)),
        status: movement.state,
        transfer_date: transfer.then(|| movement.date.to_string()),
        transfer_time: transfer.then(|| made.clone()),
        due_date: (!transfer).then(|| movement.date.to_string()),
        scheduled_timestamp: (!transfer).then_some(made),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomerJson<'a> {
    customer_id: &'a str,
    name: NameJson<'a>,
}

#[derive(Serialize)]
struct NameJson<'a> {
    first: &'a str,
    last: &'a str,
}

/// Writes who is linked.
pub(super) fn customer(scenario: &Scenario) -> Box<RawValue> {
    let (first, last) = scenario
        .customer
        .rsplit_once(' ')
        .unwrap_or((&scenario.customer, ""));
    raw(&CustomerJson {
        customer_id: &scenario.name,
        name: NameJson { first, last },
    })
}
