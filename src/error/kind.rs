//! The kinds of errors, with their statuses, messages and response bodies.

use crate::named_enum::named_enum;

named_enum! {
    /// The kind of an [`Error`](crate::Error). Variants are in the order in which they are checked.
    ///
    /// [`name`](Self::name) suits logs and metrics; [`Display`](core::fmt::Display) writes a sentence.
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
