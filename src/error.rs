//! What can be wrong, and how it is said: every message and every `Display` of the errors.

use core::fmt;
use core::ops::Range;

/// Why a query was refused, and where.
///
/// An error is small and [`Copy`], and holds no byte of the query: neither its
/// [`Display`](fmt::Display) nor its [`Debug`] can leak a token into a log.
///
/// ```
/// let template = pinquery::Template::new();
/// let error = pinquery::parse("token=t&v256=1", |_| Some(&template)).unwrap_err();
///
/// assert_eq!(error.kind(), pinquery::ErrorKind::InvalidPin);
/// assert_eq!(error.span(), 8..12);
/// assert_eq!(error.status(), 400);
/// assert_eq!(error.body(), r#"{"error":{"message":"Wrong pin format."}}"#);
/// assert_eq!(error.to_string(), "invalid_pin at bytes 8..12: the name is neither `token` nor a virtual pin `v0` to `v255`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    kind: ErrorKind,
    start: usize,
    end: usize,
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, span: Range<usize>) -> Self {
        Self {
            kind,
            start: span.start,
            end: span.end,
        }
    }

    /// What is wrong.
    ///
    /// ```
    /// # use pinquery::{BatchUpdate, ErrorKind};
    /// let error = BatchUpdate::parse("v1=33").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::MissingToken);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where it is wrong: a range of bytes of the query as it was given, always within it.
    ///
    /// What the range covers is said at each [`ErrorKind`]. It may cover the token, so whoever
    /// prints that part of the query prints a secret.
    ///
    /// ```
    /// # use pinquery::BatchUpdate;
    /// let query = "v1=33&token=";
    /// let error = BatchUpdate::parse(query).unwrap_err();
    /// assert_eq!(error.span(), 12..12); // the empty value of `token`
    /// ```
    #[must_use]
    pub const fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The HTTP status to answer with, 400 for every error.
    ///
    /// ```
    /// # use pinquery::BatchUpdate;
    /// assert_eq!(BatchUpdate::parse("").unwrap_err().status(), 400);
    /// ```
    #[must_use]
    pub const fn status(&self) -> u16 {
        400
    }

    /// The vendor's message; see [`ErrorKind::message`].
    ///
    /// ```
    /// # use pinquery::BatchUpdate;
    /// assert_eq!(BatchUpdate::parse("").unwrap_err().message(), "Invalid token.");
    /// ```
    #[must_use]
    pub const fn message(&self) -> &'static str {
        self.kind.message()
    }

    /// The vendor's body, byte for byte; see [`ErrorKind::body`].
    ///
    /// ```
    /// # use pinquery::BatchUpdate;
    /// let error = BatchUpdate::parse("").unwrap_err();
    /// assert_eq!(error.body(), r#"{"error":{"message":"Invalid token."}}"#);
    /// ```
    #[must_use]
    pub const fn body(&self) -> &'static str {
        self.kind.body()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, start, end } = self;
        write!(f, "{} at bytes {start}..{end}: {kind}", kind.name())
    }
}

impl core::error::Error for Error {}

/// The kinds of refusal, in the order in which a query is judged.
///
/// ```
/// use pinquery::ErrorKind;
///
/// assert_eq!(ErrorKind::InvalidPin.name(), "invalid_pin");
/// assert_eq!(ErrorKind::InvalidPin.message(), "Wrong pin format.");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no `token` segment, as in `v1=33`. The span is empty, at the query's end.
    MissingToken,
    /// The first token is empty, malformed or holds a byte outside 0x21 to 0x7E, as in
    /// `token=a%20b`. The span is its value.
    InvalidToken,
    /// The server knows no device with this token. The span is its value.
    UnknownToken,
    /// There is a second `token` segment, equal or not, as in `token=t&token=t`. The span is its
    /// name.
    DuplicateToken,
    /// A name is neither `token` nor a virtual pin, as in `v256=1`, `v01=1`, `pin=1`, `=1`. The
    /// span is the name.
    InvalidPin,
    /// The template has no datastream for the pin. The span is the name.
    UnknownPin,
    /// A pin comes again, a location's second half aside, as in `v1=1&V1=1`. The span is the
    /// later name.
    DuplicatePin,
    /// A value does not fit its datastream, as in `v1=nan` or `v1=%zz`. The span is the value.
    InvalidValue,
    /// There is a valid token and nothing else, as in `token=t&`. The span is empty, at the
    /// query's end.
    NoPins,
}

