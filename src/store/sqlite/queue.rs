//! The hand-over from async callers to whoever serves them: a list behind a lock, swapped out whole.
//!
//! Not a channel: the writer wants everything that has gathered at once, and a caller pays for a wake-up
//! only when the writer sleeps.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A list of messages for one consumer.
pub(in crate::store) struct Queue<M> {
    state: Mutex<State<M>>,
    arrived: Condvar,
}

struct State<M> {
    messages: VecDeque<M>,
    sleeping: bool,
    closed: bool,
}

impl<M> fmt::Debug for Queue<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({} waiting)", self.lock().messages.len())
    }
}

impl<M> Queue<M> {
    /// Makes an empty, open queue.
    pub(in crate::store) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                messages: VecDeque::new(),
                sleeping: false,
                closed: false,
            }),
            arrived: Condvar::new(),
        }
    }

    /// Adds a message; gives it back if the queue is closed.
    pub(in crate::store) fn push(&self, message: M) -> Result<(), M> {
        let mut state = self.lock();
        if state.closed {
            return Err(message);
        }
        state.messages.push_back(message);
        let wake = std::mem::take(&mut state.sleeping);
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for messages and moves them all into `taken`, which must be empty. Returns false when the
    /// queue is closed and empty.
    pub(in crate::store) fn take(&self, taken: &mut VecDeque<M>) -> bool {
        let mut state = self.lock();
        while state.messages.is_empty() {
            if state.closed {
                return false;
            }
            state.sleeping = true;
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.sleeping = false;
        std::mem::swap(&mut state.messages, taken);
        true
    }

    /// Moves what is there into `taken`, which must be empty, without waiting.
    pub(in crate::store) fn take_what_is_there(&self, taken: &mut VecDeque<M>) {
        std::mem::swap(&mut self.lock().messages, taken);
    }

    /// Refuses further messages; what is queued is still taken.
    pub(in crate::store) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<M>> {
        // The list is valid at every instant, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
