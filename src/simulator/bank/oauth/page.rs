//! The pages a customer of the simulated bank sees: sign in and agree, or why not.

use std::fmt::Write as _;

use super::AuthorizeQuery;

const STYLE: &str = "body{font:17px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;\
color:#1b1f24;background:#fff}label{display:block;margin:1rem 0 .25rem}input,select,button{font:inherit;\
padding:.5rem;width:100%;box-sizing:border-box}button{margin-top:1rem}\
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}}";

/// Writes text where HTML expects text or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><h1>{title}</h1>{body}</html>"
    )
}

/// The page for requests that may not be sent back anywhere.
pub(super) fn refusal(what: &str) -> String {
    page("Simulated bank", &format!("<p>{}</p>", escaped(what)))
}

/// The page where the customer signs in and agrees.
pub(super) fn consent(query: &AuthorizeQuery, scenarios: &[&str], chosen: &str) -> String {
    let mut hidden = String::new();
    for (name, value) in [
        ("response_type", &query.response_type),
        ("client_id", &query.client_id),
        ("redirect_uri", &query.redirect_uri),
        ("scope", &query.scope),
        ("state", &query.state),
        ("code_challenge", &query.code_challenge),
        ("code_challenge_method", &query.code_challenge_method),
    ] {
        let _ = write!(
            hidden,
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escaped(value)
        );
    }
    let mut options = String::new();
    for name in scenarios {
        let mark = if *name == chosen { " selected" } else { "" };
        let name = escaped(name);
        let _ = write!(options, "<option{mark}>{name}</option>");
    }
    page(
        "Simulated bank",
        &format!(
            "<p>This is not a real bank. <b>{}</b> asks to read your accounts.</p>\
             <form method=\"post\" action=\"/oauth2/authorize\">{hidden}\
             <label for=\"scenario\">Customer</label>\
             <select id=\"scenario\" name=\"scenario\">{options}</select>\
             <label for=\"user\">User name (any)</label>\
             <input id=\"user\" name=\"user\" value=\"demo\" required autocomplete=\"off\">\
             <button name=\"decision\" value=\"approve\">Sign in and agree</button>\
             <button name=\"decision\" value=\"deny\">No</button></form>",
            escaped(&query.client_id)
        ),
    )
}
