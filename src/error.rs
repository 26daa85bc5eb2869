//! What can be wrong, and how it is said: every message and every `Display` of the errors.

use core::fmt;
use core::ops::Range;

use crate::device::pin::VirtualPin;
use crate::named::named;
use crate::query::percent::DecodeError;

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
/// assert_eq!(error.to_string(), "invalid_pin at bytes 8..12: name is neither `token` nor a virtual pin `v0` to `v255`");
/// ```
///
/// The rules are in [section 3 of the contract](crate::contract#3-order-and-errors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    kind: ErrorKind,
    reason: Option<Reason>,
    pin: Option<VirtualPin>,
    start: usize,
    end: usize,
}

impl Error {
    /// The content type of [`body`](Self::body).
    ///
    /// ```
    /// assert_eq!(pinquery::Error::CONTENT_TYPE, "application/json");
    /// ```
    pub const CONTENT_TYPE: &'static str = "application/json";

    #[cold]
    pub(crate) fn new(kind: ErrorKind, span: Range<usize>) -> Self {
        Self {
            kind,
            reason: None,
            pin: None,
            start: span.start,
            end: span.end,
        }
    }

    /// The error about a pin.
    #[cold]
    pub(crate) fn of_pin(kind: ErrorKind, pin: VirtualPin, span: Range<usize>) -> Self {
        Self {
            pin: Some(pin),
            ..Self::new(kind, span)
        }
    }

