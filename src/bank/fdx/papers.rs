//! FDX payment networks and statements as documents.

use async_trait::async_trait;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;

use super::wire::{Token, WireError};
use super::{Fdx, error, read_request};
use crate::bank::http::{Answer, Request};
use crate::bank::model::{AccountId, Connection};
use crate::bank::papers::{AccountNumbers, Document};
use crate::bank::{BankError, Papers};

/// What every PDF begins with.
const PDF: &[u8] = b"%PDF-";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNetworks {
    payment_networks: Vec<WireNetwork>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNetwork {
    bank_id: Token,
    identifier: Token,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    identifier_type: Option<String>,
}

/// Chooses the numbers people write on forms: those of ACH in the US and of ACSS in Canada. A number that stands for
/// another one is not the account's own.
fn numbers(answer: &Answer) -> Result<AccountNumbers, BankError> {
    if !answer.status.is_success() {
        return Err(error::error_of(answer));
    }
    let wire: WireNetworks = serde_json::from_slice(&answer.body).map_err(WireError::from)?;
    let own = |network: &&WireNetwork| {
        network
            .identifier_type
            .as_deref()
            .is_none_or(|kind| kind == "ACCOUNT_NUMBER")
    };
    let of_kind = |kind: &str| {
        wire.payment_networks
            .iter()
            .filter(own)
            .find(|network| network.kind == kind)
    };
    let network = of_kind("US_ACH").or_else(|| of_kind("CA_ACSS"));
    let network = network.ok_or(BankError::NotFound)?;
    let (code, number) = (&network.bank_id.0, &network.identifier.0);
    let is_number = |text: &str| {
        !text.is_empty()
            && text.len() <= 40
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b" -".contains(&byte))
    };
    if !is_number(code) || !is_number(number) {
        return Err(WireError::Field("paymentNetworks").into());
    }
    Ok(AccountNumbers {
        bank_code: code.clone(),
        number: SecretString::from(number.clone()),
    })
}

fn document(answer: Answer) -> Result<Document, BankError> {
    if !answer.status.is_success() {
        return Err(error::error_of(&answer));
    }
    let named = answer
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/pdf"));
    if !named || !answer.body.starts_with(PDF) {
        return Err(WireError::Field("statement").into());
    }
    Ok(Document {
        media_type: "application/pdf",
        bytes: answer.body,
    })
}

#[async_trait]
impl Papers for Fdx {
    async fn numbers(
        &self,
        connection: &Connection,
        account: &AccountId,
    ) -> Result<AccountNumbers, BankError> {
        let url = self
            .client
            .url(&["accounts", account.as_str(), "payment-networks"])?;
        self.client
            .call(
                connection,
                || read_request("payment_networks", url.clone()),
                |answer| numbers(&answer),
            )
            .await
    }

    async fn statement_document(
        &self,
        connection: &Connection,
        account: &AccountId,
        statement: &str,
    ) -> Result<Document, BankError> {
        let url = self
            .client
            .url(&["accounts", account.as_str(), "statements", statement])?;
        self.client
            .call(
                connection,
                || {
                    Request::get("statement", url.clone())
                        .header(ACCEPT, HeaderValue::from_static("application/pdf"))
                },
                document,
            )
            .await
    }
}
