//! Kinds as numbers, and the error as a plain struct.

use std::ffi::{CStr, c_char};

use pinquery::{Error, ErrorKind};

use crate::value::{PINQUERY_NO_REASON, pinquery_reason, reason};

/// What became of a query: `PINQUERY_ACCEPTED` or why it was refused. The numbers never change.
pub type pinquery_kind = u8;

/// The query is accepted, and its updates are written.
pub const PINQUERY_ACCEPTED: pinquery_kind = 0;
/// There is no `token` segment. The span is empty, at the query's end.
pub const PINQUERY_MISSING_TOKEN: pinquery_kind = 1;
/// The first token is empty, malformed or has a byte that no token has. The span is its value.
pub const PINQUERY_INVALID_TOKEN: pinquery_kind = 2;
/// The lookup knows no device with this token. The span is its value.
pub const PINQUERY_UNKNOWN_TOKEN: pinquery_kind = 3;
/// There is a second `token` segment. The span is its name.
pub const PINQUERY_DUPLICATE_TOKEN: pinquery_kind = 4;
/// A name is neither `token` nor a virtual pin `v0` to `v255`. The span is the name.
pub const PINQUERY_INVALID_PIN: pinquery_kind = 5;
/// The template has no datastream for the pin. The span is the name.
pub const PINQUERY_UNKNOWN_PIN: pinquery_kind = 6;
/// A pin comes a second time. The span is the later name.
pub const PINQUERY_DUPLICATE_PIN: pinquery_kind = 7;
/// A value does not fit its datastream: see the reason. The span is the value.
pub const PINQUERY_INVALID_VALUE: pinquery_kind = 8;
/// There is a valid token and nothing else. The span is empty, at the query's end.
pub const PINQUERY_NO_PINS: pinquery_kind = 9;
/// No fault of the query: there are more updates than the array has room for.
pub const PINQUERY_NO_ROOM: pinquery_kind = 64;
/// No fault of the query: a pointer that has to be there is NULL, or a length is more than memory
/// can hold.
pub const PINQUERY_BAD_CALL: pinquery_kind = 65;
/// A kind that came after this version of the header: answer with the error's status and body.
pub const PINQUERY_OTHER_KIND: pinquery_kind = 255;

/// Why a query was refused, and what to answer. It holds no byte of the query and owns nothing.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pinquery_error {
    /// What is wrong: never `PINQUERY_ACCEPTED`.
    pub kind: pinquery_kind,
    /// Why the value does not fit, where `kind` is `PINQUERY_INVALID_VALUE`.
    pub reason: pinquery_reason,
    /// The pin, 0 to 255, of an unknown pin, a duplicate pin or an invalid value; else -1.
    pub pin: i16,
    /// The HTTP status: 400, and 500 where the fault is not the query's.
    pub status: u16,
    /// Where in the query it is wrong: the first byte's place. The span may cover the token.
    pub start: usize,
    /// Where in the query it is wrong: the place behind the last byte.
    pub end: usize,
    /// The body to answer with as `application/json`, which is the vendor's; no NUL behind it. It
    /// lives for ever. Empty where the fault is not the query's.
    pub body: *const c_char,
    /// How many bytes the body has.
    pub body_length: usize,
}

impl From<Error> for pinquery_error {
    #[cold]
    fn from(error: Error) -> Self {
        let (span, body) = (error.span(), error.body());
        Self {
            kind: kind(error.kind()),
            reason: error.reason().map_or(PINQUERY_NO_REASON, reason),
            pin: error.pin().map_or(-1, |pin| i16::from(pin.0)),
            status: error.status(),
            start: span.start,
            end: span.end,
            body: body.as_ptr().cast(),
            body_length: body.len(),
        }
    }
}

impl pinquery_error {
    /// One that is no fault of the query.
    #[cold]
    pub(crate) fn of_call(kind: pinquery_kind) -> Self {
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

/// The name of a kind for logs and metrics, such as `invalid_pin`, with a NUL behind it; `other`
/// for a number that has none. It lives for ever.
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
        PINQUERY_NO_ROOM => c"no_room",
        PINQUERY_BAD_CALL => c"bad_call",
        _ => c"other",
    };
    name.as_ptr()
}
