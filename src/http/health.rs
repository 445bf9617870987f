//! `/healthz`, `/readyz` and `/metrics` (design 8.3).
//!
//! `/readyz` is 200 once the store and both listeners are up. Trouble with Graph or the bank is in its body and
//! in the metrics only: a 503 here would take the webhook out of a load balancer, and Meta unsubscribes a
//! webhook that fails for an hour.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::app::App;
use crate::bank::BankId;
use crate::bank::http::{CallObserver, ObservedCall};
use crate::store::{Depths, PagePause, StoreError};
use crate::telemetry::Metrics;

/// How long the store may take to say how it is.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// So many failed calls in a row are trouble; one or two are weather.
const TROUBLE: u32 = 3;

/// What the process knows of its own state.
#[derive(Debug)]
pub struct Health {
    public: AtomicBool,
    admin: AtomicBool,
    banks: Mutex<BTreeMap<BankId, Failing>>,
    metrics: Arc<Metrics>,
}

/// A bank whose last calls failed.
#[derive(Debug, Clone, Copy)]
struct Failing {
    times: u32,
    outcome: &'static str,
}

impl Health {
    /// Starts with nothing up.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            public: AtomicBool::new(false),
            admin: AtomicBool::new(false),
            banks: Mutex::new(BTreeMap::new()),
            metrics,
        }
    }

    /// Tells that the public listener accepts.
    pub fn public_is_up(&self) {
        self.public.store(true, Ordering::Release);
    }

    /// Tells that the admin listener accepts.
    pub fn admin_is_up(&self) {
        self.admin.store(true, Ordering::Release);
    }

    fn is_up(&self) -> bool {
        self.public.load(Ordering::Acquire) && self.admin.load(Ordering::Acquire)
    }

    fn bank_troubles(&self) -> Vec<BankTrouble> {
        self.banks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter(|(_, failing)| failing.times >= TROUBLE)
            .map(|(bank, failing)| BankTrouble {
                bank: bank.0.clone(),
                outcome: failing.outcome,
                failed_calls: failing.times,
            })
            .collect()
    }
}

/// Hears of every bank call: counts it, and remembers a bank whose calls keep failing.
impl CallObserver for Health {
    fn observe(&self, call: &ObservedCall) {
        self.metrics
            .bank_call(call.operation, call.outcome, call.duration);
        let mut banks = self.banks.lock().unwrap_or_else(PoisonError::into_inner);
        match call.outcome {
            // Answers: one customer's expired consent says nothing about the bank.
            "ok" | "not_found" | "consent_expired" => {
                banks.remove(&call.bank);
            }
            outcome => {
                let failing = banks
                    .entry(call.bank.clone())
                    .or_insert(Failing { times: 0, outcome });
                failing.times = failing.times.saturating_add(1);
                failing.outcome = outcome;
            }
        }
    }
}

/// What the admin handlers know.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) app: Arc<App>,
    pub(super) health: Arc<Health>,
}

#[derive(Debug, Serialize)]
struct BankTrouble {
    bank: String,
    /// The last failure, for example `unavailable`.
    outcome: &'static str,
    failed_calls: u32,
}

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    store: &'static str,
    /// Pages whose sender stands still: `token`, `rate`, `policy`.
    pages: Vec<PagePause>,
    banks: Vec<BankTrouble>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queues: Option<Depths>,
}

/// The process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Says whether requests can be taken, and what is wrong elsewhere.
pub(super) async fn readyz(State(known): State<Known>) -> Response {
    let looked = tokio::time::timeout(STORE_WAIT, look(&known.app)).await;
    let (store, queues, pages) = match looked {
        Ok(Ok((queues, pages))) => ("ok", Some(queues), pages),
        Ok(Err(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the store does not answer"
            );
            ("unavailable", None, Vec::new())
        }
        Err(_) => ("slow", None, Vec::new()),
    };
    let ready = known.health.is_up() && store == "ok";
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Readiness {
        ready,
        store,
        pages,
        banks: known.health.bank_troubles(),
        queues,
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Everything that is counted, in the `OpenMetrics` text form.
pub(super) async fn metrics(State(known): State<Known>) -> Response {
    match tokio::time::timeout(STORE_WAIT, look(&known.app)).await {
        Ok(Ok((queues, pages))) => {
            known.app.metrics.depths(queues);
            known.app.metrics.pauses(&pages);
        }
        Ok(Err(_)) => known.app.metrics.error("store", "unavailable"),
        Err(_) => known.app.metrics.error("store", "slow"),
    }
    let headers = [(
        CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    (headers, known.app.metrics.render()).into_response()
}

async fn look(app: &App) -> Result<(Depths, Vec<PagePause>), StoreError> {
    let now_ms = app.clock.now_ms();
    let queues = app.store.depths(now_ms).await?;
    let mut pages = app.store.page_pauses().await?;
    pages.retain(|pause| pause.until_ms.is_none_or(|until| until > now_ms));
    Ok((queues, pages))
}
