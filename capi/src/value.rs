//! Types of datastreams in C: their numbers, union members and reasons.

use std::ffi::{CStr, c_char};

use pinquery::{Reason, Text, Value};

use crate::text::pinquery_text;

/// Type of a datastream, which determines the member of `pinquery_value`. The numbers never change.
pub type pinquery_type = u8;

/// An integer within its bounds, in `integer`.
pub const PINQUERY_INTEGER: pinquery_type = 1;
/// A finite number within its bounds, in `number`.
pub const PINQUERY_DOUBLE: pinquery_type = 2;
/// A string without U+0000, at most `max_len` bytes after decoding, in `text`.
pub const PINQUERY_STRING: pinquery_type = 3;
/// One of the datastream's values, in `integer`.
pub const PINQUERY_ENUMERABLE: pinquery_type = 4;
/// 1 or 0, in `boolean`.
pub const PINQUERY_BOOLEAN: pinquery_type = 5;
/// A location, in `location`.
pub const PINQUERY_LOCATION: pinquery_type = 6;

/// A location on earth.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pinquery_location {
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// Degrees north, -90 to 90.
    pub latitude: f64,
}

/// A value. The update's `type` determines the member.
#[repr(C)]
#[derive(Clone, Copy)]
pub union pinquery_value {
    /// For `PINQUERY_INTEGER` and `PINQUERY_ENUMERABLE`.
    pub integer: i64,
    /// For `PINQUERY_DOUBLE`.
    pub number: f64,
    /// For `PINQUERY_STRING`.
    pub text: pinquery_text,
    /// For `PINQUERY_BOOLEAN`: 1 or 0.
    pub boolean: u8,
    /// For `PINQUERY_LOCATION`.
    pub location: pinquery_location,
}

impl pinquery_value {
    #[inline(always)]
    pub(crate) fn new(value: &Value<Text<'_>>) -> (pinquery_type, Self) {
        match *value {
            Value::Integer(integer) => (PINQUERY_INTEGER, Self { integer }),
            Value::Double(number) => (PINQUERY_DOUBLE, Self { number }),
            Value::String(text) => {
                let text = pinquery_text::new(text.raw(), text.as_str().is_some());
                (PINQUERY_STRING, Self { text })
            }
            Value::Enumerable(integer) => (PINQUERY_ENUMERABLE, Self { integer }),
            Value::Boolean(boolean) => {
                let boolean = u8::from(boolean);
                (PINQUERY_BOOLEAN, Self { boolean })
            }
            Value::Location {
                longitude,
                latitude,
            } => {
                let location = pinquery_location {
                    longitude,
                    latitude,
                };
                (PINQUERY_LOCATION, Self { location })
            }
        }
    }

    /// Converts back to the library's value. `None` if this library did not write it.
    ///
    /// # Safety
    ///
    /// The bytes of a string are readable.
    pub(crate) unsafe fn read(&self, r#type: pinquery_type) -> Option<Value> {
        // SAFETY: the type determines which member was written, and every bit pattern is valid for
        // each member; the caller vouches for the bytes of a string.
        unsafe {
            Some(match r#type {
                PINQUERY_INTEGER => Value::Integer(self.integer),
                PINQUERY_DOUBLE => Value::Double(finite(self.number)?),
                PINQUERY_STRING => Value::String(self.text.decode()?),
                PINQUERY_ENUMERABLE => Value::Enumerable(self.integer),
                PINQUERY_BOOLEAN => Value::Boolean(self.boolean != 0),
                PINQUERY_LOCATION => Value::Location {
                    longitude: finite(self.location.longitude)?,
                    latitude: finite(self.location.latitude)?,
                },
                _ => return None,
            })
        }
    }
}

fn finite(number: f64) -> Option<f64> {
    Some(number).filter(|number| number.is_finite())
}

/// Why a value does not fit its datastream. The numbers never change.
pub type pinquery_reason = u8;

