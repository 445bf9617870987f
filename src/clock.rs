//! The one source of time.
//!
//! Nothing else in the crate asks the operating system what time it is, so that tests and `replay`
//! can set it. Time is a [`jiff::Timestamp`]; the customer's zone is applied where words are made.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;

    /// Returns the present instant in milliseconds since 1970 (Meta's unit).
    fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }
}

/// A clock that can be handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The operating system's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's clock, some time ahead or behind: it goes on and can be moved.
#[derive(Debug, Default)]
pub struct ShiftedClock(AtomicI64);

impl ShiftedClock {
    /// Starts at `at` and goes on from there.
    pub fn starting_at(at: Timestamp) -> Self {
        let ahead = at.as_millisecond().saturating_sub(SystemClock.now_ms());
        Self(AtomicI64::new(ahead))
    }

    /// Moves on by `ms` milliseconds.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let now_ms = SystemClock.now_ms();
        Timestamp::from_millisecond(now_ms.saturating_add(self.0.load(Ordering::SeqCst)))
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A clock that stands still until it is moved: for tests, `replay` and `chat --clock`.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at `at`, to the millisecond.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_millisecond()))
    }

    /// Moves to `at`; moving back is allowed, as real clocks do.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_millisecond(), Ordering::SeqCst);
    }

    /// Moves on by `ms` milliseconds.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
