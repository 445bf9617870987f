//! Bank commands: T2 and T3 of design 2.2.
//!
//! `ready` was surely never sent; `sent` may have reached the bank, and an expired lease leaves it so;
//! `unknown` is only asked about. A final state has no due time any more.

use rusqlite::OptionalExtension;

use super::accept;
use super::writer::Tx;
use crate::message::ConversationId;
use crate::store::{CommandId, CommandLease, CommandSettled, Fence, NewCommand, StoreError};

/// The outcomes [`CommandSettled::Final`] may name.
const FINAL: [&str; 4] = ["done", "rejected", "needs_approval", "not_sent"];

/// Inserts the commands of a turn (T1).
pub(super) fn insert(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    commands: &[NewCommand],
    now_ms: i64,
) -> Result<(), StoreError> {
    for command in commands {
        let inserted = tx
            .conn
            .prepare_cached(
                "INSERT INTO command
                     (id, conversation, kind, state, attempts, checks, fence, due_ms, not_after_ms, made_ms, body)
                 VALUES (?1, ?2, ?3, 'ready', 0, 0, 0, ?4, ?5, ?4, ?6)
                 ON CONFLICT (id) DO NOTHING",
            )?
            .execute((
                command.id,
                conversation,
                command.kind,
                now_ms,
                command.not_after_ms,
                &command.body,
            ))?;
        if inserted == 0 {
            // Two different commands under one idempotency key: the bank would take one for the other.
            return Err(inconsistent(command.id));
        }
        tx.made_work();
    }
    Ok(())
}

/// Ends the leases of the process before: it is gone, so that a freeze that was under way waits no longer
/// than the start takes.
pub(super) fn after_restart(tx: &Tx<'_>, now_ms: i64) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "UPDATE command SET due_ms = min(due_ms, ?1) WHERE fence <> 0 AND due_ms IS NOT NULL",
        )?
        .execute([now_ms])?;
    Ok(())
}

/// T2: leases commands that are due. One never sent whose time has passed is leased without counting
/// an attempt, so that even after a crash it is known not to have been sent.
pub(super) fn lease(
    tx: &mut Tx<'_>,
    now_ms: i64,
    lease_ms: i64,
    max: usize,
) -> Result<Vec<CommandLease>, StoreError> {
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let due = tx
        .conn
        .prepare_cached(
            "SELECT id, conversation, kind, state, attempts, checks, not_after_ms, body FROM command
             WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
        )?
        .query_map((now_ms, limit), |row| {
            let state: String = row.get(3)?;
            let checking = state == "unknown";
            let checks: u32 = row.get(5)?;
            let lease = CommandLease {
                id: row.get(0)?,
                fence: Fence(0),
                conversation: row.get(1)?,
                kind: row.get(2)?,
                attempt: (row.get::<_, u32>(4)? + u32::from(!checking)).max(1),
                checks: checks.saturating_add(u32::from(checking)),
                checking,
                not_after_ms: row.get(6)?,
                body: row.get(7)?,
            };
            Ok((lease, state))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let until = now_ms.saturating_add(lease_ms);
    let mut leases = Vec::with_capacity(due.len());
    for (mut lease, state) in due {
        lease.fence = Fence(tx.ids.fence.take(tx.conn)?);
        let too_late = state == "ready" && lease.not_after_ms < now_ms;
        let (next, attempts) = match state.as_str() {
            "ready" if too_late => ("ready", lease.attempt - 1),
            "ready" => ("sent", lease.attempt),
            same => (same, lease.attempt),
        };
        tx.conn
            .prepare_cached(
                "UPDATE command SET state = ?2, attempts = ?3, checks = ?4, fence = ?5, due_ms = ?6
                 WHERE id = ?1",
            )?
            .execute((lease.id, next, attempts, lease.checks, lease.fence, until))?;
        leases.push(lease);
    }
    Ok(leases)
}

/// T3: settles a command.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    id: CommandId,
    fence: Fence,
    settled: &CommandSettled,
    now_ms: i64,
) -> Result<(), StoreError> {
    let row: Option<(String, u32, u32, Fence)> = tx
        .conn
        .prepare_cached("SELECT state, attempts, checks, fence FROM command WHERE id = ?1")?
        .query_row([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((state, attempts, checks, held)) = row else {
        return Err(StoreError::LeaseLost);
    };
    if held != fence || fence.0 == 0 {
        return Err(StoreError::LeaseLost);
    }
    let input = match settled {
        CommandSettled::Final { outcome, input } => {
            if !FINAL.contains(outcome) {
                return Err(inconsistent(id));
            }
            write(tx, id, (outcome, attempts, checks), None, Some(now_ms))?;
            Some(input)
        }
        CommandSettled::Unknown { at_ms, input } => {
            write(tx, id, ("unknown", attempts, checks), *at_ms, None)?;
            input.as_ref()
        }
        CommandSettled::Retry { at_ms } => {
            // This attempt, or check, did not happen. Only if none before did is the command unsent.
            let (state, attempts, checks) = match state.as_str() {
                "unknown" => ("unknown", attempts, checks.saturating_sub(1)),
                "ready" => ("ready", attempts, checks),
                _ if attempts <= 1 => ("ready", 0, checks),
                _ => ("sent", attempts - 1, checks),
            };
            write(tx, id, (state, attempts, checks), Some(*at_ms), None)?;
            None
        }
    };
    if let Some(input) = input {
        accept::insert_input(tx, input, now_ms)?;
    }
    tx.made_work();
    Ok(())
}

fn write(
    tx: &Tx<'_>,
    id: CommandId,
    (state, attempts, checks): (&str, u32, u32),
    due_ms: Option<i64>,
    settled_ms: Option<i64>,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "UPDATE command SET state = ?2, attempts = ?3, checks = ?4, fence = 0, due_ms = ?5,
                 settled_ms = ?6
             WHERE id = ?1",
        )?
        .execute((id, state, attempts, checks, due_ms, settled_ms))?;
    Ok(())
}

fn inconsistent(id: CommandId) -> StoreError {
    StoreError::Inconsistent {
        table: "command",
        id: id.to_string(),
    }
}
