//! The outbox: in order per conversation, at most one in flight each (design 2.3).
//!
//! The row that goes next in its conversation carries `ready_ms`; the index over it is all that leasing
//! reads. Order is (rank, seq): the row in flight, then the rest of a turn that has begun to go out,
//! then urgent turns, then the others.

use rusqlite::{Connection, OptionalExtension};

use super::writer::Tx;
use super::{accept, pages};
use crate::message::{ConversationId, PageId};
use crate::store::{
    EchoSignal, Fence, NewSend, OutboxId, SendClass, SendLease, SendOutcome, StoreError,
};

/// The rank of a row in flight.
const LEASED: i64 = -1;
/// The rank of what is left of a turn whose first part is out, or may be.
const BEGUN: i64 = 0;
/// The rank of a turn that holds something urgent.
const URGENT: i64 = 1;
/// The rank of any other turn.
const ORDINARY: i64 = 2;

/// A send that is settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settled {
    /// When it went out; none if it died.
    pub(super) sent_ms: Option<i64>,
}

/// What is needed to settle a row.
struct Row {
    seq: i64,
    conversation: ConversationId,
    turn: [u8; 16],
    base_rank: i64,
    fence: Fence,
    attempts: u32,
}

/// Inserts the sends of a turn.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    sends: &[NewSend],
    now_ms: i64,
) -> Result<(), StoreError> {
    if sends.is_empty() {
        return Ok(());
    }
    let mut ordered: Vec<&NewSend> = sends.iter().collect();
    ordered.sort_by_key(|send| send.ordinal);
    for send in ordered {
        let urgent = sends
            .iter()
            .any(|other| other.turn == send.turn && other.class == SendClass::Urgent);
        let rank = if urgent { URGENT } else { ORDINARY };
        let page = pages::key(tx.conn, &send.page)?;
        let inserted = tx
            .conn
            .prepare_cached(
                "INSERT INTO outbox
                     (id, conversation, page, turn, class, base_rank, rank, attempts, maybe_sent,
                      fence, due_ms, not_after_ms, queued_ms, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 0, 0, 0, ?7, ?8, ?7, ?9)
                 ON CONFLICT (id) DO NOTHING",
            )?
            .execute((
                send.id,
                conversation,
                page,
                send.turn,
                send.class,
                rank,
                now_ms,
                send.not_after_ms,
                &send.body,
            ))?;
        if inserted == 0 {
            return Err(StoreError::Inconsistent {
                table: "outbox",
                id: send.id.to_string(),
            });
        }
    }
    advance(tx, conversation)
}

/// Leases the next send of conversations that have one due.
pub(super) fn lease(
    tx: &mut Tx<'_>,
    now_ms: i64,
    lease_ms: i64,
    max: usize,
) -> Result<Vec<SendLease>, StoreError> {
    let mut due = due_rows(tx, now_ms, max)?;
    due.sort_unstable();
    due.truncate(max);
    let until = now_ms
        .saturating_add(lease_ms)
        .saturating_add(tx.options.echo_wait_ms);
    let mut leases = Vec::with_capacity(due.len());
    for (_, seq) in due {
        let fence = Fence(tx.ids.fence.take(tx.conn)?);
        let (lease, turn) = read_lease(tx, seq, fence)?;
        if lease.maybe_sent {
            // It may be on the customer's screen, so nothing may come between it and its turn's rest.
            begin_turn(tx, lease.conversation, turn)?;
        }
        tx.conn
            .prepare_cached(
                "UPDATE outbox SET rank = ?2, attempts = ?3, maybe_sent = ?4, fence = ?5,
                     due_ms = ?6, ready_ms = ?6
                 WHERE seq = ?1",
            )?
            .execute((seq, LEASED, lease.attempt, lease.maybe_sent, fence, until))?;
        leases.push(lease);
    }
    Ok(leases)
}

/// Finds (due, seq) of rows that may go, on Pages that do not stand still.
fn due_rows(tx: &Tx<'_>, now_ms: i64, max: usize) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut pages = tx
        .conn
        .prepare_cached("SELECT key FROM page WHERE paused = 0 OR paused_until <= ?1")?;
    let mut rows = tx.conn.prepare_cached(
        "SELECT ready_ms, seq FROM outbox WHERE page = ?1 AND ready_ms <= ?2
         ORDER BY ready_ms LIMIT ?3",
    )?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let mut due = Vec::new();
    for page in pages.query_map([now_ms], |row| row.get::<_, i64>(0))? {
        for row in rows.query_map((page?, now_ms, limit), |row| Ok((row.get(0)?, row.get(1)?)))? {
            due.push(row?);
        }
    }
    Ok(due)
}