impl ErrorKind {
    /// The kind's name in logs, metrics and the line format: `invalid_pin`.
    ///
    /// ```
    /// assert_eq!(pinquery::ErrorKind::NoPins.name(), "no_pins");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingToken => "missing_token",
            Self::InvalidToken => "invalid_token",
            Self::UnknownToken => "unknown_token",
            Self::DuplicateToken => "duplicate_token",
            Self::InvalidPin => "invalid_pin",
            Self::UnknownPin => "unknown_pin",
            Self::DuplicatePin => "duplicate_pin",
            Self::InvalidValue => "invalid_value",
            Self::NoPins => "no_pins",
        }
    }

    /// The message in the answer to the client, one of the vendor's four.
    ///
    /// ```
    /// let message = pinquery::ErrorKind::UnknownPin.message();
    /// assert_eq!(message, "No datastream setup for that pin.");
    /// ```
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::MissingToken | Self::InvalidToken | Self::UnknownToken | Self::DuplicateToken => {
                "Invalid token."
            }
            Self::InvalidPin | Self::DuplicatePin | Self::NoPins => "Wrong pin format.",
            Self::UnknownPin => "No datastream setup for that pin.",
            Self::InvalidValue => "Value doesn't match the Datastream data type",
        }
    }

    /// The body of the answer to the client, `application/json`: the vendor's, byte for byte.
    ///
    /// ```
    /// let body = pinquery::ErrorKind::InvalidValue.body();
    /// assert_eq!(body, r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#);
    /// ```
    #[must_use]
    pub const fn body(self) -> &'static str {
        match self {
            Self::MissingToken | Self::InvalidToken | Self::UnknownToken | Self::DuplicateToken => {
                r#"{"error":{"message":"Invalid token."}}"#
            }
            Self::InvalidPin | Self::DuplicatePin | Self::NoPins => {
                r#"{"error":{"message":"Wrong pin format."}}"#
            }
            Self::UnknownPin => r#"{"error":{"message":"No datastream setup for that pin."}}"#,
            Self::InvalidValue => {
                r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#
            }
        }
    }
}

/// The reason in words, more precise than the vendor's message.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingToken => "the query has no `token`",
            Self::InvalidToken => "the token is empty, malformed or has a byte no token has",
            Self::UnknownToken => "no device has this token",
            Self::DuplicateToken => "`token` comes a second time",
            Self::InvalidPin => "the name is neither `token` nor a virtual pin `v0` to `v255`",
            Self::UnknownPin => "the template has no datastream for this pin",
            Self::DuplicatePin => "this pin comes a second time",
            Self::InvalidValue => "the value does not fit the pin's datastream",
            Self::NoPins => "the query has a token and no pin",
        })
    }
}

/// Why a percent-encoded name or value has no meaning as text.
///
/// Where both hold, the escape is reported: it is met before the bytes are looked at as UTF-8.
///
/// ```
/// use pinquery::{DecodeError, Pairs};
///
/// let error = |query| Pairs::new(query).next().unwrap().value.decode().unwrap_err();
/// assert_eq!(error("v1=%zz"), DecodeError::MalformedEscape);
/// assert_eq!(error("v1=%FF"), DecodeError::InvalidUtf8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeError {
    /// A `%` without two hexadecimal digits behind it: `%`, `%4`, `%zz`, `%+5`.
    MalformedEscape,
    /// The decoded bytes are not UTF-8: `%FF`, `%C0%80`, `%ED%A0%80`.
    InvalidUtf8,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MalformedEscape => "a `%` is not followed by two hexadecimal digits",
            Self::InvalidUtf8 => "the decoded bytes are not UTF-8",
        })
    }
}

impl core::error::Error for DecodeError {}

/// A name is no virtual pin.
///
/// ```
/// let error = "v256".parse::<pinquery::VirtualPin>().unwrap_err();
/// assert_eq!(error.to_string(), "a virtual pin is `v` or `V` and 0 to 255 without leading zeros");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParsePinError(());

impl ParsePinError {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for ParsePinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a virtual pin is `v` or `V` and 0 to 255 without leading zeros")
    }
}

impl core::error::Error for ParsePinError {}

/// Why a [`Datastream`](crate::Datastream) cannot be built: no value could be judged by it.
///
/// ```
/// use pinquery::{Datastream, DatastreamError};
///
/// assert_eq!(Datastream::integer(9..=1), Err(DatastreamError::MinAboveMax));
/// assert_eq!(Datastream::double(f64::NAN..), Err(DatastreamError::BoundNotFinite));
/// assert_eq!(Datastream::enumerable([]), Err(DatastreamError::NoValues));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatastreamError {
    /// The minimum lies above the maximum, after defaults: `integer(3_000_000_000..)` has the
    /// default maximum 2147483647.
    MinAboveMax,
    /// A bound of a double is infinite or not a number.
    BoundNotFinite,
    /// A bound excludes its value, as in `0..100`; write `0..=99`.
    BoundExcluded,
    /// An enumerable has no values.
    NoValues,
    /// The fallback of an enumerable is none of its values.
    FallbackNotAValue,
}

impl fmt::Display for DatastreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MinAboveMax => "min is above max",
            Self::BoundNotFinite => "a bound is not a finite number",
            Self::BoundExcluded => "a bound is excluded, and bounds must be included",
            Self::NoValues => "values are empty",
            Self::FallbackNotAValue => "the fallback is none of the values",
        })
    }
}

impl core::error::Error for DatastreamError {}
