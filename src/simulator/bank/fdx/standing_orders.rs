//! The simulated bank's recurring payments.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Here, denied, json};
use crate::simulator::bank::reply::Reply;
use crate::simulator::bank::scenario::Scenario;
use crate::simulator::bank::scenario::values::Every;
use crate::simulator::bank::world::StandingOrderView;

pub(super) fn routes() -> Router<Here> {
    Router::new()
        .route("/recurring-payments", get(orders))
        .route("/recurring-payments/{order}", get(order).delete(stop))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderJson<'a> {
    recurring_payment_id: &'a str,
    from_account_id: &'a str,
    to_payee_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_date: Option<String>,
    status: &'static str,
}

fn written<'a>(scenario: &'a Scenario, view: &StandingOrderView<'a>) -> OrderJson<'a> {
    let account = scenario.account.get(view.account);
    OrderJson {
        recurring_payment_id: view.id,
        from_account_id: account.map_or("", |account| account.id.get_ref()),
        to_payee_id: view.payee,
        amount: json::minor_number(view.minor, scenario.currency_of(view.account)),
        frequency: match view.every {
            Every::Days(7) => Some("WEEKLY"),
            Every::Days(14) => Some("BIWEEKLY"),
            Every::Months(1) => Some("MONTHLY"),
            Every::Months(6) => Some("SEMIANNUALLY"),
            Every::Months(12) => Some("ANNUALLY"),
            Every::Days(_) | Every::Months(_) => None,
        },
        due_date: view.next.map(|day| day.to_string()),
        status: if view.cancelled {
            "CANCELLED"
        } else {
            "SCHEDULED"
        },
    }
}

async fn orders(State(here): State<Here>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("standing_orders", |world, call, _| {
            let views = world.standing_order_views();
            let written = views.iter().map(|view| written(world.scenario(), view));
            let shown: Vec<_> = written.map(|order| json::raw(&order)).collect();
            let total = shown.len();
            json::list(
                call,
                StatusCode::OK,
                "recurringPayments",
                &shown,
                total,
                None,
            )
        })
        .await
}

async fn order(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("standing_order", move |world, _, _| {
            let views = world.standing_order_views();
            match views.iter().find(|view| view.id == id) {
                Some(view) => Reply::ok(&written(world.scenario(), view)),
                None => Reply::not_found("801", "not found"),
            }
        })
        .await
}

async fn stop(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("standing_order_stop", move |world, _, _| {
            match world.stop_order(&id) {
                Ok(()) => Reply::no_content(),
                Err(reason) => denied(reason),
            }
        })
        .await
}
