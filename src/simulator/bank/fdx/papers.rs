//! The simulated bank's papers: numbers others pay to, statements and tax forms as documents.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use serde_json::json;

use super::{Here, Part, json as written};
use crate::money::Currency;
use crate::simulator::bank::chance::Chance;
use crate::simulator::bank::reply::Reply;
use crate::simulator::bank::scenario::Scenario;
use crate::simulator::bank::world::{TaxFormKind, TaxFormView};

pub(super) fn routes() -> Router<Here> {
    Router::new()
        .route("/accounts/{account}/payment-networks", get(networks))
        .route("/accounts/{account}/statements/{statement}", get(statement))
        .route("/tax-forms", get(tax_forms))
        .route("/tax-forms/{form}", get(tax_form))
}

/// The numbers of an account others can pay to. They are made up, and belong to no bank.
async fn networks(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("payment_networks", move |world, _, _| {
            let Some(at) = world.scenario().account_index(&id) else {
                return Reply::not_found("701", "account not found");
            };
            Reply::ok(&networks_of(world.scenario(), at))
        })
        .await
}

/// Returns an account's payment networks: none where nobody can pay to it.
fn networks_of(scenario: &Scenario, at: usize) -> serde_json::Value {
    let account = scenario.account.get(at);
    let payable = account
        .filter(|account| !account.kind.is_debt() && scenario.currency_of(at) == Currency::USD);
    let networks: Vec<serde_json::Value> = payable
        .into_iter()
        .flat_map(|account| {
            let mut chance = Chance::of(scenario.seed, &["number", account.id.get_ref()]);
            let number = format!("{:06}{}", chance.below(1_000_000), account.number);
            ["US_ACH", "US_FEDWIRE"].map(|kind| {
                json!({
                    "bankId": "999999992", "identifier": number, "type": kind,
                    "identifierType": "ACCOUNT_NUMBER", "transferIn": true, "transferOut": true,
                })
            })
        })
        .collect();
    json!({ "paymentNetworks": networks })
}

async fn statement(
    State(here): State<Here>,
    Path((account, statement)): Path<(String, String)>,
    parts: Parts,
) -> Response {
    here.call(parts, Bytes::new())
        .answer("statement", move |world, _, _| {
            let found = world.scenario().account_index(&account).and_then(|at| {
                world
                    .statement_views(at)
                    .into_iter()
                    .find(|view| view.id == statement)
            });
            match found {
                Some(view) => {
                    let title = format!("statement of {}", view.date);
                    document(&world.scenario().bank, &title)
                }
                None => Reply::not_found("701", "statement not found"),
            }
        })
        .await
}

async fn tax_forms(State(here): State<Here>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("tax_forms", move |world, call, _| {
            let views = world.tax_form_views();
            let part = match Part::of(call, views.len()) {
                Ok(part) => part,
                Err(reply) => return reply,
            };
            let total = views.len();
            let shown: Vec<_> = part.take(views).iter().map(tax_statement).collect();
            written::list(call, StatusCode::OK, "statements", &shown, total, part.next)
        })
        .await
}

/// Writes the statement that holds one form, as FDX nests them.
fn tax_statement(view: &TaxFormView) -> Box<serde_json::value::RawValue> {
    let (key, kind) = match view.kind {
        TaxFormKind::InterestEarned => ("tax1099Int", "Tax1099Int"),
        TaxFormKind::MortgageInterest => ("tax1098", "Tax1098"),
    };
    let form = json!({
        "taxYear": view.year, "taxFormId": view.id, "taxFormType": kind,
        "taxFormDate": view.date.to_string(),
    });
    written::raw(&json!({
        "taxYear": view.year, "taxStatementId": view.id, "taxDataType": "JSON",
        "forms": [{ key: form }],
    }))
}

async fn tax_form(State(here): State<Here>, Path(id): Path<String>, parts: Parts) -> Response {
    here.call(parts, Bytes::new())
        .answer("tax_form", move |world, _, _| {
            let views = world.tax_form_views();
            match views.iter().find(|view| view.id == id) {
                Some(view) => {
                    let kind = match view.kind {
                        TaxFormKind::InterestEarned => "1099-INT",
                        TaxFormKind::MortgageInterest => "1098",
                    };
                    let title = format!("form {kind} of {}", view.year);
                    document(&world.scenario().bank, &title)
                }
                None => Reply::not_found("701", "tax form not found"),
            }
        })
        .await
}

/// Answers a one-page PDF that says what it stands for.
fn document(bank: &str, title: &str) -> Reply {
    Reply {
        status: StatusCode::OK,
        content_type: "application/pdf",
        body: pdf(bank, title).into(),
    }
}

fn pdf(bank: &str, title: &str) -> Vec<u8> {
    let plain: String = bank
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == ' ')
        .collect();
    let text = format!("BT /F1 18 Tf 72 720 Td ({plain}: {title}) Tj ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R\
         /Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
            .to_owned(),
        format!("<</Length {}>>stream\n{text}\nendstream", text.len()),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (at, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = writeln!(file, "{} 0 obj{object}endobj", at + 1);
    }
    let start = file.len();
    let _ = write!(
        file,
        "xref\n0 5\n{table}trailer<</Size 5/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    );
    file.into_bytes()
}
