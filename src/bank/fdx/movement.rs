//! FDX's transfers between own accounts, payees and bill payments, where a bank has them.
//!
//! Repeating (design 2.2): a transfer carries our id and can be found by it; a payment carries our
//! idempotency key; a cancellation can be repeated and read back.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::wire::{Moment, Number, Token, WireError, filled, note_unknown, read_object};
use super::{ACTOR_TYPE, Fdx, error, read_request};
use crate::bank::http::{Answer, Request};
use crate::bank::model::{AccountId, Connection, Payee, PayeeId, Payment, PaymentState};
use crate::bank::{
    BankCommand, BankError, CommandKind, CommandOutcome, Commands, IdempotencyKey, Payments, Repeat,
};
use crate::money::{Currency, Money};

/// The header that carries our key of a write.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What of this family a bank offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// How long the bank remembers an idempotency key.
    pub key_window: Duration,
    /// Whether a transfer may carry the day it is made on. The FDX transfer has no such field; a bank
    /// without it makes transfers at once only.
    pub transfer_dates: bool,
    /// Whether it shows and stops recurring payments.
    pub recurring: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransferBody<'a> {
    transfer_id: &'a str,
    from_account_id: &'a str,
    to_account_id: &'a str,
    amount: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_date: Option<Date>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentBody<'a> {
    from_account_id: &'a str,
    to_payee_id: &'a str,
    amount: Box<RawValue>,
    due_date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<&'a str>,
}