fn read_lease(tx: &Tx<'_>, seq: i64, fence: Fence) -> Result<(SendLease, [u8; 16]), StoreError> {
    let read = tx
        .conn
        .prepare_cached(
            "SELECT outbox.id, conversation, page.name, class, attempts, maybe_sent, fence,
                    not_after_ms, queued_ms, body, turn
             FROM outbox JOIN page ON page.key = outbox.page WHERE seq = ?1",
        )?
        .query_row([seq], |row| {
            // A fence that is still there is a lease that expired: nobody said what became of it.
            let expired = row.get::<_, i64>(6)? != 0;
            let lease = SendLease {
                id: row.get(0)?,
                fence,
                conversation: row.get(1)?,
                page: PageId(row.get(2)?),
                class: row.get(3)?,
                attempt: row.get::<_, u32>(4)?.saturating_add(1),
                maybe_sent: row.get::<_, bool>(5)? || expired,
                not_after_ms: row.get(7)?,
                queued_ms: row.get(8)?,
                body: row.get(9)?,
            };
            Ok((lease, row.get(10)?))
        })?;
    Ok(read)
}

/// Gives rows that were in flight when an earlier process ended time for their echoes: the webhook that
/// brings them was down too.
pub(super) fn after_restart(tx: &Tx<'_>, now_ms: i64) -> Result<(), StoreError> {
    let wait_until = now_ms.saturating_add(tx.options.echo_wait_after_restart_ms);
    tx.conn
        .prepare_cached(
            "UPDATE outbox SET due_ms = max(due_ms, ?1), ready_ms = max(ready_ms, ?1)
             WHERE ready_ms IS NOT NULL AND (fence <> 0 OR maybe_sent = 1)",
        )?
        .execute([wait_until])?;
    Ok(())
}

/// Settles a leased send. One that its echo settled meanwhile stays as the echo left it.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    id: OutboxId,
    fence: Fence,
    outcome: &SendOutcome,
    now_ms: i64,
) -> Result<(), StoreError> {
    let Some(row) = find(tx, id)? else {
        return match settled(tx.conn, id)? {
            Some(_) => Ok(()),
            None => Err(StoreError::LeaseLost),
        };
    };
    if row.fence != fence || fence.0 == 0 {
        return Err(StoreError::LeaseLost);
    }
    match outcome {
        SendOutcome::Sent { at_ms } => went_out(tx, id, &row, *at_ms, now_ms)?,
        SendOutcome::Retry { at_ms, maybe_sent } => {
            retry(tx, &row, *at_ms, *maybe_sent, now_ms)?;
        }
        SendOutcome::Dead { reason, input } => {
            bury_turn(tx, id, &row, reason, now_ms)?;
            if let Some(input) = input {
                accept::insert_input(tx, input, now_ms)?;
            }
        }
    }
    advance(tx, row.conversation)
}

/// Settles what an echo proves to be out; returns whether a row was waiting for it.
pub(super) fn echo(tx: &mut Tx<'_>, echo: &EchoSignal, now_ms: i64) -> Result<bool, StoreError> {
    if let Some(row) = find(tx, echo.row)? {
        went_out(tx, echo.row, &row, echo.at_ms, now_ms)?;
        advance(tx, row.conversation)?;
        return Ok(true);
    }
    // Known as sent (our time gives way to Meta's), or as dead, which this disproves.
    tx.conn
        .prepare_cached("UPDATE settled_send SET sent_ms = ?2 WHERE id = ?1")?
        .execute((echo.row, echo.at_ms))?;
    Ok(false)
}

/// Returns what is known of a settled send.
pub(super) fn settled(conn: &Connection, id: OutboxId) -> Result<Option<Settled>, StoreError> {
    let found = conn
        .prepare_cached("SELECT sent_ms FROM settled_send WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Settled {
                sent_ms: row.get(0)?,
            })
        })
        .optional()?;
    Ok(found)
}

fn find(tx: &Tx<'_>, id: OutboxId) -> Result<Option<Row>, StoreError> {
    let found = tx
        .conn
        .prepare_cached(
            "SELECT seq, conversation, turn, base_rank, fence, attempts FROM outbox WHERE id = ?1",
        )?
        .query_row([id], |row| {
            Ok(Row {
                seq: row.get(0)?,
                conversation: row.get(1)?,
                turn: row.get(2)?,
                base_rank: row.get(3)?,
                fence: row.get(4)?,
                attempts: row.get(5)?,
            })
        })
        .optional()?;
    Ok(found)
}

