//! Response bodies and headers.

use axum::http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pinquery::ErrorKind;

use crate::store::Unavailable;

/// Why a request was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The query is invalid: 400.
    Query(ErrorKind),
    /// The store failed: 503 if a retry may succeed, otherwise 500.
    Unavailable(Unavailable),
}

impl From<pinquery::Error> for Rejection {
    fn from(error: pinquery::Error) -> Self {
        Self::Query(error.kind())
    }
}

impl From<Unavailable> for Rejection {
    fn from(reason: Unavailable) -> Self {
        Self::Unavailable(reason)
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Acknowledges a saved batch.
#[must_use]
pub fn ok() -> Response {
    text("OK".to_owned())
}

/// Returns plain text.
#[must_use]
pub fn text(body: String) -> Response {
    ([(CONTENT_TYPE, TEXT)], body).into_response()
}

/// Returns a JSON value.
#[must_use]
pub fn json(value: &impl serde::Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(body) => ([(CONTENT_TYPE, JSON)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Returns an error in Blynk's format: `{"error":{"message":"…"}}`.
#[must_use]
pub fn error(status: StatusCode, message: &'static str) -> Response {
    let body = serde_json::json!({"error": {"message": message}}).to_string();
    (status, [(CONTENT_TYPE, JSON)], body).into_response()
}

/// Returns a 503 that asks the client to retry.
#[must_use]
pub fn unavailable(message: &'static str) -> Response {
    const RETRY: (HeaderName, HeaderValue) = (RETRY_AFTER, HeaderValue::from_static("1"));
    ([RETRY], error(StatusCode::SERVICE_UNAVAILABLE, message)).into_response()
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::Query(kind) => {
                (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, JSON)], kind.body()).into_response()
            }
            Self::Unavailable(Unavailable::QueueFull) => {
                unavailable("Too many batches are waiting. Try again.")
            }
            Self::Unavailable(Unavailable::Fault) => {
                unavailable("The database is not available. Try again.")
            }
            Self::Unavailable(Unavailable::Constraint) => error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The database rejects this batch.",
            ),
        }
    }
}