/// No reason: the kind is not `PINQUERY_INVALID_VALUE`.
pub const PINQUERY_NO_REASON: pinquery_reason = 0;
/// A string of more than `max_len` bytes, or another value of more than 4,096 raw bytes.
pub const PINQUERY_TOO_LONG: pinquery_reason = 1;
/// A `%` that is not followed by two hexadecimal digits.
pub const PINQUERY_MALFORMED_ESCAPE: pinquery_reason = 2;
/// The decoded bytes are not UTF-8.
pub const PINQUERY_INVALID_UTF8: pinquery_reason = 3;
/// A string that contains U+0000.
pub const PINQUERY_NUL: pinquery_reason = 4;
/// Not an integer.
pub const PINQUERY_NOT_AN_INTEGER: pinquery_reason = 5;
/// Not a decimal number.
pub const PINQUERY_NOT_A_DOUBLE: pinquery_reason = 6;
/// Not `true`, `false`, `1` or `0`.
pub const PINQUERY_NOT_A_BOOLEAN: pinquery_reason = 7;
/// Not one of the enumerable's values, and it has no fallback.
pub const PINQUERY_NOT_A_VALUE: pinquery_reason = 8;
/// A longitude outside -180 to 180 or a latitude outside -90 to 90.
pub const PINQUERY_OUT_OF_RANGE: pinquery_reason = 9;
/// A longitude that is not followed by a latitude.
pub const PINQUERY_NO_LATITUDE: pinquery_reason = 10;
/// A reason added after this version of the header.
pub const PINQUERY_OTHER_REASON: pinquery_reason = 255;

pub(crate) fn reason(reason: Reason) -> pinquery_reason {
    match reason {
        Reason::TooLong => PINQUERY_TOO_LONG,
        Reason::MalformedEscape => PINQUERY_MALFORMED_ESCAPE,
        Reason::InvalidUtf8 => PINQUERY_INVALID_UTF8,
        Reason::Nul => PINQUERY_NUL,
        Reason::NotAnInteger => PINQUERY_NOT_AN_INTEGER,
        Reason::NotADouble => PINQUERY_NOT_A_DOUBLE,
        Reason::NotABoolean => PINQUERY_NOT_A_BOOLEAN,
        Reason::NotAValue => PINQUERY_NOT_A_VALUE,
        Reason::OutOfRange => PINQUERY_OUT_OF_RANGE,
        Reason::NoLatitude => PINQUERY_NO_LATITUDE,
        _ => PINQUERY_OTHER_REASON,
    }
}

/// Returns the name of a reason for logs and metrics, such as `not_an_integer`; empty for
/// `PINQUERY_NO_REASON`, `other` for an unknown number. The string is static and NUL-terminated.
#[unsafe(no_mangle)]
pub extern "C" fn pinquery_reason_name(reason: pinquery_reason) -> *const c_char {
    let name: &CStr = match reason {
        PINQUERY_NO_REASON => c"",
        PINQUERY_TOO_LONG => c"too_long",
        PINQUERY_MALFORMED_ESCAPE => c"malformed_escape",
        PINQUERY_INVALID_UTF8 => c"invalid_utf8",
        PINQUERY_NUL => c"nul",
        PINQUERY_NOT_AN_INTEGER => c"not_an_integer",
        PINQUERY_NOT_A_DOUBLE => c"not_a_double",
        PINQUERY_NOT_A_BOOLEAN => c"not_a_boolean",
        PINQUERY_NOT_A_VALUE => c"not_a_value",
        PINQUERY_OUT_OF_RANGE => c"out_of_range",
        PINQUERY_NO_LATITUDE => c"no_latitude",
        _ => c"other",
    };
    name.as_ptr()
}

#[cfg(test)]
mod tests {
    use pinquery::Datastream;

    use super::*;
    use crate::numbers::{defined, position, round_trip, text};

    // Indexed by number. Append to these lists; never reorder them.
    const REASONS: &[&str] = &[
        "no_reason",
        "too_long",
        "malformed_escape",
        "invalid_utf8",
        "nul",
        "not_an_integer",
        "not_a_double",
        "not_a_boolean",
        "not_a_value",
        "out_of_range",
        "no_latitude",
    ];
    // Numbered from 1: name, bounds of a datastream in JSON, and a value.
    const TYPES: &[(&str, &str, &str)] = &[
        ("integer", "", "1"),
        ("double", "", "1.5"),
        ("string", "", "a+b"),
        ("enumerable", r#","values":[1]"#, "1"),
        ("boolean", "", "1"),
        ("location", "", "8.5,47.25"),
    ];

    #[test]
    fn every_reason_has_a_number() {
        for reason in Reason::ALL {
            let number = super::reason(*reason);
            assert_eq!(
                usize::from(number),
                position(REASONS, reason.name()),
                "{reason:?}"
            );
        }
        for (number, name) in (0..).zip(REASONS) {
            let expected = if number == 0 { "" } else { name };
            assert_eq!(text(pinquery_reason_name(number)), expected);
            assert_eq!(defined(name), usize::from(number), "{name}");
        }
    }

    #[test]
    fn every_type_has_a_number() {
        let names: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
        for name in Datastream::TYPES {
            position(&names, name);
        }
        for (number, listed) in (1..).zip(TYPES) {
            let (name, ..) = *listed;
            assert_eq!(round_trip(*listed, None).r#type, number, "{name}");
            assert_eq!(defined(name), usize::from(number), "{name}");
        }
    }
}
