//! The HTTP front: a public router (webhook, the customer's pages) and an admin router (health, metrics).
//!
//! Routes are declared here and nowhere else. What a request may cost is bounded: its body by the webhook, its
//! concurrency by `observe`, its connection by `serve`. Paths are logged by their template and never with
//! a query.

pub mod health;
mod inside;
mod observe;
mod page;
pub mod serve;
mod step_up;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use crate::app::App;
use crate::channel::messenger::webhook::{self, Webhook};

use health::Health;
use observe::Gate;

/// The templates of all paths, for logs and metrics.
const ROUTES: [&str; 6] = [
    webhook::PATH,
    step_up::PATH,
    view::PATH,
    "/healthz",
    "/readyz",
    "/metrics",
];

/// Requests answered at once on the public listener; more wait, and are told 503 after two seconds.
const PUBLIC_AT_ONCE: usize = 1024;

/// The same on the admin listener.
const ADMIN_AT_ONCE: usize = 16;

/// Returns the public routes: the webhook, and the customer's pages where `pages` is set. Those stand in for the bank's
/// own and confirm by a tap, so they are for the simulated bank only.
pub fn public(app: &Arc<App>, webhook: Webhook, pages: bool) -> Router {
    let mut router = webhook.routes();
    if pages {
        router = router.merge(step_up::routes(Arc::clone(app)));
        router = router.merge(view::routes(Arc::clone(app)));
    }
    let gate = Arc::new(Gate::new(Arc::clone(&app.metrics), PUBLIC_AT_ONCE));
    router.layer(from_fn_with_state(gate, observe::observe))
}

/// Returns the admin routes. Never public: they say how the house is doing.
pub fn admin(app: &Arc<App>, health: Arc<Health>) -> Router {
    let gate = Arc::new(Gate::new(Arc::clone(&app.metrics), ADMIN_AT_ONCE));
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .with_state(health::Known {
            app: Arc::clone(app),
            health,
        })
        .layer(from_fn_with_state(gate, observe::observe))
}

#[cfg(test)]
mod tests;
