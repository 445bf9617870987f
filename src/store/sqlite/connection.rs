//! Opening: the address, the settings of each connection, and the lock held while a process serves.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{SqliteOptions, migrations};
use crate::store::StoreError;

/// How long a commit waits for another process (a backup, an operator's command).
const BUSY: Duration = Duration::from_secs(5);

/// Statements kept compiled on the writer's connection; more than there are.
const STATEMENTS: usize = 128;

/// Reading connections kept open.
const READERS: usize = 2;

/// Returns the file an address names: `sqlite:<path>` or a bare path; `None` for `sqlite::memory:`.
pub(in crate::store) fn path_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    (path != ":memory:").then(|| PathBuf::from(path))
}

/// Returns the path with something added to its file name.
pub(in crate::store) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Takes the lock of the process that serves this database; it ends with the file or the process.
pub(in crate::store) fn lock(path: &Path) -> Result<File, StoreError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(beside(path, ".lock"))
        .map_err(|error| StoreError::Unavailable(Some(Box::new(error))))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(StoreError::Unavailable(Some(Box::new(error)))),
    }
}

/// Opens the writer's connection and brings the schema up to date.
pub(super) fn open_writer(
    path: Option<&Path>,
    options: &SqliteOptions,
) -> Result<Connection, StoreError> {
    let mut conn = match path {
        Some(path) => Connection::open(path)?,
        None => Connection::open_in_memory()?,
    };
    configure(&conn, options.durable)?;
    // The checkpointer does it.
    conn.pragma_update(
        None,
        "wal_autocheckpoint",
        if path.is_some() { 0 } else { 1000 },
    )?;
    conn.pragma_update(None, "cache_size", -8_000)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    migrations::migrate(&mut conn)?;
    if let Some(pages) = options.max_pages {
        conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(conn)
}

/// Opens the checkpointer's connection.
pub(super) fn open_checkpointer(path: &Path, durable: bool) -> Result<Connection, StoreError> {
    let conn = Connection::open(path)?;
    configure(&conn, durable)?;
    Ok(conn)
}

/// Sets what a connection that writes needs; also used by the key store.
pub(in crate::store) fn configure(conn: &Connection, durable: bool) -> Result<(), StoreError> {
    conn.busy_timeout(BUSY)?;
    // Plans do not depend on the values bound: without this a statement over a partial index is planned anew
    // at each use.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", if durable { "FULL" } else { "OFF" })?;
    // Savepoints keep old pages aside; in memory, not in a file in /tmp.
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update_and_check(None, "journal_size_limit", 67_108_864, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
    Ok(())
}

/// Connections that only read. In WAL mode they see the last commit and hold nobody up.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Reads with an idle connection, or a new one.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.open()?,
        };
        let seen = look(&conn);
        let mut idle = self.idle();
        if idle.len() < READERS {
            idle.push(conn);
        }
        seen
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        conn.busy_timeout(BUSY)?;
        conn.pragma_update(None, "cache_size", -1_000)?;
        Ok(conn)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
