//! The webhook: Meta's verification request (GET) and event notifications (POST).
//!
//! A notification is read under a limit, verified, parsed, handed to the [`Intake`], and answered 200 only
//! once that has stored it. Answers carry no detail: whoever sends something wrong learns that it was wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, EXPECT, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::message::InboundEvent;
use crate::store::{Accepted, StoreError};
use crate::telemetry::Metrics;

use super::payload;
use super::signature::{AppSecrets, SignatureError, SignedBody};

/// Where Meta posts (design 8.3).
pub const PATH: &str = "/webhooks/messenger";

/// Stores what a request brought. Durable when it returns `Ok`.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Takes the events of one request as one unit.
    async fn receive(&self, events: Vec<InboundEvent>) -> Result<Accepted, StoreError>;
}

/// How long a request may take at each step.
#[derive(Debug, Clone, Copy)]
struct Waits {
    /// For the store. Meta waits 5 s (platform 1.4) and comes again after a 503; what was stored late is then
    /// a duplicate.
    store: Duration,
    /// For the body.
    body: Duration,
}

const WAITS: Waits = Waits {
    store: Duration::from_secs(2),
    body: Duration::from_secs(10),
};

/// Meta's challenges are short numbers; a sender of more is somebody else.
const LONGEST_CHALLENGE: usize = 256;

/// How much of a body that is too large is still taken off the wire, and for how long. A sender that is cut
/// off while it writes often never reads its 413.
const DRAIN_BYTES: usize = 32 * 1024 * 1024;
const DRAIN_WAIT: Duration = Duration::from_secs(2);

/// What the handlers know.
pub struct Webhook {
    secrets: AppSecrets,
    /// A digest, so that comparing takes the same time for every length; none where no token is set.
    verify_token: Option<[u8; 32]>,
    max_body_bytes: usize,
    waits: Waits,
    intake: Arc<dyn Intake>,
    metrics: Arc<Metrics>,
    refused: AtomicU64,
}

impl Webhook {
    /// Sets up a webhook that hands events to `intake`.
    pub fn new(
        app_secrets: &[SecretString],
        verify_token: &SecretString,
        max_body_bytes: usize,
        intake: Arc<dyn Intake>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let token = verify_token.expose_secret();
        Self {
            secrets: AppSecrets::new(app_secrets),
            verify_token: (!token.is_empty()).then(|| Sha256::digest(token).into()),
            max_body_bytes,
            waits: WAITS,
            intake,
            metrics,
            refused: AtomicU64::new(0),
        }
    }

    /// Returns its routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route(PATH, get(verify).post(receive))
            .with_state(Arc::new(self))
    }

    fn note_refusal(&self, refused: Refused) {
        self.metrics.error("webhook", refused.name());
        // A wrong secret refuses everything, a stranger's requests may be many: the log grows with the
        // logarithm of either, the metric counts each.
        let count = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            tracing::warn!(
                webhook.refused = count,
                webhook.reason = refused.name(),
                "refused a webhook request"
            );
        }
    }
}

/// Why a request is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Larger than the limit.
    TooLarge,
    /// The body did not arrive in time.
    Slow,
    /// The sender went away in the middle of the body.
    Broken,
    /// The signature is missing or wrong.
    Signature(SignatureError),
}

impl Refused {
    const fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "body_too_large",
            Self::Slow => "body_slow",
            Self::Broken => "body_broken",
            Self::Signature(error) => error.name(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Signature(_) => StatusCode::UNAUTHORIZED,
        }
        .into_response()
    }
}

/// The only way to a [`SignedBody`]: limit, read, verify.
impl FromRequest<Arc<Webhook>> for SignedBody {
    type Rejection = Refused;

    async fn from_request(request: Request, webhook: &Arc<Webhook>) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let limit = webhook.max_body_bytes;
        let announced = body.size_hint().lower();
        if announced > u64::try_from(limit).unwrap_or(u64::MAX) {
            // Who asked first is simply told no.
            if !parts.headers.contains_key(EXPECT) {
                tokio::spawn(drain(body));
            }
            return Err(Refused::TooLarge);
        }
        let bytes = tokio::time::timeout(webhook.waits.body, read(body, limit))
            .await
            .map_err(|_| Refused::Slow)??;
        webhook
            .secrets
            .verify(&parts.headers, bytes)
            .map_err(Refused::Signature)
    }
}

/// Reads a body up to the limit. A body in one piece, as almost all are, is not copied.
async fn read(mut body: Body, limit: usize) -> Result<Bytes, Refused> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refused::Broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = all.len().max(first.len());
        if length.saturating_add(data.len()) > limit {
            tokio::spawn(drain(body));
            return Err(Refused::TooLarge);
        }
        if length == 0 {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Takes the rest of a body off the wire and keeps nothing of it.
async fn drain(mut body: Body) {
    let drained = tokio::time::timeout(DRAIN_WAIT, async {
        let mut seen = 0_usize;
        while let Some(Ok(frame)) = body.frame().await {
            seen = seen.saturating_add(frame.data_ref().map_or(0, Bytes::len));
            if seen > DRAIN_BYTES {
                break;
            }
        }
    });
    if drained.await.is_err() {
        tracing::debug!("gave up on the rest of a body that is too large");
    }
}

/// Answers Meta's verification request with the bare challenge (platform 1.1).
async fn verify(
    State(webhook): State<Arc<Webhook>>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    // Exactly one of each: which of two tokens counts would depend on who looks.
    let only = |name: &str| {
        let mut found = query.iter().filter(|(key, _)| key == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value.as_str()),
            _ => None,
        }
    };
    let (Some(mode), Some(token), Some(challenge)) = (
        only("hub.mode"),
        only("hub.verify_token"),
        only("hub.challenge"),
    ) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if challenge.is_empty() || challenge.len() > LONGEST_CHALLENGE {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let given: [u8; 32] = Sha256::digest(token).into();
    let right = webhook
        .verify_token
        .is_some_and(|expected| bool::from(expected.ct_eq(&given)));
    if !right || mode != "subscribe" {
        webhook.metrics.error("webhook", "verify_token");
        tracing::warn!("refused a verification request of the webhook: wrong token or mode");
        return StatusCode::FORBIDDEN.into_response();
    }
    tracing::info!("answered the verification request of the webhook");
    plain(challenge.to_owned())
}

/// Takes a notification in.
async fn receive(
    State(webhook): State<Arc<Webhook>>,
    body: Result<SignedBody, Refused>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(refused) => {
            webhook.note_refusal(refused);
            return refused.into_response();
        }
    };
    match payload::parse(&body) {
        Ok(parsed) => {
            for (what, count) in parsed.skipped.counts() {
                webhook.metrics.events(what, "skipped", count);
            }
            if !parsed.events.is_empty() && !store(&webhook, parsed.events).await {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        }
        Err(error) => {
            webhook.metrics.event("unparsable", "skipped");
            tracing::warn!(error = %error, body.bytes = body.bytes().len(), "passed over a signed request");
        }
    }
    plain("EVENT_RECEIVED")
}

/// Returns whether the events are stored, or were there before.
async fn store(webhook: &Webhook, events: Vec<InboundEvent>) -> bool {
    let stored = tokio::time::timeout(webhook.waits.store, webhook.intake.receive(events)).await;
    let reason = match stored {
        Ok(Ok(_)) => return true,
        Ok(Err(StoreError::Overloaded)) => "overloaded",
        Ok(Err(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot store events"
            );
            "not_stored"
        }
        Err(_) => "store_slow",
    };
    webhook.metrics.error("webhook", reason);
    false
}

fn plain(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests;
