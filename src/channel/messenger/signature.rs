//! Meta's webhook signature: HMAC-SHA256 over the body's raw bytes, keyed with the app secret (platform 1.2).
//!
//! [`SignedBody`] can only be made by [`AppSecrets::verify`], and only it can be parsed, so that an unverified
//! body cannot reach anything by type. The legacy SHA-1 header is not looked at.

use std::fmt;

use axum::http::HeaderMap;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// The header that carries the signature.
pub const HEADER: &str = "x-hub-signature-256";

const PREFIX: &[u8] = b"sha256=";

/// The app secrets a signature may be made with; several during a rotation, or where several apps share
/// one callback URL.
#[derive(Clone)]
pub struct AppSecrets {
    /// Keyed once: a request then saves hashing the key.
    keyed: Vec<Hmac<Sha256>>,
}

impl fmt::Debug for AppSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppSecrets({})", self.keyed.len())
    }
}

/// Why a request is refused. Never says what would have been right: the expected signature in an error
/// hands the sender a valid request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature header.
    #[error("no signature")]
    Missing,
    /// More than one: which of them was checked would depend on who looks.
    #[error("more than one signature")]
    Repeated,
    /// Not `sha256=` and 64 lower-case hex digits.
    #[error("not a signature")]
    Malformed,
    /// Not made with any of our secrets over these bytes.
    #[error("wrong signature")]
    Wrong,
}

impl SignatureError {
    /// Returns the name used in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "signature_missing",
            Self::Repeated => "signature_repeated",
            Self::Malformed => "signature_malformed",
            Self::Wrong => "signature_wrong",
        }
    }
}

/// A body whose signature was right.
#[derive(Clone)]
pub struct SignedBody(Bytes);

impl SignedBody {
    /// Returns the raw bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A body holds what customers wrote.
impl fmt::Debug for SignedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedBody({} bytes)", self.0.len())
    }
}

impl AppSecrets {
    /// Takes the configured secrets. Without any, every signature is wrong.
    pub fn new(secrets: &[SecretString]) -> Self {
        Self {
            keyed: secrets
                .iter()
                .filter(|secret| !secret.expose_secret().is_empty())
                .filter_map(|secret| keyed(secret.expose_secret()))
                .collect(),
        }
    }

    /// Checks the signature over the body's raw bytes.
    pub fn verify(&self, headers: &HeaderMap, body: Bytes) -> Result<SignedBody, SignatureError> {
        let given = given(headers)?;
        if self.signed(&body, &given) {
            Ok(SignedBody(body))
        } else {
            Err(SignatureError::Wrong)
        }
    }

    /// Returns whether `given` was made over `bytes` with one of the secrets, in time that does not depend on
    /// where it differs.
    pub(super) fn signed(&self, bytes: &[u8], given: &[u8; 32]) -> bool {
        // Every secret is tried: which one fits is nobody's business either.
        let mut right = Choice::from(0);
        for key in &self.keyed {
            let mut mac = key.clone();
            mac.update(bytes);
            right |= mac.finalize().into_bytes().ct_eq(given);
        }
        right.into()
    }
}

/// Signs as Meta does: for the simulator, `replay` and tests.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let Some(mut mac) = keyed(secret) else {
        return String::new();
    };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// HMAC takes a key of any length, so this is always `Some`; the crate's signature allows for others.
fn keyed(secret: &str) -> Option<Hmac<Sha256>> {
    Hmac::new_from_slice(secret.as_bytes()).ok()
}

