//! Operation from outside: staff look at cases and act on them.
//!
//! Acting is an input of the conversation like any other, so that no second process edits a conversation under a
//! lease (design section 6): a process that serves takes it up, or the next one that does.

use std::sync::Arc;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use thiserror::Error;

use crate::clock::SharedClock;
use crate::config::Config;
use crate::conversation::Case;
use crate::conversation::case::CLOSED;
use crate::conversation::input::{CaseRef, OperatorAct};
use crate::inbox::stored::StoredInput;
use crate::redact::redact;
use crate::store::keys::{Class, KeyError, Keys, MasterKey};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{CaseNumber, CaseRow, NewInput, Store, StoreError};

/// Why a case could not be shown or acted on.
#[derive(Debug, Error)]
pub enum OperateError {
    /// The store failed.
    #[error("the store cannot be read or written")]
    Store(#[from] StoreError),
    /// The key store failed.
    #[error("the key store cannot be read")]
    Keys(#[from] KeyError),
    /// What is stored is not what this program writes.
    #[error("the case was written by another version")]
    Body(#[from] serde_json::Error),
    /// No such case.
    #[error("there is no case {0}; `bursar cases list --all` shows all")]
    Missing(i64),
    /// The customer was forgotten.
    #[error("case {0} is erased: its customer's keys were destroyed")]
    Erased(i64),
}

/// Cases of a store.
pub struct Cases {
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    clock: SharedClock,
}

impl Cases {
    /// Looks at the cases of a store.
    pub fn new(store: Arc<dyn Store>, keys: Arc<Keys>, clock: SharedClock) -> Self {
        Self { store, keys, clock }
    }

    /// Lists cases, newest first, without anything personal.
    pub async fn list(&self, open_only: bool, max: usize) -> Result<Vec<CaseRow>, OperateError> {
        Ok(self.store.cases(open_only, max).await?)
    }

    /// Opens a case.
    pub async fn show(&self, number: i64) -> Result<(CaseRow, Case), OperateError> {
        let row = self.row(number).await?;
        let keys = self.keys.customer(row.conversation, false).await?;
        let keys = keys.ok_or(OperateError::Erased(number))?;
        let bytes = match keys.open(&row.conversation.0, &row.case.body) {
            Err(KeyError::Erased) => return Err(OperateError::Erased(number)),
            opened => opened?,
        };
        let case = serde_json::from_slice(&bytes)?;
        Ok((row, case))
    }

    /// Writes a note to a case. What is written is redacted like a customer's words.
    pub async fn note(&self, number: i64, text: &str) -> Result<(), OperateError> {
        let text = redact(text).text;
        self.act(number, |case| OperatorAct::NoteCase { case, text })
            .await
    }

    /// Closes a case, with a last note if there is one.
    pub async fn close(&self, number: i64, text: Option<&str>) -> Result<(), OperateError> {
        let text = text.map(|text| redact(text).text);
        self.act(number, |case| OperatorAct::CloseCase { case, text })
            .await
    }

    async fn row(&self, number: i64) -> Result<CaseRow, OperateError> {
        let row = self.store.case(CaseNumber(number)).await?;
        row.ok_or(OperateError::Missing(number))
    }

    async fn act(
        &self,
        number: i64,
        act: impl FnOnce(CaseRef) -> OperatorAct,
    ) -> Result<(), OperateError> {
        let row = self.row(number).await?;
        let conversation = row.conversation;
        let act = act(CaseRef {
            number,
            closed: row.case.status == CLOSED,
            kind: row.case.kind,
            opened_ms: row.case.opened_ms,
        });
        let keys = self.keys.customer(conversation, false).await?;
        let keys = keys.ok_or(OperateError::Erased(number))?;
        let bytes = serde_json::to_vec(&StoredInput::Operated { act })?;
        let at_ms = self.clock.now_ms();
        let input = NewInput {
            conversation,
            at_ms,
            body: keys.seal(Class::Chat, &conversation.0, &bytes)?,
        };
        Ok(self.store.insert_input(input, at_ms).await?)
    }
}

/// Opens the store and the key store of a configuration beside a process that may serve them.
///
/// # Errors
/// Where there is no database: looking must not make an empty one.
pub fn open(config: &Config, clock: &SharedClock) -> anyhow::Result<(SqliteStore, Keys)> {
    anyhow::ensure!(
        SqliteStore::is_there(&config.store.url),
        "store.url: there is no database at {}; it is made when `bursar serve` starts with this configuration",
        config.store.url
    );
    open_with(config, SqliteOptions::default(), clock)
}

/// Opens both, made where they are not there.
pub fn open_with(
    config: &Config,
    options: SqliteOptions,
    clock: &SharedClock,
) -> anyhow::Result<(SqliteStore, Keys)> {
    let store = SqliteStore::open(&config.store.url, options).context("store.url")?;
    let master =
        MasterKey::from_hex(config.store.master_key.expose_secret()).context("store.master_key")?;
    let keys =
        Keys::open(&config.store.keys_url, &master, Arc::clone(clock)).context("store.keys_url")?;
    Ok((store, keys))
}
