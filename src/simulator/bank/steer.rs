//! Steering over HTTP, for a simulator that runs alone: `/control/{subject}/…`.
//!
//! The simulator listens on loopback unless it is told otherwise; whoever reaches it may steer it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get};
use bytes::Bytes;
use serde_json::json;

use super::Shared;
use super::fault::{Fault, SetFault};
use super::reply::Reply;
use super::worlds::{Control, WorldError};

/// Returns the routes.
pub(super) fn routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/control/scenarios", get(scenarios))
        .route(
            "/control/{subject}/faults",
            get(faults).put(set_fault).delete(clear_faults),
        )
        .route(
            "/control/{subject}/answers/{status}",
            axum::routing::put(set_answer),
        )
        .route("/control/{subject}/calls", get(calls))
        .route("/control/{subject}/tokens", delete(expire_tokens))
        .route("/control/{subject}", delete(drop_world))
        .with_state(Control(Arc::clone(&shared.worlds)))
}

fn problem(error: &WorldError) -> Reply {
    Reply::json(
        StatusCode::NOT_FOUND,
        &json!({ "error": error.to_string() }),
    )
}

fn done(result: Result<(), WorldError>) -> Reply {
    match result {
        Ok(()) => Reply::no_content(),
        Err(error) => problem(&error),
    }
}

async fn scenarios(State(control): State<Control>) -> Reply {
    let names: Vec<&str> = control.0.scenarios().names().collect();
    Reply::ok(&json!({ "scenarios": names }))
}

async fn faults() -> Reply {
    let usage = ""
        .parse::<SetFault>()
        .map_or_else(|error| error.to_string(), |_| String::new());
    Reply::ok(&json!({ "usage": usage }))
}

/// The body is one fault a line, as in a conversation fixture: `slow 3s on accounts x2`.
async fn set_fault(
    State(control): State<Control>,
    Path(subject): Path<String>,
    body: String,
) -> Reply {
    for line in body.lines().filter(|line| !line.trim().is_empty()) {
        match line.parse::<SetFault>() {
            Ok(fault) => {
                if let Err(error) = control.set_fault(&subject, fault) {
                    return problem(&error);
                }
            }
            Err(error) => {
                return Reply::json(
                    StatusCode::BAD_REQUEST,
                    &json!({ "error": error.to_string() }),
                );
            }
        }
    }
    Reply::no_content()
}

async fn set_answer(
    State(control): State<Control>,
    Path((subject, status)): Path<(String, u16)>,
    body: Bytes,
) -> Reply {
    done(control.set_fault(&subject, Fault::Answers { status, body }))
}

async fn clear_faults(State(control): State<Control>, Path(subject): Path<String>) -> Reply {
    done(control.clear_faults(&subject))
}

async fn calls(State(control): State<Control>, Path(subject): Path<String>) -> Reply {
    match control.calls(&subject) {
        Ok(calls) => Reply::ok(&json!({ "calls": calls })),
        Err(error) => problem(&error),
    }
}

async fn expire_tokens(State(control): State<Control>, Path(subject): Path<String>) -> Reply {
    done(control.expire_tokens(&subject))
}

async fn drop_world(State(control): State<Control>, Path(subject): Path<String>) -> Reply {
    control.drop_world(&subject);
    Reply::no_content()
}