fn given(headers: &HeaderMap) -> Result<[u8; 32], SignatureError> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next().ok_or(SignatureError::Missing)?;
    if values.next().is_some() {
        return Err(SignatureError::Repeated);
    }
    let digits = value
        .as_bytes()
        .strip_prefix(PREFIX)
        .ok_or(SignatureError::Malformed)?;
    // Meta writes lower case; anything else was touched on the way.
    if digits.iter().any(u8::is_ascii_uppercase) {
        return Err(SignatureError::Malformed);
    }
    let mut given = [0; 32];
    hex::decode_to_slice(digits, &mut given).map_err(|_| SignatureError::Malformed)?;
    Ok(given)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "app-secret";
    // The vector of `messenger-platform.md` 1.2: the backslashes are literal.
    const BODY: &str = concat!(
        r#"{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"sender":{"id":"2"},"#,
        r#""recipient":{"id":"1"},"timestamp":1,"message":{"mid":"m_1","text":"\u00e4\u00f6\u00e5"}}]}]}"#
    );
    const SIGNATURE: &str =
        "sha256=23720ae25734b96151783dbdd2c3b26ff397c704a4eca06aca723b266896fb8d";
    const OF_DECODED_TEXT: &str =
        "sha256=6bfac6092cbbec910500d43aee18338f4ab1764eb1a577c3c19565f448f1de31";
    const SHA1: &str = "sha1=8434f22f17499773963ffcdbf7a22f4509e38579";

    fn secrets(all: &[&str]) -> AppSecrets {
        let all: Vec<SecretString> = all.iter().map(|one| (*one).into()).collect();
        AppSecrets::new(&all)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    fn verify(pairs: &[(&'static str, &str)], body: &str) -> Result<SignedBody, SignatureError> {
        secrets(&[SECRET]).verify(&headers(pairs), Bytes::copy_from_slice(body.as_bytes()))
    }

    fn refusal(pairs: &[(&'static str, &str)]) -> SignatureError {
        verify(pairs, BODY).unwrap_err()
    }

    #[test]
    fn accepts_the_reference_vector() {
        assert_eq!(BODY.len(), 172);
        assert_eq!(sign(SECRET, BODY.as_bytes()), SIGNATURE);
        let body = verify(&[(HEADER, SIGNATURE)], BODY).unwrap();
        assert_eq!(body.bytes(), BODY.as_bytes());
    }

    #[test]
    fn rejects_the_signature_of_the_decoded_text() {
        assert_eq!(refusal(&[(HEADER, OF_DECODED_TEXT)]), SignatureError::Wrong);
    }

    #[test]
    fn rejects_the_signature_of_the_body_written_anew() {
        let value: serde_json::Value = serde_json::from_str(BODY).unwrap();
        let again = serde_json::to_string(&value).unwrap();
        assert_ne!(again, BODY);
        let signature = sign(SECRET, again.as_bytes());
        assert_eq!(refusal(&[(HEADER, &signature)]), SignatureError::Wrong);
    }

    #[test]
    fn rejects_a_missing_signature() {
        assert_eq!(refusal(&[]), SignatureError::Missing);
    }

    #[test]
    fn a_right_sha1_alone_is_no_signature() {
        assert_eq!(
            refusal(&[("x-hub-signature", SHA1)]),
            SignatureError::Missing
        );
    }

    #[test]
    fn a_right_sha1_does_not_excuse_a_wrong_sha256() {
        let wrong = SIGNATURE.replace("8d", "8e");
        assert_eq!(
            refusal(&[("x-hub-signature", SHA1), (HEADER, &wrong)]),
            SignatureError::Wrong
        );
    }

    #[test]
    fn a_wrong_sha1_does_not_spoil_a_right_sha256() {
        let pairs = [("x-hub-signature", "sha1=00"), (HEADER, SIGNATURE)];
        assert!(verify(&pairs, BODY).is_ok());
    }

    #[test]
    fn the_header_does_not_pick_the_hash() {
        for value in [
            SHA1,
            "md5=d41d8cd98f00b204e9800998ecf8427e",
            "sha512=00",
            "SHA256=23720ae25734b96151783dbdd2c3b26ff397c704a4eca06aca723b266896fb8d",
        ] {
            assert_eq!(refusal(&[(HEADER, value)]), SignatureError::Malformed);
        }
    }

    #[test]
    fn rejects_upper_case_digits() {
        let upper = format!("sha256={}", SIGNATURE[7..].to_uppercase());
        assert_eq!(refusal(&[(HEADER, &upper)]), SignatureError::Malformed);
    }

    #[test]
    fn rejects_two_signatures_even_when_one_or_both_are_right() {
        let wrong = SIGNATURE.replace("8d", "8e");
        for pair in [
            [(HEADER, SIGNATURE), (HEADER, SIGNATURE)],
            [(HEADER, SIGNATURE), (HEADER, wrong.as_str())],
        ] {
            assert_eq!(refusal(&pair), SignatureError::Repeated);
        }
    }

    #[test]
    fn rejects_two_signatures_in_one_header() {
        let both = format!("{SIGNATURE}, {SIGNATURE}");
        assert_eq!(refusal(&[(HEADER, &both)]), SignatureError::Malformed);
    }

    #[test]
    fn rejects_what_is_not_quite_a_signature() {
        let bare = &SIGNATURE[7..];
        let short = &SIGNATURE[..69];
        let long = format!("{SIGNATURE}00");
        let spaced = format!("sha256= {bare}");
        for value in ["", "sha256=", bare, short, &long, &spaced, "sha256=zz"] {
            assert_eq!(refusal(&[(HEADER, value)]), SignatureError::Malformed);
        }
    }

    #[test]
    fn accepts_any_of_several_secrets_during_a_rotation() {
        let both = secrets(&["new-secret", SECRET]);
        let body = Bytes::from_static(BODY.as_bytes());
        assert!(
            both.verify(&headers(&[(HEADER, SIGNATURE)]), body.clone())
                .is_ok()
        );
        let new = sign("new-secret", BODY.as_bytes());
        assert!(
            both.verify(&headers(&[(HEADER, &new)]), body.clone())
                .is_ok()
        );
        let other = sign("other", BODY.as_bytes());
        assert!(both.verify(&headers(&[(HEADER, &other)]), body).is_err());
    }

    #[test]
    fn without_a_secret_nothing_is_right() {
        let empty = sign("", BODY.as_bytes());
        for all in [&[][..], &[""][..]] {
            let refused = secrets(all).verify(
                &headers(&[(HEADER, &empty)]),
                Bytes::from_static(BODY.as_bytes()),
            );
            assert_eq!(refused.unwrap_err(), SignatureError::Wrong);
        }
    }

    #[test]
    fn the_error_shows_neither_signature() {
        let error = refusal(&[(HEADER, OF_DECODED_TEXT)]);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("23720ae2") && !shown.contains("6bfac609"));
    }

    proptest! {
        #[test]
        fn a_flipped_bit_anywhere_is_refused(body in proptest::collection::vec(any::<u8>(), 1..200), at: usize) {
            let signature = sign(SECRET, &body);
            let signed = headers(&[(HEADER, &signature)]);
            prop_assert!(secrets(&[SECRET]).verify(&signed, Bytes::from(body.clone())).is_ok());
            let mut flipped = body;
            let bit = at % (flipped.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(secrets(&[SECRET]).verify(&signed, Bytes::from(flipped)).is_err());
        }

        #[test]
        fn no_header_value_panics(value in proptest::collection::vec(0x20_u8..0xff, 0..100)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.insert(HEADER, value);
                prop_assert!(secrets(&[SECRET]).verify(&headers, Bytes::new()).is_err());
            }
        }
    }
}