fn went_out(
    tx: &Tx<'_>,
    id: OutboxId,
    row: &Row,
    at_ms: i64,
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM outbox WHERE seq = ?1")?
        .execute([row.seq])?;
    remember(tx, id, Some(at_ms), now_ms)?;
    begin_turn(tx, row.conversation, row.turn)
}

fn remember(
    tx: &Tx<'_>,
    id: OutboxId,
    sent_ms: Option<i64>,
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO settled_send (id, sent_ms, settled_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET sent_ms = excluded.sent_ms",
        )?
        .execute((id, sent_ms, now_ms))?;
    Ok(())
}

/// Nothing overtakes the rest of a turn that has begun to go out.
fn begin_turn(tx: &Tx<'_>, conversation: ConversationId, turn: [u8; 16]) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "UPDATE outbox SET base_rank = ?3, rank = min(rank, ?3)
             WHERE conversation = ?1 AND turn = ?2 AND base_rank > ?3",
        )?
        .execute((conversation, turn, BEGUN))?;
    Ok(())
}

fn retry(
    tx: &Tx<'_>,
    row: &Row,
    at_ms: i64,
    maybe_sent: bool,
    now_ms: i64,
) -> Result<(), StoreError> {
    let (base_rank, due_ms) = if maybe_sent {
        let echo_by = now_ms.saturating_add(tx.options.echo_wait_ms);
        (BEGUN, at_ms.max(echo_by))
    } else {
        (row.base_rank, at_ms)
    };
    tx.conn
        .prepare_cached(
            "UPDATE outbox SET rank = ?2, base_rank = ?2, fence = 0, due_ms = ?3,
                 maybe_sent = max(maybe_sent, ?4)
             WHERE seq = ?1",
        )?
        .execute((row.seq, base_rank, due_ms, maybe_sent))?;
    if maybe_sent {
        begin_turn(tx, row.conversation, row.turn)?;
    }
    Ok(())
}

/// Buries a row, and what is left of its turn as `cancelled`.
fn bury_turn(
    tx: &Tx<'_>,
    id: OutboxId,
    row: &Row,
    reason: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let rest = tx
        .conn
        .prepare_cached(
            "SELECT seq, id, attempts FROM outbox
             WHERE conversation = ?1 AND turn = ?2 AND seq <> ?3 ORDER BY seq",
        )?
        .query_map((row.conversation, row.turn, row.seq), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<Vec<(i64, OutboxId, u32)>, _>>()?;
    bury(tx, row.seq, id, row.attempts, reason, now_ms)?;
    for (seq, id, attempts) in rest {
        bury(tx, seq, id, attempts, "cancelled", now_ms)?;
    }
    Ok(())
}

fn bury(
    tx: &Tx<'_>,
    seq: i64,
    id: OutboxId,
    attempts: u32,
    reason: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO dead_letter
                 (lane, conversation, at_ms, stored_ms, buried_ms, attempts, error, body)
             SELECT 'outbox', conversation, queued_ms, queued_ms, ?2, ?3, ?4, body
             FROM outbox WHERE seq = ?1",
        )?
        .execute((seq, now_ms, attempts, reason))?;
    tx.conn
        .prepare_cached("DELETE FROM outbox WHERE seq = ?1")?
        .execute([seq])?;
    remember(tx, id, None, now_ms)
}

/// Marks the row that goes next in a conversation.
fn advance(tx: &mut Tx<'_>, conversation: ConversationId) -> Result<(), StoreError> {
    tx.made_work();
    let next: Option<(i64, i64)> = tx
        .conn
        .prepare_cached(
            "SELECT seq, due_ms FROM outbox WHERE conversation = ?1 ORDER BY rank, seq LIMIT 1",
        )?
        .query_row([conversation], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, due_ms)) = next else {
        return Ok(());
    };
    tx.conn
        .prepare_cached(
            "UPDATE outbox SET ready_ms = NULL
             WHERE conversation = ?1 AND ready_ms IS NOT NULL AND seq <> ?2",
        )?
        .execute((conversation, seq))?;
    tx.conn
        .prepare_cached("UPDATE outbox SET ready_ms = ?2 WHERE seq = ?1")?
        .execute((seq, due_ms))?;
    Ok(())
}
