//! Who does what is asked of a database: a thread of its own, or whoever asks.
//!
//! A thread merges what has gathered into one commit and one wait for the disk. A database in memory waits for
//! no disk: there the caller does the work, a few microseconds, and saves two switches between threads a verb.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::queue::Queue;
use crate::store::StoreError;

/// What serves messages.
pub(in crate::store) trait Serve<M>: Send + 'static {
    /// Serves all that has gathered and leaves `gathered` empty. A message that is dropped drops its reply, which
    /// the caller sees as `Unavailable`.
    fn serve(&mut self, gathered: &mut VecDeque<M>);
}

/// A place to leave messages. Dropping it finishes what was asked.
pub(in crate::store) struct Desk<M, S> {
    queue: Arc<Queue<M>>,
    hands: Hands<S>,
}

enum Hands<S> {
    Thread(Option<JoinHandle<()>>),
    Caller(Mutex<S>),
}

impl<M, S> fmt::Debug for Desk<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Desk({:?})", self.queue)
    }
}

impl<M: Send + 'static, S: Serve<M>> Desk<M, S> {
    /// A desk with a thread that serves.
    pub(in crate::store) fn with_thread(name: &str, mut server: S) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::new());
        let messages = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let mut gathered = VecDeque::new();
                while messages.take(&mut gathered) {
                    server.serve(&mut gathered);
                }
            })
            .map_err(|error| StoreError::Unavailable(Some(Box::new(error))))?;
        Ok(Self {
            queue,
            hands: Hands::Thread(Some(thread)),
        })
    }

    /// A desk at which the caller serves.
    pub(in crate::store) fn without_thread(server: S) -> Self {
        Self {
            queue: Arc::new(Queue::new()),
            hands: Hands::Caller(Mutex::new(server)),
        }
    }

    /// Leaves a message.
    pub(in crate::store) fn ask(&self, message: M) -> Result<(), StoreError> {
        if self.queue.push(message).is_err() {
            return Err(StoreError::Unavailable(None));
        }
        if let Hands::Caller(server) = &self.hands {
            // What another caller has left meanwhile is served with it; a server outlives a panic by itself.
            let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
            let mut gathered = VecDeque::new();
            self.queue.take_what_is_there(&mut gathered);
            server.serve(&mut gathered);
        }
        Ok(())
    }
}

impl<M, S> Drop for Desk<M, S> {
    fn drop(&mut self) {
        self.queue.close();
        if let Hands::Thread(thread) = &mut self.hands
            && let Some(thread) = thread.take()
        {
            // A panic there was logged where it happened.
            drop(thread.join());
        }
    }
}
