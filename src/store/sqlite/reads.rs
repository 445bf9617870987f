//! What is read outside turns: the console, metrics, `audit verify`, confirmations.

use rusqlite::Connection;

use super::ready::Ready;
use crate::message::ConversationId;
use crate::store::audit::Head;
use crate::store::{
    AuditRow, DeadLetter, DeadLetterId, Depths, InboxId, Lane, NewAudit, Sealed, StoreError,
};

/// Returns a conversation's audit chain and its head.
pub(super) fn audit(
    conn: &Connection,
    conversation: ConversationId,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = conn
        .prepare_cached(
            "SELECT position, id, kind, at_ms, digest, body, previous, hash FROM audit
             WHERE conversation = ?1 ORDER BY position",
        )?
        .query_map([conversation], |row| {
            Ok(AuditRow {
                position: row.get(0)?,
                entry: NewAudit {
                    id: row.get(1)?,
                    kind: row.get(2)?,
                    at_ms: row.get(3)?,
                    digest: row.get(4)?,
                    body: row.get(5)?,
                },
                previous: row.get(6)?,
                hash: row.get(7)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns the head of a conversation's audit chain.
pub(super) fn audit_head(
    conn: &Connection,
    conversation: ConversationId,
) -> Result<Head, StoreError> {
    Ok(super::turns::conversation_row(conn, conversation)?.1)
}

/// Returns a conversation's turn records, oldest first.
pub(super) fn records(
    conn: &Connection,
    conversation: ConversationId,
) -> Result<Vec<(i64, Sealed)>, StoreError> {
    let rows = conn
        .prepare_cached(
            "SELECT at_ms, body FROM record WHERE conversation = ?1 ORDER BY at_ms, seq",
        )?
        .query_map([conversation], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Counts what waits, but for the inbox, which the ready queue knows.
pub(super) fn depths(conn: &Connection, now_ms: i64) -> Result<Depths, StoreError> {
    let one = |sql: &str| -> Result<i64, StoreError> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    let count = |sql: &str| one(sql).map(|count| u64::try_from(count).unwrap_or(0));
    let age = |sql: &str| -> Result<i64, StoreError> {
        let oldest: Option<i64> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(oldest.map_or(0, |at_ms| now_ms.saturating_sub(at_ms).max(0)))
    };
    Ok(Depths {
        inbox: 0,
        inbox_oldest_ms: age("SELECT (SELECT stored_ms FROM inbox ORDER BY id LIMIT 1)")?,
        outbox: count("SELECT count(*) FROM outbox")?,
        outbox_oldest_ms: age("SELECT (SELECT queued_ms FROM outbox ORDER BY seq LIMIT 1)")?,
        commands: count("SELECT count(*) FROM command WHERE due_ms IS NOT NULL")?,
        dead_letters: count("SELECT count(*) FROM dead_letter")?,
    })
}

/// Returns the newest input's row, if any waits.
pub(super) fn last_input(conn: &Connection) -> Result<Option<InboxId>, StoreError> {
    let last = conn
        .prepare_cached("SELECT max(id) FROM inbox")?
        .query_row([], |row| row.get(0))?;
    Ok(last)
}

/// Returns when the next thing is due. A send that waits for a paused Page counts from the end of the
/// pause.
pub(super) fn next_due(conn: &Connection, ready: &Ready) -> Result<Option<i64>, StoreError> {
    let min = |sql: &str| -> Result<Option<i64>, StoreError> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    let sends = min(
        "SELECT min(CASE WHEN paused = 0 THEN next ELSE max(next, paused_until) END)
         FROM (SELECT paused, paused_until,
                      (SELECT min(ready_ms) FROM outbox
                       WHERE outbox.page = page.key AND ready_ms IS NOT NULL) AS next
               FROM page)",
    )?;
    let commands = min("SELECT min(due_ms) FROM command WHERE due_ms IS NOT NULL")?;
    let timers = min("SELECT min(due_ms) FROM timer")?;
    Ok([ready.next_due(), sends, commands, timers]
        .into_iter()
        .flatten()
        .min())
}

/// Lists dead letters, newest first.
pub(super) fn dead_letters(conn: &Connection, max: usize) -> Result<Vec<DeadLetter>, StoreError> {
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let rows = conn
        .prepare_cached(
            "SELECT seq, lane, conversation, at_ms, buried_ms, attempts, error, body
             FROM dead_letter ORDER BY seq DESC LIMIT ?1",
        )?
        .query_map([limit], |row| {
            Ok(DeadLetter {
                id: DeadLetterId(row.get(0)?),
                lane: if row.get::<_, String>(1)? == "inbox" {
                    Lane::Inbox
                } else {
                    Lane::Outbox
                },
                conversation: row.get(2)?,
                at_ms: row.get(3)?,
                buried_ms: row.get(4)?,
                attempts: row.get(5)?,
                error: row.get(6)?,
                body: row.get(7)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns when the oldest input that is still stored arrived: its ingest key is still needed.
pub(super) fn oldest_input(conn: &Connection) -> Result<Option<i64>, StoreError> {
    let oldest = conn
        .prepare_cached(
            "SELECT min(at) FROM (
                 SELECT stored_ms AS at FROM (SELECT stored_ms FROM inbox ORDER BY id LIMIT 1)
                 UNION ALL
                 SELECT min(stored_ms) FROM dead_letter WHERE lane = 'inbox')",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(oldest)
}
