//! FDX transactions into the neutral model: signs, times, merchant category codes and kinds.

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::account::WireCurrency;
use super::wire::{Category, Moment, Number, Token, WireError, filled, note_unknown, read_object};
use crate::bank::model::{
    AccountId, Transaction, TransactionId, TransactionKind, TransactionStatus,
};
use crate::money::{Currency, Money};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTransaction {
    #[serde(default)]
    account_category: Option<String>,
    #[serde(default)]
    transaction_id: Option<Token>,
    #[serde(default)]
    reference_transaction_id: Option<Token>,
    #[serde(default)]
    posted_timestamp: Option<String>,
    #[serde(default)]
    transaction_timestamp: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    memo: Option<String>,
    #[serde(default)]
    debit_credit_memo: Option<String>,
    #[serde(default)]
    category: Option<Token>,
    #[serde(default)]
    sub_category: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    amount: Option<Number>,
    #[serde(default)]
    currency: Option<WireCurrency>,
    #[serde(default)]
    foreign_amount: Option<Number>,
    #[serde(default)]
    foreign_currency: Option<String>,
    #[serde(default)]
    transaction_type: Option<String>,
    #[serde(default)]
    payee: Option<String>,
}

/// Which way the money goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// Reads one transaction of `account`, whose currency is `currency` unless the entry says otherwise.
///
/// An entry without id, amount or direction fails the call: to leave it out would make every sum
/// wrong without a word.
pub(super) fn read(
    raw: &RawValue,
    account: &AccountId,
    currency: Currency,
    zone: &TimeZone,
) -> Result<Transaction, WireError> {
    let (wrapper, wire): (_, WireTransaction) = read_object(raw)?;
    let category = wrapper
        .or_else(|| wire.account_category.as_deref().map(Category::from_code))
        .unwrap_or_default();
    let currency = match wire
        .currency
        .as_ref()
        .and_then(|c| c.currency_code.as_deref())
    {
        Some(code) => code
            .parse()
            .map_err(|_| WireError::Field("currency.currencyCode"))?,
        None => currency,
    };
    let (direction, memo_only) = direction_of(wire.debit_credit_memo.as_deref())?;
    let signed = |number: &Number, currency: Currency, field: &'static str| {
        let amount = Money::parse(number.text(), currency).map_err(|_| WireError::Field(field))?;
        // The direction has the word, also where a bank signs the amount as well.
        Ok::<Money, WireError>(match direction {
            Direction::In => amount.abs(),
            Direction::Out => amount.abs().negated(),
        })
    };
    let amount = signed(
        wire.amount.as_ref().ok_or(WireError::Missing("amount"))?,
        currency,
        "amount",
    )?;
    let original_amount = match (&wire.foreign_amount, filled(wire.foreign_currency)) {
        (Some(number), Some(code)) => Some(signed(
            number,
            code.parse()
                .map_err(|_| WireError::Field("foreignCurrency"))?,
            "foreignAmount",
        )?),
        _ => None,
    };
    let status = if memo_only {
        TransactionStatus::Pending
    } else {
        status_of(wire.status.as_deref())
    };
    let happened = moment(
        wire.transaction_timestamp.as_deref(),
        "transactionTimestamp",
    )?;
    let posted = moment(wire.posted_timestamp.as_deref(), "postedTimestamp")?;
    let booking_date = match status {
        TransactionStatus::Booked => posted.or(happened).map(|moment| moment.day(zone)),
        TransactionStatus::Pending | TransactionStatus::Declined => None,
    };
    // A pending entry known by its day only would have no date at all.
    let value_date = match happened {
        Some(Moment::Day(day)) => Some(day),
        _ => None,
    };
    let is_mcc = wire.sub_category.as_deref() == Some("MCC");
    let word = wire.category.map(|token| token.0);
    let mcc = word
        .as_deref()
        .filter(|_| is_mcc)
        .and_then(|code| code.parse().ok());
    let description = filled(wire.description)
        .or_else(|| filled(wire.memo))
        .unwrap_or_default();
    Ok(Transaction {
        id: TransactionId(
            wire.transaction_id
                .filter(|id| !id.0.is_empty())
                .ok_or(WireError::Missing("transactionId"))?
                .0,
        ),
        account: account.clone(),
        amount,
        status,
        booking_date,
        value_date,
        occurred_at: happened.and_then(|moment| moment.instant(zone)),
        kind: kind_of(
            category,
            wire.transaction_type.as_deref(),
            direction,
            mcc,
            &description,
        ),
        description,
        merchant: filled(wire.payee),
        mcc,
        category: word.filter(|_| !is_mcc).and_then(|word| filled(Some(word))),
        original_amount,
        pending_id: wire
            .reference_transaction_id
            .filter(|id| !id.0.is_empty())
            .map(|id| TransactionId(id.0)),
    })
}

