//! Errors: kinds, reasons, spans, messages and response bodies.

use core::fmt;
use core::ops::Range;

use crate::named_enum::named_enum;
use crate::pin::VirtualPin;
use crate::query::encoded::Encoded;
use crate::query::percent::DecodeError;

/// The error returned when a query is rejected: what is wrong and where.
///
/// An error is small and [`Copy`] and contains no byte of the query, so neither
/// [`Display`](fmt::Display) nor [`Debug`] can leak a token into a log.
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
    /// Content type of [`body`](Self::body).
    ///
    /// ```
    /// assert_eq!(pinquery::Error::CONTENT_TYPE, "application/json");
    /// ```
    pub const CONTENT_TYPE: &'static str = "application/json";

    pub(crate) fn new(kind: ErrorKind, span: Range<usize>) -> Self {
        Self {
            kind,
            reason: None,
            pin: None,
            start: span.start,
            end: span.end,
        }
    }

    /// Creates an error about a pin.
    pub(crate) fn of_pin(kind: ErrorKind, pin: VirtualPin, span: Range<usize>) -> Self {
        Self {
            pin: Some(pin),
            ..Self::new(kind, span)
        }
    }

    /// Creates an [`InvalidPin`](ErrorKind::InvalidPin), for an endpoint that parses its own query: a
    /// name that it does not accept, or a value that should be the name of a pin.
    ///
    /// ```
    /// use pinquery::{Error, Pairs};
    ///
    /// let pair = Pairs::new("pin=7").next().unwrap();
    /// let error = pair.value.pin().ok_or(Error::invalid_pin(pair.value)).unwrap_err();
    /// assert_eq!((error.kind().name(), error.span()), ("invalid_pin", 4..5));
    /// ```
    #[must_use]
    pub fn invalid_pin(name: Encoded<'_>) -> Self {
        Self::new(ErrorKind::InvalidPin, name.span())
    }

    /// Creates an [`UnknownPin`](ErrorKind::UnknownPin), for an endpoint that parses its own query.
    ///
    /// ```
    /// use pinquery::{Error, Pairs, Template, VirtualPin};
    ///
    /// let (template, name) = (Template::new(), Pairs::new("v7").next().unwrap().name);
    /// let error = template.get(VirtualPin(7)).ok_or(Error::unknown_pin(VirtualPin(7), name));
    /// assert_eq!(error.unwrap_err().body(), r#"{"error":{"message":"No datastream setup for that pin."}}"#);
    /// ```
    #[must_use]
    pub fn unknown_pin(pin: VirtualPin, name: Encoded<'_>) -> Self {
        Self::of_pin(ErrorKind::UnknownPin, pin, name.span())
    }

    /// Creates a [`DuplicatePin`](ErrorKind::DuplicatePin), for an endpoint that parses its own query.
    ///
    /// ```
    /// use pinquery::{Error, Pairs, VirtualPin};
    ///
    /// let second = Pairs::new("v7&v7").nth(1).unwrap().name;
    /// assert_eq!(Error::duplicate_pin(VirtualPin(7), second).span(), 3..5);
    /// ```
    #[must_use]
    pub fn duplicate_pin(pin: VirtualPin, name: Encoded<'_>) -> Self {
        Self::of_pin(ErrorKind::DuplicatePin, pin, name.span())
    }

    /// Creates a [`DuplicateToken`](ErrorKind::DuplicateToken), for an endpoint that parses its own
    /// query.
    ///
    /// ```
    /// use pinquery::{Error, Pairs};
    ///
    /// let second = Pairs::new("token=t&token=t").nth(1).unwrap().name;
    /// assert_eq!(Error::duplicate_token(second).span(), 8..13);
    /// ```
    #[must_use]
    pub fn duplicate_token(name: Encoded<'_>) -> Self {
        Self::new(ErrorKind::DuplicateToken, name.span())
    }

    /// Creates an [`InvalidValue`](ErrorKind::InvalidValue), for an endpoint that parses its own query.
    ///
    /// ```
    /// use pinquery::{Datastream, Error, Pairs, VirtualPin};
    ///
    /// let value = Pairs::new("value=hot").next().unwrap().value;
    /// let reason = Datastream::double(..)?.parse_encoded(value).unwrap_err();
    /// let error = Error::invalid_value(VirtualPin(7), value, reason);
    /// assert_eq!(error.to_string(), "invalid_value of v7 at bytes 6..9: not_a_double, value is not a decimal number");
    /// # Ok::<(), pinquery::DatastreamError>(())
    /// ```
    #[must_use]
    pub fn invalid_value(pin: VirtualPin, value: Encoded<'_>, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..Self::of_pin(ErrorKind::InvalidValue, pin, value.span())
        }
    }

    /// Creates a [`NoPins`](ErrorKind::NoPins) for a query of this length in bytes, for an endpoint that
    /// parses its own query.
    ///
    /// ```
    /// let error = pinquery::Error::no_pins("token=t".len());
    /// assert_eq!((error.kind().name(), error.span()), ("no_pins", 7..7));
    /// ```
    #[must_use]
    pub fn no_pins(query_len: usize) -> Self {
        Self::new(ErrorKind::NoPins, query_len..query_len)
    }

    /// Returns the kind of error.
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

    /// Returns the pin of an [`UnknownPin`](ErrorKind::UnknownPin),
    /// [`DuplicatePin`](ErrorKind::DuplicatePin) or [`InvalidValue`](ErrorKind::InvalidValue); `None`
    /// for any other kind.
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

    /// Returns the reason of an [`InvalidValue`](ErrorKind::InvalidValue); `None` for any other kind.
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

    /// Returns the byte range of the query that is wrong, always within the query.
    ///
    /// [`ErrorKind`] documents what it covers. It may cover the token, so printing that part of the
    /// query may reveal a secret.
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

    /// Returns the HTTP status of the response; see [`ErrorKind::status`].
    ///
    /// ```
    /// # use pinquery::BatchUpdate;
    /// assert_eq!(BatchUpdate::parse("").unwrap_err().status(), 400);
    /// ```
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.kind.status()
    }

    /// Returns Blynk's message; see [`ErrorKind::message`].
    ///
    /// ```
    /// # use pinquery::BatchUpdate;
    /// assert_eq!(BatchUpdate::parse("").unwrap_err().message(), "Invalid token.");
    /// ```
    #[must_use]
    pub const fn message(&self) -> &'static str {
        self.kind.message()
    }

    /// Returns Blynk's response body; see [`ErrorKind::body`].
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

