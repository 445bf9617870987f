//! Turns: what a lease reads, what a commit writes, what becomes of inputs whose turn failed.

use rusqlite::{Connection, OptionalExtension};

use super::ready::{Place, Ready};
use super::writer::Tx;
use super::{accept, cases, commands, sends, timers, views};
use crate::message::ConversationId;
use crate::store::audit::{self, Head};
use crate::store::{
    Fence, InboxId, LeasedInput, NewAudit, StoreError, TurnCommit, TurnFailure, TurnLease,
};

/// Inputs a turn gets at most (design section 6, overload).
pub(super) const INPUTS: usize = 16;

/// Reads a conversation's inputs and counts the attempt on each of them.
///
/// An input that was tried before is leased alone, so that the one that fails is found and the others
/// do not share its fate.
pub(super) fn lease(
    conn: &Connection,
    conversation: ConversationId,
    fence: Fence,
    places: &[Place],
) -> Result<TurnLease, StoreError> {
    let mut inputs = Vec::with_capacity(places.len());
    for (_, id) in places {
        let row = conn
            .prepare_cached("SELECT at_ms, stored_ms, attempts, body FROM inbox WHERE id = ?1")?
            .query_row([id], |row| {
                Ok(LeasedInput {
                    id: *id,
                    at_ms: row.get(0)?,
                    stored_ms: row.get(1)?,
                    attempt: row.get::<_, u32>(2)?.saturating_add(1),
                    body: row.get(3)?,
                })
            })
            .optional()?;
        let Some(input) = row else { continue };
        let tried = input.attempt > 1;
        if tried && !inputs.is_empty() {
            break;
        }
        conn.prepare_cached("UPDATE inbox SET attempts = ?2 WHERE id = ?1")?
            .execute((id, input.attempt))?;
        inputs.push(input);
        if tried {
            break;
        }
    }
    let (state, head) = conversation_row(conn, conversation)?;
    Ok(TurnLease {
        conversation,
        fence,
        state,
        audit_head: head.hash,
        inputs,
    })
}

/// Reads up to `max` inbox rows from `from` on into the queue; returns where to go on, if anywhere.
pub(super) fn load(
    conn: &Connection,
    ready: &mut Ready,
    from: InboxId,
    max: usize,
) -> Result<Option<InboxId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, conversation, at_ms, stored_ms, retry_ms FROM inbox
         WHERE id >= ?1 ORDER BY id LIMIT ?2",
    )?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = statement.query((from, limit))?;
    let mut count = 0;
    let mut last = from;
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        let place = (row.get(2)?, last);
        ready.add(row.get(1)?, place, row.get(3)?, row.get(4)?);
        count += 1;
    }
    Ok((count == max).then_some(InboxId(last.0 + 1)))
}

/// Reads the inbox for rows the queue does not know: those another process inserted. They may have any
/// number below those that are on disk only, so everything is looked at; it seldom happens.
pub(super) fn load_unknown(conn: &Connection, ready: &mut Ready) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, conversation, at_ms, stored_ms, retry_ms FROM inbox ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let place = (row.get(2)?, row.get(0)?);
        let conversation = row.get(1)?;
        if ready.lacks(conversation, place) {
            ready.add(conversation, place, row.get(3)?, row.get(4)?);
        }
    }
    Ok(())
}

/// Reads a conversation's state and the head of its audit chain.
pub(super) fn conversation_row(
    conn: &Connection,
    conversation: ConversationId,
) -> Result<(Option<crate::store::Sealed>, Head), StoreError> {
    let row = conn
        .prepare_cached("SELECT state, audit_head, audit_length FROM conversation WHERE id = ?1")?
        .query_row([conversation], |row| {
            let head = Head {
                hash: row.get(1)?,
                length: row.get(2)?,
            };
            Ok((row.get(0)?, head))
        })
        .optional()?;
    Ok(row.unwrap_or_default())
}

