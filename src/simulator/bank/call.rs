//! One call to the simulated bank: who asks, what goes wrong, what is done, what is written down.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use uuid::Uuid;

use super::Shared;
use super::fault::Fault;
use super::reply::Reply;
use super::world::{RecordedCall, World};
use crate::simulator::listener::Cut;

/// The parts of a request a handler needs.
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) parts: Parts,
    pub(super) body: Bytes,
}

impl Call {
    /// Returns a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query()?;
        reqwest::Url::parse(&format!("http://localhost/?{query}"))
            .ok()?
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Returns a header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// Answers in the customer's world: checks token and interaction id, lets faults strike, records.
    pub(super) async fn answer(
        self,
        operation: &'static str,
        act: impl FnOnce(&mut World, &Self, Option<&str>) -> Reply,
    ) -> Response {
        let subject = match self.subject() {
            Ok(subject) => subject,
            Err(reply) => return reply.into_response(),
        };
        let id = self
            .header("x-fapi-interaction-id")
            .and_then(|id| id.parse::<Uuid>().ok());
        let Some(id) = id else {
            return Reply::invalid("x-fapi-interaction-id must be a UUID").into_response();
        };
        let mut response = self.in_world(&subject, operation, act).await;
        if let Ok(value) = HeaderValue::try_from(id.to_string()) {
            response
                .headers_mut()
                .insert("x-fapi-interaction-id", value);
        }
        response
    }

    /// Answers in the world of a known subject, faults included.
    pub(super) async fn in_world(
        self,
        subject: &str,
        operation: &'static str,
        act: impl FnOnce(&mut World, &Self, Option<&str>) -> Reply,
    ) -> Response {
        let Ok(fault) = self
            .shared
            .worlds
            .within(subject, |world| world.faults.strike(operation))
        else {
            return unauthorised().into_response();
        };
        if let Some(wait) = waits(fault.as_ref()) {
            tokio::time::sleep(wait).await;
        }
        let early = fault.as_ref().and_then(instead);
        let done = self.shared.worlds.within(subject, |world| {
            let reply = early.unwrap_or_else(|| {
                let missing = match &fault {
                    Some(Fault::Partial(account)) => Some(account.as_str()),
                    _ => None,
                };
                act(world, &self, missing)
            });
            let reply = if fault == Some(Fault::FailsAfterDoing) {
                Reply::failure(StatusCode::INTERNAL_SERVER_ERROR, "500", "internal error")
            } else {
                reply
            };
            world.record(RecordedCall {
                at: world.now(),
                operation,
                method: self.parts.method.to_string(),
                path: self
                    .parts
                    .uri
                    .path_and_query()
                    .map(|path| path.as_str().to_owned())
                    .unwrap_or_default(),
                status: match fault {
                    Some(Fault::Refuses | Fault::Hangs) => 0,
                    _ => reply.status.as_u16(),
                },
                fault: fault.as_ref().map(Fault::name),
            });
            reply
        });
        let Ok(reply) = done else {
            return unauthorised().into_response();
        };
        disturbed(fault.as_ref(), reply).await
    }

    /// Returns whose token this is.
    fn subject(&self) -> Result<String, Reply> {
        let token = self
            .parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(unauthorised)?;
        self.shared
            .oauth
            .subject_of(token, &self.shared.worlds)
            .ok_or_else(unauthorised)
    }
}

pub(super) fn unauthorised() -> Reply {
    Reply::failure(StatusCode::UNAUTHORIZED, "602", "customer not authorised")
}

const fn waits(fault: Option<&Fault>) -> Option<Duration> {
    match fault {
        Some(Fault::Slow(wait)) => Some(*wait),
        _ => None,
    }
}

/// Faults that answer something else and do nothing.
fn instead(fault: &Fault) -> Option<Reply> {
    match fault {
        Fault::Down => Some(Reply::failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "503",
            "scheduled maintenance",
        )),
        Fault::RateLimits(_) => Some(Reply::failure(
            StatusCode::TOO_MANY_REQUESTS,
            "429",
            "too many requests",
        )),
        Fault::Html => Some(Reply::html(
            StatusCode::OK,
            "<!doctype html><title>Welcome</title><p>Our site is being improved.".to_owned(),
        )),
        Fault::Answers { status, body } => Some(Reply {
            status: StatusCode::from_u16(*status).unwrap_or(StatusCode::OK),
            content_type: "application/json",
            body: body.clone(),
        }),
        Fault::ConsentRevoked => Some(unauthorised()),
        // Nothing is done; what is answered does not matter.
        Fault::Refuses | Fault::Hangs => Some(Reply::no_content()),
        Fault::Slow(_) | Fault::ClosesMidBody | Fault::FailsAfterDoing | Fault::Partial(_) => None,
    }
}

/// Faults that spoil the answer on its way.
async fn disturbed(fault: Option<&Fault>, reply: Reply) -> Response {
    match fault {
        Some(Fault::Refuses) => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(Cut);
            response
        }
        Some(Fault::Hangs) => std::future::pending().await,
        Some(Fault::ClosesMidBody) => {
            let length = reply.body.len();
            let half = reply.body.slice(..length / 2);
            let mut response = reply.into_response();
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
            let broken = io::Error::new(io::ErrorKind::ConnectionReset, "closed on purpose");
            *response.body_mut() = Body::from_stream(stream::iter([Ok(half), Err(broken)]));
            response
        }
        Some(Fault::RateLimits(Some(seconds))) => {
            let mut response = reply.into_response();
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(*seconds));
            response
        }
        _ => reply.into_response(),
    }
}
