//! FDX payment networks, and statements and tax forms as documents.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{Token, WireError};
use super::{Fdx, error, read_request};
use crate::bank::http::{Answer, Request};
use crate::bank::model::{AccountId, Connection};
use crate::bank::papers::{AccountNumbers, Document, TaxForm};
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

/// A tax statement. Of its forms only the heads are read: the rest is the customer's and the tax office's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTaxStatement {
    #[serde(default)]
    tax_year: Option<Token>,
    /// Each form stands under the name of its type, such as `tax1099Int`.
    #[serde(default)]
    forms: Vec<BTreeMap<String, Box<RawValue>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTaxForm {
    tax_form_id: Token,
    #[serde(default)]
    tax_year: Option<Token>,
}

/// Reads the forms of one statement. A statement that is only a picture names no form that could be asked for.
fn forms(raw: &RawValue) -> Result<Vec<TaxForm>, WireError> {
    let statement: WireTaxStatement = serde_json::from_str(raw.get())?;
    let mut found = Vec::new();
    for (key, form) in statement.forms.iter().flatten() {
        let Some(kind) = key.strip_prefix("tax") else {
            continue;
        };
        let form: WireTaxForm = serde_json::from_str(form.get())?;
        let year = form.tax_year.as_ref().or(statement.tax_year.as_ref());
        let year = year.ok_or(WireError::Missing("taxYear"))?;
        if form.tax_form_id.0.is_empty() {
            return Err(WireError::Missing("taxFormId"));
        }
        found.push(TaxForm {
            id: form.tax_form_id.0,
            name: office_name(kind).ok_or(WireError::Field("forms"))?,
            year: year.0.parse().map_err(|_| WireError::Field("taxYear"))?,
        });
    }
    Ok(found)
}

/// Writes a type of form as the tax office does: `1099Int` is the 1099-INT, and the consolidated one is a 1099.
fn office_name(kind: &str) -> Option<String> {
    const LONGEST: usize = 40;
    if kind.is_empty() || kind.len() > LONGEST || !kind.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let digits = kind.bytes().take_while(u8::is_ascii_digit).count();
    Some(match kind.split_at(digits) {
        (number, "" | "ConsolidatedStatement") if !number.is_empty() => number.to_owned(),
        (number, letters) if !number.is_empty() => {
            format!("{number}-{}", letters.to_ascii_uppercase())
        }
        _ => kind.to_owned(),
    })
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
        return Err(WireError::Field("document").into());
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
        let path = ["accounts", account.as_str(), "statements", statement];
        self.document(connection, "statement", &path).await
    }

    async fn tax_forms(&self, connection: &Connection) -> Result<Vec<TaxForm>, BankError> {
        let list = self
            .list(connection, "tax_forms", &["tax-forms"], &[], forms)
            .await?;
        // That a form is not there is told only by a bank that named all of them.
        if list.partial {
            return Err(BankError::Unavailable(None));
        }
        let mut ids = HashSet::new();
        let all = list.items.into_iter().flatten();
        Ok(all.filter(|form| ids.insert(form.id.clone())).collect())
    }

    async fn tax_form_document(
        &self,
        connection: &Connection,
        form: &str,
    ) -> Result<Document, BankError> {
        self.document(connection, "tax_form", &["tax-forms", form])
            .await
    }
}

impl Fdx {
    async fn document(
        &self,
        connection: &Connection,
        operation: &'static str,
        path: &[&str],
    ) -> Result<Document, BankError> {
        let url = self.client.url(path)?;
        self.client
            .call(
                connection,
                || {
                    Request::get(operation, url.clone())
                        .header(ACCEPT, HeaderValue::from_static("application/pdf"))
                },
                document,
            )
            .await
    }
}
