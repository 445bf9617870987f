//! Pages that show something once.

use rusqlite::{Connection, OptionalExtension};

use super::writer::Tx;
use crate::message::ConversationId;
use crate::store::{NewView, StoreError, ViewId, ViewRow};

/// Adds what a turn offers.
pub(super) fn insert(
    tx: &Tx<'_>,
    conversation: ConversationId,
    views: &[NewView],
) -> Result<(), StoreError> {
    for view in views {
        tx.conn
            .prepare_cached(
                "INSERT INTO view (id, conversation, expires_ms, body) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((view.id.0, conversation, view.expires_ms, &view.body))?;
    }
    Ok(())
}

/// Returns a view that is neither spent nor expired.
pub(super) fn get(
    conn: &Connection,
    id: ViewId,
    now_ms: i64,
) -> Result<Option<ViewRow>, StoreError> {
    let view = conn
        .prepare_cached("SELECT conversation, body FROM view WHERE id = ?1 AND expires_ms > ?2")?
        .query_row((id.0, now_ms), |row| {
            Ok(ViewRow {
                conversation: row.get(0)?,
                body: row.get(1)?,
            })
        })
        .optional()?;
    Ok(view)
}

/// Spends a view; false when it was spent before, or is expired.
pub(super) fn spend(tx: &Tx<'_>, id: ViewId, now_ms: i64) -> Result<bool, StoreError> {
    let spent = tx
        .conn
        .prepare_cached("DELETE FROM view WHERE id = ?1 AND expires_ms > ?2")?
        .execute((id.0, now_ms))?;
    Ok(spent > 0)
}
