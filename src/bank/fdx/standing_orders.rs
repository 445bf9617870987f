//! FDX's recurring payments: `GET /recurring-payments`, `GET` and `DELETE /recurring-payments/{id}`.
//!
//! The path is in `bank-apis.md`, the fields are not: those that payments have (`fromAccountId`, `toPayeeId`, `amount`,
//! `dueDate`, `status`) are taken to mean the same here, and `recurringPaymentId` and `frequency` with its values are
//! unconfirmed. No real bank is configured to be asked until somebody has seen its answers.
//! Stopping can be repeated, and only what is read back is believed.

use std::collections::HashMap;

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::movement::{Write, Written, read_cancelled};
use super::wire::{Moment, Number, Token, WireError, note_unknown, read_object};
use super::{Fdx, error, read_request};
use crate::bank::http::Answer;
use crate::bank::model::{AccountId, Connection, PayeeId};
use crate::bank::standing_order::{Frequency, StandingOrder};
use crate::bank::{BankError, CommandOutcome, IdempotencyKey, Payments, StandingOrders};
use crate::money::{Currency, Money};

const FAMILY: &str = "recurring-payments";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOrder {
    #[serde(default)]
    recurring_payment_id: Option<Token>,
    #[serde(default)]
    from_account_id: Option<Token>,
    #[serde(default)]
    to_payee_id: Option<Token>,
    #[serde(default)]
    amount: Option<Number>,
    #[serde(default)]
    frequency: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    due_date: Option<String>,
}

impl WireOrder {
    /// An order has ended only where the bank says so.
    fn has_ended(&self) -> bool {
        matches!(self.status.as_deref(), Some("CANCELLED" | "PROCESSED"))
    }

    fn frequency(&self) -> Frequency {
        match self.frequency.as_deref() {
            Some("WEEKLY") => Frequency::Week,
            Some("BIWEEKLY") => Frequency::TwoWeeks,
            Some("MONTHLY") => Frequency::Month,
            Some("SEMIANNUALLY") => Frequency::HalfYear,
            Some("ANNUALLY") => Frequency::Year,
            Some("DAILY" | "SEMIMONTHLY") | None => Frequency::Other,
            Some(unknown) => {
                note_unknown("recurringPayment.frequency", unknown);
                Frequency::Other
            }
        }
    }

    fn into_order(
        self,
        currency: Currency,
        names: &HashMap<&str, &str>,
        zone: &jiff::tz::TimeZone,
    ) -> Result<StandingOrder, WireError> {
        let every = self.frequency();
        let payee = self.to_payee_id.ok_or(WireError::Missing("toPayeeId"))?.0;
        let amount = self.amount.ok_or(WireError::Missing("amount"))?;
        let id = self.recurring_payment_id;
        let from = self.from_account_id;
        Ok(StandingOrder {
            id: id.ok_or(WireError::Missing("recurringPaymentId"))?.0,
            from: AccountId(from.ok_or(WireError::Missing("fromAccountId"))?.0),
            to: names
                .get(payee.as_str())
                .copied()
                .unwrap_or(&payee)
                .to_owned(),
            payee: PayeeId(payee),
            amount: Money::parse(amount.text(), currency)
                .map_err(|_| WireError::Field("amount"))?
                .abs(),
            every,
            next: self
                .due_date
                .as_deref()
                .and_then(Moment::parse)
                .map(|moment| moment.day(zone)),
        })
    }
}

fn read_one(answer: &Answer) -> Result<WireOrder, BankError> {
    if !answer.status.is_success() {
        return Err(error::error_of(answer));
    }
    let raw: &RawValue = serde_json::from_slice(&answer.body).map_err(WireError::from)?;
    Ok(read_object(raw)?.1)
}

#[async_trait]
impl StandingOrders for Fdx {
    async fn standing_orders(
        &self,
        connection: &Connection,
    ) -> Result<Vec<StandingOrder>, BankError> {
        let read = |raw: &RawValue| Ok(read_object::<WireOrder>(raw)?.1);
        let (payees, orders) = futures::try_join!(
            self.payees(connection),
            self.list(connection, "standing_orders", &[FAMILY], &[], read),
        )?;
        let names: HashMap<&str, &str> = payees
            .iter()
            .map(|payee| (payee.id.as_str(), payee.name.as_str()))
            .collect();
        let mut found = Vec::new();
        for wire in orders.items.into_iter().filter(|wire| !wire.has_ended()) {
            let currency = match &wire.from_account_id {
                Some(from) => {
                    self.currency(connection, &AccountId(from.0.clone()))
                        .await?
                }
                None => self.settings.currency,
            };
            found.push(wire.into_order(currency, &names, &self.settings.zone)?);
        }
        found.sort_by_key(|order| (order.next, order.id.clone()));
        Ok(found)
    }
}

impl Fdx {
    /// Stops an order. One that is not there pays nobody.
    pub(super) async fn stop_order(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        order: &str,
    ) -> Result<CommandOutcome, BankError> {
        let write = Write {
            operation: "standing_order_stop",
            method: Method::DELETE,
            path: &[FAMILY, order],
            body: None,
            read: read_cancelled,
        };
        match self.write(connection, key, write).await {
            Ok(Written::Outcome(rejected @ CommandOutcome::Rejected { .. })) => {
                return Ok(rejected);
            }
            Ok(Written::Outcome(_) | Written::Duplicate) | Err(BankError::NotFound) => {}
            Err(error) => return Err(error),
        }
        Ok(self
            .order_stopped(connection, order)
            .await?
            .unwrap_or(CommandOutcome::Unknown))
    }

    /// Reads whether an order has ended.
    pub(super) async fn order_stopped(
        &self,
        connection: &Connection,
        order: &str,
    ) -> Result<Option<CommandOutcome>, BankError> {
        let url = self.client.url(&[FAMILY, order])?;
        let read = self
            .client
            .call(
                connection,
                || read_request("standing_order", url.clone()),
                |answer| read_one(&answer),
            )
            .await;
        let ended = match read {
            Ok(wire) => wire.has_ended(),
            Err(BankError::NotFound) => true,
            Err(error) => return Err(error),
        };
        Ok(ended.then_some(CommandOutcome::Done {
            reference: None,
            card_state: None,
        }))
    }
}
