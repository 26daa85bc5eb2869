//! What cannot be: a name that is no pin, a datastream that could judge no value.

use core::fmt;
use core::ops::Bound;

use super::datastream::Datastream;

/// A name is no virtual pin.
///
/// ```
/// let error = "v256".parse::<pinquery::VirtualPin>().unwrap_err();
/// assert_eq!(error.to_string(), "a virtual pin is `v` or `V` and 0 to 255 without leading zeros");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParsePinError(pub(super) ());

impl fmt::Display for ParsePinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a virtual pin is `v` or `V` and 0 to 255 without leading zeros")
    }
}

impl core::error::Error for ParsePinError {}

/// Why a [`Datastream`] cannot be built: no value could be judged by it.
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
    /// A row or a template names a type that there is not, as in `int`. Its text lists
    /// [`Datastream::TYPES`](crate::Datastream::TYPES).
    UnknownType,
    /// A bound of an integer is not a whole number of 64 bits, as in 0.5.
    BoundNotAnInteger,
    /// A row has a bound that its type has not, as in a boolean with a `min`.
    ForeignBound,
}

impl fmt::Display for DatastreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MinAboveMax => "min is above max",
            Self::BoundNotFinite => "a bound is not a finite number",
            Self::BoundExcluded => "a bound is excluded, and bounds must be included",
            Self::NoValues => "values are empty",
            Self::FallbackNotAValue => "the fallback is none of the values",
            Self::UnknownType => return unknown_type(f),
            Self::BoundNotAnInteger => "a bound of an integer is no 64-bit integer",
            Self::ForeignBound => "there is a bound that the type does not have",
        })
    }
}

impl core::error::Error for DatastreamError {}

/// Not the name that is there: tokens stand beside templates.
fn unknown_type(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("unknown type, expected one of ")?;
    let mut separator = "";
    for name in Datastream::TYPES {
        write!(f, "{separator}{name}")?;
        separator = ", ";
    }
    Ok(())
}

/// A bound that is included, if there is one.
pub(super) fn included<T: Copy>(bound: Bound<&T>) -> Result<Option<T>, DatastreamError> {
    match bound {
        Bound::Included(value) => Ok(Some(*value)),
        Bound::Excluded(_) => Err(DatastreamError::BoundExcluded),
        Bound::Unbounded => Ok(None),
    }
}
