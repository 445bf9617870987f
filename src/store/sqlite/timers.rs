//! Timers: unique per (conversation, kind, subject); firing inserts an input.

use super::accept;
use super::writer::Tx;
use crate::message::ConversationId;
use crate::store::{NewInput, NewTimer, StoreError};

/// Sets, moves or takes away timers.
pub(super) fn set(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    timers: &[NewTimer],
) -> Result<(), StoreError> {
    for timer in timers {
        if let Some(due_ms) = timer.due_ms {
            tx.conn
                .prepare_cached(
                    "INSERT INTO timer (conversation, kind, subject, due_ms, body)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (conversation, kind, subject)
                     DO UPDATE SET due_ms = excluded.due_ms, body = excluded.body",
                )?
                .execute((
                    conversation,
                    &timer.kind,
                    &timer.subject,
                    due_ms,
                    &timer.body,
                ))?;
            tx.made_work();
        } else {
            tx.conn
                .prepare_cached(
                    "DELETE FROM timer WHERE conversation = ?1 AND kind = ?2 AND subject = ?3",
                )?
                .execute((conversation, &timer.kind, &timer.subject))?;
        }
    }
    Ok(())
}

/// Fires up to `max` timers that are due. The input carries the time the timer was set for, so that it
/// keeps its place among what happened meanwhile.
pub(super) fn fire(tx: &mut Tx<'_>, now_ms: i64, max: usize) -> Result<usize, StoreError> {
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let due = tx
        .conn
        .prepare_cached(
            "SELECT conversation, kind, subject, due_ms, body FROM timer
             WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
        )?
        .query_map((now_ms, limit), |row| {
            let input = NewInput {
                conversation: row.get(0)?,
                at_ms: row.get(3)?,
                body: row.get(4)?,
            };
            Ok((row.get::<_, String>(1)?, row.get::<_, String>(2)?, input))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (kind, subject, input) in &due {
        tx.conn
            .prepare_cached(
                "DELETE FROM timer WHERE conversation = ?1 AND kind = ?2 AND subject = ?3",
            )?
            .execute((input.conversation, kind, subject))?;
        accept::insert_input(tx, input, now_ms)?;
    }
    Ok(due.len())
}
