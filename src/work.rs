//! Work that the store leases out: turns, sends, bank commands. What they share is how a worker steps through
//! it, how many pieces run at once, how it waits, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store::StoreError;

/// Looks again at least this often: what another node or a clock change brings shows up then.
const LONGEST: Duration = Duration::from_secs(1);

/// Pieces leased in one unit of the store at most.
const BATCH: usize = 64;

/// One kind of leased work.
pub trait Work: Clone + Send + Sync + 'static {
    /// One leased piece.
    type Lease: Send + 'static;

    /// What the log calls it.
    const NAME: &'static str;

    /// Returns what the worker works on.
    fn app(&self) -> &App;

    /// Leases up to `max` pieces.
    fn lease(
        &self,
        max: usize,
    ) -> impl Future<Output = Result<Vec<Self::Lease>, StoreError>> + Send;

    /// Runs one piece to its end, whatever that is: errors are settled, not returned.
    fn perform(&self, lease: Self::Lease) -> impl Future<Output = ()> + Send;

    /// Leases and runs up to `max` pieces. Returns how many: tests and `replay` step until there is none.
    fn run_once(&self, max: usize) -> impl Future<Output = Result<usize, StoreError>> + Send {
        async move {
            let leases = self.lease(max).await?;
            let count = leases.len();
            let mut running: FuturesUnordered<_> = leases
                .into_iter()
                .map(|lease| self.perform(lease))
                .collect();
            while running.next().await.is_some() {}
            Ok(count)
        }
    }

    /// Runs pieces until cancelled, `at_once` at a time; leased ones are finished first. Each runs on its
    /// own, so that a slow one holds up nobody else.
    fn run(self, at_once: usize, stop: CancellationToken) -> impl Future<Output = ()> + Send {
        async move {
            let free = Arc::new(Semaphore::new(at_once));
            loop {
                let arrived = self.app().store.work_arrived();
                let leases = self.lease_some(free.available_permits()).await;
                let idle = leases.is_empty();
                for lease in leases {
                    let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                        return;
                    };
                    let this = self.clone();
                    tokio::spawn(async move {
                        this.perform(lease).await;
                        drop(permit);
                    });
                }
                if stop.is_cancelled() {
                    break;
                }
                if idle {
                    wait(self.app(), arrived, &stop).await;
                } else if free.available_permits() == 0 {
                    tokio::select! {
                        permit = free.acquire() => drop(permit),
                        () = stop.cancelled() => {}
                    }
                }
            }
            let all = u32::try_from(at_once).unwrap_or(u32::MAX);
            let done = free.acquire_many(all).await;
            drop(done);
        }
    }

    /// Leases as many pieces as may begin now; a store that cannot is tried again after the usual wait.
    fn lease_some(&self, free: usize) -> impl Future<Output = Vec<Self::Lease>> + Send {
        async move {
            if free == 0 {
                return Vec::new();
            }
            match self.lease(free.min(BATCH)).await {
                Ok(leases) => leases,
                Err(error) => {
                    tracing::error!(error = %error, "cannot lease {}", Self::NAME);
                    Vec::new()
                }
            }
        }
    }
}

/// Waits until there may be work. `arrived` was taken before the last look, so that nothing that came in
/// between is missed.
async fn wait(app: &App, arrived: impl Future<Output = ()>, stop: &CancellationToken) {
    let pause = match app.store.next_due().await {
        Ok(Some(due)) => {
            let ms = due.saturating_sub(app.clock.now_ms()).max(5);
            Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(LONGEST)
        }
        _ => LONGEST,
    };
    tokio::select! {
        () = arrived => {}
        () = tokio::time::sleep(pause) => {}
        () = stop.cancelled() => {}
    }
}
