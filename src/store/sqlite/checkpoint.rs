//! Moves the write-ahead log into the database from a thread and connection of its own, so that the
//! writer does not stall.
//!
//! A passive checkpoint beside a busy writer never quite catches up, so the log would grow for ever.
//! When it is long, the writer is asked to finish: between two batches it copies the few pages that are
//! left, and its next commit starts the log from the beginning.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::connection;
use crate::store::StoreError;

/// How often the log is looked at. Shorter copies the same hot pages more often.
const INTERVAL: Duration = Duration::from_millis(250);

/// The log's length in pages (16 MiB) from which it is to start over.
pub(super) const LONG: i64 = 4096;

/// Shared by the writer and the checkpointing thread.
#[derive(Debug)]
pub(super) struct Checkpointer {
    path: PathBuf,
    durable: bool,
    batches: AtomicU64,
    finish: AtomicBool,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl Checkpointer {
    pub(super) fn new(path: PathBuf, durable: bool) -> Self {
        Self {
            path,
            durable,
            batches: AtomicU64::new(0),
            finish: AtomicBool::new(false),
            stopped: Mutex::new(false),
            stop: Condvar::new(),
        }
    }

    /// Called by the writer between batches.
    pub(super) fn finish(&self, conn: &Connection) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        if self.finish.swap(false, Ordering::Relaxed)
            && let Err(error) = checkpoint(conn)
        {
            tracing::warn!(%error, "Could not finish the checkpoint");
        }
    }

    /// Asks the writer to copy what is left after its batch.
    pub(super) fn ask_to_finish(&self) {
        self.finish.store(true, Ordering::Relaxed);
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.notify_all();
    }

    /// Runs until stopped.
    pub(super) fn run(&self) {
        let mut conn = None;
        let mut done = 0;
        while !self.wait() {
            let batches = self.batches.load(Ordering::Relaxed);
            if batches == done {
                continue;
            }
            match self.pass(&mut conn) {
                Ok(length) => {
                    done = batches;
                    if length > LONG {
                        self.ask_to_finish();
                    }
                }
                Err(error) => {
                    // The log only grows meanwhile: nothing is lost.
                    tracing::warn!(%error, "Could not checkpoint; trying again");
                    conn = None;
                }
            }
        }
    }

    pub(super) fn pass(&self, conn: &mut Option<Connection>) -> Result<i64, StoreError> {
        let open = match conn.take() {
            Some(open) => open,
            None => connection::open_checkpointer(&self.path, self.durable)?,
        };
        let length = checkpoint(&open)?;
        *conn = Some(open);
        Ok(length)
    }

    /// Sleeps one interval; returns whether it is time to end.
    fn wait(&self) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let (stopped, _) = self
            .stop
            .wait_timeout_while(stopped, INTERVAL, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        *stopped
    }
}

/// Copies what can be copied without waiting for anybody; returns the log's length in pages.
fn checkpoint(conn: &Connection) -> Result<i64, StoreError> {
    let length = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?;
    Ok(length)
}
