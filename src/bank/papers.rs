//! What a bank gives on paper: full numbers and documents. They go to the customer's own screen, never into the chat, the
//! store or a log (D2). Which tax forms there are may be told.

use bytes::Bytes;
use secrecy::SecretString;

/// The numbers others pay to.
pub struct AccountNumbers {
    /// The bank's routing number or code.
    pub bank_code: String,
    /// The account's full number.
    pub number: SecretString,
}

/// A document as the bank made it.
pub struct Document {
    /// `application/pdf`.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A form of the tax office that the bank filled in, about one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxForm {
    /// The bank's id.
    pub id: String,
    /// As the tax office writes it: `1099-INT`. Letters, digits and dashes.
    pub name: String,
    /// About which year.
    pub year: i16,
}

impl std::fmt::Debug for AccountNumbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountNumbers(…)")
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Document({}, {} bytes)",
            self.media_type,
            self.bytes.len()
        )
    }
}
