//! Small conversions between the store's values and SQLite's.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::message::ConversationId;
use crate::store::{
    CaseNumber, CommandId, Fence, InboxId, OutboxId, Sealed, SendClass, StoreError,
};

/// Whatever SQLite reports, the caller can only try later; the words are for the operator's log.
impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(Some(Box::new(error)))
    }
}

macro_rules! stored_as_bytes {
    ($($name:ident),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                FromSql::column_result(value).map(Self)
            }
        }
    )*};
}

macro_rules! stored_as_number {
    ($($name:ident),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                FromSql::column_result(value).map(Self)
            }
        }
    )*};
}

stored_as_bytes!(ConversationId, OutboxId, CommandId, Sealed);
stored_as_number!(InboxId, Fence, CaseNumber);

impl ToSql for SendClass {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        // Stored numbers never change meaning.
        let number: i64 = match self {
            Self::Notice => 0,
            Self::Answer => 1,
            Self::Prompt => 2,
            Self::Outcome => 3,
            Self::Urgent => 4,
        };
        Ok(number.into())
    }
}

impl FromSql for SendClass {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value.as_i64()? {
            0 => Self::Notice,
            1 => Self::Answer,
            2 => Self::Prompt,
            3 => Self::Outcome,
            4 => Self::Urgent,
            other => return Err(FromSqlError::OutOfRange(other)),
        })
    }
}
