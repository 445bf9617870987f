//! Limits of cards and new cards: `GET /ext/v1/cards/{id}/limits`, `GET` and `POST /ext/v1/card-orders`,
//! `POST /ext/v1/cards/{id}/activate`.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::bank::card_service::{
    CardLimit, CardLimits, CardOrder, CardOrderState, LimitKind, ReplaceReason,
};
use crate::bank::fdx::wire::WireError;
use crate::bank::http::Answer;
use crate::bank::model::{CardId, Connection};
use crate::bank::{BankError, CardServices, CommandOutcome, IdempotencyKey};
use crate::money::{Currency, Money};

use super::{Extension, Written, done, read, read_list};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLimits {
    as_of: Timestamp,
    currency: Currency,
    limits: Vec<WireLimit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLimit {
    // A kind nobody knows fails the call: a limit is never told as another one.
    kind: LimitKind,
    per_day: String,
    #[serde(default)]
    left: Option<String>,
}

impl WireLimits {
    fn into_limits(self) -> Result<CardLimits, BankError> {
        let currency = self.currency;
        let money = |text: &str| {
            Money::parse(text, currency)
                .ok()
                .filter(|amount| amount.minor() >= 0)
                .ok_or_else(|| BankError::from(WireError::Field("limits")))
        };
        let limits = self.limits.into_iter().map(|wire| {
            Ok(CardLimit {
                kind: wire.kind,
                per_day: money(&wire.per_day)?,
                left: wire.left.as_deref().map(money).transpose()?,
            })
        });
        Ok(CardLimits {
            as_of: self.as_of,
            limits: limits.collect::<Result<_, BankError>>()?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOrder {
    order_id: String,
    #[serde(default)]
    card_id: Option<String>,
    #[serde(default)]
    replaces: Option<String>,
    state: CardOrderState,
    ordered_at: Timestamp,
    #[serde(default)]
    sent_on: Option<Date>,
    #[serde(default)]
    expected: Option<Date>,
}

impl From<WireOrder> for CardOrder {
    fn from(wire: WireOrder) -> Self {
        Self {
            id: wire.order_id,
            card: wire.card_id.map(CardId),
            replaces: wire.replaces.map(CardId),
            state: wire.state,
            ordered_at: wire.ordered_at,
            sent_on: wire.sent_on,
            expected: wire.expected,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderBody<'a> {
    client_reference: &'a str,
    card_id: &'a str,
    reason: ReplaceReason,
}

impl Extension {
    /// Orders a card. The bank keeps our reference, so that the order can be found again.
    pub(super) async fn order_card(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        card: &CardId,
        reason: ReplaceReason,
    ) -> Result<CommandOutcome, BankError> {
        let body = serde_json::to_vec(&OrderBody {
            client_reference: &key.0,
            card_id: card.as_str(),
            reason,
        })
        .map_err(WireError::from)?;
        let written = self
            .write::<WireOrder>(connection, "card_order", &["card-orders"], key, body)
            .await?;
        match written {
            Written::Done(order) => Ok(done(Some(order.order_id), None)),
            Written::Rejected(code) => Ok(CommandOutcome::Rejected { code }),
            Written::Duplicate => Ok(self
                .ordered(connection, key)
                .await?
                .unwrap_or(CommandOutcome::Unknown)),
        }
    }

    /// Looks for the order that carries our reference.
    pub(super) async fn ordered(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
    ) -> Result<Option<CommandOutcome>, BankError> {
        let found = self.orders_by(connection, Some(&key.0)).await?;
        Ok(found
            .into_iter()
            .next()
            .map(|order| done(Some(order.id), None)))
    }

    async fn orders_by(
        &self,
        connection: &Connection,
        reference: Option<&str>,
    ) -> Result<Vec<CardOrder>, BankError> {
        let mut url = self.client.url(&["card-orders"])?;
        if let Some(reference) = reference {
            url.query_pairs_mut()
                .append_pair("clientReference", reference);
        }
        let found: Vec<WireOrder> = self.get(connection, "card_orders", url, read_list).await?;
        Ok(found.into_iter().map(CardOrder::from).collect())
    }
}

#[async_trait]
impl CardServices for Extension {
    async fn limits(
        &self,
        connection: &Connection,
        card: &CardId,
    ) -> Result<CardLimits, BankError> {
        let url = self.client.url(&["cards", card.as_str(), "limits"])?;
        self.get(connection, "card_limits", url, |answer: &Answer| {
            read::<WireLimits>(answer)?.into_limits()
        })
        .await
    }

    async fn orders(&self, connection: &Connection) -> Result<Vec<CardOrder>, BankError> {
        let mut found = self.orders_by(connection, None).await?;
        found.sort_by_key(|order| std::cmp::Reverse((order.ordered_at, order.id.clone())));
        Ok(found)
    }
}
