//! A movement of money with every field that a confirmation is bound to.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::Context;
use crate::bank::model::{AccountId, PayeeId};
use crate::bank::{BankCommand, CommandKind};
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};

/// Everything a confirmation is bound to (C1). It is worked out anew when the customer says yes; unless it comes
/// out the same, another confirmation is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Transfer or payment.
    pub kind: CommandKind,
    /// The account it leaves.
    pub from: AccountId,
    /// As the customer reads it.
    pub from_label: String,
    /// The bank's id of the payee or own account.
    pub to: String,
    /// As the customer reads it.
    pub to_label: String,
    /// How much (positive).
    pub amount: Money,
    /// On which day.
    pub day: Date,
    /// What the bank takes for it; `None` where nobody said.
    pub fee: Option<Money>,
    /// The bank knows of an earlier payment to them.
    pub paid_before: bool,
}

impl Plan {
    /// Returns what the bank is told.
    pub(super) fn command(&self) -> BankCommand {
        match self.kind {
            CommandKind::TransferOwn => BankCommand::TransferOwn {
                from: self.from.clone(),
                to: AccountId(self.to.clone()),
                amount: self.amount,
                date: self.day,
            },
            _ => BankCommand::PayPayee {
                from: self.from.clone(),
                payee: PayeeId(self.to.clone()),
                amount: self.amount,
                date: self.day,
                memo: None,
            },
        }
    }

    /// Returns what the customer is shown of it.
    pub(super) fn values(&self, context: &Context<'_>) -> Values {
        let today = context.place.today();
        let when = if self.day == today {
            "today"
        } else if today.tomorrow().is_ok_and(|next| next == self.day) {
            "tomorrow"
        } else {
            "day"
        };
        let fee = match self.fee {
            None => "unknown",
            Some(fee) if fee.is_zero() => "none",
            Some(_) => "some",
        };
        Values::new()
            .with("amount", Value::Money(self.amount), Origin::Customer)
            .with(
                "to",
                Value::quoted(&self.to_label),
                Origin::bank("payee.name"),
            )
            .with(
                "from",
                Value::quoted(&self.from_label),
                Origin::bank("account.name"),
            )
            .with("when", Value::key(when), Origin::Customer)
            .with("day", Value::Weekday(self.day), Origin::Customer)
            .with("charge", Value::key(fee), Origin::config("limits.fee"))
            .with(
                "fee",
                Value::Money(self.fee.unwrap_or(Money::zero(self.amount.currency()))),
                Origin::config("limits.fee"),
            )
    }
}