    /// The error about a pin's value.
    #[cold]
    pub(crate) fn of_value(pin: VirtualPin, reason: Reason, span: Range<usize>) -> Self {
        Self {
            reason: Some(reason),
            ..Self::of_pin(ErrorKind::InvalidValue, pin, span)
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

    /// Which pin it is about: that of an [`UnknownPin`](ErrorKind::UnknownPin), a
    /// [`DuplicatePin`](ErrorKind::DuplicatePin) or an [`InvalidValue`](ErrorKind::InvalidValue).
    ///
    /// ```
    /// # use pinquery::{Template, VirtualPin};
    /// let template = Template::new();
    /// let error = pinquery::parse("token=t&v7=1", |_| Some(&template)).unwrap_err();
    /// assert_eq!(error.pin(), Some(VirtualPin(7)));
    /// ```
    #[must_use]
    pub const fn pin(&self) -> Option<VirtualPin> {
        self.pin
    }

    /// Why the value does not fit: there for every [`InvalidValue`](ErrorKind::InvalidValue), and for
    /// no other kind.
    ///
    /// ```
    /// # use pinquery::{Datastream, Reason, Template, VirtualPin};
    /// let template = Template::new().with(VirtualPin(1), Datastream::integer(..).unwrap());
    /// let error = pinquery::parse("token=t&v1=1.5", |_| Some(&template)).unwrap_err();
    /// assert_eq!(error.reason(), Some(Reason::NotAnInteger));
    /// ```
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
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

/// Kind, pin, place and reason: `invalid_value of v2 at bytes 11..14: not_a_double, the value is not
/// a decimal number`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if let Some(pin) = self.pin {
            write!(f, " of {pin}")?;
        }
        write!(f, " at bytes {}..{}: ", self.start, self.end)?;
        match self.reason {
            Some(reason) => write!(f, "{}, {reason}", reason.name()),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl core::error::Error for Error {}

named! {
    /// The kinds of refusal, in the order in which a query is judged.
    ///
    /// A label of a metric is its [`name`](Self::name); its [`Display`](fmt::Display) is a sentence.
    ///
    /// ```
    /// use pinquery::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::InvalidPin.name(), "invalid_pin");
    /// assert_eq!(ErrorKind::InvalidPin.message(), "Wrong pin format.");
    /// ```
    ///
    /// The rules are in [section 3 of the contract](crate::contract#3-order-and-errors).
    #[non_exhaustive]
    pub enum ErrorKind {
        /// There is no `token` segment, as in `v1=33`. The span is empty, at the query's end.
        MissingToken = "missing_token": "query contains no `token`",
        /// The first token is empty, malformed or holds a byte outside 0x21 to 0x7E, as in
        /// `token=a%20b`. The span is its value.
        InvalidToken = "invalid_token": "token is empty, malformed, or contains a byte outside 0x21..=0x7E",
        /// The server knows no device with this token. The span is its value.
        UnknownToken = "unknown_token": "no device has this token",
        /// There is a second `token` segment, equal or not, as in `token=t&token=t`. The span is its
        /// name.
        DuplicateToken = "duplicate_token": "duplicate `token`",
        /// A name is neither `token` nor a virtual pin, as in `v256=1`, `v01=1`, `pin=1`, `=1`. The
        /// span is the name.
        InvalidPin = "invalid_pin": "name is neither `token` nor a virtual pin `v0` to `v255`",
        /// The template has no datastream for the pin. The span is the name.
        UnknownPin = "unknown_pin": "template has no datastream for this pin",
        /// A pin comes again, a location's second half aside, as in `v1=1&V1=1`. The span is the
        /// later name.
        DuplicatePin = "duplicate_pin": "duplicate pin",
        /// A value does not fit its datastream, as in `v1=nan` or `v1=%zz`. The span is the value.
        InvalidValue = "invalid_value": "value does not fit the pin's datastream",
        /// There is a valid token and nothing else, as in `token=t&`. The span is empty, at the
        /// query's end.
        NoPins = "no_pins": "query contains no pins",
    }

    /// All kinds, in the order in which a query is judged.
    ///
    /// ```
    /// # use pinquery::ErrorKind;
    /// let counters: Vec<(&str, u64)> = ErrorKind::ALL.iter().map(|kind| (kind.name(), 0)).collect();
    /// assert_eq!(counters[0], ("missing_token", 0));
    /// ```
    ALL;
    /// The kind's name in logs, metrics and the line format: `invalid_pin`.
    ///
    /// ```
    /// # use pinquery::ErrorKind;
    /// assert_eq!(ErrorKind::NoPins.name(), "no_pins");
    /// assert_eq!("no_pins".parse(), Ok(ErrorKind::NoPins));
    /// ```
    name;
}

impl ErrorKind {
    /// The message in the answer to the client, one of the vendor's four.
    ///
    /// ```
    /// let message = pinquery::ErrorKind::UnknownPin.message();
    /// assert_eq!(message, "No datastream setup for that pin.");
    /// ```
    #[must_use]
    pub const fn message(self) -> &'static str {
        self.answer().0
    }

    /// The body of the answer to the client, `application/json`: the vendor's, byte for byte.
    ///
    /// ```
    /// let body = pinquery::ErrorKind::InvalidValue.body();
    /// assert_eq!(body, r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#);
    /// ```
    #[must_use]
    pub const fn body(self) -> &'static str {
        self.answer().1
    }

    /// The message and the body around it.
    const fn answer(self) -> (&'static str, &'static str) {
        macro_rules! answer {
            ($message:literal) => {
                (
                    $message,
                    concat!(r#"{"error":{"message":""#, $message, r#""}}"#),
                )
            };
        }

        match self {
            Self::MissingToken | Self::InvalidToken | Self::UnknownToken | Self::DuplicateToken => {
                answer!("Invalid token.")
            }
            Self::InvalidPin | Self::DuplicatePin | Self::NoPins => answer!("Wrong pin format."),
            Self::UnknownPin => answer!("No datastream setup for that pin."),
            Self::InvalidValue => answer!("Value doesn't match the Datastream data type"),
        }
    }
}

named! {
    /// Why a value does not fit its datastream: the first that applies, in this order.
    ///
    /// A label of a metric is its [`name`](Self::name); its [`Display`](fmt::Display) is a sentence.
    ///
    /// ```
    /// use pinquery::Reason;
    ///
    /// assert_eq!(Reason::NotAnInteger.name(), "not_an_integer");
    /// ```
    ///
    /// The rules are in [section 3 of the contract](crate::contract#pins-and-reasons).
    #[non_exhaustive]
    pub enum Reason {
        /// A string of more than `max_len` decoded bytes, or another value of more than 4,096 bytes as
        /// written.
        TooLong = "too_long": "value is too long",
        /// A `%` without two hexadecimal digits behind it, as in `v1=%4`.
        MalformedEscape = "malformed_escape": "`%` is not followed by two hexadecimal digits",
        /// The decoded bytes are not UTF-8, as in `v1=%FF`.
        InvalidUtf8 = "invalid_utf8": "decoded bytes are not valid UTF-8",
        /// A string with U+0000, as in `v3=a%00`.
        Nul = "nul": "text contains U+0000",
        /// Not a whole number, as in `v1=1.5` or `v1=`.
        NotAnInteger = "not_an_integer": "value is not an integer",
        /// Not a decimal number, as in `v2=nan` or `v2=1,5`.
        NotADouble = "not_a_double": "value is not a decimal number",
        /// None of `true`, `false`, `1` and `0`, as in `v6=yes`.
        NotABoolean = "not_a_boolean": "value is not `true`, `false`, `1` or `0`",
        /// A whole number that is none of an enumerable's values, and there is no fallback.
        NotAValue = "not_a_value": "number is not one of the datastream's values",
        /// A longitude beyond -180 to 180 or a latitude beyond -90 to 90, as in `v5=200,0`.
        OutOfRange = "out_of_range": "longitude or latitude is out of range",
        /// A longitude without its latitude behind it, as in `v5=12`.
        NoLatitude = "no_latitude": "longitude is not followed by a latitude",
    }

    /// All reasons, in the order in which they apply.
    ///
    /// ```
    /// # use pinquery::Reason;
    /// assert!(Reason::ALL.contains(&Reason::NotAnInteger));
    /// ```
    ALL;
    /// The reason's name in logs, metrics and the line format: `not_an_integer`.
    ///
    /// ```
    /// # use pinquery::Reason;
    /// assert_eq!(Reason::TooLong.name(), "too_long");
    /// assert_eq!("too_long".parse(), Ok(Reason::TooLong));
    /// ```
    name;
}

impl From<DecodeError> for Reason {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::MalformedEscape => Self::MalformedEscape,
            DecodeError::InvalidUtf8 => Self::InvalidUtf8,
        }
    }
}
