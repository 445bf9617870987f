//! What the simulator's handlers answer, before faults have their say.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: &'a str,
    message: &'a str,
}

impl Reply {
    /// Answers JSON.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self {
                status,
                content_type: "application/json",
                body: body.into(),
            },
            Err(_) => Self::failure(
                StatusCode::INTERNAL_SERVER_ERROR,
                "500",
                "the answer cannot be written",
            ),
        }
    }

    /// Answers 200 with JSON.
    pub(super) fn ok(value: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, value)
    }

    /// Answers nothing, well.
    pub(super) const fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            content_type: "application/json",
            body: Bytes::new(),
        }
    }

    /// Answers FDX's error body.
    pub(super) fn failure(status: StatusCode, code: &str, message: &str) -> Self {
        let body = serde_json::to_vec(&Failure { code, message }).unwrap_or_default();
        Self {
            status,
            content_type: "application/json",
            body: body.into(),
        }
    }

    /// Answers that it is not there, with one of FDX's codes.
    pub(super) fn not_found(code: &str, message: &str) -> Self {
        Self::failure(StatusCode::NOT_FOUND, code, message)
    }

    /// Answers that the request makes no sense.
    pub(super) fn invalid(message: &str) -> Self {
        Self::failure(StatusCode::BAD_REQUEST, "703", message)
    }

    /// Answers a web page.
    pub(super) fn html(status: StatusCode, page: String) -> Self {
        Self {
            status,
            content_type: "text/html; charset=utf-8",
            body: page.into(),
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(if self.body.is_empty() {
            Body::empty()
        } else {
            Body::from(self.body)
        });
        *response.status_mut() = self.status;
        if self.status != StatusCode::NO_CONTENT {
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        response
    }
}
