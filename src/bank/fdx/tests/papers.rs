//! Papers: which tax forms there are, and documents that are none.

use super::*;
use crate::bank::Papers;
use crate::bank::http::peer::{Act, json};

/// Asks a bank that answers `/tax-forms` with this, and returns names and years.
async fn told(status: u16, body: &'static str) -> Result<Vec<(String, String, i16)>, BankError> {
    let peer = Peer::start(move |_, _| json(status, body)).await;
    let forms = adapter(&peer, settings()).tax_forms(&connection()).await?;
    let told = forms.into_iter();
    Ok(told.map(|form| (form.id, form.name, form.year)).collect())
}

#[tokio::test]
async fn forms_are_named_as_the_tax_office_does() {
    let found = told(
        200,
        r#"{"statements":[
            {"taxYear":2025,"taxStatementId":"s-1","recipient":{"tin":"xxx-xx-0000"},"forms":[
                {"tax1099Int":{"taxFormId":"f-1","taxYear":2025,"interestIncome":12.34}},
                {"tax1098E":{"taxFormId":2,"taxYear":"2024"},"somethingElse":[1,2]},
                {"tax1099ConsolidatedStatement":{"taxFormId":"f-3"}}]},
            {"taxYear":2023,"forms":[{"taxW2":{"taxFormId":"f-4"}},{"tax1099Int":{"taxFormId":"f-1"}}]},
            {"taxYear":2022,"taxDataType":"BASE64_PDF","pdf":"JVBERi0="}]}"#,
    )
    .await
    .unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|(id, name, year)| (id.as_str(), name.as_str(), *year))
        .collect();
    assert_eq!(
        found,
        [
            ("f-1", "1099-INT", 2025),
            ("2", "1098-E", 2024),
            ("f-3", "1099", 2025),
            ("f-4", "W2", 2023),
        ]
    );
}

#[tokio::test]
async fn no_forms_are_an_answer_and_half_an_answer_is_none() {
    for (status, body) in [
        (200, r#"{"statements":[]}"#),
        (204, ""),
        (404, r#"{"code":"601","message":"no data"}"#),
    ] {
        assert!(told(status, body).await.unwrap().is_empty(), "{body}");
    }
    for (status, body, expected) in [
        (206, r#"{"statements":[]}"#, "unavailable"),
        (
            200,
            r#"{"statements":[{"forms":[{"tax1098":{"taxFormId":"f"}}]}]}"#,
            "unexpected",
        ),
        (
            200,
            r#"{"statements":[{"taxYear":2025,"forms":[{"tax1098":{"taxFormId":""}}]}]}"#,
            "unexpected",
        ),
        (
            200,
            r#"{"statements":[{"taxYear":"soon","forms":[{"tax1098":{"taxFormId":"f"}}]}]}"#,
            "unexpected",
        ),
        (
            200,
            r#"{"statements":[{"taxYear":2025,"forms":[{"tax<b>":{"taxFormId":"f"}}]}]}"#,
            "unexpected",
        ),
    ] {
        assert_eq!(
            told(status, body).await.unwrap_err().name(),
            expected,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_document_is_asked_for_as_one_and_must_be_one() {
    let pdf = |kind: &'static str, body: &'static str| {
        move |seen: &crate::bank::http::peer::Seen, _: usize| {
            assert_eq!(seen.path(), "/fdx/v6/tax-forms/f%2F1");
            assert_eq!(seen.header("accept"), Some("application/pdf"));
            Act::Answer(
                200,
                vec![("content-type", kind.to_owned())],
                body.to_owned(),
            )
        }
    };
    for (kind, body, is_document) in [
        ("application/pdf", "%PDF-1.4\n", true),
        ("application/pdf", "<html>", false),
        ("text/html", "%PDF-1.4\n", false),
    ] {
        let peer = Peer::start(pdf(kind, body)).await;
        let found = adapter(&peer, settings())
            .tax_form_document(&connection(), "f/1")
            .await;
        assert_eq!(found.is_ok(), is_document, "{kind} {body}");
    }
}
