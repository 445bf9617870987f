//! The one that writes: it merges what has gathered into one commit (group commit).
//!
//! A unit's answer goes out only after the commit that holds it. Units that can fail by themselves run
//! under savepoints; units that only append do not, since a savepoint costs a copy of every page they
//! touch. When a commit fails as a whole (disk full), the batch is halved and tried again, so that what
//! can succeed does: a turn that frees space is not held back by messages that need some.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::checkpoint::Checkpointer;
use super::desk::Serve;
use super::ids::{Ids, Marks};
use super::ready::{Place, Ready};
use super::{SqliteOptions, turns};
use crate::message::ConversationId;
use crate::store::{Fence, InboxId, StoreError, TurnLease};

/// Units merged into one commit at most; more would make the first wait too long.
const BATCH: usize = 1024;

/// Rows read into the ready queue at a time once it was full.
const REFILL: usize = 2048;

/// What the writer is asked.
pub(super) enum Message {
    /// Only appends and cannot fail alone: runs without a savepoint.
    Append(Box<dyn Unit>),
    /// Changes rows: runs under its own savepoint.
    Change(Box<dyn Unit>),
    /// Reads, after the commit of its batch.
    Look(Box<dyn Unit>),
    /// Leases conversations.
    Lease(LeaseTurns),
    /// Empties the database.
    Clear(oneshot::Sender<Result<(), StoreError>>),
    /// Ends the thread by a panic.
    #[cfg(test)]
    Panic,
}

/// An atomic unit of work.
pub(super) trait Unit: Send {
    /// Does it; may run again from the start if the transaction was undone.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;
    /// Answers the caller.
    fn reply(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// A unit made of a closure and the place to answer.
pub(super) struct Job<F, T> {
    work: F,
    made: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job<F, T>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    T: Send + 'static,
{
    /// Makes a unit and the receiver of its answer.
    pub(super) fn ask(work: F) -> (Box<dyn Unit>, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        let made = None;
        (Box::new(Self { work, made, reply }), answer)
    }
}

impl<F, T> Unit for Job<F, T>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.made = Some((self.work)(tx)?);
        Ok(())
    }

    fn reply(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { made, reply, .. } = *self;
        let answer = outcome.and_then(|()| made.ok_or(StoreError::Unavailable(None)));
        // A caller that has gone away needs no answer.
        drop(reply.send(answer));
    }
}

/// A request to lease conversations.
pub(super) struct LeaseTurns {
    pub(super) now_ms: i64,
    pub(super) lease_ms: i64,
    pub(super) max: usize,
    pub(super) reply: oneshot::Sender<Result<Vec<TurnLease>, StoreError>>,
}

/// What a unit works on.
pub(super) struct Tx<'a> {
    /// The open transaction.
    pub(super) conn: &'a Connection,
    /// The ready queue as of the last commit.
    pub(super) ready: &'a Ready,
    /// Numbers.
    pub(super) ids: &'a mut Ids,
    /// The options.
    pub(super) options: &'a SqliteOptions,
    effects: Vec<Effect>,
    work: bool,
}

/// What the ready queue learns after the commit.
#[derive(Debug)]
enum Effect {
    Arrived(ConversationId, Place, i64),
    Released {
        conversation: ConversationId,
        fence: Fence,
        done: Vec<InboxId>,
        retry_ms: Option<i64>,
        now_ms: i64,
    },
}

impl Tx<'_> {
    /// Tells that an input was inserted.
    pub(super) fn arrived(&mut self, conversation: ConversationId, place: Place, now_ms: i64) {
        self.work = true;
        self.effects
            .push(Effect::Arrived(conversation, place, now_ms));
    }

    /// Tells that something else may now be leased.
    pub(super) fn made_work(&mut self) {
        self.work = true;
    }

    /// Returns the inputs under the lease, unless it is stale or was used earlier in this batch.
    pub(super) fn leased(
        &self,
        conversation: ConversationId,
        fence: Fence,
    ) -> Result<&[InboxId], StoreError> {
        let used = self
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Released { fence: used, .. } if *used == fence));
        self.ready
            .leased(conversation, fence)
            .filter(|_| !used)
            .ok_or(StoreError::LeaseLost)
    }

    /// Ends the lease: `done` inputs are gone, the others wait until `retry_ms` if given.
    pub(super) fn release(
        &mut self,
        conversation: ConversationId,
        fence: Fence,
        done: Vec<InboxId>,
        retry_ms: Option<i64>,
        now_ms: i64,
    ) {
        self.work = true;
        self.effects.push(Effect::Released {
            conversation,
            fence,
            done,
            retry_ms,
            now_ms,
        });
    }
}

