//! The simulated bank's FDX: flat under `/fdx/v6`, wrapped under `/fdx/v5`.

mod json;
mod papers;
mod standing_orders;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Shared;
use super::call::Call;
use super::reply::Reply;
use super::world::{Denied, PaymentRequest, TransferRequest, World};
use crate::bank::fdx::wire::Number;
use crate::money::Money;

/// Flat or wrapped objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// 6.x: `accountCategory` beside the fields.
    #[default]
    Flat,
    /// 4.x and 5.x: one key around the object.
    Wrapped,
}

/// How further pages are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paging {
    /// `page.nextOffset`.
    #[default]
    Offset,
    /// `page.nextPageKey`.
    PageKey,
    /// `links.next.href`, relative to the base.
    Link,
}

#[derive(Clone)]
struct Here {
    shared: Arc<Shared>,
    wire: Wire,
}

impl Here {
    fn call(&self, parts: Parts, body: Bytes) -> Call {
        Call {
            shared: Arc::clone(&self.shared),
            parts,
            body,
        }
    }
}

/// Returns the routes of both wire forms.
pub(super) fn routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .nest("/fdx/v6", version(shared, Wire::Flat))
        .nest("/fdx/v5", version(shared, Wire::Wrapped))
}

fn version(shared: &Arc<Shared>, wire: Wire) -> Router {
    Router::new()
        .route("/accounts", get(accounts))
        .route("/accounts/{account}", get(account))
        .route("/accounts/{account}/transactions", get(transactions))
        .route("/accounts/{account}/statements", get(statements))
        .route("/customers/current", get(customer))
        .route("/transfers", get(transfers).post(transfer_create))
        .route(
            "/transfers/{movement}",
            get(transfer).delete(transfer_cancel),
        )
        .route("/payees", get(payees))
        .route("/payments", get(payments).post(payment_create))
        .route("/payments/{movement}", get(payment).delete(payment_cancel))
        .merge(papers::routes())
        .merge(standing_orders::routes())
        .with_state(Here {
            shared: Arc::clone(shared),
            wire,
        })
}

/// A part of a list and the mark of the next part.
struct Part {
    first: usize,
    count: usize,
    next: Option<usize>,
}

impl Part {
    /// Cuts a list as the query asks, within the simulator's own page size.
    fn of(call: &Call, total: usize) -> Result<Self, Reply> {
        let number = |name: &str| -> Result<Option<usize>, Reply> {
            call.query(name)
                .map(|text| {
                    text.parse()
                        .map_err(|_| Reply::invalid("offset, pageKey and limit are numbers here"))
                })
                .transpose()
        };
        let first = number("offset")?.or(number("pageKey")?).unwrap_or(0);
        let limit = number("limit")?.unwrap_or(usize::MAX);
        if limit == 0 {
            return Err(Reply::invalid("limit is at least 1"));
        }
        let count = limit.min(call.shared.options.page_size.max(1));
        let end = first.saturating_add(count);
        Ok(Self {
            first,
            count,
            next: (end < total).then_some(end),
        })
    }

    fn take<T>(&self, all: Vec<T>) -> Vec<T> {
        all.into_iter().skip(self.first).take(self.count).collect()
    }
}

async fn accounts(State(here): State<Here>, parts: Parts) -> Response {
    let wire = here.wire;
    here.call(parts, Bytes::new())
        .answer("accounts", move |world, call, missing| {
            let details = call.query("resultType").as_deref() == Some("details");
            let only: Option<Vec<String>> = call
                .query("accountIds")
                .map(|ids| ids.split(',').map(str::to_owned).collect());
            let views: Vec<_> = world
                .account_views()
                .into_iter()
                .filter(|view| {
                    only.as_ref()
                        .is_none_or(|ids| ids.contains(view.account.id.get_ref()))
                })
                .collect();
            let part = match Part::of(call, views.len()) {
                Ok(part) => part,
                Err(reply) => return reply,
            };
            let total = views.len();
            let shown: Vec<Box<RawValue>> = part
                .take(views)
                .iter()
                .map(|view| {
                    if missing == Some(view.account.id.get_ref().as_str()) {
                        json::broken_account(view, wire)
                    } else {
                        json::account(view, wire, details)
                    }
                })
                .collect();
            let status = if missing.is_some() {
                StatusCode::PARTIAL_CONTENT
            } else {
                StatusCode::OK
            };
            json::list(call, status, "accounts", &shown, total, part.next)
        })
        .await
}