/// Writes the kind, pin, span and reason: `invalid_value of v2 at bytes 11..14: not_a_double, value
/// is not a decimal number`.
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

named_enum! {
    /// The kind of an [`Error`]. Variants are in the order in which they are checked.
    ///
    /// [`name`](Self::name) suits logs and metrics; [`Display`](fmt::Display) writes a sentence.
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
        /// The query contains no `token` segment, as in `v1=33`. The span is empty, at the end of the
        /// query.
        MissingToken = "missing_token": "query contains no `token`",
        /// The first token is empty, malformed, or contains a byte outside 0x21..=0x7E, as in
        /// `token=a%20b`. The span is its value.
        InvalidToken = "invalid_token": "token is empty, malformed, or contains a byte outside 0x21..=0x7E",
        /// No device has this token. The span is its value.
        UnknownToken = "unknown_token": "no device has this token",
        /// The query contains a second `token` segment, even an equal one, as in `token=t&token=t`.
        /// The span is its name.
        DuplicateToken = "duplicate_token": "duplicate `token`",
        /// A name is neither `token` nor a virtual pin, as in `v256=1`, `v01=1`, `pin=1`, `=1`. The
        /// span is the name.
        InvalidPin = "invalid_pin": "name is neither `token` nor a virtual pin `v0` to `v255`",
        /// The template has no datastream for the pin. The span is the name.
        UnknownPin = "unknown_pin": "template has no datastream for this pin",
        /// A pin is repeated, except for the second half of a location, as in `v1=1&V1=1`. The span
        /// is the later name.
        DuplicatePin = "duplicate_pin": "duplicate pin",
        /// A value does not fit its datastream, as in `v1=nan` or `v1=%zz`. The span is the value.
        InvalidValue = "invalid_value": "value does not fit the pin's datastream",
        /// The query contains a valid token and nothing else, as in `token=t&`. The span is empty, at
        /// the end of the query.
        NoPins = "no_pins": "query contains no pins",
    }

    /// All kinds, in the order in which they are checked.
    ///
    /// ```
    /// # use pinquery::ErrorKind;
    /// use std::collections::HashMap;
    ///
    /// let mut counters: HashMap<_, u64> = ErrorKind::ALL.iter().map(|kind| (*kind, 0)).collect();
    /// *counters.entry(ErrorKind::NoPins).or_default() += 1;
    /// assert_eq!(counters[&ErrorKind::NoPins], 1);
    /// ```
    ALL;
    /// Returns the name of the kind, as used in logs, metrics and JSON: `invalid_pin`.
    ///
    /// ```
    /// # use pinquery::ErrorKind;
    /// assert_eq!(ErrorKind::NoPins.name(), "no_pins");
    /// ```
    name;
}

