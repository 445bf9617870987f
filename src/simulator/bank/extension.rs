//! The simulated bank's own JSON calls for what FDX lacks: cards, disputes, travel notices, alerts, rewards. Under
//! `/ext/v1`.

mod services;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use jiff::{RoundMode, TimestampRound, Unit};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::call::Call;
use super::reply::Reply;
use super::scenario::Scenario;
use super::world::{CardLife, Denied, DisputeLife, DisputeRequest};
use crate::bank::model::{CardState, DisputeState};

/// Returns the routes.
pub(super) fn routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/ext/v1/cards", get(cards))
        .route("/ext/v1/cards/{card}", get(card))
        .route("/ext/v1/cards/{card}/freeze", post(freeze))
        .route("/ext/v1/cards/{card}/unfreeze", post(unfreeze))
        .route("/ext/v1/cards/{card}/report", post(report))
        .route("/ext/v1/disputes", get(disputes).post(dispute_create))
        .route("/ext/v1/disputes/{dispute}", get(dispute))
        .route(
            "/ext/v1/disputes/{dispute}/withdrawal",
            post(dispute_withdraw),
        )
        .route("/ext/v1/travel-notices", post(travel_notice))
        .route("/ext/v1/exchange-rates/{from}/{to}", get(exchange_rate))
        .merge(services::routes())
        .with_state(Arc::clone(shared))
}

/// A rate is set on the hour.
async fn exchange_rate(
    State(shared): State<Arc<Shared>>,
    Path((from, to)): Path<(String, String)>,
    parts: Parts,
) -> Response {
    call(shared, parts, Bytes::new())
        .answer("exchange_rate", move |world, _, _| {
            let Some(rate) = super::rates::rate(&from, &to) else {
                return denied(Denied::Unknown);
            };
            let now = world.now();
            let as_of = now
                .round(
                    TimestampRound::new()
                        .smallest(Unit::Hour)
                        .mode(RoundMode::Trunc),
                )
                .unwrap_or(now);
            Reply::ok(&serde_json::json!({
                "from": from, "to": to, "rate": rate, "asOf": as_of,
            }))
        })
        .await
}

