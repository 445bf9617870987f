//! Operation from outside: staff look at cases and act on them.
//!
//! Acting is an input of the conversation like any other, so that no second process edits a conversation under a
//! lease (design section 6): a process that serves takes it up, or the next one that does.

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use crate::clock::SharedClock;
use crate::conversation::Case;
use crate::conversation::input::OperatorAct;
use crate::inbox::stored::StoredInput;
use crate::redact::redact;
use crate::store::keys::{Class, KeyError, Keys};
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
        self.act(number, OperatorAct::NoteCase { number, text })
            .await
    }

    /// Closes a case, with a last note if there is one.
    pub async fn close(&self, number: i64, text: Option<&str>) -> Result<(), OperateError> {
        let text = text.map(|text| redact(text).text);
        self.act(number, OperatorAct::CloseCase { number, text })
            .await
    }

    async fn row(&self, number: i64) -> Result<CaseRow, OperateError> {
        let row = self.store.case(CaseNumber(number)).await?;
        row.ok_or(OperateError::Missing(number))
    }

    async fn act(&self, number: i64, act: OperatorAct) -> Result<(), OperateError> {
        let conversation = self.row(number).await?.conversation;
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

/// Tells whether a store is there: looking must not make an empty one.
pub fn is_there(url: &str) -> bool {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    Path::new(path.strip_prefix("//").unwrap_or(path)).is_file()
}
