//! FDX's error bodies into [`BankError`] (`bank-apis.md` section 15).

use serde::Deserialize;

use super::wire::Token;
use crate::bank::BankError;
use crate::bank::http::Answer;

#[derive(Deserialize)]
struct WireFailure {
    #[serde(default)]
    code: Option<Token>,
}

/// Returns FDX's own code of an answer that was no success, text or number.
pub(super) fn code_of(answer: &Answer) -> Option<String> {
    let failure: WireFailure = serde_json::from_slice(&answer.body).ok()?;
    failure.code.map(|token| token.0)
}

/// Maps an answer that was no success. FDX's code says more than the status where both are there.
pub(super) fn error_of(answer: &Answer) -> BankError {
    // A gateway's page in front of a bank that is down is the gateway's word, not the bank's.
    if answer.status.is_server_error() {
        return answer.status_error();
    }
    match code_of(answer).as_deref() {
        Some("602") => BankError::ConsentExpired,
        Some("706") => BankError::Forbidden,
        Some("701" | "801") => BankError::NotFound,
        Some("500" | "501" | "503") => BankError::Unavailable(None),
        _ => answer.status_error(),
    }
}

/// Tells whether the bank says that there is no data for what was asked, which is an answer.
pub(super) fn means_no_data(answer: &Answer) -> bool {
    answer.status.is_client_error() && code_of(answer).as_deref() == Some("601")
}
