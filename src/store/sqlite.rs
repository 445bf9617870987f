//! The embedded store: SQLite in WAL mode, one writer thread, group commit.
//!
//! Every verb is a unit handed to the writer (`writer`), which merges what has gathered into one
//! commit and one fsync; the answer goes out after it. Reading that no turn needs goes to connections of
//! its own. The ready queue of conversations is in memory (`ready`), everything else on disk.
//!
//! Not here: what the sealed bodies hold, and when to try again. Callers decide both.

mod accept;
mod cases;
mod checkpoint;
mod commands;
mod connection;
pub(in crate::store) mod desk;
mod forget;
mod ids;
mod migrations;
mod pages;
mod queue;
mod reads;
mod ready;
mod rows;
mod sends;
mod sweep;
#[cfg(test)]
mod tests;
mod timers;
mod turns;
mod views;
mod writer;

use std::fs::File;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use self::checkpoint::Checkpointer;
use self::connection::Readers;
use self::desk::Desk;
use self::writer::{Guarded, Job, LeaseTurns, Message, Tx, Writer};
pub(in crate::store) use self::{
    connection::{beside, configure, path_of},
    migrations::migrate_to,
};
use super::audit::Head;
use super::{
    Accept, Accepted, AuditRow, CaseNumber, CaseRow, CommandId, CommandLease, CommandSettled,
    DeadLetter, DeadLetterId, Depths, Fence, InboxId, NewInput, NodeId, OutboxId, PagePause,
    Retention, Sealed, SendLease, SendOutcome, Store, StoreError, Swept, TurnCommit, TurnFailure,
    TurnLease, ViewId, ViewRow,
};
use crate::message::{ConversationId, PageId};

/// How the store behaves; [`SqliteOptions::default`] is production.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Takes the lock that only one process can hold: `serve` does, a command that looks does not.
    pub serve: bool,
    /// Waits for the disk at each commit. Off for tests and `replay`, where nothing must outlive a
    /// power cut; what was committed still outlives the process.
    pub durable: bool,
    /// Webhook requests that may wait for the writer at once.
    pub accept_queue: usize,
    /// How long a webhook request waits for a place in that queue before it is told `Overloaded`
    /// (design section 6: 503 after 2 s).
    pub accept_wait: Duration,
    /// How long after an expired lease a send waits for its echo (design 2.3), ms.
    pub echo_wait_ms: i64,
    /// The same for sends that were in flight when an earlier process ended, ms: while we were down,
    /// the webhook with the echo could not reach us either.
    pub echo_wait_after_restart_ms: i64,
    /// Whether the process that serves takes over at once the commands that an earlier one had under way: the
    /// lock proves that it is gone. Otherwise they wait for their leases, as where several nodes share a store.
    pub take_over_commands: bool,
    /// Waiting inputs the ready queue keeps in memory; more stay on disk until there is room.
    pub ready_window: usize,
    /// A limit to the database's size in pages, to play a full disk.
    pub max_pages: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            serve: false,
            durable: true,
            accept_queue: 4096,
            accept_wait: Duration::from_secs(2),
            echo_wait_ms: 20_000,
            echo_wait_after_restart_ms: 60_000,
            take_over_commands: true,
            ready_window: 100_000,
            max_pages: None,
        }
    }
}

/// The store on SQLite. Dropping it finishes what was asked and closes the file.
#[derive(Debug)]
pub struct SqliteStore {
    desk: Desk<Message, Guarded>,
    accepts: Arc<Semaphore>,
    accept_wait: Duration,
    /// None for an in-memory database, which the writer's connection alone can see.
    readers: Option<Arc<Readers>>,
    work: Arc<watch::Sender<u64>>,
    /// Sends that were in flight when an earlier process ended still have to be given time.
    inherited: Arc<AtomicBool>,
    /// Commands that were in flight then still have to be taken over; never so without the lock, which
    /// alone proves that nobody else holds them.
    inherited_commands: Arc<AtomicBool>,
    checkpointer: Option<Arc<Checkpointer>>,
    checkpoints: Option<JoinHandle<()>>,
    /// Declared last: released when everything is closed.
    _lock: Option<File>,
}

