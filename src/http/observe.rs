//! Around every request: a span, a count, and a place among those answered at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::telemetry::Metrics;

use super::{ROUTES, step_up, view};

/// How long a request waits for its place. Meta waits 5 s in all (platform 1.4).
const WAIT: Duration = Duration::from_secs(2);

/// The bound on what is answered at once.
pub(super) struct Gate {
    places: Semaphore,
    wait: Duration,
    metrics: Arc<Metrics>,
}

impl Gate {
    pub(super) fn new(metrics: Arc<Metrics>, at_once: usize) -> Self {
        Self {
            places: Semaphore::new(at_once),
            wait: WAIT,
            metrics,
        }
    }
}

/// Answers a request under the gate.
pub(super) async fn observe(
    State(gate): State<Arc<Gate>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let route = template(request.uri().path());
    let method = method_name(request.method());
    let span = tracing::info_span!("request", http.method = method, http.route = route);
    async {
        let place = match gate.places.try_acquire() {
            Ok(place) => Some(place),
            Err(_) => tokio::time::timeout(gate.wait, gate.places.acquire())
                .await
                .ok()
                .and_then(Result::ok),
        };
        let response = match place {
            Some(_place) => next.run(request).await,
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
        let (status, elapsed) = (response.status().as_u16(), began.elapsed());
        gate.metrics.request(route, method, status, elapsed);
        tracing::debug!(
            http.status = status,
            http.duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            "answered a request"
        );
        response
    }
    .instrument(span)
    .await
}

/// Returns the path's template: a path itself can hold a token.
fn template(path: &str) -> &'static str {
    let known = ROUTES.iter().find(|route| **route == path).copied();
    known.unwrap_or_else(|| {
        if path.starts_with(view::PREFIX) {
            view::PATH
        } else if path.starts_with(step_up::PREFIX) {
            step_up::PATH
        } else {
            "other"
        }
    })
}

/// Returns the method's name; whatever a client makes up is `other`, so that it makes no new metric.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn paths_are_known_by_their_template_only() {
        assert_eq!(template("/webhooks/messenger"), "/webhooks/messenger");
        assert_eq!(template("/stepup/0011223344"), "/stepup/{token}");
        assert_eq!(template("/webhooks/messenger/x"), "other");
        assert_eq!(template("/wp-login.php"), "other");
        assert_eq!(method_name(&Method::from_bytes(b"BREW").unwrap()), "other");
    }

    fn hanging(gate: Gate) -> Router {
        Router::new()
            .route("/healthz", get(std::future::pending::<()>))
            .layer(from_fn_with_state(Arc::new(gate), observe))
    }

    #[tokio::test]
    async fn a_request_that_finds_no_place_in_time_is_answered_503() {
        let mut gate = Gate::new(Arc::new(Metrics::new()), 1);
        gate.wait = Duration::from_millis(5);
        let metrics = Arc::clone(&gate.metrics);
        let router = hanging(gate);
        let ask = || {
            let request = Request::get("/healthz").body(Body::empty()).unwrap();
            router.clone().oneshot(request)
        };
        let first = tokio::spawn(ask());
        tokio::task::yield_now().await;
        let second = ask().await.unwrap();
        assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE);
        first.abort();
        assert!(metrics.render().contains(
            "bursar_http_requests_total{route=\"/healthz\",method=\"GET\",status=\"503\"} 1"
        ));
    }

    #[tokio::test]
    async fn a_request_that_goes_away_gives_its_place_back() {
        let gate = Arc::new(Gate::new(Arc::new(Metrics::new()), 1));
        let router = Router::new()
            .route("/healthz", get(std::future::pending::<()>))
            .layer(from_fn_with_state(Arc::clone(&gate), observe));
        let request = Request::get("/healthz").body(Body::empty()).unwrap();
        let hanging = tokio::spawn(router.oneshot(request));
        tokio::task::yield_now().await;
        assert_eq!(gate.places.available_permits(), 0);
        hanging.abort();
        assert!(hanging.await.is_err());
        assert_eq!(gate.places.available_permits(), 1);
    }
}
