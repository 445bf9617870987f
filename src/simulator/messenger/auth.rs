//! Who calls: the Page's token, and the proof that the app's secret is known (platform 3.1).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::Page;
use super::wire::Refusal;

/// Parameters of a call: the query's and, where it is a form, the body's.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn read(query: Option<&str>) -> Self {
        let mut this = Self::default();
        this.add(query.unwrap_or_default());
        this
    }

    /// Adds those of a form.
    pub(super) fn add(&mut self, form: &str) {
        if let Ok(url) = reqwest::Url::parse(&format!("http://localhost/?{form}")) {
            self.0.extend(
                url.query_pairs()
                    .map(|(key, value)| (key.into_owned(), value.into_owned())),
            );
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Returns the Page whose token was given, once the proof is right.
pub(super) fn page<'a>(
    pages: &'a [Page],
    app_secret: &str,
    require_proof: bool,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<&'a Page, Refusal> {
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .or_else(|| parameters.get("access_token"))
        .ok_or_else(|| invalid_token("An access token is required to request this resource."))?;
    let page = pages
        .iter()
        .find(|page| bool::from(page.token.as_bytes().ct_eq(token.as_bytes())))
        .ok_or_else(|| invalid_token("Invalid OAuth access token."))?;
    match parameters.get("appsecret_proof") {
        Some(proof) => {
            let message = match parameters.get("appsecret_time") {
                Some(time) => format!("{token}|{time}"),
                None => token.to_owned(),
            };
            let right = hmac_hex(app_secret, message.as_bytes());
            if !bool::from(right.as_bytes().ct_eq(proof.as_bytes())) {
                return Err(Refusal::parameter(
                    "(#100) Invalid appsecret_proof provided in the API argument",
                ));
            }
        }
        None if require_proof => {
            return Err(Refusal::parameter(
                "(#100) API calls from the server require an appsecret_proof argument",
            ));
        }
        None => {}
    }
    Ok(page)
}

fn invalid_token(words: &str) -> Refusal {
    Refusal {
        code: 190,
        subcode: None,
        message: words.to_owned(),
    }
}

/// Returns HMAC-SHA256 in lower-case hex.
pub(super) fn hmac_hex(key: &str, message: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mut mac) => {
            mac.update(message);
            hex::encode(mac.finalize().into_bytes())
        }
        // HMAC takes keys of any length; the crate's signature allows for those that do not.
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks against the reference's table (platform 3.1).
    #[test]
    fn proofs_are_those_of_the_reference() {
        assert_eq!(
            hmac_hex("app-secret", b"page-token"),
            "d8b448b9cc7d64c51098271805b3cc20b5b715e52bd587eb71b610259587c856"
        );
        assert_eq!(
            hmac_hex("app-secret", b"page-token|1763769600"),
            "0dcc3df08af018bbfce7ba6dce2863849ae68579c291d48bb6d5287f3cda01d4"
        );
    }
}
