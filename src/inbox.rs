//! The inbox: lease a conversation, run its inputs through the core, commit everything in one unit.
//!
//! One conversation at a time in event order, different conversations in parallel. A turn that fails is
//! tried again and then buried with its error; it never blocks its conversation.

pub mod receive;
pub mod stored;
mod turn;

use std::sync::Arc;

use crate::app::App;
use crate::store::{StoreError, TurnLease};
use crate::work::Work;

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
}

impl Work for Inbox {
    type Lease = TurnLease;
    const NAME: &'static str = "turns";

    fn app(&self) -> &App {
        &self.app
    }

    async fn lease(&self, max: usize) -> Result<Vec<TurnLease>, StoreError> {
        self.app
            .store
            .lease_turns(self.app.node, self.app.clock.now_ms(), LEASE_MS, max)
            .await
    }

    async fn perform(&self, lease: TurnLease) {
        turn::run(&self.app, lease).await;
    }
}