async fn account(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    let wire = here.wire;
    here.call(parts, Bytes::new())
        .answer("account", move |world, _, missing| {
            if missing == Some(id.as_str()) {
                return Reply::failure(StatusCode::INTERNAL_SERVER_ERROR, "500", "internal error");
            }
            let view = world
                .scenario()
                .account_index(&id)
                .and_then(|at| world.account_view(at));
            match view {
                Some(view) => Reply::ok(&json::account(&view, wire, true)),
                None => Reply::not_found("701", "account not found"),
            }
        })
        .await
}

async fn transactions(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    let wire = here.wire;
    here.call(parts, Bytes::new())
        .answer("transactions", move |world, call, missing| {
            if missing == Some(id.as_str()) {
                return Reply::failure(StatusCode::INTERNAL_SERVER_ERROR, "500", "internal error");
            }
            let Some(at) = world.scenario().account_index(&id) else {
                return Reply::not_found("701", "account not found");
            };
            let day = |names: [&str; 2]| -> Result<Option<Date>, Reply> {
                names
                    .into_iter()
                    .find_map(|name| call.query(name))
                    .map(|text| {
                        text.parse()
                            .map_err(|_| Reply::invalid("days are written 2026-11-22"))
                    })
                    .transpose()
            };
            let (first, last) = match (day(["startTime", "startDate"]), day(["endTime", "endDate"]))
            {
                (Ok(first), Ok(last)) => (first, last),
                (Err(reply), _) | (_, Err(reply)) => return reply,
            };
            let views = world.entry_views(at, first, last);
            let part = match Part::of(call, views.len()) {
                Ok(part) => part,
                Err(reply) => return reply,
            };
            let total = views.len();
            let shown: Vec<_> = part
                .take(views)
                .iter()
                .map(|view| json::transaction(world.scenario(), at, view, wire))
                .collect();
            json::list(
                call,
                StatusCode::OK,
                "transactions",
                &shown,
                total,
                part.next,
            )
        })
        .await
}

async fn statements(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("statements", move |world, call, _| {
            let Some(at) = world.scenario().account_index(&id) else {
                return Reply::not_found("701", "account not found");
            };
            let views = world.statement_views(at);
            let part = match Part::of(call, views.len()) {
                Ok(part) => part,
                Err(reply) => return reply,
            };
            let total = views.len();
            let shown: Vec<_> = part
                .take(views)
                .iter()
                .map(|view| json::statement(&id, view))
                .collect();
            json::list(call, StatusCode::OK, "statements", &shown, total, part.next)
        })
        .await
}

async fn customer(State(here): State<Here>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("customer", |world, _, _| {
            Reply::ok(&json::customer(world.scenario()))
        })
        .await
}

async fn payees(State(here): State<Here>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("payees", |world, call, _| {
            let shown: Vec<_> = world.payee_views().map(json::payee).collect();
            let total = shown.len();
            json::list(call, StatusCode::OK, "payees", &shown, total, None)
        })
        .await
}

async fn transfers(State(here): State<Here>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("transfers", |world, call, _| {
            let shown: Vec<_> = world
                .transfer_views()
                .iter()
                .map(|movement| json::movement(world.scenario(), movement))
                .collect();
            let total = shown.len();
            json::list(call, StatusCode::OK, "transfers", &shown, total, None)
        })
        .await
}

async fn payments(State(here): State<Here>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("payments", |world, call, _| {
            let shown: Vec<_> = world
                .payment_views()
                .iter()
                .map(|movement| json::movement(world.scenario(), movement))
                .collect();
            let total = shown.len();
            json::list(call, StatusCode::OK, "payments", &shown, total, None)
        })
        .await
}

async fn transfer(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("transfer", move |world, _, _| one(world, &id, true))
        .await
}

async fn payment(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("payment", move |world, _, _| one(world, &id, false))
        .await
}

