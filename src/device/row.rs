//! The columns of a datastream in a table, and the bounds that they say.

use core::fmt;
use core::ops::Bound;

use super::error::DatastreamError;

/// A datastream as the columns of a row: a type name and the bounds that its type has, each of
/// which may be missing.
///
/// ```
/// use pinquery::{Datastream, DatastreamRow, Number};
///
/// // SELECT type, min, max FROM datastream
/// let (type_name, min, max): (&str, Option<f64>, Option<f64>) = ("integer", Some(0.0), None);
/// let row = DatastreamRow {
///     type_name,
///     min: min.map(Number::from),
///     max: max.map(Number::from),
///     ..DatastreamRow::default()
/// };
/// assert_eq!(Datastream::from_row(&row), Datastream::integer(0..));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DatastreamRow<'a> {
    /// One of [`Datastream::TYPES`](crate::Datastream::TYPES).
    pub type_name: &'a str,
    /// The smallest value of an integer or a double.
    pub min: Option<Number>,
    /// The largest value of an integer or a double.
    pub max: Option<Number>,
    /// How many bytes a string may have, decoded.
    pub max_len: Option<usize>,
    /// The values of an enumerable.
    pub values: Option<&'a [i64]>,
    /// What any other whole number becomes, for an enumerable.
    pub fallback: Option<i64>,
}

/// A bound, whole or not.
///
/// ```
/// use pinquery::Number;
///
/// assert_eq!(Number::from(100.0), Number::Integer(100));
/// assert_eq!(Number::from(0.5), Number::Double(0.5));
/// assert_eq!(Number::Double(f64::MAX).to_string(), "1.7976931348623157e308");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Double(f64),
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// Whole where it is whole and an `i64`.
impl From<f64> for Number {
    fn from(number: f64) -> Self {
        // Every whole `f64` from -2^63 to below 2^63 is an `i64`; the cast saturates beyond.
        let integer = number as i64;
        match integer as f64 == number && integer != i64::MAX {
            true => Self::Integer(integer),
            false => Self::Double(number),
        }
    }
}

/// As it is read back: `1`, `0.5`, `1e300`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => fmt::Display::fmt(integer, f),
            Self::Double(double) => fmt::Debug::fmt(double, f),
        }
    }
}

impl DatastreamRow<'_> {
    pub(super) fn integers(&self) -> Result<(Bound<i64>, Bound<i64>), DatastreamError> {
        let bound = |bound| match bound {
            None => Ok(Bound::Unbounded),
            Some(Number::Integer(integer)) => Ok(Bound::Included(integer)),
            Some(Number::Double(_)) => Err(DatastreamError::BoundNotAnInteger),
        };
        Ok((bound(self.min)?, bound(self.max)?))
    }

    pub(super) fn doubles(&self) -> (Bound<f64>, Bound<f64>) {
        let bound = |bound| match bound {
            None => Bound::Unbounded,
            Some(Number::Integer(integer)) => Bound::Included(integer as f64),
            Some(Number::Double(double)) => Bound::Included(double),
        };
        (bound(self.min), bound(self.max))
    }
}

/// A bound that is included, if there is one.
pub(super) fn included<T: Copy>(bound: Bound<&T>) -> Result<Option<T>, DatastreamError> {
    match bound {
        Bound::Included(value) => Ok(Some(*value)),
        Bound::Excluded(_) => Err(DatastreamError::BoundExcluded),
        Bound::Unbounded => Ok(None),
    }
}
