//! Pages: their keys in the outbox, and why their senders stand still.

use rusqlite::{Connection, OptionalExtension};

use super::writer::Tx;
use crate::message::PageId;
use crate::store::{PagePause, StoreError};

/// Returns the key of a Page, made when it is first seen.
pub(super) fn key(conn: &Connection, page: &PageId) -> Result<i64, StoreError> {
    let known: Option<i64> = conn
        .prepare_cached("SELECT key FROM page WHERE name = ?1")?
        .query_row([page.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(key) = known {
        return Ok(key);
    }
    conn.prepare_cached("INSERT INTO page (name) VALUES (?1)")?
        .execute([page.as_str()])?;
    Ok(conn.last_insert_rowid())
}

/// Pauses a Page's sender, or lifts the pause.
pub(super) fn pause(
    tx: &mut Tx<'_>,
    page: &PageId,
    pause: Option<&PagePause>,
) -> Result<(), StoreError> {
    let key = key(tx.conn, page)?;
    tx.conn
        .prepare_cached(
            "UPDATE page SET paused = ?2, paused_until = ?3, pause_reason = ?4, pause_code = ?5
             WHERE key = ?1",
        )?
        .execute((
            key,
            pause.is_some(),
            pause.and_then(|pause| pause.until_ms),
            pause.map_or("", |pause| pause.reason.as_str()),
            pause.and_then(|pause| pause.code),
        ))?;
    tx.made_work();
    Ok(())
}

/// Returns the Pages that stand still.
pub(super) fn pauses(conn: &Connection) -> Result<Vec<PagePause>, StoreError> {
    let rows = conn
        .prepare_cached(
            "SELECT name, paused_until, pause_reason, pause_code FROM page
             WHERE paused = 1 ORDER BY name",
        )?
        .query_map([], |row| {
            Ok(PagePause {
                page: PageId(row.get(0)?),
                until_ms: row.get(1)?,
                reason: row.get(2)?,
                code: row.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
