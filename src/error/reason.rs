//! The reasons why a value is invalid.

use crate::named_enum::named_enum;
use crate::query::percent::DecodeError;

named_enum! {
    /// The reason why a value does not fit its datastream. [Section 3 of the
    /// contract](crate::contract#pins-and-reasons) defines which one is reported if several apply.
    ///
    /// [`name`](Self::name) suits logs and metrics; [`Display`](core::fmt::Display) writes a sentence.
    ///
    /// ```
    /// use pinquery::Reason;
    ///
    /// assert_eq!(Reason::NotAnInteger.name(), "not_an_integer");
    /// ```
    #[non_exhaustive]
    pub enum Reason {
        /// A string exceeds `max_len` decoded bytes, which is checked after
        /// [`InvalidUtf8`](Self::InvalidUtf8), or any other value exceeds 4,096 bytes before decoding.
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

impl core::error::Error for Reason {}

impl From<DecodeError> for Reason {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::MalformedEscape => Self::MalformedEscape,
            DecodeError::InvalidUtf8 => Self::InvalidUtf8,
        }
    }
}