/// A unit in a batch.
struct Entry {
    unit: Box<dyn Unit>,
    alone: bool,
    outcome: Result<(), StoreError>,
}

/// Why a batch did not commit.
enum Aborted {
    /// Nothing can be written now.
    All(StoreError),
    /// One of them, or their sum, could not be written.
    Some(StoreError),
}

/// The writer's state.
pub(super) struct Writer {
    conn: Connection,
    ready: Ready,
    ids: Ids,
    options: SqliteOptions,
    work: Arc<watch::Sender<u64>>,
    checkpointer: Option<Arc<Checkpointer>>,
    /// Commits are not synced at this moment.
    soft: bool,
    /// Changes when another connection commits: an operator's command in another process.
    data_version: i64,
}

impl Writer {
    /// Reads what the memory must know from an open, migrated database.
    pub(super) fn load(
        conn: Connection,
        options: SqliteOptions,
        work: Arc<watch::Sender<u64>>,
        checkpointer: Option<Arc<Checkpointer>>,
    ) -> Result<Self, StoreError> {
        let mut writer = Self {
            ready: Ready::new(options.ready_window),
            data_version: data_version(&conn)?,
            conn,
            ids: Ids::new(),
            options,
            work,
            checkpointer,
            soft: false,
        };
        writer.ready.spilled_from(Some(InboxId(0)));
        writer.refill(writer.options.ready_window)?;
        Ok(writer)
    }

    /// Starts over with nothing remembered, on the same connection (an in-memory database has no other).
    fn reload(self) -> Result<Self, StoreError> {
        let conn = self.conn;
        if !conn.is_autocommit() {
            execute(&conn, "ROLLBACK")?;
        }
        let soft = self.soft;
        let mut writer = Self::load(conn, self.options, self.work, self.checkpointer)?;
        writer.soft = soft;
        Ok(writer)
    }

    fn serve_all(&mut self, gathered: &mut VecDeque<Message>) {
        let mut batch = Vec::new();
        while !gathered.is_empty() {
            let count = gathered.len().min(BATCH);
            self.serve_batch(gathered.drain(..count), &mut batch);
            if let Some(checkpointer) = &self.checkpointer {
                checkpointer.finish(&self.conn);
            }
        }
    }

    fn serve_batch(&mut self, messages: impl Iterator<Item = Message>, batch: &mut Vec<Entry>) {
        let mut looks = Vec::new();
        let mut requests = Vec::new();
        for message in messages {
            let (unit, alone) = match message {
                Message::Append(unit) => (unit, false),
                Message::Change(unit) => (unit, true),
                Message::Look(unit) => {
                    looks.push(unit);
                    continue;
                }
                Message::Lease(request) => {
                    requests.push(request);
                    continue;
                }
                Message::Clear(reply) => {
                    drop(reply.send(self.clear()));
                    continue;
                }
                #[cfg(test)]
                Message::Panic => panic!("asked to by a test"),
            };
            let outcome = Ok(());
            batch.push(Entry {
                unit,
                alone,
                outcome,
            });
        }
        if !batch.is_empty() {
            let work = self.write(batch);
            for entry in batch.drain(..) {
                entry.unit.reply(entry.outcome);
            }
            if work {
                self.work
                    .send_modify(|count| *count = count.wrapping_add(1));
            }
        }
        for mut unit in looks {
            let outcome = self.look(unit.as_mut());
            unit.reply(outcome);
        }
        if !requests.is_empty() {
            self.notice_others();
        }
        for request in requests {
            let leased = self.lease(&request);
            drop(request.reply.send(leased));
        }
        if self.ready.wants().is_some()
            && let Err(error) = self.refill(REFILL)
        {
            tracing::warn!(%error, "Could not read waiting inputs; trying again with the next commit");
        }
    }

