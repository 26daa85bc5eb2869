//! The contract of `pinquery`, read a second time and written as plainly as possible.
//!
//! Tests, fuzz targets and benches hold the library to this crate: for every query and every
//! template, both must accept the same updates or refuse with the same kind and span. It shares no
//! code with the library and has no dependencies, so that a mistake in one is not repeated in the
//! other. Where the library is fast, this is obvious: the whole query is split first, everything is
//! decoded into owned memory, and every number goes through a grammar spelled out by hand.
//!
//! It trusts its templates: a bound that is not a number, or a fallback that is none of the values,
//! is for the library to refuse.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod judge;
mod query;
mod refusal;
mod value;

#[cfg(test)]
mod tests;

pub use judge::judge;
pub use query::{DecodeError, Segment, decode, split};
pub use refusal::{Refusal, body, message};

/// What a template says of one pin, with nothing left to a default.
#[derive(Clone, Debug)]
pub enum Datastream {
    /// A whole number, clamped.
    Integer {
        /// The least value, inclusive.
        min: i64,
        /// The greatest value, inclusive.
        max: i64,
    },
    /// A double, clamped.
    Double {
        /// The least value, inclusive and finite.
        min: f64,
        /// The greatest value, inclusive and finite.
        max: f64,
    },
    /// Text without U+0000.
    String {
        /// The most bytes that the text has after decoding.
        max_len: usize,
    },
    /// One of a few whole numbers.
    Enumerable {
        /// The numbers.
        values: Vec<i64>,
        /// What stands in for any other number.
        fallback: Option<i64>,
    },
    /// A longitude and a latitude.
    Location,
    /// True or false.
    Boolean,
}

/// The datastreams of a device by pin.
pub type Template = std::collections::BTreeMap<u8, Datastream>;

/// A value that fits its datastream.
///
/// It has no `==`, which would call 0 and −0 equal; see [`Value::same`].
#[derive(Clone, Debug)]
pub enum Value {
    /// The value of an integer datastream, within its bounds.
    Integer(i64),
    /// The value of a double datastream, within its bounds.
    Double(f64),
    /// The value of a string datastream, decoded.
    String(String),
    /// The value of an enumerable datastream, one of its values.
    Enumerable(i64),
    /// The value of a boolean datastream.
    Boolean(bool),
    /// The longitude and the latitude of a location datastream.
    Location(f64, f64),
}

impl Value {
    /// Whether both are the same type and value, doubles bit by bit.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Integer(a), Value::Integer(b)) => a == b,
            (Value::Double(a), Value::Double(b)) => a.to_bits() == b.to_bits(),
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Enumerable(a), Value::Enumerable(b)) => a == b,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Location(a, b), Value::Location(c, d)) => {
                a.to_bits() == c.to_bits() && b.to_bits() == d.to_bits()
            }
            _ => false,
        }
    }
}

/// What was done to a value to make it fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// It was below the datastream's minimum and is the minimum now.
    Min,
    /// It was above the datastream's maximum and is the maximum now.
    Max,
    /// It was none of the datastream's values and is the fallback now.
    Fallback,
}

/// One pin and its new value.
#[derive(Clone, Debug)]
pub struct Update {
    /// The number of the virtual pin.
    pub pin: u8,
    /// The value, which fits the pin's datastream.
    pub value: Value,
    /// What was done to the value, if anything.
    pub adjusted: Option<Adjustment>,
}
