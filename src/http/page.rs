//! The customer's pages: plain, small, readable by everybody, and safe to open on a borrowed telephone.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use html_escape::encode_text;
use sha2::{Digest, Sha256};

use crate::intent::Language;

const STYLE: &str = "body{font:1.125rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:34rem;padding:2rem 1.25rem;\
color:#1a1a1a;background:#fff}h1{font-size:1.5rem;line-height:1.25}button{font:inherit;font-weight:600;\
padding:.75rem 1.25rem;min-height:3rem;border:2px solid #0b5cad;border-radius:.5rem;background:#0b5cad;\
color:#fff;cursor:pointer}dt{font-weight:600}dd{margin:0 0 1rem;overflow-wrap:anywhere}button:focus-visible{outline:3px solid #f5a623;outline-offset:2px}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#121212}button{background:#1f6fc2;border-color:#6fb1f5}}";

/// No scripts, no frames, nothing from elsewhere; the one style by its hash.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    HeaderValue::try_from(format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ))
    .unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// What a page says. Only words of our own: nothing that came with the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    /// The heading, also the title.
    pub(super) heading: &'static str,
    /// Paragraphs.
    pub(super) paragraphs: &'static [&'static str],
    /// A button that posts to the page's own address.
    pub(super) button: Option<&'static str>,
}

/// Returns the language the browser asks for first, of those we speak.
pub(super) fn language(headers: &HeaderMap) -> Language {
    headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .into_iter()
        .flat_map(|value| value.split(','))
        .filter_map(|tag| tag.trim().get(..2))
        .find_map(|code| Language::from_code(&code.to_ascii_lowercase()))
        .unwrap_or_default()
}

/// Renders a page of our own words.
pub(super) fn render(status: StatusCode, language: Language, words: Words) -> Response {
    let paragraphs: String = words
        .paragraphs
        .iter()
        .flat_map(|paragraph| ["<p>", paragraph, "</p>"])
        .collect();
    let form = words.button.map_or_else(String::new, |button| {
        format!("<form method=\"post\"><button type=\"submit\">{button}</button></form>")
    });
    page(
        status,
        language,
        words.heading,
        &format!("{paragraphs}{form}"),
    )
}

/// Renders names with what a bank gave for them, and a last sentence of our own.
pub(super) fn facts(
    language: Language,
    heading: &'static str,
    facts: &[(&'static str, &str)],
    note: &'static str,
) -> Response {
    let list: String = facts
        .iter()
        .flat_map(|(name, given)| {
            let given = encode_text(given);
            [
                "<dt>".into(),
                Cow::Borrowed(*name),
                "</dt><dd>".into(),
                given,
                "</dd>".into(),
            ]
        })
        .collect();
    let inner = format!("<dl>{list}</dl><p>{note}</p>");
    page(StatusCode::OK, language, heading, &inner)
}

fn page(status: StatusCode, language: Language, heading: &'static str, inner: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{heading}</title><style>{STYLE}</style></head>\
         <body><main><h1>{heading}</h1>{inner}</main></body></html>"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_we_speak_is_taken() {
        for (asked, expected) in [
            ("es-MX,es;q=0.9,en;q=0.8", Language::Es),
            ("en-US,es;q=0.5", Language::En),
            ("fr, ES", Language::Es),
            ("fr", Language::En),
            ("", Language::En),
            ("é,*", Language::En),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                ACCEPT_LANGUAGE,
                HeaderValue::from_bytes(asked.as_bytes()).unwrap(),
            );
            assert_eq!(language(&headers), expected, "{asked}");
        }
        assert_eq!(language(&HeaderMap::new()), Language::En);
    }
}
