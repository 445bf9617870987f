//! The inbox: lease a conversation, run its inputs through the core, commit everything in one unit.
//!
//! One conversation at a time in event order, different conversations in parallel. A turn that fails is
//! tried again and then buried with its error; it never blocks its conversation.

pub mod receive;
pub mod stored;
mod turn;

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store::{StoreError, TurnLease};

/// How long a node may hold a conversation, ms: a read budget of 8 s, twice, and room.
const LEASE_MS: i64 = 60_000;

/// Tries before an input is buried.
pub const ATTEMPTS: u32 = 5;

/// Waits before the next try of a failed input, ms, by attempt.
const RETRY_MS: [i64; 4] = [200, 1_000, 5_000, 30_000];

/// Runs turns.
#[derive(Clone)]
pub struct Inbox {
    app: Arc<App>,
}

impl Inbox {
    /// Makes a runner.
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// Leases and runs up to `max` conversations, each to its commit. Returns how many: tests and `replay`
    /// step until there is none.
    pub async fn run_once(&self, max: usize) -> Result<usize, StoreError> {
        let leases = self.lease(max).await?;
        let count = leases.len();
        let mut turns: FuturesUnordered<_> = leases
            .into_iter()
            .map(|lease| turn::run(&self.app, lease))
            .collect();
        while turns.next().await.is_some() {}
        Ok(count)
    }

    async fn lease(&self, max: usize) -> Result<Vec<TurnLease>, StoreError> {
        self.app
            .store
            .lease_turns(self.app.node, self.app.clock.now_ms(), LEASE_MS, max)
            .await
    }

    /// Runs turns until cancelled, `workers` at once; leased turns are finished first.
    pub async fn run(&self, workers: usize, stop: CancellationToken) {
        let free = Arc::new(Semaphore::new(workers));
        loop {
            let arrived = self.app.store.work_arrived();
            let permits = free.available_permits().min(32);
            let leases = if permits == 0 {
                Vec::new()
            } else {
                match self.lease(permits).await {
                    Ok(leases) => leases,
                    Err(error) => {
                        tracing::error!(error = %error, "cannot lease turns");
                        Vec::new()
                    }
                }
            };
            let idle = leases.is_empty();
            for lease in leases {
                let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                    return;
                };
                let app = Arc::clone(&self.app);
                tokio::spawn(async move {
                    turn::run(&app, lease).await;
                    drop(permit);
                });
            }
            if stop.is_cancelled() {
                break;
            }
            if idle {
                crate::work::wait(&self.app, arrived, &stop).await;
            } else if free.available_permits() == 0 {
                tokio::select! {
                    permit = free.acquire() => drop(permit),
                    () = stop.cancelled() => {}
                }
            }
        }
        // Finish what is leased before the process ends.
        let all = u32::try_from(workers).unwrap_or(u32::MAX);
        let done = free.acquire_many(all).await;
        drop(done);
    }
}
