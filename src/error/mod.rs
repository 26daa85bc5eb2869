//! The error of a query: kind, pin, span, reason.

mod kind;
mod reason;

use core::fmt;
use core::ops::Range;

pub use self::kind::ErrorKind;
pub use self::reason::Reason;
use crate::pin::VirtualPin;
use crate::query::encoded::Encoded;
use crate::query::pairs::Pair;

/// The error returned when a query is rejected: what is wrong and where.
///
/// An error is small and [`Copy`] and contains no byte of the query, so neither
/// [`Display`](fmt::Display) nor [`Debug`] can leak a token into a log. Endpoints that parse segments
/// themselves create errors with constructors such as [`invalid_pin`](Self::invalid_pin); see
/// [`other_endpoints`](crate::other_endpoints).
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

    /// Creates the error for a segment whose name the endpoint does not accept:
    /// [`DuplicateToken`](ErrorKind::DuplicateToken) if it is `token`, otherwise
    /// [`InvalidPin`](ErrorKind::InvalidPin).
    ///
    /// ```
    /// use pinquery::{BatchUpdate, Error};
    ///
    /// let request = BatchUpdate::parse("token=t&x=1&token=t").unwrap();
    /// let errors = request.pairs().map(Error::invalid_name);
    /// assert!(errors.map(|error| error.kind().name()).eq(["invalid_pin", "duplicate_token"]));
    /// ```
    #[must_use]
    pub fn invalid_name(pair: Pair<'_>) -> Self {
        match pair.is_token() {
            true => Self::new(ErrorKind::DuplicateToken, pair.name.span()),
            false => Self::invalid_pin(pair.name),
        }
    }

    /// Creates an [`InvalidPin`](ErrorKind::InvalidPin) error for a name that is not a pin, or for a
    /// value that should be the name of a pin.
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

    /// Creates an [`UnknownPin`](ErrorKind::UnknownPin) error. `name` is the name or value that
    /// denotes the pin.
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

    /// Creates a [`DuplicatePin`](ErrorKind::DuplicatePin) error. `name` is the later occurrence of
    /// the pin.
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

    /// Creates an [`InvalidValue`](ErrorKind::InvalidValue) error with a reason returned by
    /// [`Datastream::parse_encoded`](crate::Datastream::parse_encoded).
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

    /// Creates a [`NoPins`](ErrorKind::NoPins) error at the end of a query of this length in bytes.
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