impl SqliteStore {
    /// Tells whether an address names a database that is there; nothing is opened or made.
    pub fn is_there(url: &str) -> bool {
        connection::path_of(url).is_some_and(|path| path.is_file())
    }

    /// Opens the database at `sqlite:<path>` or `sqlite::memory:`, making it if need be.
    ///
    /// # Errors
    /// `InUse` when another process serves it, `NewerSchema`, `Unavailable`.
    pub fn open(url: &str, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = connection::path_of(url);
        let lock = match &path {
            Some(path) if options.serve => Some(connection::lock(path)?),
            _ => None,
        };
        let conn = connection::open_writer(path.as_deref(), &options)?;
        let work = Arc::new(watch::Sender::new(0));
        let checkpointer = path
            .clone()
            .map(|path| Arc::new(Checkpointer::new(path, options.durable)));
        let accepts = Arc::new(Semaphore::new(options.accept_queue));
        let accept_wait = options.accept_wait;
        let take_over = lock.is_some() && options.take_over_commands;
        let writer = Writer::load(conn, options, Arc::clone(&work), checkpointer.clone())?;
        let writer = Guarded::new(writer);
        let desk = match &path {
            Some(_) => Desk::with_thread("store-writer", writer)?,
            None => Desk::without_thread(writer),
        };
        let mut store = Self {
            desk,
            accepts,
            accept_wait,
            readers: path.map(|path: PathBuf| Arc::new(Readers::new(path))),
            work,
            inherited: Arc::new(AtomicBool::new(true)),
            inherited_commands: Arc::new(AtomicBool::new(take_over)),
            checkpointer,
            checkpoints: None,
            _lock: lock,
        };
        if let Some(checkpointer) = store.checkpointer.clone() {
            let thread = std::thread::Builder::new()
                .name("store-checkpoint".to_owned())
                .spawn(move || checkpointer.run())
                .map_err(|error| StoreError::Unavailable(Some(Box::new(error))))?;
            store.checkpoints = Some(thread);
        }
        Ok(store)
    }

    /// Opens an empty store that lives in memory and ends with this value.
    pub fn in_memory() -> Result<Self, StoreError> {
        let options = SqliteOptions {
            durable: false,
            ..SqliteOptions::default()
        };
        Self::open("sqlite::memory:", options)
    }