impl ErrorKind {
    /// Returns the HTTP status of the response: 400 for every kind.
    ///
    /// ```
    /// assert_eq!(pinquery::ErrorKind::NoPins.status(), 400);
    /// ```
    #[must_use]
    pub const fn status(self) -> u16 {
        400
    }

    /// Returns the message in the response to the client, one of Blynk's four.
    ///
    /// ```
    /// let message = pinquery::ErrorKind::UnknownPin.message();
    /// assert_eq!(message, "No datastream setup for that pin.");
    /// ```
    #[must_use]
    pub const fn message(self) -> &'static str {
        self.response().0
    }

    /// Returns the response body: JSON, byte for byte as Blynk sends it.
    ///
    /// ```
    /// let body = pinquery::ErrorKind::InvalidValue.body();
    /// assert_eq!(body, r#"{"error":{"message":"Value doesn't match the Datastream data type"}}"#);
    /// ```
    #[must_use]
    pub const fn body(self) -> &'static str {
        self.response().1
    }

    /// Returns the message and the body that contains it.
    const fn response(self) -> (&'static str, &'static str) {
        macro_rules! response {
            ($message:literal) => {
                (
                    $message,
                    concat!(r#"{"error":{"message":""#, $message, r#""}}"#),
                )
            };
        }

        match self {
            Self::MissingToken | Self::InvalidToken | Self::UnknownToken | Self::DuplicateToken => {
                response!("Invalid token.")
            }
            Self::InvalidPin | Self::DuplicatePin | Self::NoPins => response!("Wrong pin format."),
            Self::UnknownPin => response!("No datastream setup for that pin."),
            Self::InvalidValue => response!("Value doesn't match the Datastream data type"),
        }
    }
}

named_enum! {
    /// The reason why a value does not fit its datastream. [Section 3 of the
    /// contract](crate::contract#pins-and-reasons) defines which one is reported if several apply.
    ///
    /// [`name`](Self::name) suits logs and metrics; [`Display`](fmt::Display) writes a sentence.
    ///
    /// ```
    /// use pinquery::Reason;
    ///
    /// assert_eq!(Reason::NotAnInteger.name(), "not_an_integer");
    /// ```
    #[non_exhaustive]
    pub enum Reason {
        /// A string exceeds `max_len` decoded bytes, which is checked after
        /// [`InvalidUtf8`](Self::InvalidUtf8), or any other value exceeds 4,096 raw bytes.
        TooLong = "too_long": "value is too long",
        /// A `%` is not followed by two hexadecimal digits, as in `v1=%4`.
        MalformedEscape = "malformed_escape": "`%` is not followed by two hexadecimal digits",
        /// The decoded bytes are not valid UTF-8, as in `v1=%FF`.
        InvalidUtf8 = "invalid_utf8": "decoded bytes are not valid UTF-8",
        /// The string contains U+0000, as in `v3=a%00`.
        Nul = "nul": "text contains U+0000",
        /// The value is not an integer, as in `v1=1.5` or `v1=`.
        NotAnInteger = "not_an_integer": "value is not an integer",
        /// The value is not a decimal number, as in `v2=nan` or `v2=1,5`.
        NotADouble = "not_a_double": "value is not a decimal number",
        /// The value is not `true`, `false`, `1` or `0`, as in `v6=yes`.
        NotABoolean = "not_a_boolean": "value is not `true`, `false`, `1` or `0`",
        /// The integer is not one of the values of an enumerable without a fallback, as in `v13=1`.
        NotAValue = "not_a_value": "number is not one of the datastream's values",
        /// The longitude is outside -180..=180 or the latitude outside -90..=90, as in `v5=200,0`.
        OutOfRange = "out_of_range": "longitude or latitude is out of range",
        /// The longitude is not followed by a latitude, as in `v5=12`.
        NoLatitude = "no_latitude": "longitude is not followed by a latitude",
    }

    /// All reasons, in the order of the variants.
    ///
    /// ```
    /// # use pinquery::Reason;
    /// assert!(Reason::ALL.contains(&Reason::NotAnInteger));
    /// ```
    ALL;
    /// Returns the name of the reason, as used in logs, metrics and JSON: `not_an_integer`.
    ///
    /// ```
    /// # use pinquery::Reason;
    /// assert_eq!(Reason::TooLong.name(), "too_long");
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
