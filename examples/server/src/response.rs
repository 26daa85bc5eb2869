//! Response bodies and headers.

use std::iter::once;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use pinquery::ErrorKind;

use crate::readers::{PIECE, Read};
use crate::store::Unavailable;

/// Why a request was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The query is invalid: 400.
    Query(ErrorKind),
    /// The operation failed: 503 if a retry may succeed, otherwise 500 or 501.
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

/// Returns a body that is part of a read until it has been sent.
///
/// # Errors
///
/// Fails if the responses in progress need the memory.
pub fn body(text: String, mut read: Read) -> Result<Body, Unavailable> {
    read.reserve(text.len())?;
    read.end_turn();
    let text = text.into_boxed_str();
    Ok(Bytes::from_owner(Reserved { text, read }).into())
}

struct Reserved {
    text: Box<str>,
    #[expect(dead_code, reason = "held")]
    read: Read,
}

impl AsRef<[u8]> for Reserved {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// A body that serializes its parts only when they can be sent.
struct Pieces<I> {
    parts: I,
    #[expect(dead_code, reason = "held")]
    read: Read,
}

/// Joins parts up to the size of a piece. The last piece is smaller, and may be empty.
fn piece(
    parts: &mut impl Iterator<Item = serde_json::Result<Vec<u8>>>,
) -> serde_json::Result<Vec<u8>> {
    let mut piece = Vec::new();
    while piece.len() < PIECE
        && let Some(part) = parts.next()
    {
        piece.extend(part?);
    }
    Ok(piece)
}

impl<I> hyper::body::Body for Pieces<I>
where
    I: Iterator<Item = serde_json::Result<Vec<u8>>> + Unpin,
{
    type Data = Bytes;
    type Error = serde_json::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<serde_json::Result<Frame<Bytes>>>> {
        let piece = piece(&mut self.get_mut().parts);
        let is_end = piece.as_ref().is_ok_and(Vec::is_empty);
        let frame = piece.map(|piece| Frame::data(Bytes::from(piece)));
        Poll::Ready((!is_end).then_some(frame))
    }
}

/// Acknowledges a saved batch.
#[must_use]
pub fn ok() -> Response {
    text("OK")
}

/// Returns plain text.
#[must_use]
pub fn text(body: impl Into<Body>) -> Response {
    let body = body.into();
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

/// Returns JSON text.
#[must_use]
pub fn json_body(body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, JSON)], body.into()).into_response()
}

/// Returns JSON, which is serialized piece by piece if it is large.
#[must_use]
pub fn json_pieces<I>(mut parts: I, read: Read) -> Response
where
    I: Iterator<Item = serde_json::Result<Vec<u8>>> + Unpin + Send + 'static,
{
    match piece(&mut parts) {
        Ok(piece) if piece.len() < PIECE => json_body(piece),
        first => {
            let parts = once(first).chain(parts);
            json_body(Body::new(Pieces { parts, read }))
        }
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
            Self::Unavailable(Unavailable::ResponsesFull) => {
                unavailable("Too many large responses are in progress. Try again.")
            }
            Self::Unavailable(Unavailable::Fault) => {
                unavailable("The database is not available. Try again.")
            }
            Self::Unavailable(Unavailable::Constraint) => error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The database rejects this batch.",
            ),
            Self::Unavailable(Unavailable::NotReadable) => error(
                StatusCode::NOT_IMPLEMENTED,
                "This server only accepts batches: values can be read from another one.",
            ),
        }
    }
}