/// Transfers and payments have the same life.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMovement {
    #[serde(default, alias = "transferId", alias = "paymentId")]
    id: Option<Token>,
    #[serde(default)]
    from_account_id: Option<Token>,
    #[serde(default)]
    to_account_id: Option<Token>,
    #[serde(default)]
    to_payee_id: Option<Token>,
    #[serde(default)]
    amount: Option<Number>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    reference_id: Option<Token>,
    #[serde(default, alias = "transferDate")]
    due_date: Option<String>,
    #[serde(default, alias = "scheduledTimestamp")]
    transfer_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePayee {
    #[serde(default)]
    merchant: Option<WireMerchant>,
    #[serde(default)]
    person: Option<WireMerchant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMerchant {
    #[serde(default)]
    payee_id: Option<Token>,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    merchant_account_ids: Option<Vec<Token>>,
    #[serde(default)]
    account_number_display: Option<Token>,
    #[serde(default)]
    paid_before: Option<bool>,
}

/// Writes an amount as a JSON number with exactly the currency's digits.
fn number(amount: Money) -> Result<Box<RawValue>, BankError> {
    RawValue::from_string(amount.abs().to_decimal()).map_err(|error| WireError::from(error).into())
}

/// Maps FDX's states. A word nobody knows is never good news.
fn state_of(code: Option<&str>) -> Option<PaymentState> {
    match code? {
        "SCHEDULED" | "PROCESSING" => Some(PaymentState::Pending),
        "PROCESSED" => Some(PaymentState::Executed),
        "NOFUNDS" | "FAILED" => Some(PaymentState::Rejected),
        "CANCELLED" => Some(PaymentState::Cancelled),
        unknown => {
            note_unknown("movement.status", unknown);
            None
        }
    }
}

impl WireMovement {
    fn outcome(&self) -> CommandOutcome {
        match state_of(self.status.as_deref()) {
            Some(PaymentState::Pending | PaymentState::Executed | PaymentState::Settled) => {
                CommandOutcome::Done {
                    reference: self
                        .reference_id
                        .as_ref()
                        .or(self.id.as_ref())
                        .map(|token| token.0.clone()),
                    card_state: None,
                }
            }
            Some(PaymentState::Rejected | PaymentState::Cancelled | PaymentState::Returned) => {
                CommandOutcome::Rejected {
                    code: self.status.clone(),
                }
            }
            Some(PaymentState::NeedsApproval) => CommandOutcome::NeedsApproval { url: None },
            None => CommandOutcome::Unknown,
        }
    }

    fn into_payment(
        self,
        currency_of: impl Fn(&str) -> Currency,
        name_of: impl Fn(&str) -> Option<String>,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Payment, WireError> {
        let from = self
            .from_account_id
            .ok_or(WireError::Missing("fromAccountId"))?
            .0;
        let to = match (self.to_payee_id, self.to_account_id) {
            (Some(payee), _) => name_of(&payee.0).unwrap_or(payee.0),
            (None, Some(account)) => account.0,
            (None, None) => return Err(WireError::Missing("toPayeeId")),
        };
        let amount = self.amount.ok_or(WireError::Missing("amount"))?;
        let day = self.due_date.or(self.transfer_time);
        Ok(Payment {
            id: self.id.ok_or(WireError::Missing("paymentId"))?.0,
            amount: Money::parse(amount.text(), currency_of(&from))
                .map_err(|_| WireError::Field("amount"))?
                .abs(),
            from: AccountId(from),
            to,
            // What nobody can place is shown as not done.
            state: state_of(self.status.as_deref()).unwrap_or(PaymentState::Pending),
            date: day
                .as_deref()
                .and_then(Moment::parse)
                .map(|moment| moment.day(zone)),
            reference: self.reference_id.map(|token| token.0),
        })
    }
}

impl Fdx {
    async fn movement(
        &self,
        connection: &Connection,
        operation: &'static str,
        path: &[&str],
    ) -> Result<CommandOutcome, BankError> {
        let url = self.client.url(path)?;
        self.client
            .call(
                connection,
                || read_request(operation, url.clone()),
                |answer| {
                    if answer.status.is_success() {
                        Ok(read_movement(&answer)?.outcome())
                    } else {
                        Err(error::error_of(&answer))
                    }
                },
            )
            .await
    }

    pub(super) async fn write(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        write: Write<'_>,
    ) -> Result<Written, BankError> {
        let url = self.client.url(write.path)?;
        let key = HeaderValue::try_from(key.0.as_str())
            .map_err(|_| BankError::from(WireError::Field("idempotency-key")))?;
        self.client
            .call(
                connection,
                || {
                    let request =
                        Request::write(write.operation, write.method.clone(), url.clone())
                            .header(ACCEPT, HeaderValue::from_static("application/json"))
                            .header(ACTOR_TYPE, HeaderValue::from_static("USER"))
                            .header(IDEMPOTENCY_KEY, key.clone());
                    match &write.body {
                        Some(body) => request.body("application/json", body.clone()),
                        None => request,
                    }
                },
                |answer| (write.read)(&answer),
            )
            .await
    }

    async fn transfer(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        body: Vec<u8>,
    ) -> Result<CommandOutcome, BankError> {
        let written = self
            .write(
                connection,
                key,
                Write {
                    operation: "transfer_create",
                    method: Method::POST,
                    path: &["transfers"],
                    body: Some(body),
                    read: read_written,
                },
            )
            .await?;
        match written {
            Written::Outcome(outcome) => Ok(outcome),
            // The id was seen before: what came of it is there to be read.
            Written::Duplicate => {
                self.movement(connection, "transfer", &["transfers", &key.0])
                    .await
            }
        }
    }

    async fn cancel(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        payment: &str,
    ) -> Result<CommandOutcome, BankError> {
        let mut last = Err(BankError::NotFound);
        // One list for the customer, two kinds for the bank.
        for family in ["payments", "transfers"] {
            let path = [family, payment];
            let written = self
                .write(
                    connection,
                    key,
                    Write {
                        operation: "payment_cancel",
                        method: Method::DELETE,
                        path: &path,
                        body: None,
                        read: read_cancelled,
                    },
                )
                .await;
            match written {
                Ok(Written::Outcome(outcome)) => return Ok(outcome),
                Ok(Written::Duplicate) => {
                    return Ok(
                        cancelled_if(&self.movement(connection, "payment", &path).await?)
                            .unwrap_or(CommandOutcome::Rejected { code: None }),
                    );
                }
                Err(BankError::NotFound) => last = Err(BankError::NotFound),
                Err(error) => return Err(error),
            }
        }
        last
    }

    async fn find_cancelled(
        &self,
        connection: &Connection,
        payment: &str,
    ) -> Result<Option<CommandOutcome>, BankError> {
        for family in ["payments", "transfers"] {
            match self
                .movement(connection, "payment", &[family, payment])
                .await
            {
                Ok(outcome) => return Ok(cancelled_if(&outcome)),
                Err(BankError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Err(BankError::NotFound)
    }
}

/// A payment that reads as cancelled makes the cancellation done.
fn cancelled_if(outcome: &CommandOutcome) -> Option<CommandOutcome> {
    match outcome {
        CommandOutcome::Rejected { code } if code.as_deref() == Some("CANCELLED") => {
            Some(CommandOutcome::Done {
                reference: None,
                card_state: None,
            })
        }
        _ => None,
    }
}

/// Something to be changed at the bank.
pub(super) struct Write<'a> {
    pub operation: &'static str,
    pub method: Method,
    pub path: &'a [&'a str],
    pub body: Option<Vec<u8>>,
    pub read: fn(&Answer) -> Result<Written, BankError>,
}

/// What a write came to.
pub(super) enum Written {
    Outcome(CommandOutcome),
    /// The bank has seen this id or key.
    Duplicate,
}

fn read_movement(answer: &Answer) -> Result<WireMovement, WireError> {
    let raw: &RawValue = serde_json::from_slice(&answer.body)?;
    Ok(read_object(raw)?.1)
}

fn read_written(answer: &Answer) -> Result<Written, BankError> {
    match answer.status.as_u16() {
        200..=299 => Ok(Written::Outcome(read_movement(answer)?.outcome())),
        // 705 is "account closed", which FDX also sends as 409.
        409 if error::code_of(answer).as_deref() != Some("705") => Ok(Written::Duplicate),
        400 | 409 | 422 => Ok(Written::Outcome(CommandOutcome::Rejected {
            code: error::code_of(answer),
        })),
        _ => Err(error::error_of(answer)),
    }
}

pub(super) fn read_cancelled(answer: &Answer) -> Result<Written, BankError> {
    match answer.status.as_u16() {
        200..=299 => Ok(Written::Outcome(CommandOutcome::Done {
            reference: None,
            card_state: None,
        })),
        409 => Ok(Written::Duplicate),
        400 | 422 => Ok(Written::Outcome(CommandOutcome::Rejected {
            code: error::code_of(answer),
        })),
        _ => Err(error::error_of(answer)),
    }
}

#[async_trait]
impl Payments for Fdx {
    async fn payees(&self, connection: &Connection) -> Result<Vec<Payee>, BankError> {
        let list = self
            .list(connection, "payees", &["payees"], &[], |raw| {
                let wire: WirePayee = serde_json::from_str(raw.get())?;
                let biller = wire.merchant.is_some();
                let party = wire
                    .merchant
                    .or(wire.person)
                    .ok_or(WireError::Missing("merchant"))?;
                let account = party
                    .account_number_display
                    .or_else(|| party.merchant_account_ids?.into_iter().next())
                    .map(|token| last_four(&token.0))
                    .unwrap_or_default();
                Ok(Payee {
                    id: PayeeId(party.payee_id.ok_or(WireError::Missing("payeeId"))?.0),
                    name: filled(party.display_name).ok_or(WireError::Missing("displayName"))?,
                    account_hint: account,
                    biller,
                    // Without the bank's word nobody was paid before (requirement C8).
                    paid_before: party.paid_before.unwrap_or(false),
                })
            })
            .await?;
        Ok(list.items)
    }

    async fn payments(&self, connection: &Connection) -> Result<Vec<Payment>, BankError> {
        let read = |raw: &RawValue| Ok(read_object::<WireMovement>(raw)?.1);
        let (payees, payments, transfers) = futures::try_join!(
            self.payees(connection),
            self.list(connection, "payments", &["payments"], &[], read),
            self.list(connection, "transfers", &["transfers"], &[], read),
        )?;
        let names: HashMap<&str, &str> = payees
            .iter()
            .map(|payee| (payee.id.as_str(), payee.name.as_str()))
            .collect();
        let mut found = Vec::new();
        for wire in payments.items.into_iter().chain(transfers.items) {
            let from = wire
                .from_account_id
                .as_ref()
                .map(|id| AccountId(id.0.clone()));
            let currency = match from {
                Some(from) => self.currency(connection, &from).await?,
                None => self.settings.currency,
            };
            found.push(wire.into_payment(
                |_| currency,
                |id| names.get(id).map(|name| (*name).to_owned()),
                &self.settings.zone,
            )?);
        }
        found.sort_by_key(|payment| std::cmp::Reverse((payment.date, payment.id.clone())));
        Ok(found)
    }
}

fn last_four(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let from = digits.len().saturating_sub(4);
    let tail: String = digits.into_iter().skip(from).collect();
    if tail.is_empty() {
        tail
    } else {
        format!("••{tail}")
    }
}

#[async_trait]
impl Commands for Fdx {
    fn offers(&self, kind: CommandKind) -> Option<Repeat> {
        let offer = self.settings.movement.as_ref()?;
        match kind {
            CommandKind::TransferOwn => Some(Repeat::Lookup),
            CommandKind::PayPayee => Some(Repeat::Keyed {
                window: offer.key_window,
            }),
            CommandKind::CancelPayment => Some(Repeat::Natural),
            CommandKind::StopStandingOrder => offer.recurring.then_some(Repeat::Natural),
            CommandKind::FreezeCard
            | CommandKind::UnfreezeCard
            | CommandKind::ReportCard
            | CommandKind::FileDispute
            | CommandKind::WithdrawDispute
            | CommandKind::TravelNotice
            | CommandKind::OrderCard
            | CommandKind::ActivateCard
            | CommandKind::SetAlert
            | CommandKind::RemoveAlert
            | CommandKind::RemovePayee => None,
        }
    }

    async fn execute(
        &self,
        connection: &Connection,
        command: &BankCommand,
        key: &IdempotencyKey,
    ) -> Result<CommandOutcome, BankError> {
        match command {
            BankCommand::TransferOwn {
                from,
                to,
                amount,
                date,
            } => {
                let dated = self
                    .settings
                    .movement
                    .as_ref()
                    .is_some_and(|offer| offer.transfer_dates);
                let body = serde_json::to_vec(&TransferBody {
                    transfer_id: &key.0,
                    from_account_id: from.as_str(),
                    to_account_id: to.as_str(),
                    amount: number(*amount)?,
                    transfer_date: dated.then_some(*date),
                })
                .map_err(WireError::from)?;
                self.transfer(connection, key, body).await
            }
            BankCommand::PayPayee {
                from,
                payee,
                amount,
                date,
                memo,
            } => {
                let body = serde_json::to_vec(&PaymentBody {
                    from_account_id: from.as_str(),
                    to_payee_id: payee.as_str(),
                    amount: number(*amount)?,
                    due_date: *date,
                    memo: memo.as_deref(),
                })
                .map_err(WireError::from)?;
                let written = self
                    .write(
                        connection,
                        key,
                        Write {
                            operation: "payment_create",
                            method: Method::POST,
                            path: &["payments"],
                            body: Some(body),
                            read: read_written,
                        },
                    )
                    .await?;
                Ok(match written {
                    Written::Outcome(outcome) => outcome,
                    // It says that the key was seen, not what came of it.
                    Written::Duplicate => CommandOutcome::Unknown,
                })
            }
            BankCommand::CancelPayment { payment } => self.cancel(connection, key, payment).await,
            BankCommand::StopStandingOrder { order } => {
                self.stop_order(connection, key, order).await
            }
            _ => Err(BankError::Forbidden),
        }
    }

    async fn find(
        &self,
        connection: &Connection,
        command: &BankCommand,
        key: &IdempotencyKey,
    ) -> Result<Option<CommandOutcome>, BankError> {
        match command {
            BankCommand::TransferOwn { .. } => {
                match self
                    .movement(connection, "transfer", &["transfers", &key.0])
                    .await
                {
                    Ok(outcome) => Ok(Some(outcome)),
                    Err(BankError::NotFound) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            BankCommand::CancelPayment { payment } => {
                self.find_cancelled(connection, payment).await
            }
            BankCommand::StopStandingOrder { order } => self.order_stopped(connection, order).await,
            // A payment's id is the bank's; without it there is nothing to look for.
            _ => Ok(Some(CommandOutcome::Unknown)),
        }
    }
}
