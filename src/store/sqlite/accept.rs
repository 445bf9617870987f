//! Receiving: `seen` and `inbox` are appended to, nothing else on the hot path.

use super::sends;
use super::writer::Tx;
use crate::store::{Accept, Accepted, InboxId, NewInput, SEEN_MS, StoreError};

/// Stores a unit of arrivals and echoes.
pub(super) fn accept(tx: &mut Tx<'_>, unit: &Accept) -> Result<Accepted, StoreError> {
    let mut accepted = Accepted::default();
    for arrival in &unit.arrivals {
        // A row past its 48 hours that the sweep has not reached yet counts as not there.
        let stored = tx
            .conn
            .prepare_cached(
                "INSERT INTO seen (at_ms, hash, stored_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (at_ms, hash) DO UPDATE SET stored_ms = excluded.stored_ms
                 WHERE stored_ms <= ?4",
            )?
            .execute((
                arrival.seen.at_ms,
                arrival.seen.hash,
                unit.now_ms,
                unit.now_ms.saturating_sub(SEEN_MS),
            ))?;
        if stored == 0 {
            accepted.duplicates += 1;
            continue;
        }
        insert_input(tx, &arrival.input, unit.now_ms)?;
        accepted.stored += 1;
    }
    for echo in &unit.echoes {
        if sends::echo(tx, echo, unit.now_ms)? {
            accepted.settled += 1;
        }
    }
    Ok(accepted)
}

/// Appends an input to the inbox.
pub(super) fn insert_input(
    tx: &mut Tx<'_>,
    input: &NewInput,
    now_ms: i64,
) -> Result<(), StoreError> {
    let id = InboxId(tx.ids.inbox.take(tx.conn)?);
    tx.conn
        .prepare_cached(
            "INSERT INTO inbox (id, conversation, at_ms, stored_ms, attempts, body)
             VALUES (?1, ?2, ?3, ?4, 0, ?5)",
        )?
        .execute((id, input.conversation, input.at_ms, now_ms, &input.body))?;
    tx.arrived(input.conversation, (input.at_ms, id), now_ms);
    Ok(())
}
