//! Forgetting a conversation: the rows. What makes it final, in backups too, is destroying its keys.

use super::writer::Tx;
use crate::message::ConversationId;
use crate::store::StoreError;

/// Removes what is kept of a conversation; false when something of it is still under way.
pub(super) fn forget(tx: &mut Tx<'_>, conversation: ConversationId) -> Result<bool, StoreError> {
    let under_way: bool = tx
        .conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM command WHERE conversation = ?1 AND due_ms IS NOT NULL)
                 OR EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND fence <> 0)",
        )?
        .query_row([conversation], |row| row.get(0))?;
    if under_way || tx.ready.is_leased(conversation) {
        return Ok(false);
    }
    for sql in [
        "UPDATE conversation SET state = NULL WHERE id = ?1",
        "DELETE FROM record WHERE conversation = ?1",
        "DELETE FROM timer WHERE conversation = ?1",
        "DELETE FROM view WHERE conversation = ?1",
        "DELETE FROM outbox WHERE conversation = ?1",
        "DELETE FROM command WHERE conversation = ?1",
        "DELETE FROM dead_letter WHERE conversation = ?1",
    ] {
        tx.conn.prepare_cached(sql)?.execute([conversation])?;
    }
    Ok(true)
}
