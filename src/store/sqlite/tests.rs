//! SQLite against the contract, and what is its own: files, locks, the writer, a full disk.

use tempfile::TempDir;

use super::*;
use crate::store::contract::{Backend, contract_tests};

/// A database file in a folder of its own.
pub(super) struct Folder {
    folder: TempDir,
    options: SqliteOptions,
}

impl Folder {
    fn with(options: SqliteOptions) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            options,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("bursar.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }
}

impl Backend for Folder {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.url(), self.options.clone()).unwrap()
    }
}

/// Tests need not outlive a power cut.
fn quick() -> SqliteOptions {
    SqliteOptions {
        durable: false,
        serve: true,
        ..SqliteOptions::default()
    }
}

mod contract {
    use super::*;

    fn sqlite() -> Folder {
        Folder::with(quick())
    }

    contract_tests!(sqlite);
}
