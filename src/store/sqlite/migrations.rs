//! The schema and its history: embedded SQL, one file a version, the version in `user_version`.
//!
//! A migration is never changed once released; the next one follows it. Each has sample rows in
//! `<version>.sample.sql`, so that a test applies what comes after to a database that is not empty.

use rusqlite::Connection;

use crate::store::StoreError;

/// Marks the file as ours (`bars` in ASCII): another program's database is refused.
const APPLICATION_ID: i64 = 0x6261_7273;

/// All migrations, oldest first; the version is the position counted from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
];

/// Brings the database to the newest schema.
///
/// # Errors
/// `NewerSchema` if a newer program wrote it, `Inconsistent` if it is not ours at all.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    migrate_to(conn, MIGRATIONS, APPLICATION_ID)
}

/// Applies `migrations` to a file marked with `application_id`; shared with the key store.
pub(in crate::store) fn migrate_to(
    conn: &mut Connection,
    migrations: &[&str],
    application_id: i64,
) -> Result<(), StoreError> {
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let owner: i64 = tx.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if owner != application_id && (owner != 0 || tables > 0) {
        return Err(StoreError::Inconsistent {
            table: "application_id",
            id: owner.to_string(),
        });
    }
    if found < known {
        for sql in migrations.iter().skip(found as usize) {
            tx.execute_batch(sql)?;
        }
        tx.pragma_update(None, "application_id", application_id)?;
        tx.pragma_update(None, "user_version", known)?;
    }
    tx.commit()?;
    Ok(())
}

/// Rows of what each version added.
#[cfg(test)]
pub(super) const SAMPLES: [&str; MIGRATIONS.len()] = [
    include_str!("migrations/0001.sample.sql"),
    include_str!("migrations/0002.sample.sql"),
];

/// Brings an empty database to an older version.
#[cfg(test)]
pub(super) fn migrate_up_to(conn: &mut Connection, version: usize) -> Result<(), StoreError> {
    migrate_to(conn, &MIGRATIONS[..version], APPLICATION_ID)
}
