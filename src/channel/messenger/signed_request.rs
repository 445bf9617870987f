//! The `signed_request` form field of Meta's privacy callbacks (platform section 7).
//!
//! `base64url(signature) . base64url(payload)`; the signature covers the encoded text. A replay only repeats a
//! deletion, so age is not checked: whoever acts on it is idempotent.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::signature::AppSecrets;

/// Meta leaves the padding out; some who pass it on put it in.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Longer ones are not Meta's.
const LONGEST: usize = 4096;

/// What a verified request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// App-scoped, not a PSID; absent in some of Meta's own samples.
    pub user_id: Option<String>,
    /// When it was made, seconds since 1970.
    pub issued_at: Option<i64>,
}

/// Why it is refused. Never says what would have been right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedRequestError {
    /// Not of the form.
    #[error("not a signed request")]
    Malformed,
    /// Made with another secret, or changed.
    #[error("wrong signature")]
    Wrong,
    /// It names another algorithm than HMAC-SHA256.
    #[error("unknown algorithm")]
    Algorithm,
}

#[derive(Deserialize)]
struct Payload {
    algorithm: String,
    user_id: Option<Id>,
    issued_at: Option<i64>,
}

/// A string, or a number's digits.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

/// Verifies and reads the field's value.
pub fn verify(secrets: &AppSecrets, value: &str) -> Result<SignedRequest, SignedRequestError> {
    if value.len() > LONGEST {
        return Err(SignedRequestError::Malformed);
    }
    let (signature, payload) = value.split_once('.').ok_or(SignedRequestError::Malformed)?;
    let given: [u8; 32] = BASE64
        .decode(signature)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(SignedRequestError::Malformed)?;
    if !secrets.signed(payload.as_bytes(), &given) {
        return Err(SignedRequestError::Wrong);
    }
    let bytes = BASE64
        .decode(payload)
        .map_err(|_| SignedRequestError::Malformed)?;
    let payload: Payload =
        serde_json::from_slice(&bytes).map_err(|_| SignedRequestError::Malformed)?;
    if !payload.algorithm.eq_ignore_ascii_case("HMAC-SHA256") {
        return Err(SignedRequestError::Algorithm);
    }
    Ok(SignedRequest {
        user_id: payload.user_id.map(|id| match id {
            Id::Text(text) => text,
            Id::Number(number) => number.to_string(),
        }),
        issued_at: payload.issued_at,
    })
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::*;

    const CLASSIC: &str = "vlXgu64BQGFSQrY0ZcJBZASMvYvTHu9GQ0YM9rjPSso.eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsIjAiOiJwYXlsb2FkIn0";
    const COMPUTED: &str = "1QNw7R-kgt7j7ilaNkY3xCfgN50p4EyQYhBycPvF3r4.eyJ1c2VyX2lkIjoiMTIzNDU2Nzg5MCIsImFsZ29yaXRobSI6IkhNQUMtU0hBMjU2IiwiaXNzdWVkX2F0IjoxNzYzNzY5NjAwfQ";

    fn verify_with(secret: &str, value: &str) -> Result<SignedRequest, SignedRequestError> {
        verify(&AppSecrets::new(&[secret.into()]), value)
    }

    fn sign(payload: &str) -> String {
        let encoded = BASE64.encode(payload);
        let mut mac = Hmac::<Sha256>::new_from_slice(b"app-secret").unwrap();
        mac.update(encoded.as_bytes());
        format!("{}.{encoded}", BASE64.encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn accepts_metas_classic_example() {
        assert_eq!(verify_with("secret", CLASSIC).unwrap().user_id, None);
    }

    #[test]
    fn accepts_the_reference_vector() {
        let request = verify_with("app-secret", COMPUTED).unwrap();
        assert_eq!(request.user_id.as_deref(), Some("1234567890"));
        assert_eq!(request.issued_at, Some(1_763_769_600));
    }

    #[test]
    fn padding_is_tolerated() {
        let (signature, payload) = COMPUTED.split_once('.').unwrap();
        assert!(verify_with("app-secret", &format!("{signature}=.{payload}")).is_ok());
        let padded = sign(r#"{"algorithm":"HMAC-SHA256","user_id":218471}"#);
        let request = verify_with("app-secret", &padded).unwrap();
        assert_eq!(request.user_id.as_deref(), Some("218471"));
    }

    #[test]
    fn another_secret_is_refused() {
        assert_eq!(
            verify_with("other", COMPUTED),
            Err(SignedRequestError::Wrong)
        );
    }

    #[test]
    fn a_changed_payload_is_refused() {
        let changed = COMPUTED.replace("eyJ1c2Vy", "eyJ2c2Vy");
        assert_eq!(
            verify_with("app-secret", &changed),
            Err(SignedRequestError::Wrong)
        );
    }

    #[test]
    fn another_algorithm_is_refused_even_when_signed() {
        for algorithm in ["none", "HMAC-SHA1", ""] {
            let value = sign(&format!(r#"{{"algorithm":"{algorithm}","user_id":"1"}}"#));
            assert_eq!(
                verify_with("app-secret", &value),
                Err(SignedRequestError::Algorithm)
            );
        }
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        let long = format!("{COMPUTED}{}", "A".repeat(5000));
        for value in ["", ".", "a.b", "no-dot", "!!!.???", "vlXg.eyJ9", &long] {
            assert_eq!(
                verify_with("app-secret", value),
                Err(SignedRequestError::Malformed),
                "{value:.20}"
            );
        }
        assert_eq!(
            verify_with("app-secret", &sign("not json")),
            Err(SignedRequestError::Malformed)
        );
    }
}
