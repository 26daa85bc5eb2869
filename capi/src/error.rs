//! Error kinds as numbers, and the error as a plain struct.

use std::ffi::{CStr, c_char};
use std::ops::Range;

use pinquery::{Error, ErrorKind, Reason, VirtualPin};

use crate::value::{self, PINQUERY_NO_REASON, pinquery_reason};

/// Outcome of a call: `PINQUERY_ACCEPTED` or the kind of error. The numbers never change.
pub type pinquery_kind = u8;

/// The query or value is accepted and its updates have been written.
pub const PINQUERY_ACCEPTED: pinquery_kind = 0;
/// The query has no `token` segment. The span is empty, at the end of the query.
pub const PINQUERY_MISSING_TOKEN: pinquery_kind = 1;
/// The token is empty, malformed, or contains a byte outside 0x21 to 0x7E. The span is its value.
pub const PINQUERY_INVALID_TOKEN: pinquery_kind = 2;
/// The lookup does not know the token. The span is its value.
pub const PINQUERY_UNKNOWN_TOKEN: pinquery_kind = 3;
/// The query has a second `token` segment. The span is its name.
pub const PINQUERY_DUPLICATE_TOKEN: pinquery_kind = 4;
/// A name is neither `token` nor a virtual pin `v0` to `v255`. The span is the name.
pub const PINQUERY_INVALID_PIN: pinquery_kind = 5;
/// The template has no datastream for the pin. The span is the name; empty for a single value.
pub const PINQUERY_UNKNOWN_PIN: pinquery_kind = 6;
/// A pin occurs twice. The span is the second name.
pub const PINQUERY_DUPLICATE_PIN: pinquery_kind = 7;
/// A value does not fit its datastream; see the reason. The span is the value.
pub const PINQUERY_INVALID_VALUE: pinquery_kind = 8;
/// The query has a valid token but no pins. The span is empty, at the end of the query.
pub const PINQUERY_NO_PINS: pinquery_kind = 9;
/// Caller error: the query has more updates than `capacity`.
pub const PINQUERY_BUFFER_TOO_SMALL: pinquery_kind = 64;
/// Caller error: a required pointer is NULL, or a length exceeds the size of any object.
pub const PINQUERY_BAD_CALL: pinquery_kind = 65;
/// A kind added after this version of the header. Respond with the error's status and body.
pub const PINQUERY_OTHER_KIND: pinquery_kind = 255;

/// Why a query or value was rejected, and how to respond. It copies nothing from the input and owns
/// nothing.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pinquery_error {
    /// The kind; never `PINQUERY_ACCEPTED`.
    pub kind: pinquery_kind,
    /// Why the value does not fit, if `kind` is `PINQUERY_INVALID_VALUE`.
    pub reason: pinquery_reason,
    /// The pin, 0 to 255, of an unknown pin, a duplicate pin or an invalid value; otherwise -1.
    pub pin: i16,
    /// The HTTP status: 400, or 500 for a caller error.
    pub status: u16,
    /// Start of the span: the offset of its first byte in the input. The span may cover the token.
    pub start: usize,
    /// End of the span: the offset after its last byte.
    pub end: usize,
    /// Blynk's response body, `application/json`. Static, never NULL, not NUL-terminated.
    pub body: *const c_char,
    /// Length of the body in bytes; 0 for a caller error.
    pub body_length: usize,
}

impl From<Error> for pinquery_error {
    #[cold]
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error.reason(), error.pin(), error.span())
    }
}

impl pinquery_error {
    #[cold]
    pub(crate) fn new(
        kind: ErrorKind,
        reason: Option<Reason>,
        pin: Option<VirtualPin>,
        span: Range<usize>,
    ) -> Self {
        let body = kind.body();
        Self {
            kind: self::kind(kind),
            reason: reason.map_or(PINQUERY_NO_REASON, value::reason),
            pin: pin.map_or(-1, |pin| i16::from(pin.0)),
            status: kind.status(),
            start: span.start,
            end: span.end,
            body: body.as_ptr().cast(),
            body_length: body.len(),
        }
    }

    /// An error of the caller rather than of the query.
    #[cold]
    pub(crate) fn of_caller(kind: pinquery_kind) -> Self {
        Self {
            kind,
            reason: PINQUERY_NO_REASON,
            pin: -1,
            status: 500,
            start: 0,
            end: 0,
            body: c"".as_ptr(),
            body_length: 0,
        }
    }
}

pub(crate) fn kind(kind: ErrorKind) -> pinquery_kind {
    match kind {
        ErrorKind::MissingToken => PINQUERY_MISSING_TOKEN,
        ErrorKind::InvalidToken => PINQUERY_INVALID_TOKEN,
        ErrorKind::UnknownToken => PINQUERY_UNKNOWN_TOKEN,
        ErrorKind::DuplicateToken => PINQUERY_DUPLICATE_TOKEN,
        ErrorKind::InvalidPin => PINQUERY_INVALID_PIN,
        ErrorKind::UnknownPin => PINQUERY_UNKNOWN_PIN,
        ErrorKind::DuplicatePin => PINQUERY_DUPLICATE_PIN,
        ErrorKind::InvalidValue => PINQUERY_INVALID_VALUE,
        ErrorKind::NoPins => PINQUERY_NO_PINS,
        _ => PINQUERY_OTHER_KIND,
    }
}

/// Returns the name of a kind for logs and metrics, such as `invalid_pin`; `other` for an unknown
/// number. The string is static and NUL-terminated.
#[unsafe(no_mangle)]
pub extern "C" fn pinquery_kind_name(kind: pinquery_kind) -> *const c_char {
    let name: &CStr = match kind {
        PINQUERY_ACCEPTED => c"accepted",
        PINQUERY_MISSING_TOKEN => c"missing_token",
        PINQUERY_INVALID_TOKEN => c"invalid_token",
        PINQUERY_UNKNOWN_TOKEN => c"unknown_token",
        PINQUERY_DUPLICATE_TOKEN => c"duplicate_token",
        PINQUERY_INVALID_PIN => c"invalid_pin",
        PINQUERY_UNKNOWN_PIN => c"unknown_pin",
        PINQUERY_DUPLICATE_PIN => c"duplicate_pin",
        PINQUERY_INVALID_VALUE => c"invalid_value",
        PINQUERY_NO_PINS => c"no_pins",
        PINQUERY_BUFFER_TOO_SMALL => c"buffer_too_small",
        PINQUERY_BAD_CALL => c"bad_call",
        _ => c"other",
    };
    name.as_ptr()
}
