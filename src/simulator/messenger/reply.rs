//! How the Graph stand-in answers: JSON, error bodies with their status, usage headers.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::wire::Refusal;

/// An answer before it is disturbed.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    pub(super) headers: HeaderMap,
}

impl Reply {
    /// 200 with JSON.
    pub(super) fn json(value: &Value) -> Self {
        Self::with(
            StatusCode::OK,
            "application/json; charset=UTF-8",
            value.to_string(),
        )
    }

    /// `{"success": true}`.
    pub(super) fn success() -> Self {
        Self::json(&json!({"success": true}))
    }

    /// A page of somebody's proxy where JSON was promised.
    pub(super) fn html() -> Self {
        let page = "<!doctype html><title>Sorry</title><p>Something went wrong.";
        Self::with(StatusCode::OK, "text/html; charset=utf-8", page.to_owned())
    }

    /// A status and nothing else.
    pub(super) fn bare(status: u16, retry_after: Option<u64>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        Self::with(status, "text/plain", String::new()).retry_after(retry_after)
    }

    pub(super) fn with(status: StatusCode, kind: &'static str, body: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Self {
            status,
            body: body.into(),
            headers,
        }
    }

    pub(super) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        if let Some(seconds) = seconds {
            self.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        self
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Numbers the answers, so that each error has a trace id of its own, and tells how full the allowance is.
#[derive(Debug, Default)]
pub(super) struct Desk {
    answers: AtomicU64,
    usage_percent: AtomicU32,
    regain_minutes: AtomicU32,
}

impl Desk {
    /// Sets what the usage headers say (platform 4.3).
    pub(super) fn set_usage(&self, percent: u32, regain_minutes: u32) {
        self.usage_percent.store(percent, Ordering::Relaxed);
        self.regain_minutes.store(regain_minutes, Ordering::Relaxed);
    }

    /// Makes Graph's error body (platform 4.1).
    pub(super) fn refuse(&self, refusal: &Refusal) -> Reply {
        let mut error = json!({
            "message": refusal.message,
            "type": kind(refusal),
            "code": refusal.code,
        });
        if let Some(error) = error.as_object_mut() {
            if let Some(subcode) = refusal.subcode {
                error.insert("error_subcode".to_owned(), subcode.into());
            }
            if matches!(refusal.code, 1 | 2 | 1200) {
                error.insert("is_transient".to_owned(), true.into());
            }
            error.insert("fbtrace_id".to_owned(), self.trace_id().into());
        }
        let body = json!({ "error": error }).to_string();
        Reply::with(
            status(refusal.code),
            "application/json; charset=UTF-8",
            body,
        )
    }

    /// Adds the usage headers of `page`.
    pub(super) fn usage(&self, page: &str, reply: &mut Reply) {
        let percent = self.usage_percent.load(Ordering::Relaxed);
        let regain = self.regain_minutes.load(Ordering::Relaxed);
        let app =
            json!({"call_count": percent, "total_time": percent / 2, "total_cputime": percent / 2});
        let business = json!({page: [{
            "type": "messenger",
            "call_count": percent,
            "total_cputime": percent / 2,
            "total_time": percent / 2,
            "estimated_time_to_regain_access": regain,
        }]});
        for (name, value) in [
            (HeaderName::from_static("x-app-usage"), app),
            (
                HeaderName::from_static("x-business-use-case-usage"),
                business,
            ),
        ] {
            if let Ok(value) = HeaderValue::try_from(value.to_string()) {
                reply.headers.insert(name, value);
            }
        }
    }

    fn trace_id(&self) -> String {
        let number = self.answers.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::digest(number.to_be_bytes());
        URL_SAFE_NO_PAD.encode(digest.get(..8).unwrap_or_default())
    }
}

/// The error's type as Graph names it.
const fn kind(refusal: &Refusal) -> &'static str {
    match (refusal.code, refusal.subcode) {
        (100, Some(33)) | (803, _) => "GraphMethodException",
        _ => "OAuthException",
    }
}

/// The status that goes with a code. Clients are to look at the code (platform 4.1).
const fn status(code: i64) -> StatusCode {
    match code {
        1 | 2 | 1200 => StatusCode::INTERNAL_SERVER_ERROR,
        102 | 190 => StatusCode::UNAUTHORIZED,
        3 | 4 | 10 | 200..=299 => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The sentence that goes with a code that was ordered rather than found.
pub(super) fn ordered(code: i64, subcode: Option<i64>) -> Refusal {
    let words = match (code, subcode) {
        (1 | 2 | 1200, _) => "An unexpected error has occurred. Please retry your request later.",
        (4 | 17 | 32 | 341 | 613 | 80_006, _) => "Calls to this api have exceeded the rate limit.",
        (10, Some(2_018_278 | 2_018_065)) => "This message is sent outside of allowed window.",
        (102 | 190, _) => "Error validating access token: the session is invalid.",
        (368, _) => "The action attempted has been deemed abusive or is otherwise disallowed.",
        (551, _) => "This person isn't available right now.",
        (2_018_300, _) | (_, Some(2_018_300)) => "Another app is controlling this thread now.",
        (10 | 200..=299, _) => "Requires permission to manage the object.",
        _ => "Invalid parameter",
    };
    Refusal {
        code,
        subcode,
        message: format!("(#{code}) {words}"),
    }
}
