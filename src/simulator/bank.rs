//! The simulated bank: an HTTP server that speaks FDX and OAuth 2 and has a memory.
//!
//! One server holds many independent worlds: the token names the subject, `<scenario>:<world>`, and each
//! world has its own cards, disputes, payments, faults, recorded calls and, if wanted, clock. What
//! happens on the accounts comes from a [`scenario`] and is the same at every run.
//!
//! It is reached by the real adapter over real HTTP; nothing in the crate knows it otherwise.

pub mod activity;
mod call;
pub mod chance;
mod extension;
pub mod fault;
mod fdx;
mod oauth;
mod rates;
mod reply;
pub mod scenario;
mod steer;
#[cfg(test)]
mod tests;
pub mod world;
mod worlds;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use tokio::net::TcpListener;

use super::listener::Served;
use crate::clock::SharedClock;
pub use fault::{Fault, FaultError, SetFault};
pub use fdx::{Paging, Wire};
pub use oauth::Client;
use oauth::OAuth;
use reply::Reply;
pub use scenario::{Problem, Scenario, ScenarioError, Scenarios};
pub use world::RecordedCall;
use worlds::Worlds;
pub use worlds::{Control, Sudden, WorldError};

/// A body larger than this is nothing the bank takes.
const LARGEST_REQUEST: usize = 64 * 1024;

/// How a simulated bank runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes any.
    pub listen: SocketAddr,
    /// The scenario of subjects that name none.
    pub scenario: String,
    /// Entries in a page at most.
    pub page_size: usize,
    /// How further pages are named.
    pub paging: Paging,
    /// Calls written down per world; 0 keeps no calls and so no worlds that only look.
    pub recorded_calls: usize,
    /// Whether `/control` is served.
    pub control_over_http: bool,
    /// Applications that may ask for consent or for the machine grant.
    pub clients: Vec<Client>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            scenario: "everyday".to_owned(),
            page_size: 500,
            paging: Paging::default(),
            recorded_calls: 0,
            control_over_http: false,
            clients: vec![Client::default()],
        }
    }
}

/// Why a simulated bank does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The default scenario is not there or is wrong.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The address is taken or not ours.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
}

/// What all handlers share.
struct Shared {
    options: Options,
    worlds: Arc<Worlds>,
    oauth: OAuth,
    url: String,
}

impl Shared {
    fn url(&self) -> &str {
        &self.url
    }
}

/// A running simulated bank. Dropping it stops it at once; [`BankSimulator::stop`] lets calls finish.
pub struct BankSimulator {
    shared: Arc<Shared>,
    served: Served,
}

impl BankSimulator {
    /// Starts a bank with these scenarios; `clock` is the time of worlds that have none of their own.
    pub async fn start(
        scenarios: Scenarios,
        clock: SharedClock,
        options: Options,
    ) -> Result<Self, SimulatorError> {
        let worlds = Arc::new(Worlds::new(
            scenarios,
            options.scenario.clone(),
            clock,
            options.recorded_calls,
        ));
        // A wrong default scenario is a wrong start, not a puzzle at the first call.
        worlds.backdrop(&options.scenario)?;
        let listen = options.listen;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| SimulatorError::Listen(listen, source))?;
        let address = listener
            .local_addr()
            .map_err(|source| SimulatorError::Listen(listen, source))?;
        let shared = Arc::new(Shared {
            oauth: OAuth::new(options.clients.clone()),
            options,
            worlds,
            url: format!("http://{address}"),
        });
        let served = Served::start(listener, router(&shared))
            .map_err(|source| SimulatorError::Listen(listen, source))?;
        Ok(Self { shared, served })
    }

    /// Returns its address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Returns where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.served.address()
    }

    /// Returns the handle that steers it.
    pub fn control(&self) -> Control {
        Control(Arc::clone(&self.shared.worlds))
    }

    /// Returns what was asked in a subject's world, oldest first.
    pub fn calls(&self, subject: &str) -> Result<Vec<RecordedCall>, WorldError> {
        self.control().calls(subject)
    }

    /// Stops accepting, lets open calls finish for a moment, and ends.
    pub async fn stop(self) {
        self.served.stop().await;
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    let mut router = Router::new()
        .merge(fdx::routes(shared))
        .merge(oauth::routes(shared))
        .merge(extension::routes(shared));
    if shared.options.control_over_http {
        router = router.merge(steer::routes(shared));
    }
    router
        .fallback(|| async { Reply::not_found("404", "no such call") })
        .method_not_allowed_fallback(|| async {
            Reply::failure(StatusCode::METHOD_NOT_ALLOWED, "405", "no such method")
        })
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
}