    /// Deletes every row and starts all numbers over.
    fn clear(&mut self) -> Result<(), StoreError> {
        let tables: Vec<String> = self
            .conn
            .prepare_cached(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        execute(&self.conn, "BEGIN IMMEDIATE")?;
        for table in tables {
            execute(&self.conn, &format!("DELETE FROM \"{table}\""))?;
        }
        execute(&self.conn, "COMMIT")?;
        self.ids = Ids::new();
        self.ready = Ready::new(self.options.ready_window);
        Ok(())
    }

    /// Commits all entries, in as few transactions as it takes; returns whether work was made.
    fn write(&mut self, entries: &mut [Entry]) -> bool {
        match self.write_together(entries) {
            Ok(work) => work,
            Err(Aborted::All(error)) => {
                tracing::error!(%error, source = ?std::error::Error::source(&error), "Could not begin to write");
                for entry in entries {
                    entry.outcome = Err(StoreError::Unavailable(None));
                }
                false
            }
            Err(Aborted::Some(error)) => {
                if let [entry] = entries {
                    entry.outcome = Err(error);
                    return false;
                }
                let (first, second) = entries.split_at_mut(entries.len() / 2);
                let made = self.write(first);
                self.write(second) || made
            }
        }
    }

    fn write_together(&mut self, entries: &mut [Entry]) -> Result<bool, Aborted> {
        let marks = self.ids.marks();
        match self.attempt(entries) {
            Ok((effects, work)) => {
                for effect in effects {
                    self.apply(effect);
                }
                Ok(work)
            }
            Err(aborted) => {
                self.undo(marks);
                Err(aborted)
            }
        }
    }

    fn attempt(&mut self, entries: &mut [Entry]) -> Result<(Vec<Effect>, bool), Aborted> {
        self.set_soft(false).map_err(Aborted::All)?;
        execute(&self.conn, "BEGIN IMMEDIATE").map_err(Aborted::All)?;
        let mut tx = Tx {
            conn: &self.conn,
            ready: &self.ready,
            ids: &mut self.ids,
            options: &self.options,
            effects: Vec::with_capacity(entries.len()),
            work: false,
        };
        for entry in entries {
            if entry.alone {
                run_alone(entry, &mut tx)?;
            } else {
                entry.unit.run(&mut tx).map_err(Aborted::Some)?;
                entry.outcome = Ok(());
            }
        }
        let (effects, work) = (tx.effects, tx.work);
        execute(&self.conn, "COMMIT").map_err(Aborted::Some)?;
        Ok((effects, work))
    }

    fn undo(&mut self, marks: Marks) {
        self.ids.restore(marks);
        if !self.conn.is_autocommit()
            && let Err(error) = execute(&self.conn, "ROLLBACK")
        {
            tracing::error!(%error, "Could not roll back");
        }
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Arrived(conversation, place, now_ms) => {
                self.ready.arrived(conversation, place, now_ms);
            }
            Effect::Released {
                conversation,
                done,
                retry_ms,
                now_ms,
                ..
            } => self.ready.release(conversation, &done, retry_ms, now_ms),
        }
    }

    fn look(&mut self, unit: &mut dyn Unit) -> Result<(), StoreError> {
        unit.run(&mut Tx {
            conn: &self.conn,
            ready: &self.ready,
            ids: &mut self.ids,
            options: &self.options,
            effects: Vec::new(),
            work: false,
        })
    }

    /// Leases conversations. What it writes is a mark for the case that this process dies in the turn
    /// (the attempt), so it needs no fsync: the operating system outlives us.
    fn lease(&mut self, request: &LeaseTurns) -> Result<Vec<TurnLease>, StoreError> {
        self.ready.wake(request.now_ms);
        let mut picked: Vec<(ConversationId, Vec<Place>)> = Vec::new();
        while picked.len() < request.max {
            let Some((conversation, inputs)) = self.ready.pick() else {
                break;
            };
            let inputs = inputs.iter().take(turns::INPUTS).copied().collect();
            picked.push((conversation, inputs));
        }
        if picked.is_empty() {
            return Ok(Vec::new());
        }
        let marks = self.ids.marks();
        let marked = match self.mark_leased(&picked) {
            Ok(marked) => marked,
            Err(error) => {
                self.undo(marks);
                for (conversation, _) in picked.iter().rev() {
                    self.ready.unpick(*conversation, request.now_ms);
                }
                return Err(error);
            }
        };
        let expires_ms = request.now_ms.saturating_add(request.lease_ms);
        let mut leases = Vec::with_capacity(marked.len());
        for ((conversation, places), lease) in picked.into_iter().zip(marked) {
            let ids: Vec<InboxId> = lease.inputs.iter().map(|input| input.id).collect();
            let fence = lease.fence;
            if ids.is_empty() {
                // The rows are gone: the queue was wrong about them, the disk is right.
                tracing::error!(conversation.id = %conversation, "Inputs in the queue are not in the inbox");
                let gone: Vec<InboxId> = places.into_iter().map(|(_, id)| id).collect();
                self.ready
                    .release(conversation, &gone, None, request.now_ms);
                continue;
            }
            self.ready.lease(conversation, fence, expires_ms, ids);
            leases.push(lease);
        }
        Ok(leases)
    }