    /// Runs a unit that changes rows, under its own savepoint.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (unit, answer) = Job::ask(work);
        self.ask(Message::Change(unit), answer).await
    }

    /// Looks at what only the writer knows.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (unit, answer) = Job::ask(work);
        self.ask(Message::Look(unit), answer).await
    }

    async fn ask<T>(
        &self,
        message: Message,
        answer: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.desk.ask(message)?;
        // A dropped answer: the writer failed while it had the unit.
        answer.await.unwrap_or(Err(StoreError::Unavailable(None)))
    }

    /// Reads on a connection that only reads.
    async fn read<T: Send + 'static>(
        &self,
        look: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(readers) = self.readers.clone() else {
            return self.look(move |tx| look(tx.conn)).await;
        };
        tokio::task::spawn_blocking(move || readers.read(look))
            .await
            .unwrap_or(Err(StoreError::Unavailable(None)))
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        if let Ok(permit) = Arc::clone(&self.accepts).try_acquire_owned() {
            return Ok(permit);
        }
        let place = Arc::clone(&self.accepts).acquire_owned();
        match tokio::time::timeout(self.accept_wait, place).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(StoreError::Overloaded),
        }
    }

    /// Empties a store in memory: rows, numbers, leases. What SQLite has compiled stays, which is what makes it
    /// worth using again (`replay`).
    ///
    /// # Errors
    /// `Unavailable`; always where the store is a file, whose rows are somebody's.
    pub fn clear(&self) -> Result<(), StoreError> {
        if self.readers.is_some() {
            return Err(StoreError::Unavailable(None));
        }
        let (reply, mut answer) = oneshot::channel();
        self.desk.ask(Message::Clear(reply))?;
        // In memory the caller serves: the answer is there.
        answer
            .try_recv()
            .unwrap_or(Err(StoreError::Unavailable(None)))
    }

    /// Makes the writer panic.
    #[cfg(test)]
    pub(in crate::store) fn panic_writer(&self) {
        drop(self.desk.ask(Message::Panic));
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.stop();
        }
        if let Some(thread) = self.checkpoints.take() {
            // A panic there was logged where it happened.
            drop(thread.join());
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, unit: Accept) -> Result<Accepted, StoreError> {
        let permit = self.place().await?;
        let (unit, answer) = Job::ask(move |tx: &mut Tx<'_>| {
            let _held = &permit;
            accept::accept(tx, &unit)
        });
        self.ask(Message::Append(unit), answer).await
    }

    async fn insert_input(&self, input: NewInput, now_ms: i64) -> Result<(), StoreError> {
        let (unit, answer) =
            Job::ask(move |tx: &mut Tx<'_>| accept::insert_input(tx, &input, now_ms));
        self.ask(Message::Append(unit), answer).await
    }

    async fn lease_turns(
        &self,
        _node: NodeId,
        now_ms: i64,
        lease_ms: i64,
        max: usize,
    ) -> Result<Vec<TurnLease>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let lease = LeaseTurns {
            now_ms,
            lease_ms,
            max,
            reply,
        };
        self.ask(Message::Lease(lease), answer).await
    }

    async fn commit_turn(&self, commit: TurnCommit) -> Result<(), StoreError> {
        self.change(move |tx| turns::commit(tx, &commit)).await
    }

    async fn fail_turn(
        &self,
        conversation: ConversationId,
        fence: Fence,
        input: InboxId,
        failure: TurnFailure,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.change(move |tx| turns::fail(tx, conversation, fence, input, &failure, now_ms))
            .await
    }

    async fn lease_sends(
        &self,
        _node: NodeId,
        now_ms: i64,
        lease_ms: i64,
        max: usize,
    ) -> Result<Vec<SendLease>, StoreError> {
        let inherited = self.inherited.load(Ordering::Acquire);
        let leased = self
            .change(move |tx| {
                if inherited {
                    sends::after_restart(tx, now_ms)?;
                }
                sends::lease(tx, now_ms, lease_ms, max)
            })
            .await?;
        self.inherited.store(false, Ordering::Release);
        Ok(leased)
    }

    async fn settle_send(
        &self,
        id: OutboxId,
        fence: Fence,
        outcome: SendOutcome,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.change(move |tx| sends::settle(tx, id, fence, &outcome, now_ms))
            .await
    }

    async fn sent_at(&self, id: OutboxId) -> Result<Option<i64>, StoreError> {
        self.read(move |conn| Ok(sends::settled(conn, id)?.and_then(|settled| settled.sent_ms)))
            .await
    }

    async fn lease_commands(
        &self,
        _node: NodeId,
        now_ms: i64,
        lease_ms: i64,
        max: usize,
    ) -> Result<Vec<CommandLease>, StoreError> {
        let inherited = self.inherited_commands.load(Ordering::Acquire);
        let leased = self
            .change(move |tx| {
                if inherited {
                    commands::after_restart(tx, now_ms)?;
                }
                commands::lease(tx, now_ms, lease_ms, max)
            })
            .await?;
        self.inherited_commands.store(false, Ordering::Release);
        Ok(leased)
    }

    async fn settle_command(
        &self,
        id: CommandId,
        fence: Fence,
        settled: CommandSettled,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.change(move |tx| commands::settle(tx, id, fence, &settled, now_ms))
            .await
    }

    async fn due_timers(&self, now_ms: i64, max: usize) -> Result<usize, StoreError> {
        self.change(move |tx| timers::fire(tx, now_ms, max)).await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.look(|tx| reads::next_due(tx.conn, tx.ready)).await
    }

    async fn next_case_number(&self) -> Result<CaseNumber, StoreError> {
        self.change(|tx| Ok(CaseNumber(tx.ids.case.take(tx.conn)?)))
            .await
    }

    async fn cases(&self, open_only: bool, max: usize) -> Result<Vec<CaseRow>, StoreError> {
        self.read(move |conn| cases::list(conn, open_only, max))
            .await
    }

    async fn case(&self, number: CaseNumber) -> Result<Option<CaseRow>, StoreError> {
        self.read(move |conn| cases::get(conn, number)).await
    }

    async fn view(&self, id: ViewId, now_ms: i64) -> Result<Option<ViewRow>, StoreError> {
        self.read(move |conn| views::get(conn, id, now_ms)).await
    }

    async fn spend_view(&self, id: ViewId, now_ms: i64) -> Result<bool, StoreError> {
        self.change(move |tx| views::spend(tx, id, now_ms)).await
    }

    async fn audit(&self, conversation: ConversationId) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |conn| reads::audit(conn, conversation))
            .await
    }

    async fn audit_head(&self, conversation: ConversationId) -> Result<Head, StoreError> {
        self.read(move |conn| reads::audit_head(conn, conversation))
            .await
    }

    async fn state(&self, conversation: ConversationId) -> Result<Option<Sealed>, StoreError> {
        self.read(move |conn| Ok(turns::conversation_row(conn, conversation)?.0))
            .await
    }

    async fn records(
        &self,
        conversation: ConversationId,
    ) -> Result<Vec<(i64, Sealed)>, StoreError> {
        self.read(move |conn| reads::records(conn, conversation))
            .await
    }

    async fn pause_page(&self, page: &PageId, pause: Option<PagePause>) -> Result<(), StoreError> {
        let page = page.clone();
        self.change(move |tx| pages::pause(tx, &page, pause.as_ref()))
            .await
    }

    async fn page_pauses(&self) -> Result<Vec<PagePause>, StoreError> {
        self.read(pages::pauses).await
    }

    async fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(move |conn| reads::dead_letters(conn, max)).await
    }

    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError> {
        self.change(move |tx| {
            let removed = tx
                .conn
                .prepare_cached("DELETE FROM dead_letter WHERE seq = ?1")?
                .execute([id.0])?;
            Ok(removed > 0)
        })
        .await
    }

    async fn forget(&self, conversation: ConversationId) -> Result<bool, StoreError> {
        self.change(move |tx| forget::forget(tx, conversation))
            .await
    }

    async fn oldest_input_ms(&self) -> Result<Option<i64>, StoreError> {
        self.read(reads::oldest_input).await
    }

    async fn depths(&self, now_ms: i64) -> Result<Depths, StoreError> {
        let inbox = self
            .look(|tx| Ok(tx.ready.depth(reads::last_input(tx.conn)?)))
            .await?;
        let depths = self.read(move |conn| reads::depths(conn, now_ms)).await?;
        Ok(Depths { inbox, ..depths })
    }

    async fn sweep(&self, now_ms: i64, retention: Retention) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        for lane in sweep::Lane::ALL {
            loop {
                let removed = self
                    .change(move |tx| sweep::step(tx, lane, now_ms, retention))
                    .await?;
                lane.count(&mut swept, removed);
                if removed < sweep::STEP {
                    break;
                }
            }
        }
        Ok(swept)
    }

    /// Counts from the call, not from the first poll: what is committed between the two is not missed.
    fn work_arrived<'store, 'future>(
        &'store self,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'future>>
    where
        'store: 'future,
        Self: 'future,
    {
        let mut work = self.work.subscribe();
        Box::pin(async move {
            // The sender lives as long as the store; an error would be the store's end.
            drop(work.changed().await);
        })
    }
}
