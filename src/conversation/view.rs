//! What a page outside the thread shows, once: full numbers and papers never come into the chat (D2, N6).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::bank::{AccountId, BankId, Subject};

/// How long a page waits to be opened, ms (5.5, L2).
pub const VIEW_MS: i64 = 5 * 60 * 1000;

/// What is shown. The bank is read when the page is opened, so nothing of it is stored here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "show", rename_all = "snake_case")]
pub enum Shown {
    /// The numbers others pay to.
    Numbers {
        /// Of which account.
        account: AccountId,
        /// What the account is called in the chat.
        label: String,
    },
    /// A statement.
    Statement {
        /// Of which account.
        account: AccountId,
        /// The bank's id of it.
        statement: String,
        /// Its day, for the name of the file.
        day: Date,
    },
    /// A tax form.
    TaxForm {
        /// The bank's id of it.
        form: String,
        /// What the tax office calls it, for the name of the file.
        name: String,
        /// About which year, for the same.
        year: i16,
    },
}

impl Shown {
    /// Returns the name used in audit entries.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Numbers { .. } => "numbers",
            Self::Statement { .. } => "statement",
            Self::TaxForm { .. } => "tax_form",
        }
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shown({})", self.name())
    }
}

/// A page with whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The bank.
    pub bank: BankId,
    /// Whose account there.
    pub subject: Subject,
    /// What is shown.
    pub shows: Shown,
}