fn moment(text: Option<&str>, field: &'static str) -> Result<Option<Moment>, WireError> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Moment::parse(text).map(Some).ok_or(WireError::Field(field)),
        None => Ok(None),
    }
}

/// Reads `debitCreditMemo`. `MEMO` is pending and counts as out (`bank-apis.md` 3.3). A word nobody
/// knows cannot be guessed: the sign of money hangs on it.
fn direction_of(code: Option<&str>) -> Result<(Direction, bool), WireError> {
    match code {
        Some("DEBIT") => Ok((Direction::Out, false)),
        Some("CREDIT") => Ok((Direction::In, false)),
        Some("MEMO") => Ok((Direction::Out, true)),
        Some(_) => Err(WireError::Field("debitCreditMemo")),
        None => Err(WireError::Missing("debitCreditMemo")),
    }
}

/// An unknown status is never good news: such an entry is not final.
fn status_of(code: Option<&str>) -> TransactionStatus {
    match code {
        Some("POSTED") => TransactionStatus::Booked,
        Some("PENDING" | "AUTHORIZATION" | "MEMO") | None => TransactionStatus::Pending,
        Some("DECLINED") => TransactionStatus::Declined,
        Some(unknown) => {
            note_unknown("transaction.status", unknown);
            TransactionStatus::Pending
        }
    }
}

fn kind_of(
    category: Category,
    code: Option<&str>,
    direction: Direction,
    mcc: Option<u16>,
    description: &str,
) -> TransactionKind {
    let by_direction = |inward, outward| match direction {
        Direction::In => inward,
        Direction::Out => outward,
    };
    match code {
        Some("PURCHASE" | "POSDEBIT" | "POSCREDIT") => {
            by_direction(TransactionKind::Refund, TransactionKind::Purchase)
        }
        Some("TRANSFER") => {
            if pays_a_card(description) {
                TransactionKind::CardPayment
            } else {
                by_direction(TransactionKind::TransferIn, TransactionKind::TransferOut)
            }
        }
        Some("PAYMENT" | "BILLPAYMENT" | "DIRECTDEBIT") => {
            let settles_debt = matches!(category, Category::Credit | Category::Loan);
            if settles_debt || pays_a_card(description) {
                TransactionKind::CardPayment
            } else {
                by_direction(TransactionKind::Other, TransactionKind::DirectDebit)
            }
        }
        Some("REPEATPAYMENT" | "STANDINGORDER") => {
            by_direction(TransactionKind::Other, TransactionKind::StandingOrder)
        }
        Some("FEE" | "SRVCHG" | "SERVICECHARGE") => TransactionKind::Fee,
        Some("INTEREST" | "DIVIDEND") => TransactionKind::Interest,
        Some("DIRECTDEPOSIT" | "PAYROLL") => {
            by_direction(TransactionKind::Salary, TransactionKind::Other)
        }
        Some("ATMWITHDRAWAL" | "ATMDEPOSIT" | "WITHDRAWAL" | "CASH") => TransactionKind::Cash,
        Some("ADJUSTMENT" | "CHECK" | "DEPOSIT") => TransactionKind::Other,
        Some(unknown) => {
            note_unknown("transactionType", unknown);
            guessed_kind(category, direction, mcc, description)
        }
        None => guessed_kind(category, direction, mcc, description),
    }
}

/// What an entry without a known type most plainly is; `Other` where nothing is plain.
fn guessed_kind(
    category: Category,
    direction: Direction,
    mcc: Option<u16>,
    description: &str,
) -> TransactionKind {
    match (direction, mcc) {
        (Direction::Out, Some(6010 | 6011)) => TransactionKind::Cash,
        (Direction::Out, Some(_)) => TransactionKind::Purchase,
        (Direction::In, Some(_)) => TransactionKind::Refund,
        (Direction::Out, None) if category == Category::Credit => TransactionKind::Purchase,
        (Direction::Out, None) if pays_a_card(description) => TransactionKind::CardPayment,
        (Direction::In, None) if names_pay(description) => TransactionKind::Salary,
        (Direction::In | Direction::Out, None) => TransactionKind::Other,
    }
}

/// US banks have no type for the payment of a card seen from the checking account, only words.
fn pays_a_card(description: &str) -> bool {
    let text = description.to_ascii_uppercase();
    [
        "CREDIT CARD PAYMENT",
        "CREDIT CRD",
        "CARD PAYMENT",
        "PAYMENT TO CARD",
        "CARDMEMBER SERV",
    ]
    .iter()
    .any(|words| text.contains(words))
}

fn names_pay(description: &str) -> bool {
    let text = description.to_ascii_uppercase();
    ["PAYROLL", "SALARY", "DIR DEP", "DIRECT DEP"]
        .iter()
        .any(|words| text.contains(words))
}