fn call(shared: Arc<Shared>, parts: Parts, body: Bytes) -> Call {
    Call {
        shared,
        parts,
        body,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardJson {
    card_id: String,
    account_id: String,
    last4: String,
    network: String,
    credit: bool,
    state: CardState,
}

fn card_json(scenario: &Scenario, card: &CardLife) -> CardJson {
    let account = scenario.account.get(card.account);
    CardJson {
        card_id: card.id.clone(),
        account_id: account.map_or_else(String::new, |account| account.id.get_ref().clone()),
        last4: card.last4.clone(),
        network: card.brand.clone(),
        credit: account.is_some_and(|account| account.kind.is_debt()),
        state: card.state,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DisputeJson {
    dispute_id: String,
    client_reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
    reason: String,
    state: DisputeState,
    opened_at: String,
}

fn dispute_json(dispute: &DisputeLife) -> DisputeJson {
    DisputeJson {
        dispute_id: dispute.id.clone(),
        client_reference: dispute.reference.clone(),
        transaction_id: dispute.transaction.clone(),
        reason: dispute.reason.clone(),
        state: dispute.state,
        opened_at: dispute.opened.to_string(),
    }
}

fn denied(denied: Denied) -> Reply {
    match denied {
        Denied::Unknown => Reply::not_found("701", "not found"),
        Denied::Duplicate => Reply::failure(StatusCode::CONFLICT, "409", "duplicate request"),
        Denied::CardGone => Reply::failure(StatusCode::CONFLICT, "CARD_STATE", "not in this state"),
        Denied::TooLate => Reply::failure(StatusCode::CONFLICT, "TOO_LATE", "already decided"),
        Denied::Invalid | Denied::KeyReused | Denied::NoFunds => {
            Reply::invalid("the request makes no sense")
        }
    }
}

async fn cards(State(shared): State<Arc<Shared>>, parts: Parts) -> Response {
    call(shared, parts, Bytes::new())
        .answer("cards", |world, _, _| {
            let cards: Vec<CardJson> = world
                .card_views()
                .iter()
                .map(|card| card_json(world.scenario(), card))
                .collect();
            Reply::ok(&serde_json::json!({ "cards": cards }))
        })
        .await
}

async fn card(State(shared): State<Arc<Shared>>, Path(id): Path<String>, parts: Parts) -> Response {
    call(shared, parts, Bytes::new())
        .answer("card", move |world, _, _| {
            match world.card_views().iter().find(|card| card.id == id) {
                Some(card) => Reply::ok(&card_json(world.scenario(), card)),
                None => denied(Denied::Unknown),
            }
        })
        .await
}

async fn freeze(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    set_frozen(shared, id, parts, "card_freeze", true).await
}

async fn unfreeze(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    set_frozen(shared, id, parts, "card_unfreeze", false).await
}

async fn set_frozen(
    shared: Arc<Shared>,
    id: String,
    parts: Parts,
    operation: &'static str,
    frozen: bool,
) -> Response {
    call(shared, parts, Bytes::new())
        .answer(operation, move |world, _, _| {
            match world.set_frozen(&id, frozen) {
                Ok(card) => Reply::ok(&card_json(world.scenario(), &card)),
                Err(reason) => denied(reason),
            }
        })
        .await
}

#[derive(Deserialize)]
struct ReportBody {
    #[serde(default)]
    replace: bool,
}

async fn report(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
    body: Bytes,
) -> Response {
    call(shared, parts, body)
        .answer("card_report", move |world, call, _| {
            let Ok(body) = serde_json::from_slice::<ReportBody>(&call.body) else {
                return Reply::invalid("the body is no report");
            };
            match world.report_card(&id, body.replace) {
                Ok((card, replacement)) => Reply::ok(&serde_json::json!({
                    "card": card_json(world.scenario(), &card),
                    "replacement": replacement.map(|card| card_json(world.scenario(), &card)),
                })),
                Err(reason) => denied(reason),
            }
        })
        .await
}

async fn disputes(State(shared): State<Arc<Shared>>, parts: Parts) -> Response {
    call(shared, parts, Bytes::new())
        .answer("disputes", |world, call, _| {
            let only = call.query("clientReference");
            let found: Vec<DisputeJson> = world
                .dispute_views()
                .iter()
                .filter(|dispute| {
                    only.as_ref()
                        .is_none_or(|reference| dispute.reference == *reference)
                })
                .map(dispute_json)
                .collect();
            Reply::ok(&serde_json::json!({ "disputes": found }))
        })
        .await
}

async fn dispute(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    call(shared, parts, Bytes::new())
        .answer("dispute", move |world, _, _| {
            match world
                .dispute_views()
                .iter()
                .find(|dispute| dispute.id == id)
            {
                Some(dispute) => Reply::ok(&dispute_json(dispute)),
                None => denied(Denied::Unknown),
            }
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DisputeBody {
    client_reference: String,
    #[serde(default)]
    account_id: Option<String>,
    #[serde(default)]
    transaction_id: Option<String>,
    reason: String,
}

async fn dispute_create(State(shared): State<Arc<Shared>>, parts: Parts, body: Bytes) -> Response {
    call(shared, parts, body)
        .answer("dispute_create", |world, call, _| {
            let Ok(body) = serde_json::from_slice::<DisputeBody>(&call.body) else {
                return Reply::invalid("the body is no dispute");
            };
            let filed = world.file_dispute(DisputeRequest {
                reference: body.client_reference,
                account: body.account_id,
                transaction: body.transaction_id,
                reason: body.reason,
            });
            match filed {
                Ok(dispute) => Reply::json(StatusCode::CREATED, &dispute_json(&dispute)),
                Err(reason) => denied(reason),
            }
        })
        .await
}

async fn dispute_withdraw(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    call(shared, parts, Bytes::new())
        .answer("dispute_withdraw", move |world, _, _| {
            match world.withdraw_dispute(&id) {
                Ok(dispute) => Reply::ok(&dispute_json(&dispute)),
                Err(reason) => denied(reason),
            }
        })
        .await
}

async fn travel_notice(State(shared): State<Arc<Shared>>, parts: Parts, body: Bytes) -> Response {
    call(shared, parts, body)
        .answer("travel_notice", |world, _, _| {
            let count = world.take_notice();
            Reply::json(
                StatusCode::CREATED,
                &serde_json::json!({ "noticeId": format!("N{count:04}") }),
            )
        })
        .await
}