    fn mark_leased(
        &mut self,
        picked: &[(ConversationId, Vec<Place>)],
    ) -> Result<Vec<TurnLease>, StoreError> {
        self.set_soft(true)?;
        execute(&self.conn, "BEGIN IMMEDIATE")?;
        let leased = picked
            .iter()
            .map(|(conversation, inputs)| {
                let fence = Fence(self.ids.fence.take(&self.conn)?);
                turns::lease(&self.conn, *conversation, fence, inputs)
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        execute(&self.conn, "COMMIT")?;
        Ok(leased)
    }

    /// Chooses whether commits wait for the disk.
    fn set_soft(&mut self, soft: bool) -> Result<(), StoreError> {
        if self.options.durable && self.soft != soft {
            // Not a cached statement: this pragma acts when it is compiled, not when it is stepped.
            self.conn.execute_batch(if soft {
                "PRAGMA synchronous = NORMAL"
            } else {
                "PRAGMA synchronous = FULL"
            })?;
            self.soft = soft;
        }
        Ok(())
    }

    /// Takes in inputs that another process inserted.
    fn notice_others(&mut self) {
        let noticed = data_version(&self.conn).and_then(|version| {
            if version != self.data_version {
                turns::load_unknown(&self.conn, &mut self.ready)?;
                self.data_version = version;
            }
            Ok(())
        });
        if let Err(error) = noticed {
            tracing::warn!(%error, "Could not look for inputs of other processes; trying again");
        }
    }

    /// Reads up to `max` rows that are on disk only into the ready queue.
    fn refill(&mut self, max: usize) -> Result<(), StoreError> {
        let Some(from) = self.ready.wants() else {
            return Ok(());
        };
        let next = turns::load(&self.conn, &mut self.ready, from, max)?;
        self.ready.spilled_from(next);
        Ok(())
    }
}

fn run_alone(entry: &mut Entry, tx: &mut Tx<'_>) -> Result<(), Aborted> {
    let (effects, marks, work) = (tx.effects.len(), tx.ids.marks(), tx.work);
    execute(tx.conn, "SAVEPOINT unit").map_err(Aborted::Some)?;
    entry.outcome = entry.unit.run(tx);
    if let Err(error) = &mut entry.outcome {
        if tx.conn.is_autocommit() {
            // SQLite gave up the whole transaction (disk full, I/O error).
            let error = std::mem::replace(error, StoreError::Unavailable(None));
            return Err(Aborted::Some(error));
        }
        execute(tx.conn, "ROLLBACK TO unit").map_err(Aborted::Some)?;
        tx.effects.truncate(effects);
        tx.ids.restore(marks);
        tx.work = work;
    }
    execute(tx.conn, "RELEASE unit").map_err(Aborted::Some)
}

fn data_version(conn: &Connection) -> Result<i64, StoreError> {
    let version = conn
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))?;
    Ok(version)
}

fn execute(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// A writer that outlives its panics. One costs the batch it happened in: what was waiting for an answer gets
/// `Unavailable`, the memory is rebuilt from the disk, leases are lost. `None` once that failed: nothing can be
/// written any more.
pub(super) struct Guarded(Option<Writer>);

impl Guarded {
    pub(super) const fn new(writer: Writer) -> Self {
        Self(Some(writer))
    }
}

impl Serve<Message> for Guarded {
    fn serve(&mut self, gathered: &mut VecDeque<Message>) {
        if let Some(mut writer) = self.0.take() {
            let served = catch_unwind(AssertUnwindSafe(|| writer.serve_all(gathered)));
            self.0 = if served.is_ok() {
                Some(writer)
            } else {
                tracing::error!("The store's writer failed and starts again");
                let again = writer.reload();
                if let Err(error) = &again {
                    tracing::error!(%error, "The store's writer could not start again");
                }
                again.ok()
            };
        }
        gathered.clear();
    }
}
