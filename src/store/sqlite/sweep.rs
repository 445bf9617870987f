//! Retention: takes away what is past its use, in steps small enough not to hold up receiving.

use super::writer::Tx;
use crate::store::{Retention, SEEN_MS, StoreError, Swept};

/// Rows a step takes away at most.
pub(super) const STEP: usize = 500;

/// Events may claim a time ahead of ours by this much before their seen rows are looked for there.
const AHEAD_MS: i64 = 3_600_000;

/// What a step removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Seen,
    Sends,
    Records,
    Commands,
    DeadLetters,
    Views,
}

impl Lane {
    pub(super) const ALL: [Self; 6] = [
        Self::Seen,
        Self::Sends,
        Self::Records,
        Self::Commands,
        Self::DeadLetters,
        Self::Views,
    ];

    /// Adds what a step removed to the sum.
    pub(super) fn count(self, swept: &mut Swept, removed: usize) {
        let removed = removed as u64;
        match self {
            Self::Seen => swept.seen += removed,
            Self::Sends => swept.sends += removed,
            Self::Records | Self::Commands | Self::DeadLetters | Self::Views => {
                swept.records += removed;
            }
        }
    }
}

/// Removes at most about [`STEP`] rows of one lane; returns how many.
pub(super) fn step(
    tx: &Tx<'_>,
    lane: Lane,
    now_ms: i64,
    retention: Retention,
) -> Result<usize, StoreError> {
    let day_two = now_ms.saturating_sub(SEEN_MS);
    let records = now_ms.saturating_sub(retention.records_ms);
    let limit = i64::try_from(STEP).unwrap_or(i64::MAX);
    let run = |sql: &str, before: i64| -> Result<usize, StoreError> {
        Ok(tx.conn.prepare_cached(sql)?.execute((before, limit))?)
    };
    match lane {
        Lane::Seen => {
            // The key is the event's time; a late event is kept by the time it was stored.
            let old = seen(tx, "at_ms <= ?2", (day_two, day_two))?;
            let ahead = now_ms.saturating_add(AHEAD_MS);
            Ok(old + seen(tx, "at_ms > ?2", (day_two, ahead))?)
        }
        Lane::Sends => run(
            "DELETE FROM settled_send WHERE settled_ms <= ?1 AND seq IN (
                 SELECT seq FROM settled_send ORDER BY seq LIMIT ?2)",
            day_two,
        ),
        Lane::Records => run(
            "DELETE FROM record WHERE at_ms <= ?1 AND seq IN (
                 SELECT seq FROM record ORDER BY seq LIMIT ?2)",
            records,
        ),
        Lane::Commands => run(
            "DELETE FROM command WHERE id IN (
                 SELECT id FROM command WHERE settled_ms <= ?1 LIMIT ?2)",
            records,
        ),
        Lane::Views => run(
            "DELETE FROM view WHERE id IN (
                 SELECT id FROM view WHERE expires_ms <= ?1 LIMIT ?2)",
            now_ms,
        ),
        Lane::DeadLetters => run(
            "DELETE FROM dead_letter WHERE buried_ms <= ?1 AND seq IN (
                 SELECT seq FROM dead_letter ORDER BY seq LIMIT ?2)",
            records,
        ),
    }
}

/// Removes seen rows that were stored by then and whose event time is in a range. One by one: a subquery
/// over both columns of the key would look through all events without a time for each of them.
fn seen(tx: &Tx<'_>, range: &str, bounds: (i64, i64)) -> Result<usize, StoreError> {
    let keys = tx
        .conn
        .prepare_cached(&format!(
            "SELECT at_ms, hash FROM seen WHERE stored_ms <= ?1 AND {range} LIMIT {STEP}"
        ))?
        .query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, [u8; 16])>, _>>()?;
    for key in &keys {
        tx.conn
            .prepare_cached("DELETE FROM seen WHERE at_ms = ?1 AND hash = ?2")?
            .execute(*key)?;
    }
    Ok(keys.len())
}
