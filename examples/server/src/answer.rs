//! Answers, byte for byte.

use axum::http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pinquery::ErrorKind;

use crate::store::Unavailable;

/// Why a request gets an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The query is wrong: 400.
    Query(ErrorKind),
    /// The store does not do it: 503, where the same request may do later, or 500.
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

/// The answer to a batch that is saved.
#[must_use]
pub fn ok() -> Response {
    text("OK".to_owned())
}

/// A bare text.
#[must_use]
pub fn text(body: String) -> Response {
    ([(CONTENT_TYPE, TEXT)], body).into_response()
}

/// A JSON value.
#[must_use]
pub fn json(value: &impl serde::Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(body) => ([(CONTENT_TYPE, JSON)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// An error as the vendor words its own: `{"error":{"message":"…"}}`.
#[must_use]
pub fn error(status: StatusCode, message: &'static str) -> Response {
    let body = serde_json::json!({"error": {"message": message}}).to_string();
    (status, [(CONTENT_TYPE, JSON)], body).into_response()
}

/// The answer where a request may be sent again later.
#[must_use]
pub fn unavailable(message: &'static str) -> Response {
    const LATER: (HeaderName, HeaderValue) = (RETRY_AFTER, HeaderValue::from_static("1"));
    ([LATER], error(StatusCode::SERVICE_UNAVAILABLE, message)).into_response()
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
            Self::Unavailable(Unavailable::Rule) => error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The database refuses this batch.",
            ),
        }
    }
}