fn one(world: &World, id: &str, transfer: bool) -> Reply {
    let list = if transfer {
        world.transfer_views()
    } else {
        world.payment_views()
    };
    match list.iter().find(|movement| movement.id == id) {
        Some(movement) => Reply::ok(&json::movement(world.scenario(), movement)),
        None => Reply::not_found("801", "not found"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferBody {
    transfer_id: String,
    from_account_id: String,
    to_account_id: String,
    amount: Number,
    #[serde(default)]
    transfer_date: Option<Date>,
    #[serde(default)]
    memo: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentBody {
    from_account_id: String,
    to_payee_id: String,
    amount: Number,
    due_date: Date,
    #[serde(default)]
    memo: Option<String>,
}

/// Reads an amount in the currency of an account; nothing for an account nobody knows.
fn minor(world: &World, account: &str, amount: &Number) -> Option<i64> {
    let at = world.scenario().account_index(account)?;
    let currency = world.scenario().currency_of(at);
    Money::parse(amount.text(), currency).ok().map(Money::minor)
}

fn denied(denied: Denied) -> Reply {
    match denied {
        Denied::Unknown => Reply::not_found("701", "not found"),
        Denied::Duplicate => Reply::failure(StatusCode::CONFLICT, "409", "duplicate request"),
        Denied::KeyReused => Reply::failure(
            StatusCode::UNPROCESSABLE_ENTITY,
            "422",
            "the key was used for another request",
        ),
        Denied::Invalid => Reply::invalid("amount, date or accounts make no sense"),
        Denied::NoFunds => Reply::failure(
            StatusCode::UNPROCESSABLE_ENTITY,
            "NOFUNDS",
            "not enough money",
        ),
        Denied::TooLate | Denied::CardGone => {
            Reply::failure(StatusCode::BAD_REQUEST, "TOOLATE", "too late to change")
        }
    }
}

async fn transfer_create(State(here): State<Here>, parts: Parts, body: Bytes) -> Response {
    here.call(parts, body)
        .answer("transfer_create", |world, call, _| {
            if call.header("idempotency-key").is_none() {
                return Reply::invalid("idempotency-key is missing");
            }
            let Ok(body) = serde_json::from_slice::<TransferBody>(&call.body) else {
                return Reply::invalid("the body is no transfer");
            };
            let Some(minor) = minor(world, &body.from_account_id, &body.amount) else {
                return denied(Denied::Unknown);
            };
            let made = world.transfer(TransferRequest {
                id: body.transfer_id,
                from: body.from_account_id,
                to: body.to_account_id,
                minor,
                date: body.transfer_date,
                memo: body.memo,
            });
            match made {
                Ok(movement) => Reply::json(
                    StatusCode::CREATED,
                    &json::movement(world.scenario(), &movement),
                ),
                Err(reason) => denied(reason),
            }
        })
        .await
}

async fn payment_create(State(here): State<Here>, parts: Parts, body: Bytes) -> Response {
    here.call(parts, body)
        .answer("payment_create", |world, call, _| {
            let Some(key) = call.header("idempotency-key").map(str::to_owned) else {
                return Reply::invalid("idempotency-key is missing");
            };
            let Ok(body) = serde_json::from_slice::<PaymentBody>(&call.body) else {
                return Reply::invalid("the body is no payment");
            };
            let Some(minor) = minor(world, &body.from_account_id, &body.amount) else {
                return denied(Denied::Unknown);
            };
            let made = world.pay(PaymentRequest {
                key,
                request: call.body.to_vec(),
                from: body.from_account_id,
                payee: body.to_payee_id,
                minor,
                date: body.due_date,
                memo: body.memo,
            });
            match made {
                Ok(movement) => Reply::json(
                    StatusCode::CREATED,
                    &json::movement(world.scenario(), &movement),
                ),
                Err(reason) => denied(reason),
            }
        })
        .await
}

async fn transfer_cancel(
    State(here): State<Here>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    here.call(parts, Bytes::new())
        .answer("payment_cancel", move |world, _, _| {
            cancel(world, &id, true)
        })
        .await
}

async fn payment_cancel(
    State(here): State<Here>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    here.call(parts, Bytes::new())
        .answer("payment_cancel", move |world, _, _| {
            cancel(world, &id, false)
        })
        .await
}

fn cancel(world: &mut World, id: &str, transfer: bool) -> Reply {
    match world.cancel(id, transfer) {
        Ok(()) => Reply::no_content(),
        Err(reason) => denied(reason),
    }
}
