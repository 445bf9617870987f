//! New cards, limits, rewards and alerts, below `/ext/v1`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{call, card_json, denied};
use crate::bank::alert::{AlertKind, Rhythm};
use crate::money::{Currency, Money};
use crate::simulator::bank::Shared;
use crate::simulator::bank::reply::Reply;
use crate::simulator::bank::scenario::Reward;
use crate::simulator::bank::world::{AlertLife, AlertRequest, OrderLife, World};

/// Returns the routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/ext/v1/cards/{card}/limits", get(limits))
        .route("/ext/v1/cards/{card}/activate", post(activate))
        .route("/ext/v1/card-orders", get(orders).post(order))
        .route("/ext/v1/rewards", get(rewards))
        .route("/ext/v1/alerts", get(alerts).post(set_alert))
        .route("/ext/v1/alerts/{alert}/removal", post(remove_alert))
        .route("/ext/v1/payees/{payee}/removal", post(remove_payee))
}

async fn limits(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    call(shared, parts, Bytes::new())
        .answer("card_limits", move |world, _, _| {
            let currency = currency_of_card(world, &id);
            let told = match world.limit_views(&id) {
                Ok(told) => told,
                Err(reason) => return denied(reason),
            };
            let text = |minor| Money::from_minor(minor, currency).to_decimal();
            let limits: Vec<Value> = told
                .iter()
                .map(|limit| {
                    json!({
                        "kind": limit.kind, "perDay": text(limit.per_day), "left": text(limit.left),
                    })
                })
                .collect();
            Reply::ok(&json!({ "asOf": world.now(), "currency": currency, "limits": limits }))
        })
        .await
}

fn currency_of_card(world: &World, id: &str) -> Currency {
    let cards = world.card_views();
    let account = cards.iter().find(|card| card.id == id);
    world
        .scenario()
        .currency_of(account.map_or(0, |card| card.account))
}

async fn activate(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    call(shared, parts, Bytes::new())
        .answer("card_activate", move |world, _, _| {
            match world.activate_card(&id) {
                Ok(card) => Reply::ok(&card_json(world.scenario(), &card)),
                Err(reason) => denied(reason),
            }
        })
        .await
}

fn order_json(world: &World, order: &OrderLife) -> Value {
    let (state, sent, expected) = world.order_stage(order);
    let sent = (state != crate::bank::card_service::CardOrderState::Ordered).then_some(sent);
    json!({
        "orderId": order.id, "clientReference": order.reference, "cardId": order.card,
        "replaces": order.replaces, "state": state, "orderedAt": order.ordered,
        "sentOn": sent, "expected": expected,
    })
}

async fn orders(State(shared): State<Arc<Shared>>, parts: Parts) -> Response {
    call(shared, parts, Bytes::new())
        .answer("card_orders", |world, call, _| {
            let only = call.query("clientReference");
            let found: Vec<Value> = world
                .order_views()
                .iter()
                .filter(|order| only.is_none() || order.reference == only)
                .map(|order| order_json(world, order))
                .collect();
            Reply::ok(&json!({ "cardOrders": found }))
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderBody {
    client_reference: String,
    card_id: String,
}

async fn order(State(shared): State<Arc<Shared>>, parts: Parts, body: Bytes) -> Response {
    call(shared, parts, body)
        .answer("card_order", |world, call, _| {
            let Ok(body) = serde_json::from_slice::<OrderBody>(&call.body) else {
                return Reply::invalid("the body is no order");
            };
            match world.order_card(&body.card_id, body.client_reference) {
                Ok(order) => Reply::json(StatusCode::CREATED, &order_json(world, &order)),
                Err(reason) => denied(reason),
            }
        })
        .await
}

async fn rewards(State(shared): State<Arc<Shared>>, parts: Parts) -> Response {
    call(shared, parts, Bytes::new())
        .answer("rewards", |world, _, _| {
            let one = |reward: &Reward| {
                let account = world.scenario().account_index(reward.account.get_ref());
                let expiring = reward.expiring.as_ref().zip(reward.expires.as_ref());
                json!({
                    "name": reward.name, "accountId": reward.account.get_ref(), "unit": reward.unit,
                    "currency": world.scenario().currency_of(account.unwrap_or(0)),
                    "balance": reward.balance, "asOf": world.now(),
                    "expiring": expiring.map(|(amount, on)| json!({ "amount": amount, "on": on.0 })),
                })
            };
            let found: Vec<Value> = world.scenario().reward.iter().map(one).collect();
            Reply::ok(&json!({ "programs": found }))
        })
        .await
}

fn alert_json(world: &World, alert: &AlertLife) -> Value {
    let setting = &alert.setting;
    let account = world.scenario().account_index(&setting.account);
    let currency = world.scenario().currency_of(account.unwrap_or(0));
    let threshold = setting
        .threshold
        .map(|minor| Money::from_minor(minor, currency));
    json!({
        "alertId": alert.id, "kind": setting.kind, "accountId": setting.account,
        "threshold": threshold.map(Money::to_decimal), "currency": currency,
        "leadDays": setting.lead_days, "rhythm": setting.rhythm, "channel": "text",
    })
}

async fn alerts(State(shared): State<Arc<Shared>>, parts: Parts) -> Response {
    call(shared, parts, Bytes::new())
        .answer("alerts", |world, _, _| {
            let found: Vec<Value> = world
                .alert_views()
                .iter()
                .map(|alert| alert_json(world, alert))
                .collect();
            Reply::ok(&json!({ "alerts": found }))
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertBody {
    kind: AlertKind,
    account_id: String,
    #[serde(default)]
    threshold: Option<String>,
    #[serde(default)]
    lead_days: Option<u8>,
    #[serde(default)]
    rhythm: Option<Rhythm>,
}

async fn set_alert(State(shared): State<Arc<Shared>>, parts: Parts, body: Bytes) -> Response {
    call(shared, parts, body)
        .answer("alert_set", |world, call, _| {
            let Ok(body) = serde_json::from_slice::<AlertBody>(&call.body) else {
                return Reply::invalid("the body is no alert");
            };
            let account = world.scenario().account_index(&body.account_id);
            let currency = world.scenario().currency_of(account.unwrap_or(0));
            let threshold = body
                .threshold
                .as_deref()
                .map(|text| Money::parse(text, currency));
            let Ok(threshold) = threshold.transpose() else {
                return Reply::invalid("the threshold is no amount");
            };
            let set = world.set_alert(AlertRequest {
                kind: body.kind,
                account: body.account_id,
                threshold: threshold.map(Money::minor),
                lead_days: body.lead_days,
                rhythm: body.rhythm,
            });
            match set {
                Ok(alert) => Reply::ok(&alert_json(world, &alert)),
                Err(reason) => denied(reason),
            }
        })
        .await
}

async fn remove_alert(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    call(shared, parts, Bytes::new())
        .answer("alert_remove", move |world, _, _| {
            match world.remove_alert(&id) {
                Ok(()) => Reply::ok(&json!({})),
                Err(reason) => denied(reason),
            }
        })
        .await
}

async fn remove_payee(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    call(shared, parts, Bytes::new())
        .answer("payee_remove", move |world, _, _| {
            match world.remove_payee(&id) {
                Ok(()) => Reply::ok(&json!({})),
                Err(reason) => denied(reason),
            }
        })
        .await
}
