//! Cases for people at the bank.

use rusqlite::{Connection, OptionalExtension, Row};

use super::writer::Tx;
use crate::message::ConversationId;
use crate::store::{CaseNumber, CaseRow, CaseWrite, StoreError};

/// Opens or changes cases.
pub(super) fn write(
    tx: &Tx<'_>,
    conversation: ConversationId,
    cases: &[CaseWrite],
    now_ms: i64,
) -> Result<(), StoreError> {
    for case in cases {
        let written = tx
            .conn
            .prepare_cached(
                "INSERT INTO case_file (number, conversation, kind, status, opened_ms, changed_ms, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (number) DO UPDATE SET
                     kind = excluded.kind, status = excluded.status, opened_ms = excluded.opened_ms,
                     changed_ms = excluded.changed_ms, body = excluded.body
                 WHERE conversation = excluded.conversation",
            )?
            .execute((
                case.number,
                conversation,
                &case.kind,
                &case.status,
                case.opened_ms,
                now_ms,
                &case.body,
            ))?;
        if written == 0 {
            // Another customer's case: never overwritten.
            return Err(StoreError::Inconsistent {
                table: "case_file",
                id: case.number.0.to_string(),
            });
        }
    }
    Ok(())
}

const COLUMNS: &str = "number, conversation, kind, status, opened_ms, changed_ms, body";

/// Lists cases, newest first.
pub(super) fn list(
    conn: &Connection,
    open_only: bool,
    max: usize,
) -> Result<Vec<CaseRow>, StoreError> {
    let only = if open_only {
        "WHERE status <> 'closed'"
    } else {
        ""
    };
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let cases = conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM case_file {only} ORDER BY number DESC LIMIT ?1"
        ))?
        .query_map([limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(cases)
}

/// Returns one case.
pub(super) fn get(conn: &Connection, number: CaseNumber) -> Result<Option<CaseRow>, StoreError> {
    let case = conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM case_file WHERE number = ?1"
        ))?
        .query_row([number], read)
        .optional()?;
    Ok(case)
}

fn read(row: &Row<'_>) -> rusqlite::Result<CaseRow> {
    Ok(CaseRow {
        conversation: row.get(1)?,
        case: CaseWrite {
            number: row.get(0)?,
            kind: row.get(2)?,
            status: row.get(3)?,
            opened_ms: row.get(4)?,
            body: row.get(6)?,
        },
        changed_ms: row.get(5)?,
    })
}