/// Commits a turn.
pub(super) fn commit(tx: &mut Tx<'_>, turn: &TurnCommit) -> Result<(), StoreError> {
    let leased = tx.leased(turn.conversation, turn.fence)?;
    if let Some(stranger) = turn.done.iter().find(|id| !leased.contains(id)) {
        return Err(StoreError::Inconsistent {
            table: "inbox",
            id: stranger.0.to_string(),
        });
    }
    for id in leased {
        // Inputs leased but not done were not tried: the attempt is taken back.
        let sql = if turn.done.contains(id) {
            "DELETE FROM inbox WHERE id = ?1"
        } else {
            "UPDATE inbox SET attempts = max(attempts - 1, 0) WHERE id = ?1"
        };
        tx.conn.prepare_cached(sql)?.execute([id])?;
    }
    let (_, head) = conversation_row(tx.conn, turn.conversation)?;
    let head = append_audit(tx, turn.conversation, head, &turn.audit)?;
    tx.conn
        .prepare_cached(
            "INSERT INTO conversation (id, state, audit_head, audit_length, changed_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET
                 state = coalesce(excluded.state, state), audit_head = excluded.audit_head,
                 audit_length = excluded.audit_length, changed_ms = excluded.changed_ms",
        )?
        .execute((
            turn.conversation,
            &turn.state,
            head.hash,
            head.length,
            turn.now_ms,
        ))?;
    write_records(tx, turn)?;
    sends::insert(tx, turn.conversation, &turn.sends, turn.now_ms)?;
    commands::insert(tx, turn.conversation, &turn.commands, turn.now_ms)?;
    timers::set(tx, turn.conversation, &turn.timers)?;
    cases::write(tx, turn.conversation, &turn.cases, turn.now_ms)?;
    views::insert(tx, turn.conversation, &turn.views)?;
    for input in &turn.inputs {
        accept::insert_input(tx, input, turn.now_ms)?;
    }
    tx.release(
        turn.conversation,
        turn.fence,
        turn.done.clone(),
        None,
        turn.now_ms,
    );
    Ok(())
}

fn append_audit(
    tx: &Tx<'_>,
    conversation: ConversationId,
    mut head: Head,
    entries: &[NewAudit],
) -> Result<Head, StoreError> {
    for entry in entries {
        let previous = head.hash;
        head.hash = audit::entry_hash(&previous, entry);
        head.length += 1;
        tx.conn
            .prepare_cached(
                "INSERT INTO audit (conversation, position, id, kind, at_ms, digest, previous, hash, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                conversation,
                head.length,
                entry.id,
                &entry.kind,
                entry.at_ms,
                entry.digest,
                previous,
                head.hash,
                &entry.body,
            ))?;
    }
    Ok(head)
}

fn write_records(tx: &Tx<'_>, turn: &TurnCommit) -> Result<(), StoreError> {
    if let Some(since_ms) = turn.erase_records_since_ms {
        tx.conn
            .prepare_cached("DELETE FROM record WHERE conversation = ?1 AND at_ms >= ?2")?
            .execute((turn.conversation, since_ms))?;
    }
    if let Some((at_ms, body)) = &turn.record {
        tx.conn
            .prepare_cached("INSERT INTO record (conversation, at_ms, body) VALUES (?1, ?2, ?3)")?
            .execute((turn.conversation, at_ms, body))?;
    }
    Ok(())
}

/// Gives a failed turn's inputs back, or buries the one that failed.
pub(super) fn fail(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    fence: Fence,
    input: InboxId,
    failure: &TurnFailure,
    now_ms: i64,
) -> Result<(), StoreError> {
    let leased = tx.leased(conversation, fence)?;
    if !leased.contains(&input) {
        return Err(StoreError::Inconsistent {
            table: "inbox",
            id: input.0.to_string(),
        });
    }
    for id in leased.iter().filter(|id| **id != input) {
        tx.conn
            .prepare_cached("UPDATE inbox SET attempts = max(attempts - 1, 0) WHERE id = ?1")?
            .execute([id])?;
    }
    match failure {
        TurnFailure::Retry { at_ms } => {
            tx.conn
                .prepare_cached("UPDATE inbox SET retry_ms = ?2 WHERE id = ?1")?
                .execute((input, at_ms))?;
            tx.release(conversation, fence, Vec::new(), Some(*at_ms), now_ms);
        }
        TurnFailure::Dead { error } => {
            tx.conn
                .prepare_cached(
                    "INSERT INTO dead_letter
                         (lane, conversation, at_ms, stored_ms, buried_ms, attempts, error, body)
                     SELECT 'inbox', conversation, at_ms, stored_ms, ?2, attempts, ?3, body
                     FROM inbox WHERE id = ?1",
                )?
                .execute((input, now_ms, error))?;
            tx.conn
                .prepare_cached("DELETE FROM inbox WHERE id = ?1")?
                .execute([input])?;
            tx.release(conversation, fence, vec![input], None, now_ms);
        }
    }
    Ok(())
}
